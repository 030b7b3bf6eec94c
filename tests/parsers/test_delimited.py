"""Delimited lines: read exactly, one line one record, whatever stands beside it."""

from __future__ import annotations

import csv
import random
import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.delimited import split_fields, split_header
from parsers.format import Block
from parsers.lines import cut_lines

ABC = ["a", "b", "c"]


def split(
    *lines: str, columns: list[str] | None = None, separator: str = ","
) -> tuple[list[tuple], list[str]]:
    fields, kept, rejects = split_fields(frame(*lines), columns or ABC, separator=separator)
    assert fields.height == kept.height
    assert fields.height + rejects.height == len(lines)
    return fields.rows(), rejects["reason"].to_list()


def frame(*lines: str) -> pl.DataFrame:
    text = cut_lines(Block("".join(line + "\n" for line in lines).encode())).text
    assert text.height == len(lines)
    return text


def by_standard_library(line: str, separator: str = ",") -> list[str] | None:
    """The fields of one line as Python's csv module reads them strictly; None where it refuses."""
    try:
        return next(csv.reader([line], delimiter=separator, strict=True))
    except csv.Error:
        return None


def is_rfc_4180(line: str) -> bool:
    """Whether every field is either quoted from end to end or free of quotes."""
    return re.fullmatch(r'(?:[^",]*|"(?:[^"]|"")*")(?:,(?:[^",]*|"(?:[^"]|"")*"))*', line) is not None


@pytest.mark.parametrize("separator", [",", ";", "|", "\t"])
def test_quotes_protect_separators_and_quotes(separator: str) -> None:
    line = separator.join(["x", f'"y{separator}y"', '"z ""z"""'])
    assert split(line, separator=separator) == ([("x", f"y{separator}y", 'z "z"')], [])


def test_an_empty_field_is_null_and_a_quoted_empty_one_is_empty() -> None:
    assert split('x,,""') == ([("x", None, "")], [])


def test_fields_are_not_trimmed_and_never_read_as_numbers() -> None:
    assert split(" x ,007,1e5") == ([(" x ", "007", "1e5")], [])


def test_no_lines_are_no_rows() -> None:
    fields, kept, rejects = split_fields(frame("x").clear(), ABC)
    assert (fields.columns, fields.height, kept.height, rejects.height) == (ABC, 0, 0, 0)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("x,y", "too_few_fields"),
        ("x", "too_few_fields"),
        ('"x,y",z', "too_few_fields"),
        ('"x,y",', "too_few_fields"),
        ('"x,y,z"', "too_few_fields"),
        ("x,y,z,", "too_many_fields"),
        ('"x",y,z,w', "too_many_fields"),
        ('"x,x",y,z,w', "too_many_fields"),
        ('x,"y,z', "unbalanced_quote"),
        ('x,y,"', "unbalanced_quote"),
        ('x,y"y,z', "unbalanced_quote"),
        ('x,"y"y,z', "bad_quoting"),
        ('x,y,"z" ', "bad_quoting"),
    ],
)
@pytest.mark.parametrize("neighbours", [(), ("1,2,3",), ('"1,1",2,3',), ('1,"2""",""',)])
def test_a_bad_line_is_rejected_with_its_reason_and_its_neighbours_are_read(
    line: str, reason: str, neighbours: tuple[str, ...]
) -> None:
    before, _ = split(*neighbours) if neighbours else ([], [])
    assert split(*neighbours, line, *neighbours) == (before * 2, [reason])


@pytest.mark.case("T41")
def test_two_open_quotes_far_apart_swallow_nothing_between_them() -> None:
    good = [f'{n},"name, {n}",z' for n in range(15_000)]
    lines = [*good[:100], 'x,"open,y', *good[100:14_000], 'x,open",y', *good[14_000:]]
    rows, reasons = split(*lines)
    assert reasons == ["unbalanced_quote"] * 2
    assert [row[0] for row in rows] == [str(n) for n in range(15_000)]


