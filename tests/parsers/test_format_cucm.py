"""Cisco CUCM call records: the cases of cases/cucm, and what holds for every file.

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

from parsers.cucm_fields import COLUMNS, REQUIRED
from parsers.event import SCHEMA
from parsers.force import Force
from parsers.format import Block, Context, Parsed
from parsers.formats.cucm import Cucm

FOLDER = Path(__file__).parent / "cases" / "cucm"
CASES = sorted(path.stem for path in FOLDER.glob("*.toml"))
HEADER = ",".join(f'"{name}"' for name in COLUMNS)


def cucm(*, number_ranges: tuple[str, ...] = (), keep_raw: bool = True) -> Cucm:
    context = Context(
        source="cdr-main",
        zone=ZoneInfo("Europe/London"),
        force=Force(number_ranges=number_ranges),
        site="exchange-hall",
        keep_raw=keep_raw,
    )
    return Cucm(context)


def record(**fields: str) -> str:
    given = {"cdrRecordType": "1", "dateTimeOrigination": "1772546520", **fields}
    return ",".join(f'"{given.get(name, "")}"' for name in COLUMNS)


def read(*lines: str, **how: Any) -> Parsed:
    return cucm(**how).parse(Block("\n".join(lines).encode(), file="f"), "")


def case_named(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))


def halves_equal_the_whole(reader: Cucm, data: bytes, cut: int, whole: Parsed) -> None:
    head = reader.parse(Block(data[:cut], file="f"), "")
    tail = reader.parse(Block(data[cut:], file="f", offset=cut), head.state)
    assert_frame_equal(pl.concat([head.events["call"], tail.events["call"]]), whole.events["call"])
    assert_frame_equal(pl.concat([head.rejects, tail.rejects]), whole.rejects)
    assert tail.state == whole.state
    assert head.lines + tail.lines == whole.lines


@pytest.mark.parametrize("name", CASES)
def test_every_line_of_a_case_ends_where_it_must(name: str) -> None:
    case = case_named(name)
    expected = case["expected"]
    lines = [line.encode() for line in case["log"].splitlines()]
    line_at = {sum(len(line) + 1 for line in lines[:row]): row + 1 for row in range(len(lines))}

    parsed = cucm(number_ranges=tuple(case["number_ranges"])).parse(Block(b"\n".join(lines) + b"\n"), "")

    rejects = [
        {"line": line_at[row["log_offset"]], "reason": row["reason"], "detail": row["detail"]}
        for row in parsed.rejects.to_dicts()
    ]
    assert rejects == [{"detail": None, **reject} for reject in expected.get("rejects", [])]
    assert dict(parsed.non_records) == expected["non_records"]
    assert parsed.unknown_codes == expected.get("unknown_codes", {})
    events = parsed.events["call"].to_dicts()
    assert [line_at[event["log_offset"]] for event in events] == [want["line"] for want in expected["events"]]
    for event, want in zip(events, expected["events"], strict=True):
        absent = want.pop("absent", [])
        assert event["event_original"] == lines[want.pop("line") - 1]
        assert {column: event[column] for column in (*want, *absent)} == {**want, **dict.fromkeys(absent)}


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_file_cut_after_any_line_reads_as_the_whole(ending: str) -> None:
    """Cases one after another in one file, so that columns change; cut after each line in turn."""
    names = ("headers_in_mid_file", "quarantine", "older_release")
    text = "".join(case_named(name)["log"] for name in names)
    data = b"\xef\xbb\xbf" + text.replace("\n", ending).encode()
    whole = cucm().parse(Block(data, file="f"), "")
    for cut in (place + 1 for place, byte in enumerate(data) if byte == 0x0A):
        halves_equal_the_whole(cucm(), data, cut, whole)


FRAGMENTS = st.sampled_from(
    [
        *(
            HEADER,
            record(pkid="a"),
            record(callingPartyNumber="07700900123"),
            "INTEGER,INTEGER",
            "VARCHAR(50)",
        ),
        *(
            "cdrRecordType,globalCallID_callId",
            "1,2,3",
            "2",
            "x",
            '"1"',
            '"',
            ",",
            ",,",
            "\r",
            "\0",
            "é",
            " ",
        ),
    ]
)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(FRAGMENTS, max_size=4).map("".join), max_size=8), st.data())
def test_no_text_whatever_stops_the_parser_or_gets_lost(lines: list[str], data: st.DataObject) -> None:
    text = "".join(line + "\n" for line in [HEADER, *lines]).encode()
    parsed = cucm().parse(Block(text, file="f"), "")
    assert parsed.lines == text.count(b"\n")
    assert parsed.events["call"].schema == SCHEMA["call"]
    cuts = [place + 1 for place, byte in enumerate(text) if byte == 0x0A]
    halves_equal_the_whole(cucm(), text, data.draw(st.sampled_from(cuts)), parsed)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["", HEADER, "not a header", '"cdrRecordType"']))
def test_no_bytes_whatever_stop_the_parser(data: bytes, state: str) -> None:
    parsed = cucm().parse(Block(data, offset=7), state)
    assert parsed.event_lines + parsed.rejects.height + sum(parsed.non_records.values()) == parsed.lines


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                name: st.text(st.characters(exclude_characters='"\n\r\0', codec="utf-8"), max_size=12)
                for name in COLUMNS
                if name not in ("cdrRecordType", "dateTimeOrigination")
            },
        ),
        max_size=5,
    )
)
def test_any_values_in_the_fields_give_an_event_or_a_reject(records: list[dict[str, str]]) -> None:
    parsed = read(HEADER, *(record(**fields) for fields in records))
    assert parsed.event_lines + parsed.rejects.height == len(records)


def test_columns_are_found_by_name_in_any_order() -> None:
    names = list(reversed(COLUMNS))
    fields = {"cdrRecordType": "1", "dateTimeOrigination": "1772546520", "callingPartyNumber": "50009"}
    line = ",".join(f'"{fields.get(name, "")}"' for name in names)
    event = read(",".join(names), line).events["call"].row(0, named=True)
    assert (event["call_from"], event["timestamp"].isoformat()) == ("50009", "2026-03-03T14:02:00+00:00")


@pytest.mark.parametrize("name", REQUIRED[1:])
def test_a_header_without_a_required_column_gives_no_events_and_says_which(name: str) -> None:
    header = ",".join(column for column in COLUMNS if column != name)
    if name == "globalCallID_callId":
        assert read(header, record()).rejects["reason"].to_list() == ["no_header"] * 2
        return
    line = ",".join("1" for column in COLUMNS if column != name)
    assert read(header, line).rejects["detail"].to_list() == [f"the header lacks {name}"]


def test_a_column_named_twice_is_taken_where_it_stands_first() -> None:
    event = read(HEADER + ',"callingPartyNumber"', record(callingPartyNumber="50009") + ',"50010"')
    assert event.events["call"]["call_from"].to_list() == ["50009"]


def test_a_header_of_thousands_of_names_is_read_like_any_other() -> None:
    extra = 3000
    header = HEADER + "".join(f",extra{place}" for place in range(extra))
    parsed = read(header, record(callingPartyNumber="50009") + "," * extra)
    assert parsed.events["call"]["call_from"].to_list() == ["50009"]


def test_the_same_record_delivered_twice_has_one_identity() -> None:
    ids = read(HEADER, record(pkid="7"), HEADER, record(pkid="7")).events["call"]["event_id"]
    assert ids.n_unique() == 1
    assert ids[0].startswith("cdr-main:7@")


def test_an_identity_used_again_at_another_time_hides_no_record() -> None:
    ids = read(HEADER, record(pkid="7"), record(pkid="7", dateTimeOrigination="1772546999")).events["call"]
    assert ids["event_id"].n_unique() == 2


def test_without_pkid_equal_lines_at_two_places_stay_two() -> None:
    assert read(HEADER, record(), record()).events["call"]["event_id"].n_unique() == 2


def test_events_name_source_format_site_and_file() -> None:
    event = read(HEADER, record()).events["call"].row(0, named=True)
    named = [event[column] for column in ("source", "event_module", "observer_name", "log_file")]
    assert named == ["cdr-main", "cucm", "exchange-hall", "f"]


def test_the_raw_line_is_left_out_on_request() -> None:
    assert read(HEADER, record(), keep_raw=False).events["call"]["event_original"].to_list() == [None]


def test_causes_too_large_for_the_column_are_kept_as_code_only() -> None:
    event = read(HEADER, record(origCause_value="3758096384")).events["call"].row(0, named=True)
    assert (event["event_code"], event["call_cause_from"]) == ("3758096384", None)


def test_a_call_that_ended_before_it_began_has_no_ring_time() -> None:
    event = read(HEADER, record(dateTimeDisconnect="1772546519")).events["call"].row(0, named=True)
    assert event["call_ring_seconds"] is None


@pytest.mark.parametrize("name", CASES)
def test_a_file_is_recognised_by_its_header(name: str) -> None:
    log = case_named(name)["log"].encode()
    first_line_is_header = b"cdrrecordtype" in log.split(b"\n")[0].lower()
    assert Cucm.recognise(b"\xef\xbb\xbf" + log) == (1.0 if first_line_is_header else 0.0)


def test_quality_records_and_records_without_header_are_recognised_with_less_certainty() -> None:
    assert (
        Cucm.recognise(b'"cdrRecordType","globalCallID_callManagerId","globalCallID_callId","nodeId"\n')
        == 0.9
    )
    assert Cucm.recognise(b"1,2,25447,47874239,1772546520,2" + b',""' * 127 + b"\n") == 0.4


@pytest.mark.parametrize(
    "sample",
    [
        b"",
        b"\xff\xfe\x00",
        b"1,2,3\n",
        b"txn_datetime,system,txn_code,user_id\n",
        b"#Software: Microsoft Exchange Server\n",
        b",".join([b"\xff"] * 100),
    ],
)
def test_other_logs_are_not_taken_for_call_records(sample: bytes) -> None:
    assert Cucm.recognise(sample) == 0
