"""Exchange message tracking: the cases of cases/exchange, and what holds for every file.

A case is a TOML file: `log`, and where each line of it must end. Of an event only the columns that are named are
compared; `absent` lists columns that must be null, `line` is the line it was read from, counted from 1.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from pydantic import ValidationError

from parsers.event import SCHEMA
from parsers.force import Force
from parsers.format import Block, Context, Parsed
from parsers.formats.exchange import ACTIONS, FIELDS_2010, FIELDS_2013, Exchange, ExchangeOptions

FOLDER = Path(__file__).parent / "cases" / "exchange"
CASES = sorted(path.stem for path in FOLDER.glob("*.toml"))
OURS = "police.northmere.example"
SEND = "2026-03-03T10:00:00.000Z,SEND,jo.briar@police.northmere.example,sam.hale@example.org"
COLUMNS = "#Fields: date-time,event-id,sender-address,recipient-address"


def exchange(*, domains: tuple[str, ...] = (OURS,), keep_raw: bool = True, **options: Any) -> Exchange:
    context = Context(
        source="exchange-hub",
        zone=ZoneInfo("Europe/London"),
        force=Force(domains=domains),
        site="hub",
        keep_raw=keep_raw,
    )
    return Exchange(context, ExchangeOptions(**options))


def read(*lines: str, **how: Any) -> Parsed:
    return exchange(**how).parse(Block("\n".join(lines).encode(), file="f", offset=0), "")


def raw_lines(case: dict[str, Any]) -> list[bytes]:
    lines = [line.encode() + b"\r" * case.get("crlf", False) for line in case["log"].splitlines()]
    lines[0] = b"\xef\xbb\xbf" * case.get("byte_order_mark", False) + lines[0]
    return lines


def case_named(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))


def offsets(lines: list[bytes]) -> list[int]:
    return [sum(len(line) + 1 for line in lines[:index]) for index in range(len(lines))]


@pytest.mark.parametrize("name", CASES)
def test_every_line_of_a_case_ends_where_it_must(name: str) -> None:
    case = case_named(name)
    expected = case["expected"]
    lines = raw_lines(case)
    line_at = {offset: number for number, offset in enumerate(offsets(lines), start=1)}

    parsed = exchange(domains=tuple(case["domains"]), **case.get("options", {})).parse(
        Block(b"\n".join(lines) + b"\n"), ""
    )

    rejects = [
        {"line": line_at[row["log_offset"]], "reason": row["reason"]} for row in parsed.rejects.to_dicts()
    ]
    assert rejects == expected.get("rejects", [])
    assert {kind: count for kind, count in parsed.non_records.items() if count} == expected.get(
        "non_records", {}
    )
    assert parsed.unknown_codes == expected.get("unknown_codes", {})
    assert parsed.state == expected.get("state", parsed.state)
    events = parsed.events["email"].to_dicts()
    assert [line_at[event["log_offset"]] for event in events] == [want["line"] for want in expected["events"]]
    for event, want in zip(events, expected["events"], strict=True):
        absent = want.pop("absent", [])
        assert event["event_original"] == lines[want.pop("line") - 1]
        assert {column: event[column] for column in (*want, *absent)} == {**want, **dict.fromkeys(absent)}


def test_a_file_cut_anywhere_reads_as_the_whole() -> None:
    """Four cases in one file, so that columns change again and again; cut after each line in turn."""
    names = ("no_header", "headers_in_mid_file", "quarantine", "thirty_columns")
    data = b"".join(b"\n".join(raw_lines(case)) + b"\n" for case in map(case_named, names))
    reader = exchange()
    whole = reader.parse(Block(data, file="f"), "")
    assert (whole.event_lines, whole.rejects.height) == (10, 11)
    cut = data.find(b"\n") + 1
    while cut < len(data):
        head = reader.parse(Block(data[:cut], file="f"), "")
        tail = reader.parse(Block(data[cut:], file="f", offset=cut), head.state)
        assert_frame_equal(pl.concat([head.events["email"], tail.events["email"]]), whole.events["email"])
        assert_frame_equal(pl.concat([head.rejects, tail.rejects]), whole.rejects)
        assert tail.state == whole.state
        cut = data.find(b"\n", cut) + 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from([SEND, COLUMNS, "#Fields: event-id,date-time", "#Fields:", '"', "," * 29, ""]),
            st.text(
                st.sampled_from('#",;<>@=\ufeff\u00df\r Fields:date-timeevent-id2026-03T0:Z'), max_size=40
            ),
        )
    )
)
def test_no_text_whatever_stops_the_parser_or_gets_lost(lines: list[str]) -> None:
    parsed = exchange().parse(Block("\n".join(lines).encode()), "")
    assert parsed.event_lines + parsed.rejects.height + sum(parsed.non_records.values()) == parsed.lines
    assert parsed.events["email"].schema == SCHEMA["email"]


def test_a_record_delivered_twice_has_one_identity_where_the_log_gives_it_an_id() -> None:
    columns, record = f"{COLUMNS},log-id", f"{SEND},7"
    ids = read(columns, record, "#Date: later", record).events["email"]["event_id"]
    assert ids.n_unique() == 1


def test_different_records_that_share_a_log_id_stay_two() -> None:
    ids = read(f"{COLUMNS},log-id", f"{SEND},7", f"{SEND}.invalid,7").events["email"]["event_id"]
    assert ids.n_unique() == 2


@pytest.mark.parametrize("log_id", ["", '""', "  "])
def test_without_log_id_equal_lines_at_two_places_stay_two(log_id: str) -> None:
    ids = read(f"{COLUMNS},log-id", f"{SEND},{log_id}", f"{SEND},{log_id}").events["email"]["event_id"]
    assert ids.n_unique() == 2


def test_events_name_source_format_site_and_file() -> None:
    event = read(COLUMNS, SEND).events["email"].row(0, named=True)
    assert (event["source"], event["event_module"], event["observer_name"], event["log_file"]) == (
        "exchange-hub",
        "exchange",
        "hub",
        "f",
    )


def test_the_raw_line_is_left_out_on_request() -> None:
    assert read(COLUMNS, SEND, keep_raw=False).events["email"]["event_original"].to_list() == [None]


def test_without_domains_of_ours_no_direction_and_no_account_is_claimed() -> None:
    event = read(COLUMNS, SEND.replace("SEND", "SENDEXTERNAL"), domains=()).events["email"].row(0, named=True)
    assert (event["email_direction"], event["user_id"]) == ("unknown", None)


def test_text_that_cannot_be_an_event_id_is_counted_but_never_repeated() -> None:
    record = SEND.replace("SEND", "sam.hale@example.org")
    assert read(COLUMNS, record, record).unknown_codes == {"(other)": 2}


@pytest.mark.parametrize("fields", [("date-time",), ("date-time", "event-id", "source", "source")])
def test_configured_columns_must_be_usable(fields: tuple[str, ...]) -> None:
    with pytest.raises(
        ValidationError, match="name each column once, and at least 'date-time' and 'event-id'"
    ):
        ExchangeOptions(fields=fields)


def test_the_known_layouts_have_30_and_26_columns() -> None:
    assert (len(FIELDS_2013), len(FIELDS_2010)) == (30, 26)
    assert FIELDS_2010[-1] == "custom-data"


@pytest.mark.parametrize("name", CASES)
def test_a_whole_file_is_recognised_by_its_header(name: str) -> None:
    sample = b"\n".join(raw_lines(case_named(name)))
    sure = Exchange.recognise(sample)
    if b"Message Tracking Log" in sample:
        assert sure == 1
    elif name == "no_header":
        assert 0 < sure < 1


@pytest.mark.parametrize(
    "sample",
    [
        b"",
        b"\xff\xfe\x00",
        b"#Software: Microsoft Exchange Server\n#Log-type: SMTP Receive Protocol Log\n#Fields: date-time,data\n",
        b"Mar  3 09:00:00 mail postfix/qmgr[1]: 4F1C: removed\n",
        b",".join([b"a"] * 30),
    ],
)
def test_other_logs_are_not_taken_for_message_tracking(sample: bytes) -> None:
    assert Exchange.recognise(sample) == 0


def test_the_page_of_the_format_lists_every_event_id_beside_its_action() -> None:
    page = (Path(__file__).parents[2] / "docs" / "formats" / "exchange.md").read_text("utf-8")
    documented = {
        code.strip("`"): row.split("`")[1]
        for row in page.splitlines()
        if row.startswith("| `email-")
        for code in row.split("|")[3].split(",")[0].split()
        if code.startswith("`")
    }
    assert documented == ACTIONS
