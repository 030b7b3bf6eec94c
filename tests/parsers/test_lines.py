"""Lines: a block is cut without losing a byte, and each line carries its own evidence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.format import REJECTS_SCHEMA, Block
from parsers.lines import LINES_SCHEMA, cut_lines, record_identity, reject


def texts(data: bytes) -> list[str]:
    return cut_lines(Block(data)).text["line"].to_list()


def reasons(data: bytes) -> list[str]:
    return cut_lines(Block(data)).rejects["reason"].to_list()


def test_an_empty_block_has_no_lines() -> None:
    cut = cut_lines(Block(b""))
    assert (cut.total, cut.blank, cut.text.height, cut.rejects.height) == (0, 0, 0, 0)
    assert (cut.text.schema, cut.rejects.schema) == (LINES_SCHEMA, REJECTS_SCHEMA)


def test_blank_lines_are_counted_and_nothing_else() -> None:
    cut = cut_lines(Block(b"\n \n\t\r\n\r\n"))
    assert (cut.total, cut.blank, cut.text.height) == (4, 4, 0)


def test_the_last_line_of_a_file_that_has_ended_needs_no_newline() -> None:
    assert texts(b"one\ntwo") == ["one", "two"]
    assert cut_lines(Block(b"one\ntwo")).total == 2


def test_carriage_returns_before_the_newline_are_not_text_but_are_evidence() -> None:
    row = cut_lines(Block(b"one\r\n")).text.row(0, named=True)
    assert row["line"] == "one"
    assert row["event_original"] == b"one\r"
    assert row["event_hash"] == sha256(b"one\r").digest()
    assert row["log_length"] == 4


def test_a_carriage_return_inside_a_line_stays() -> None:
    assert texts(b"one\rtwo\n") == ["one\rtwo"]


@pytest.mark.case("T31")
def test_a_byte_order_mark_is_not_text_at_the_start_of_a_file_nor_where_files_were_joined() -> None:
    mark = b"\xef\xbb\xbf"
    assert texts(mark + b"one\ntwo\n" + mark + b"one\n") == ["one", "two", "one"]
    cut = cut_lines(Block(mark + b"one\n"))
    assert cut.text["event_original"].to_list() == [mark + b"one"]
    assert cut_lines(Block(mark)).blank == 1


def test_offsets_are_those_of_the_file() -> None:
    cut = cut_lines(Block("aé\n\nccc\nd".encode(), offset=1000))
    assert cut.text["log_offset"].to_list() == [1000, 1005, 1009]
    assert cut.text["log_length"].to_list() == [3, 3, 1]


def test_a_line_that_is_not_utf8_is_rejected_alone() -> None:
    data = b"one\ncaf\xe9\nthree\n"
    assert texts(data) == ["one", "three"]
    rejects = cut_lines(Block(data, offset=10)).rejects
    assert rejects.select("log_offset", "log_length", "reason", "event_original").rows() == [
        (14, 4, "not_text", b"caf\xe9")
    ]


@pytest.mark.case("T14")
def test_a_head_of_nul_bytes_grown_under_a_truncated_file_does_not_cost_the_line_behind_it() -> None:
    data = b"\0" * 100 + b"one\ntwo\n"
    assert texts(data) == ["one", "two"]
    assert cut_lines(Block(data)).text["log_length"].to_list() == [103, 3]
    assert cut_lines(Block(data)).text["event_original"][0] == b"\0" * 100 + b"one"
    assert cut_lines(Block(b"\0\0\n")).blank == 1


def test_nul_bytes_inside_a_line_make_it_binary() -> None:
    assert reasons(b"o\0ne\ntwo\n\xff\0\n") == ["binary", "binary"]
    assert texts(b"o\0ne\ntwo\n\xff\0\n") == ["two"]


@pytest.mark.parametrize("separator", ["\u2028", "\x85", "\x0b", "\x0c", "\x1c"])
def test_only_a_newline_ends_a_line(separator: str) -> None:
    assert texts(f"one{separator}two\n".encode()) == [f"one{separator}two"]


PIECES = st.sampled_from(
    [b"\n", b"\r\n", b"\0", b"\xef\xbb\xbf", b"\xff", b" ", b"a", b"line,two", "é€😀".encode(), b"\xe2\x82"]
)


@pytest.mark.case("T40")
@settings(max_examples=120, deadline=None)
@given(st.lists(PIECES, max_size=40).map(b"".join), st.integers(min_value=0, max_value=10**12))
def test_every_byte_is_found_again_at_its_place(data: bytes, offset: int) -> None:
    cut = cut_lines(Block(data, offset=offset))
    expected = data.count(b"\n") + (bool(data) and not data.endswith(b"\n"))
    assert cut.total == expected == cut.text.height + cut.rejects.height + cut.blank
    for row in [*cut.text.iter_rows(named=True), *cut.rejects.iter_rows(named=True)]:
        start = row["log_offset"] - offset
        assert data[start : start + row["log_length"]] == row["event_original"]
        assert sha256(row["event_original"]).digest() == row["event_hash"]
        assert data[start - 1 : start] in (b"\n", b"")


@settings(max_examples=60, deadline=None)
@given(st.lists(PIECES, max_size=30).map(b"".join))
def test_a_verdict_on_a_line_does_not_depend_on_its_neighbours(data: bytes) -> None:
    whole = cut_lines(Block(data))
    alone = [cut_lines(Block(line + b"\n")) for line in data.split(b"\n")[: whole.total]]
    assert whole.text["line"].to_list() == [line for cut in alone for line in cut.text["line"]]
    assert whole.rejects["reason"].to_list() == [reason for cut in alone for reason in cut.rejects["reason"]]


def test_rejects_keep_reason_detail_and_evidence() -> None:
    lines = cut_lines(Block(b"one\ntwo\n")).text
    rejects = reject(lines, "bad_time", "when")
    assert rejects.schema == REJECTS_SCHEMA
    assert rejects.select("reason", "detail", "event_original").rows() == [
        ("bad_time", "when", b"one"),
        ("bad_time", "when", b"two"),
    ]


def test_rejects_keep_a_detail_that_the_frame_already_has() -> None:
    lines = cut_lines(Block(b"one\n")).text.with_columns(reason=pl.lit("bad_time"), detail=pl.lit("when"))
    assert reject(lines).select("reason", "detail").rows() == [("bad_time", "when")]


NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


def timed(data: bytes, file: str = "a", at: datetime = NOON) -> pl.DataFrame:
    """Lines with a time."""
    return cut_lines(Block(data, file=file)).text.with_columns(pl.lit(at).alias("timestamp"))


def test_the_same_record_has_the_same_identity_in_a_copied_file_and_another_at_another_place() -> None:
    def ids(data: bytes, file: str) -> list[str]:
        return timed(data, file).select(record_identity("pnc")).to_series().to_list()

    assert ids(b"one\none\n", "a") == ids(b"one\none\n", "b")
    assert len(set(ids(b"one\none\n", "a"))) == 2
    assert ids(b"one\n", "a") != ids(b"two\n", "a")


def test_a_records_own_identifier_is_its_identity_wherever_it_stands() -> None:
    lines = timed(b"a\nb\nc\n").with_columns(own=pl.Series(["17", " 17 ", ""]))
    first, second, third = lines.select(record_identity("pnc", pl.col("own"))).to_series().to_list()
    assert first == second == "pnc:17@1772539200000000"
    assert third == lines.select(record_identity("pnc")).to_series()[2]
    nulls = lines.with_columns(own=pl.lit(None, dtype=pl.String))
    assert nulls.select(record_identity("pnc", pl.col("own"))).equals(lines.select(record_identity("pnc")))


def test_the_same_identifier_or_line_at_another_time_is_another_record() -> None:
    for own in (None, pl.lit("17")):
        then, later = (
            timed(b"one\n", at=NOON + timedelta(hours=hours)).select(record_identity("pnc", own)).item()
            for hours in (0, 1)
        )
        assert then != later
