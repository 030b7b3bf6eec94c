"""JSON lines read together and one by one: the same of every line, whatever stands next to it."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.format import Block
from parsers.json_lines import JsonReader
from parsers.json_paths import read_path, tree
from parsers.json_values import Refused, read_one
from parsers.lines import cut_lines

TEXTS = ["a", "b.c", "l[]", "r[].x", "o[0].d", "o[1].d", '"u.v"', "é"]
PATHS = [path for text in TEXTS if (path := read_path(text)) is not None]
NAMES = ["a", "b", "c", "l", "r", "x", "o", "d", "u.v", "é", "z", "\\u0061", "a\\/"]
STRINGS = ['"x"', '""', '"é"', '"\\u00e9"', '"\\ud83d\\ude00"', '"\\ud800"', '"\\u0000"', '"\\"a\\": 1"', '"[x"', '"{"',
           '"a"', '"\\\\"', '"x\\ny"', '"null"', '"\x7f"', '"\\b: \\"c\\":"', '"\t"', '"\\x"']  # fmt: skip
NUMBERS = ["0", "-0", "1.0", "1.50", "1e5", "1E-7", "9" * 45, "1e400", "-1.5e-7", "18446744073709551616", "5e-324",
           "1772546520.123456", "01", "1.", ".5", "-", "NaN", "true", "false", "null", "nul"]  # fmt: skip

atoms = st.sampled_from(STRINGS + NUMBERS) | st.floats(allow_nan=False, allow_infinity=False).map(repr)


def made_object(members: list[tuple[str, str]], comma: str) -> str:
    return "{" + comma.join(f'"{name}":{value}' for name, value in members) + "}"


def listed(parts: list[str]) -> str:
    return "[" + ",".join(parts) + "]"


values = st.recursive(
    atoms,
    lambda inner: (
        st.lists(inner, max_size=3).map(listed)
        | st.builds(
            made_object, st.lists(st.tuples(st.sampled_from(NAMES), inner), max_size=4), st.just(", ")
        )
    ),
    max_leaves=8,
)
fitting = st.one_of(
    st.tuples(st.just("b"), atoms.map(lambda value: f'{{"c":{value}}}')),
    st.tuples(st.just("l"), st.lists(atoms, max_size=3).map(listed)),
    st.tuples(st.just("r"), st.lists(atoms.map(lambda value: '{"x":' + value + "}"), max_size=3).map(listed)),
    st.tuples(st.sampled_from(NAMES), atoms),
    st.tuples(st.sampled_from(NAMES), values),
)
records = st.builds(made_object, st.lists(fitting, max_size=6), st.sampled_from([",", " , "]))
lines_of = st.lists(
    records | st.tuples(records, st.integers(0, 30)).map(lambda cut: cut[0][: -cut[1] - 1]), max_size=8
)


def read(*lines: str) -> tuple[list[Any], dict[int, str]]:
    """Return the values of each line that has some, and why others have none, by number."""
    cut = cut_lines(Block("".join(line + "\n" for line in lines).encode()))
    reader = JsonReader(PATHS, TEXTS)
    found, kept, rejects = reader.read(cut.text)
    place = {offset: number for number, offset in enumerate(cut.text["log_offset"])}
    good = [list(row) for row in found.iter_rows()]
    assert len(good) == kept.height
    assert kept["log_offset"].is_sorted()
    return good, {place[offset]: why for offset, why in rejects.select("log_offset", "reason").iter_rows()}


def test_the_paths_of_this_test_fit_together() -> None:
    assert len(PATHS) == len(TEXTS)
    assert tree(PATHS)[1] == []


@settings(max_examples=300, deadline=None)
@given(lines=lines_of)
def test_lines_read_together_say_what_each_says_alone(lines: list[str]) -> None:
    lines = [line for line in lines if line.strip()]
    alone = [read_one(line.strip("\r"), PATHS) for line in lines]
    good, refused = read(*lines)
    assert good == [one for one in alone if not isinstance(one, Refused)]
    assert refused == {number: one.reason for number, one in enumerate(alone) if isinstance(one, Refused)}


def test_a_sound_line_says_what_json_says() -> None:
    line = json.dumps(
        {"a": "x", "b": {"c": 5}, "l": ["y", 7, None], "r": [{"x": True}, {}], "o": [{"d": "p"}], "u.v": "q"}
    )
    assert read(line) == ([["x", "5", ["y", "7", None], ["true", None], "p", None, "q", None]], {})


def test_a_name_that_stands_elsewhere_too_is_no_repetition() -> None:
    assert read('{"a":"x","z":{"a":"y","c":{"a":1}},"b":{"c":"v"}}')[1] == {}


@pytest.mark.parametrize(
    "line",
    [
        '{"a":"x","a":"y"}',
        '{"a":"x","\\u0061":"y"}',
        '{"b":{"c":1},"b":{"c":1}}',
        '{"b":{"c":1,"c":2}}',
        '{"r":[{"x":1},{"x":2,"x":3}]}',
        '{"a":1,"z":{"b":1},"a":null,"a":2}',
    ],
)
def test_a_member_that_stands_twice_is_refused_and_nothing_else(line: str) -> None:
    good, refused = read('{"a":"1"}', line, '{"a":"2"}')
    assert [row[0] for row in good] == ["1", "2"]
    assert refused == {1: "repeated_field"}


def test_nesting_is_bounded() -> None:
    deep, deepest = ('{"a":"x","z":' + "[" * depth + "]" * depth + "}" for depth in (200, 199))
    assert read(deep, deepest, '{"z":' + "[" * 500_000) == (
        [["x", *[None] * 7]],
        {0: "bad_json", 2: "bad_json"},
    )


def test_brackets_inside_strings_do_not_nest() -> None:
    assert read('{"a":"' + "[{" * 1000 + '"}')[1] == {}


def test_many_broken_lines_are_refused_one_by_one() -> None:
    lines = [f'{{"a":"{number}"}}' if number % 7 else f'{{"a":"{number}}}' for number in range(2000)]
    good, refused = read(*lines)
    assert [row[0] for row in good] == [str(number) for number in range(2000) if number % 7]
    assert set(refused) == set(range(0, 2000, 7))
    assert set(refused.values()) == {"bad_json"}


def test_no_line_takes_quadratic_time() -> None:
    many = ",".join(f'"k{number}":1' for number in range(40_000))
    repeated = ",".join(['"z":1'] * 40_000)
    assert read(f'{{{many},{repeated},"a":1}}', '{"a":"' + '\\"' * 200_000 + '"}')[1] == {}


def test_nothing_is_read_of_no_lines() -> None:
    frame = pl.DataFrame(schema={"line": pl.String})
    assert JsonReader(PATHS, TEXTS).read(frame)[0].columns == TEXTS
