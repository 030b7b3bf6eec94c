"""The neutral PNC transaction log: the cases of cases/pnc, and what holds for every file.

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
from pydantic import ValidationError

from parsers.event import SCHEMA
from parsers.format import Block, Context, Parsed
from parsers.formats.pnc import Pnc
from parsers.guess import Guess, guess
from parsers.originator import read_originators
from parsers.pnc_options import COLUMNS, PncOptions

FOLDER = Path(__file__).parent / "cases" / "pnc"
CASES = sorted(path.stem for path in FOLDER.glob("*.toml"))
SHORT = "txn_datetime,user_id,txn_code,subject_type,subject_key,enquiry_text,txn_ref"


def pnc(*, keep_raw: bool = True, **options: Any) -> Pnc:
    context = Context(source="pnc-main", zone=ZoneInfo("Europe/London"), site="hq", keep_raw=keep_raw)
    return Pnc(context, PncOptions(**options))


def read(*lines: str, **how: Any) -> Parsed:
    return pnc(**how).parse(Block("\n".join(lines).encode(), file="f"), "")


def events(*lines: str, **how: Any) -> list[dict[str, Any]]:
    return read(*lines, **how).events["access"].to_dicts()


def ids(*records: str, header: str = SHORT) -> list[str]:
    return read(header, *records).events["access"]["event_id"].to_list()


@pytest.mark.parametrize("name", CASES)
def test_every_line_of_a_case_ends_where_it_must(name: str) -> None:
    case = tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))
    expected = case["expected"]
    lines = [line.encode() + b"\r" * case.get("crlf", False) for line in case["log"].splitlines()]
    lines[0] = b"\xef\xbb\xbf" * case.get("byte_order_mark", False) + lines[0]
    offsets = [sum(len(line) + 1 for line in lines[:index]) for index in range(len(lines))]
    line_at = {offset: number for number, offset in enumerate(offsets, start=1)}

    parsed = pnc(**case.get("options", {})).parse(Block(b"\n".join(lines) + b"\n"), "")

    rejects = [
        {"line": line_at[row["log_offset"]], "reason": row["reason"]}
        | ({"detail": row["detail"]} if row["detail"] else {})
        for row in parsed.rejects.to_dicts()
    ]
    assert rejects == expected.get("rejects", [])
    assert parsed.non_records == expected.get("non_records", {})
    assert parsed.unknown_codes == expected.get("unknown_codes", {})
    assert parsed.state == expected.get("state", parsed.state)
    found = parsed.events["access"].to_dicts()
    assert [line_at[event["log_offset"]] for event in found] == [want["line"] for want in expected["events"]]
    for event, want in zip(found, expected["events"], strict=True):
        absent = want.pop("absent", [])
        assert event["event_original"] == lines[want.pop("line") - 1]
        assert {column: event[column] for column in (*want, *absent)} == {**want, **dict.fromkeys(absent)}


def test_events_say_where_they_come_from() -> None:
    (event,) = events("txn_datetime,user_id", "2026-03-03T14:02:11,ahale")
    assert (event["source"], event["event_module"], event["observer_name"]) == ("pnc-main", "pnc", "hq")
    assert (event["log_file"], event["log_offset"], event["log_length"]) == ("f", 21, 25)


def test_raw_lines_are_kept_only_where_the_source_wants_them_but_always_of_rejects() -> None:
    parsed = read("txn_datetime,user_id", "2026-03-03T14:02:11,ahale", "yesterday,ahale", keep_raw=False)
    assert parsed.events["access"]["event_original"].to_list() == [None]
    assert parsed.rejects["event_original"].to_list() == [b"yesterday,ahale"]


class TestIdentity:
    """A record is known by its reference, its time as written, and who asked what."""

    RECORD = "2026-03-03T14:02:11,ahale,#VE,vehicle,AB12CDE,,77"

    def test_the_same_record_is_the_same_event_wherever_it_stands(self) -> None:
        first, second, third = ids("2026-03-03T14:00:00,ahale,,,,,1", self.RECORD, self.RECORD)
        assert first != second == third

    def test_the_same_record_is_the_same_event_with_other_columns_beside_it(self) -> None:
        other = "txn_ref,user_id,subject_type,subject_key,txn_datetime,txn_code,enquiry_text,justification"
        row = "77,ahale,vehicle,AB12CDE,2026-03-03T14:02:11,#VE,,added later\r"
        assert ids(row, header=other) == ids(self.RECORD)

    @pytest.mark.parametrize(
        "other",
        [
            "2026-03-03T14:02:12,ahale,#VE,vehicle,AB12CDE,,77",
            "2026-03-03T14:02:11,jbriar,#VE,vehicle,AB12CDE,,77",
            "2026-03-03T14:02:11,ahale,#NE,vehicle,AB12CDE,,77",
            "2026-03-03T14:02:11,ahale,#VE,vehicle,XY12ZZZ,,77",
            "2026-03-03T14:02:11,ahale,#VE,vehicle,AB12CDE,keeper,77",
            "2026-03-03T14:02:11,ahale,#VE,vehicle,AB12CDE,,78",
        ],
    )
    def test_a_reference_used_again_never_hides_another_record(self, other: str) -> None:
        assert len(set(ids(self.RECORD, other))) == 2

    def test_without_a_reference_place_and_content_are_the_identity(self) -> None:
        assert len(set(ids(*["2026-03-03T14:02:11,ahale,#VE,vehicle,AB12CDE,,"] * 2))) == 2

    def test_an_identity_shows_neither_account_nor_subject(self) -> None:
        (name,) = ids(self.RECORD)
        assert "ahale" not in name
        assert "AB12CDE" not in name


class TestHeaders:
    """The header names the columns, and cannot be forged from inside a record."""

    def test_what_is_typed_into_a_record_cannot_make_it_a_header(self) -> None:
        parsed = read(
            "subject_key,enquiry_text,originator,txn_datetime,user_id",
            "txn_datetime,user_id,x,2026-03-03T14:02:11,ahale",
            "AB12CDE,,,2026-03-03T14:02:12,ahale",
        )
        assert parsed.non_records == {"header": 1}
        assert parsed.events["access"]["subject_key"].to_list() == ["TXN_DATETIME", "AB12CDE"]

    def test_the_header_is_carried_to_the_next_block(self) -> None:
        first = read("txn_datetime,user_id")
        second = pnc().parse(Block(b"2026-03-03T14:02:11,ahale\n", offset=21), first.state)
        assert second.event_lines == 1
        assert second.state == first.state == "txn_datetime,user_id"

    def test_alternating_headers_keep_the_order_of_the_file(self) -> None:
        lines = []
        for minute in range(40):
            lines += ["txn_datetime,user_id", f"2026-03-03T14:{minute:02},u{minute}"]
            lines += ["user_id,txn_datetime,x", f"v{minute},2026-03-03T14:{minute:02},"]
        parsed = read(*lines)
        assert parsed.non_records == {"header": 80}
        expected = [name for minute in range(40) for name in (f"u{minute}", f"v{minute}")]
        assert parsed.events["access"]["user_id"].to_list() == expected

    def test_columns_of_no_interest_may_share_a_name(self) -> None:
        assert read("txn_datetime,note,note,user_id", "2026-03-03T14:02:11,,,ahale").event_lines == 1

    def test_a_hash_starts_a_comment_unless_transaction_codes_come_first(self) -> None:
        record = "#VE,2026-03-03T14:02:11,ahale"
        assert read("txn_code,txn_datetime,user_id", record).event_lines == 1
        assert read("note,txn_datetime,user_id", record).non_records == {"header": 1, "comment": 1}


@pytest.mark.parametrize("when", ["1969-12-31T23:00:00Z", "0001-01-01T00:00:00", "9999-12-31T00:00:00"])
def test_a_time_that_no_such_system_can_have_written_is_a_bad_time(when: str) -> None:
    assert read("txn_datetime,user_id", f"{when},ahale").rejects["reason"].to_list() == ["bad_time"]


@pytest.mark.parametrize(
    ("written", "hits"),
    [("3", 3), (" 3 ", 3), ("0", 0), ("-1", None), ("many", None), ("1e3", None), ("", None)],
)
def test_a_count_that_is_no_count_costs_the_count_not_the_event(written: str, hits: int | None) -> None:
    (event,) = events("txn_datetime,user_id,hit_count", f"2026-03-03T14:02:11,ahale,{written}")
    assert event["pnc_hit_count"] == hits


@pytest.mark.parametrize(
    ("text", "name", "collar", "reason", "location"),
    [
        ("BRIAR 4471/STOP/HIGH ST", "BRIAR", "4471", "STOP", "HIGH ST"),
        ("PC HOLT nv2210 / RTC / A38 HOLLIN BAY", "PC HOLT", "NV2210", "RTC", "A38 HOLLIN BAY"),
        ("2210 HOLT/STOP/A38", "HOLT", "2210", "STOP", "A38"),
        ("PC 2210 HOLT/STOP", "PC HOLT", "2210", "STOP", None),
        ("12 34 HOLT/STOP", "12 34 HOLT", None, "STOP", None),
        ("HOLT 2210", "HOLT", "2210", None, None),
        ("CONTROL ROOM", "CONTROL ROOM", None, None, None),
        ("STOP CHECK HIGH ST 12", None, None, None, None),
        ("2210/STOP/HIGH ST", None, "2210", "STOP", "HIGH ST"),
        ("HOLT 2210/STOP/A38/M5", "HOLT", "2210", "STOP", "A38/M5"),
        ("HOLT 2210//HIGH ST", "HOLT", "2210", None, "HIGH ST"),
        ("//", None, None, None, None),
        (None, None, None, None, None),
        ("ABC", "ABC", None, None, None),
        ("X" * 50 + "/ST", "X" * 50, None, "ST", None),
        ("X" * 54, "X" * 54, None, None, None),
    ],
)
def test_of_an_originator_line_what_can_be_told_is_told(
    text: str | None, name: str | None, collar: str | None, reason: str | None, location: str | None
) -> None:
    series = pl.Series(["HOLT 2210/STOP/HIGH ST", text], dtype=pl.String)
    assert read_originators(series).row(1) == (name, collar, reason, location)
    assert read_originators(series[1:]).row(0) == (name, collar, reason, location)


def test_two_open_quotes_far_apart_swallow_nothing_between_them() -> None:
    good = [f'2026-03-03T14:{n % 60:02}:00,ahale,#VE,vehicle,"AB12 CDE",,{n}' for n in range(5000)]
    bad = '2026-03-03T15:00:00,ahale,#VE,vehicle,"AB12CDE,,9'
    parsed = read(SHORT, *good[:10], bad, *good[10:4990], bad, *good[4990:])
    assert parsed.rejects["reason"].to_list() == ["unbalanced_quote"] * 2
    assert parsed.events["access"]["pnc_txn_ref"].to_list() == [str(n) for n in range(5000)]


def test_an_unknown_code_is_counted_only_where_there_is_a_table() -> None:
    lines = ("txn_datetime,user_id,txn_code,reason_code", "2026-03-03T14:02:11,ahale,#ZZ,7")
    assert read(*lines).unknown_codes == {}
    assert read(*lines, codes={"#VE": {}}).unknown_codes == {"txn_code:#ZZ": 1}
    assert read(*lines, reasons={"1": "Stop"}).unknown_codes == {"reason_code:7": 1}
    assert read(*lines, codes={"#zz": {}}, reasons={"7": "Stop"}).unknown_codes == {}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"columns": {"when": "Date"}}, "no such column: when"),
        ({"separator": ",,"}, "one character"),
        ({"separator": '"'}, "one character"),
        ({"header": ["txn_datetime", "subject_key"]}, "header must name txn_datetime and user_id"),
        ({"header": ["Who"], "columns": {"user_id": "Who"}}, "header must name txn_datetime and Who"),
        ({"codes": {"#VE": {"action": "look"}}}, "enquiry"),
        ({"codes": {"#VE": {"object": "car"}}}, "vehicle"),
        ({"colums": {}}, "Extra inputs"),
    ],
)
def test_a_wrong_option_says_what_is_wrong(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        PncOptions(**options)


def test_the_format_is_recognised_by_its_columns() -> None:
    assert guess((",".join(COLUMNS) + "\n").encode())[0] == Guess("pnc", 1.0)
    assert Pnc.recognise(b"\xef\xbb\xbf# note\n\nuser_id;txn_datetime;x\r\n") > 0.9
    assert 0 < Pnc.recognise(b"When,Who,system,txn_code,originator,result\n") < 0.5
    assert Pnc.recognise(b"name,address\n") == 0
    assert Pnc.recognise(b"") == 0


def test_nothing_recognisable_is_no_guess() -> None:
    assert guess(b"\x00\xff\xfe\x01" * 20) == []
    assert guess(b"") == []


def test_no_records_give_an_empty_frame_of_the_schema() -> None:
    assert read().events["access"].schema == SCHEMA["access"]


def test_the_example_in_the_documentation_is_a_valid_configuration() -> None:
    page = (Path(__file__).parents[2] / "docs" / "formats" / "pnc.md").read_text("utf-8")
    example = page.split("```toml\n")[1].split("```")[0]
    (source,) = tomllib.loads(example)["sources"]
    options = PncOptions(**source["options"])
    assert set(PncOptions.model_fields) >= set(source["options"])
    assert options.codes["#UP"].action == "update"
