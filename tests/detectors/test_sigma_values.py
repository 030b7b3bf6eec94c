"""What a Sigma rule matches: every modifier and kind of value there is, on events of our schema."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from history import NOON, at, call, email, history, holds, look_up, protected, reference, window
from sigma_rules import compiled, hits, judged, rule

from detectors.detector import Span
from parsers.event import SCHEMA

ROWS: dict[str, dict[str, Any]] = {
    "a": {"user_id": "JDoe", "source_ip": "10.1.2.3", "pnc_hit_count": 0, "pnc_query": "name -all C:\\x*y"},
    "b": {"user_id": "asmith", "source_ip": "10.2.0.9", "pnc_hit_count": 5, "pnc_query": "NAME /all"},
    "c": {"user_id": None, "source_ip": "2001:db8::1", "pnc_hit_count": None, "pnc_query": ""},
    "d": {"user_id": "jdoe", "source_ip": "not an address", "pnc_hit_count": 12, "pnc_query": "line\nbreak"},
}


def access() -> list[dict[str, Any]]:
    return [look_up(name, **columns) for name, columns in ROWS.items()]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ("user.id: jdoe", "ad"),
        ("user_id: JDOE", "ad"),
        ("user.id|cased: jdoe", "d"),
        ("user.id: j*", "ad"),
        ("user.id: '?doe'", "ad"),
        ("user.id: 'a*t?'", "b"),
        ("user.id: '*'", "abd"),
        ("user.id: [jdoe, asmith]", "abd"),
        ("user.id|contains: MIT", "b"),
        ("user.id|startswith: [as, xx]", "b"),
        ("user.id|endswith: oe", "ad"),
        ("user.id|contains|all: [j, oe]", "ad"),
        ("user.id|contains|cased: JD", "a"),
        ("user.id: null", "c"),
        ("user.id|exists: true", "abd"),
        ("user.id|exists: false", "c"),
        ("user.id|neq: jdoe", "bc"),
        ("user.id|re: '^j.*e$'", "d"),
        ("user.id|re|i: '^j.*e$'", "ad"),
        ("pnc_query|re: 'line.break'", ""),
        ("pnc_query|re|s: 'line.break'", "d"),
        ("pnc_query|re|m: '^break$'", "d"),
        ("user.id|re|contains: 'd(o|x)e'", "d"),
        ("pnc_query: 'name -all C:\\\\x\\*y'", "a"),
        ("pnc_query: ''", "c"),
        ("pnc_query|contains|windash: ' -all'", "ab"),
        ("pnc_query|contains: 'x\\*y'", "a"),
        ("source.ip|cidr: 10.1.0.0/16", "a"),
        ("source.ip|cidr: [10.0.0.0/8]", "ab"),
        ("source.ip|cidr: '2001:db8::/32'", "c"),
        ("pnc_hit_count|gt: 5", "d"),
        ("pnc_hit_count|gte: 5", "bd"),
        ("pnc_hit_count|lt: 5", "a"),
        ("pnc_hit_count|lte: 5", "ab"),
        ("pnc_hit_count: 5", "b"),
        ("pnc_hit_count: '5'", "b"),
        ("pnc_hit_count: '1*'", "d"),
        ("user.id|fieldref: user.id", "abd"),
        ("subject_key|fieldref: user.id", ""),
        ("'@timestamp|hour': 12", "abcd"),
        ("'@timestamp|month': 4", ""),
        ("user.id|base64: x", ""),
    ],
)
def test_a_value_matches(selection: str, expected: str) -> None:
    assert "".join(hits(f"s:\n  {selection}\ncondition: s", *access())) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("one and two", "d"),
        ("one or two", "abd"),
        ("one and not two", "a"),
        ("not one", "bc"),
        ("not (one or two)", "c"),
        ("1 of o*", "ad"),
        ("all of them", "d"),
        ("any of them", "abd"),
    ],
)
def test_conditions_link_selections(condition: str, expected: str) -> None:
    text = f"one:\n  user.id: jdoe\ntwo:\n  pnc_hit_count|gt: 1\ncondition: {condition}"
    assert "".join(hits(text, *access())) == expected


def test_a_list_of_maps_is_any_of_them_and_a_map_all_of_it() -> None:
    text = "s:\n  - user.id: jdoe\n    pnc_hit_count: 12\n  - user.id: asmith\ncondition: s"
    assert hits(text, *access()) == ["b", "d"]


def test_several_conditions_are_any_of_them() -> None:
    text = "s:\n  user.id: jdoe\nt:\n  user.id: asmith\ncondition:\n  - s\n  - t"
    assert hits(text, *access()) == ["a", "b", "d"]


def test_hours_are_those_of_clocks_in_london() -> None:
    july = NOON.replace(month=7)
    rows = (look_up("a", july), look_up("b", july.replace(hour=13)))
    span = Span(july, july.replace(hour=20))
    assert hits("s:\n  '@timestamp|hour': 13\ncondition: s", *rows, span=span) == ["a"]


def test_a_column_of_several_values_matches_where_one_does() -> None:
    rows = [
        email("a", email_to_address=["x@one.example", "y@two.example"]),
        email("b", email_to_address=["x@one.example"]),
        email("c", email_to_address=None),
        email("d", email_to_address=[]),
    ]

    def found(selection: str) -> str:
        return "".join(hits(f"s:\n  {selection}\ncondition: s", *rows, category="email"))

    assert found("email.to.address|endswith: '@two.example'") == "a"
    assert found("email.to.address|endswith|all: ['@two.example', '@one.example']") == "a"
    assert found("email.to.address|neq: x@one.example") == "cd"
    assert found("email.to.address: null") == "cd"
    assert found("email.to.address|exists: true") == "ab"


def test_a_log_source_names_family_format_and_source() -> None:
    rows = [look_up("a", event_module="pnc"), look_up("b", event_module="delimited"), look_up("c")]
    text = rule("s:\n  user.id: jdoe\ncondition: s")

    def found(more: str) -> list[str]:
        return sorted(
            judged(compiled(text.replace("category: access", f"category: access{more}")), *rows)["key"]
        )

    assert found("") == ["a", "b", "c"]
    assert found("\n  product: pnc") == ["a"]
    assert found("\n  product: pnc\n  service: pnc") == ["a"]
    assert found("\n  service: another") == []


def test_sigmas_own_fields_for_proxies_are_columns_of_web_events() -> None:
    visit = {
        "event_id": "w",
        "timestamp": NOON,
        "source": "proxy",
        "url_domain": "files.example",
        "http_response_status_code": 200,
    }
    text = "s:\n  cs-host|endswith: .example\n  sc-status: 200\ncondition: s"
    detector = compiled(rule(text, category="proxy"))
    frames = history() | {"web": pl.DataFrame([visit], schema=SCHEMA["web"]).lazy()}
    assert detector.judge(window(detector, frames, reference()))["key"].to_list() == ["w"]


class TestWho:
    """Who of ours acted, at the time; nothing of a protected counterpart."""

    KNOWN = reference(
        identifiers=[
            holds("S1", "account", "jdoe", until=at(hours=1)), holds("S2", "account", "jdoe", since=at(hours=1)),
            holds("S1", "email", "jane@force.example"), holds("S1", "extension", "50009"),
        ],
        protected_contacts=[protected("+442079460199", "phone"), protected("union.example", "domain")],
    )  # fmt: skip

    def people(
        self, text: str, *rows: dict[str, Any], category: str = "access"
    ) -> list[tuple[str, str | None]]:
        found = judged(compiled(rule(text, category=category)), *rows, known=self.KNOWN)
        return list(found.select("actor", "staff_id").iter_rows())

    def test_an_account_is_whose_it_was_then(self) -> None:
        rows = [
            look_up("a"),
            look_up("b", at(hours=2)),
            look_up("c", at(hours=3), user_id=None, source_address="t1"),
        ]
        found = self.people("s:\n  subject_type: vehicle\ncondition: s", *rows)
        assert found == [("account:jdoe", "S1"), ("account:jdoe", "S2"), ("terminal:T1", None)]

    def test_of_mail_and_calls_it_is_the_party_that_is_ours(self) -> None:
        text = "s:\n  event.action|exists: true\ncondition: s"
        got = email(
            "b",
            at(minutes=1),
            email_from_address="x@one.example",
            email_to_address=["y@two.example", "jane@force.example"],
        )
        assert (
            self.people(text, email("a"), got, category="email") == [("email:jane@force.example", "S1")] * 2
        )
        rang = call(
            "d", at(minutes=1), call_from="+442079460123", call_to_dialled="50009", call_to_final="50009"
        )
        assert self.people(text, call("c"), rang, category="call") == [("extension:50009", "S1")] * 2

    def test_an_event_with_a_protected_counterpart_is_never_found(self) -> None:
        text = "s:\n  event.action|exists: true\ncondition: s"
        assert (
            self.people(
                text,
                email("a", email_to_address=["rep@branch.union.example", "x@one.example"]),
                category="email",
            )
            == []
        )
        assert (
            self.people(
                text,
                call("b", call_to_final="+442079460199", call_to_dialled="+442079460123"),
                category="call",
            )
            == []
        )