@pytest.mark.case("T41")
def test_an_even_number_of_bad_quotes_on_two_lines_is_no_way_round_it() -> None:
    rows, reasons = split('x,y,"a" "b', "1,2,3", 'c" "d",y,z', "4,5,6")
    assert rows == [("1", "2", "3"), ("4", "5", "6")]
    assert len(reasons) == 2


def test_one_malformed_line_in_fifteen_hundred_costs_only_itself() -> None:
    chance = random.Random(7)
    bad = ['x,"open,y', "x,y", "x,y,z,w", 'x,"y"y,z', '"x,y",']
    lines, expected = [], []
    for n in range(30_000):
        if n % 1500 == 700:
            lines.append(chance.choice(bad))
        else:
            name = chance.choice([f"name {n}", f'"name, {n}"', f'"the ""{n}"""'])
            lines.append(f"{n},{name},")
            expected.append((str(n), by_standard_library(f"{name}")[0], None))  # type: ignore[index]
    rows, reasons = split(*lines)
    assert len(reasons) == 20
    assert rows == expected


def test_rejects_carry_the_evidence_of_their_own_line() -> None:
    _, kept, rejects = split_fields(frame("1,2,3", "short", "4,5,6"), ABC)
    assert rejects.select("log_offset", "event_original").rows() == [(6, b"short")]
    assert kept["log_offset"].to_list() == [0, 12]


WORDS = st.sampled_from(["", "x", "two words", " ", "é€", "007", '"', '""', ",", ";", "\x02", "#"])
FIELDS = st.lists(WORDS, max_size=4).map("".join)


@st.composite
def well_made_lines(draw: st.DrawFn, width: int, separator: str) -> str:
    fields = []
    for _ in range(width):
        text = draw(FIELDS)
        if draw(st.booleans()) or '"' in text or separator in text:
            text = '"' + text.replace('"', '""') + '"'
        fields.append(text)
    return separator.join(fields)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([",", ";", "\t"]).flatmap(
        lambda mark: st.tuples(st.just(mark), st.lists(well_made_lines(3, mark), min_size=1, max_size=8))
    )
)
def test_well_made_lines_are_read_as_the_standard_library_reads_them(case: tuple[str, list[str]]) -> None:
    separator, lines = case
    lines = [line for line in lines if line.strip()]
    rows, reasons = split(*lines, separator=separator)
    assert reasons == []
    expected = [by_standard_library(line, separator) for line in lines]
    assert [[value or "" for value in row] for row in rows] == expected


MESSES = st.lists(st.sampled_from(['"', '""', ",", "x", " ", "y,z"]), min_size=1, max_size=9).map("".join)


@settings(max_examples=200, deadline=None)
@given(st.lists(MESSES.filter(str.strip), min_size=1, max_size=6))
def test_a_verdict_on_a_line_never_depends_on_its_neighbours(lines: list[str]) -> None:
    rows, reasons = split(*lines)
    alone = [split(line) for line in lines]
    assert rows == [row for one, _ in alone for row in one]
    assert reasons == [reason for _, one in alone for reason in one]


@settings(max_examples=200, deadline=None)
@given(MESSES.filter(str.strip))
def test_what_is_well_made_and_wide_enough_is_accepted_and_nothing_else_changes_its_meaning(
    line: str,
) -> None:
    rows, reasons = split(line)
    expected = by_standard_library(line)
    if is_rfc_4180(line) and expected is not None:
        assert (len(expected) == 3) == (reasons == [])
    if rows:
        assert [value or "" for value in rows[0]] == expected


def test_header_names_are_trimmed_and_unquoted() -> None:
    assert split_header('a, b ,"c, c"') == ["a", "b", "c, c"]
    assert split_header("a;b", separator=";") == ["a", "b"]


@pytest.mark.parametrize("line", ["", 'a,"b', '"a"b,c'])
def test_an_unreadable_header_names_nothing(line: str) -> None:
    assert split_header(line) == []
