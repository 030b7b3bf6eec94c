"""Microsoft 365 unified audit log: the cases of cases/m365_audit, forms of client addresses, and lines planted to mislead."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from golden import case_names, check_case

from parsers.force import Force
from parsers.format import Block, Context, Parsed
from parsers.formats.m365_audit import M365Audit
from parsers.json_texts import decode_objects
from parsers.m365_fields import client_host


def record(number: int, **more: object) -> str:
    base = {"CreationTime": "2026-03-03T14:02:11", "Id": f"r{number}", "Operation": "FileAccessed"}
    return json.dumps({**base, **more})


def read(*lines: str) -> Parsed:
    context = Context(
        source="m365", zone=ZoneInfo("Europe/London"), force=Force(domains=("police.northmere.example",))
    )
    return M365Audit(context).parse(Block("\n".join(lines).encode() + b"\n"), "")


@pytest.mark.parametrize("name", case_names("m365_audit"))
def test_every_line_of_a_case_ends_where_it_must(name: str) -> None:
    check_case("m365_audit", name)


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("10.11.12.13", "10.11.12.13"),
        ("10.11.12.13:12345", "10.11.12.13"),
        ("[10.11.12.13]:12345", "10.11.12.13"),
        ("[10.11.12.13]", "10.11.12.13"),
        ("::ffff:10.11.12.13", "10.11.12.13"),
        ("[::ffff:10.11.12.13]:12345", "10.11.12.13"),
        ("2001:db8::abcd", "2001:db8::abcd"),
        ("[2001:db8::abcd]:12345", "2001:db8::abcd"),
        ("[2001:db8::abcd]", "2001:db8::abcd"),
        ("[fe80::1%3]:80", "fe80::1"),
        ("localhost:12345", "localhost"),
        ("[cool.client.local]:12345", "cool.client.local"),
        ("cool.client.local", "cool.client.local"),
        ("", None),
        ("<null>", None),
        (None, None),
    ],
)
def test_a_client_is_told_without_port_and_brackets(written: str | None, host: str | None) -> None:
    frame = pl.DataFrame({"client": [written]}, schema={"client": pl.String})
    assert frame.select(client_host(pl.col("client"))).item() == host


def test_bad_lines_among_many_are_found_and_no_other_is_lost() -> None:
    lines = [record(number) for number in range(3000)]
    bad = {7: lines[7][:-1], 1500: lines[1500] + "," + lines[1501], 2999: '{"CreationTime":['}
    parsed = read(*(bad.get(number, line) for number, line in enumerate(lines)))
    assert parsed.event_lines == 2997
    assert parsed.rejects["reason"].to_list() == ["not_this_format"] * 3
    kept = [f"m365:r{number}@1772546531000000" for number in range(3000) if number not in bad]
    assert parsed.events["access"]["event_id"].to_list() == kept


def test_lines_that_would_be_one_object_together_are_none() -> None:
    """Joined by a separator they would parse as one record, and shift those behind them."""
    parsed = read(record(1), '{"CreationTime":"2026-03-03T14:02:11","x":[{"a":1}', '{"b":2}]}', record(2))
    assert parsed.events["access"]["event_id"].to_list() == [
        "m365:r1@1772546531000000",
        "m365:r2@1772546531000000",
    ]
    assert parsed.rejects.height == 2


def test_members_are_told_as_text_whatever_their_kind() -> None:
    texts = pl.Series(['{"a":1,"b":{"c":[true,null]}}', '{"a":"x\\ny"}', "[1]", "{}"])
    members, is_object = decode_objects(texts, pl.Schema({"a": pl.String, "b": pl.String}))
    assert is_object.to_list() == [True, True, False, True]
    assert members["a"].to_list() == ["1", "x\ny", None, None]
    assert json.loads(members["b"][0]) == {"c": [True, None]}


def test_blank_texts_and_newlines_inside_shift_nothing() -> None:
    texts = pl.Series(["", '{"a":\n1}', None, '{"a":"1"}'])
    members, is_object = decode_objects(texts, pl.Schema({"a": pl.String}))
    assert is_object.to_list() == [False, False, False, True]
    assert members["a"].to_list() == [None, None, None, "1"]


def test_a_member_of_another_kind_than_expected_is_null_and_the_others_are_told() -> None:
    schema = pl.Schema(
        {"a": pl.String, "s": pl.Struct({"x": pl.String}), "l": pl.List(pl.Struct({"x": pl.String}))}
    )
    texts = pl.Series(['{"a":1,"s":"odd","l":{"x":1}}', '{"a":2,"s":{"x":"a\\\\"},"l":[{"x":true},3]}'])
    members, is_object = decode_objects(texts, schema)
    assert is_object.all()
    assert members["a"].to_list() == ["1", "2"]
    assert members["s"][1] == {"x": "a\\"}
    assert members["l"].to_list() == [None, [{"x": "true"}, None]]


def test_parameters_that_are_no_list_cost_nobody_the_event() -> None:
    parsed = read(record(1, Operation="Set-Mailbox", Parameters="odd"), record(2, Operation="Send", Item=[1]))
    assert (parsed.event_lines, parsed.rejects.height) == (2, 0)


def test_rows_of_an_export_before_any_header_are_set_aside() -> None:
    assert read('"{""a"":1}",5/18/2021').rejects["reason"].to_list() == ["no_header"]
