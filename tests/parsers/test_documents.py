"""Events as ECS and OCSF documents: what the standards require is there, what is empty is not, content only when asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_format_contract import FORMATS, cases, reader

from parsers.documents import Documents
from parsers.ecs import ECS_VERSION, ecs_documents
from parsers.event import COLUMNS, CONTENT, FAMILIES, NO_EVENTS, Family
from parsers.format import Block
from parsers.ocsf import ocsf_documents

# schema.ocsf.io, version 1.5.0: what each class and object requires (profiles that are not applied aside), and of which
# attributes at least one must be there.
BASE = {"activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"}
REQUIRED: dict[str, set[str]] = {
    "access event": BASE | {"actor", "src_endpoint"},
    "email event": BASE | {"direction_id", "email"},
    "call event": BASE,
    "web event": BASE | {"action_id"},  # of the profile security_control
    "metadata": {"product", "version"},
    "database": {"type_id"},
    "query_info": {"query_string"},
    "connection_info": {"direction_id"},
    "http_response": {"code"},
}
AT_LEAST_ONE: dict[str, set[str]] = {
    "access event": {"database", "databucket", "table"},
    "call event": {"dst_endpoint", "src_endpoint"},
    "web event": {"http_request", "http_response"},
    "product": {"name", "uid"},
    "actor": {"process", "user", "invoked_by", "session", "app_name", "app_uid"},
    "user": {"account", "name", "uid"},
    "org": {"name", "uid", "ou_name", "ou_uid"},
    "src_endpoint": {"ip", "uid", "name", "hostname", "svc_name"},
    "dst_endpoint": {"ip", "uid", "name", "hostname", "svc_name"},
    "database": {"name", "uid"},
    "query_info": {"name", "uid"},
    "email": {"from", "to"},
    "url": {"url_string", "path"},
    "firewall_rule": {"name", "uid"},
}
ALLOWED: dict[str, set[int]] = {
    "access": {1, 2, 4, 6, 7}, "email": {1, 2, 99}, "call": {4, 6}, "web": {1, 2, 3, 4, 5, 6, 7, 8, 99},
}  # fmt: skip
CLASS: dict[str, tuple[int, int]] = {
    "access": (6, 6005),
    "email": (4, 4009),
    "call": (4, 4001),
    "web": (4, 4002),
}


def events() -> Iterator[tuple[Family, pl.DataFrame]]:
    """What all formats make of all their cases."""
    for name, kind in FORMATS.items():
        for case in cases(name):
            parsed = reader(kind, case).parse(Block(case.data, file="f"), "")
            yield from ((family, frame) for family, frame in parsed.events.items() if frame.height)


@cache
def together(family: Family) -> pl.DataFrame:
    return pl.concat([NO_EVENTS[family], *(frame for one, frame in events() if one == family)])


def objects(document: dict[str, Any], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield name, document
    for member, value in document.items():
        if isinstance(value, dict) and member != "unmapped":
            yield from objects(value, member)


@pytest.mark.parametrize("family", FAMILIES)
def test_an_ocsf_document_has_what_its_class_requires(family: Family) -> None:
    found = together(family)
    documents = [json.loads(text) for text in ocsf_documents(family, version="1", content=True).of(found)]
    assert len(documents) == found.height > 10
    for document in documents:
        for name, value in objects(document, f"{family} event"):
            assert REQUIRED.get(name, set()) <= set(value), name
            assert not AT_LEAST_ONE.get(name) or AT_LEAST_ONE[name] & set(value), name
        assert (document["category_uid"], document["class_uid"]) == CLASS[family]
        assert document["activity_id"] in ALLOWED[family]
        assert document["type_uid"] == document["class_uid"] * 100 + document["activity_id"]
        assert document["activity_id"] != 99 or document["activity_name"]
        assert document["metadata"]["version"] == "1.5.0"
    assert [one["time"] * 1000 // 1000 for one in documents] == [
        int(moment.timestamp() * 1000) for moment in found["timestamp"]
    ]


@pytest.mark.parametrize("family", FAMILIES)
def test_an_ecs_document_is_nested_under_the_names_of_the_schema(family: Family) -> None:
    found = together(family)
    documents = [json.loads(text) for text in ecs_documents(family, content=True).of(found)]
    own = {column.name for column in COLUMNS[family] if not column.ecs}
    for row, document in zip(found.to_dicts(), documents, strict=True):
        assert document["ecs"]["version"] == ECS_VERSION
        assert document["@timestamp"] == row["timestamp"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        assert document["event"]["kind"] == "event"
        assert isinstance(document["event"]["category"], list)
        assert isinstance(document["event"]["type"], list)
        assert document["event"]["id"] == row["event_id"]
        assert document["event"]["hash"] == row["event_hash"].hex()
        assert document.get("user", {}).get("id") == row["user_id"]
        assert set(document.get("access_auditd", {})) <= own
        assert [
            name for name in document if "_" in name and name not in ("access_auditd", "user_agent")
        ] == []


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("standard", ["ecs", "ocsf"])
def test_content_is_in_a_document_only_where_it_is_asked_for(family: Family, standard: str) -> None:
    marked = together(family).head(3)
    marked = marked.with_columns(
        pl.lit("SECRET").cast(marked.schema[name]).alias(name) for name in CONTENT if name in marked.columns
    )
    for content in (False, True):
        made = (
            ecs_documents(family, content=content)
            if standard == "ecs"
            else ocsf_documents(family, version="1", content=content)
        )
        assert all(("SECRET" in text) == content for text in made.of(marked))


def test_addresses_and_hosts_that_a_schema_refuses_stand_where_it_takes_any_text() -> None:
    row = together("email").head(1)
    odd = row.with_columns(
        email_from_address=pl.lit("/o=northmere/cn=jbriar"),
        email_to_address=pl.Series([["desk@news.example", "undisclosed", None]]),
        source_ip=pl.lit("1234:5678:4321:1010"),
    )
    document = json.loads(ocsf_documents("email", version="1", content=False).of(odd)[0])
    assert document["email"]["to"] == ["desk@news.example"]
    assert document["unmapped"]["email_from_address"] == "/o=northmere/cn=jbriar"
    assert "ip" not in document.get("src_endpoint", {})
    elastic = json.loads(ecs_documents("email", content=False).of(odd)[0])
    assert "ip" not in elastic.get("source", {})
    assert elastic["email"]["from"]["address"] == ["/o=northmere/cn=jbriar"]
    assert elastic["email"]["to"]["address"] == ["desk@news.example", "undisclosed"]


def test_a_look_up_by_nobody_known_from_nowhere_is_still_a_whole_document() -> None:
    moment = together("access")["timestamp"][0]
    bare = (
        NO_EVENTS["access"]
        .clear(1)
        .with_columns(timestamp=pl.lit(moment), source=pl.lit("gate"), event_module=pl.lit("delimited"))
    )
    document = json.loads(ocsf_documents("access", version="1", content=False).of(bare)[0])
    assert document["src_endpoint"] == {"name": "unknown"}
    assert document["actor"] == {"app_name": "delimited"}
    assert document["database"] == {"name": "gate", "type_id": 0}


VALUES = st.one_of(st.none(), st.text(alphabet='a,{}:"\\ nul[]\n\x01é', max_size=12), st.just('",null:{}'))
SCALARS = {"a": VALUES, "b.c": VALUES, "b.d.e": VALUES, "b.d.f": VALUES, "g.h": VALUES, "i": VALUES}


def pruned(document: dict[str, Any]) -> dict[str, Any]:
    kept = {name: pruned(value) if isinstance(value, dict) else value for name, value in document.items()}
    return {name: value for name, value in kept.items() if value is not None and value != {}}


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(st.fixed_dictionaries(SCALARS), min_size=1, max_size=5), lists=st.lists(VALUES, max_size=3)
)
def test_only_what_is_empty_is_left_out_whatever_texts_hold(
    rows: list[dict[str, Any]], lists: list[Any]
) -> None:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(SCALARS, pl.String()))
    kept = [one for one in lists if one is not None]
    paths = {name: pl.col(name) for name in SCALARS} | {
        "l.m": pl.lit(pl.Series([kept], dtype=pl.List(pl.String)))
    }
    found = [json.loads(text) for text in Documents(paths).of(frame)]
    wanted = [
        pruned({
            "a": row["a"], "b": {"c": row["b.c"], "d": {"e": row["b.d.e"], "f": row["b.d.f"]}},
            "g": {"h": row["g.h"]}, "i": row["i"], "l": {"m": kept},
        })
        for row in rows
    ]  # fmt: skip
    assert found == wanted
