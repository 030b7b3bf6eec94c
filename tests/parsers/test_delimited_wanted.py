"""Asking for some columns changes the columns that come back, and nothing else."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from parsers.delimited import split_fields
from parsers.format import Block
from parsers.lines import cut_lines

COLUMNS = list("abcd")
PIECES = st.sampled_from(['"', ",", "1", "a", '""', ",,", '"a"', ',"b",', " ", "\r", "é", "\t", "#"])
FIELDS = st.sampled_from(["1", '"a"', "", '""', '"a,b"', 'x"y', '"q""r"', ' "s"'])
LINES = st.one_of(st.lists(PIECES, max_size=10).map("".join), st.lists(FIELDS, max_size=5).map(",".join))


def lines_of(*lines: str) -> pl.DataFrame:
    return cut_lines(Block("\n".join(lines).encode())).text


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES, max_size=6), st.permutations(COLUMNS), st.integers(1, 4))
def test_wanted_columns_are_those_of_the_whole_and_no_fault_is_missed(
    written: list[str], order: list[str], count: int
) -> None:
    lines, wanted = lines_of(*written), order[:count]
    fields, kept, rejects = split_fields(lines, COLUMNS)
    some, some_kept, some_rejects = split_fields(lines, COLUMNS, wanted=wanted)
    assert_frame_equal(some, fields.select(wanted))
    assert_frame_equal(some_kept, kept)
    assert_frame_equal(some_rejects.sort("log_offset"), rejects.sort("log_offset"))


@settings(max_examples=200, deadline=None)
@given(st.lists(LINES, max_size=6), st.sampled_from([None, ["d", "b"]]))
def test_quoted_empty_fields_are_null_on_request_and_nothing_else_changes(
    written: list[str], wanted: list[str] | None
) -> None:
    lines = lines_of(*written)
    fields, kept, rejects = split_fields(lines, COLUMNS, wanted=wanted)
    nulls, nulls_kept, nulls_rejects = split_fields(lines, COLUMNS, wanted=wanted, empty_is_null=True)
    assert_frame_equal(nulls, fields.select(pl.all().replace("", None)))
    assert_frame_equal(nulls_kept, kept)
    assert_frame_equal(nulls_rejects, rejects)


@settings(max_examples=200, deadline=None)
@given(st.lists(LINES, max_size=6))
def test_the_verdict_on_a_line_does_not_depend_on_its_neighbours(written: list[str]) -> None:
    lines = lines_of(*written)
    fields, _, rejects = split_fields(lines, COLUMNS, wanted=["d", "b"])
    alone = [split_fields(lines[row], COLUMNS, wanted=["d", "b"]) for row in range(lines.height)]
    assert fields.rows() == [row for some, _, _ in alone for row in some.rows()]
    reasons = sorted(zip(rejects["log_offset"], rejects["reason"], strict=True))
    assert reasons == [row for _, _, some in alone for row in some.select("log_offset", "reason").rows()]


def test_faults_in_columns_nobody_wanted_are_found() -> None:
    lines = lines_of("1,2,3,4", '1,2,3,"4"x', "1,2,3,4,5", '1,2,"3', "1,2,3", '1,"2,2",3,4')
    fields, _, rejects = split_fields(lines, COLUMNS, wanted=["a"])
    assert fields.rows() == [("1",), ("1",)]
    assert sorted(rejects["reason"]) == [
        "bad_quoting",
        "too_few_fields",
        "too_many_fields",
        "unbalanced_quote",
    ]


@pytest.mark.parametrize("separator", [";", "\t", "|", "^"])
def test_other_separators_are_as_exact(separator: str) -> None:
    lines = lines_of(separator.join("1234"), separator.join(['"1"', "", "3,3", '""']), "1,2,3,4")
    fields, _, rejects = split_fields(lines, COLUMNS, separator=separator, wanted=["d", "c"])
    assert fields.rows() == [("4", "3"), ("", "3,3")]
    assert rejects["reason"].to_list() == ["too_few_fields"]


def test_very_wide_lines_are_read_too() -> None:
    names = [f"c{place}" for place in range(3000)]
    fields, _, _ = split_fields(lines_of(",".join(names)), names, wanted=["c2999", "c0"])
    assert fields.rows() == [("c2999", "c0")]
