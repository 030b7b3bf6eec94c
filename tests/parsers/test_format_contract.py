"""What every log format promises, asked of each one found in parsers/formats.

The cases of a format are the files of cases/<name>: a TOML file holds the bytes in `log` (with `options` where the
format needs any, and `crlf` or `byte_order_mark` where the file has them); any other file is the bytes themselves.
"""

from __future__ import annotations

import inspect
import random
import tomllib
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.event import FAMILIES, SCHEMA
from parsers.force import Force
from parsers.format import REJECT_REASONS, REJECTS_SCHEMA, Block, Context, Format, Parsed, all_formats
from parsers.guess import guess

ROOT = Path(__file__).parents[2]
FORMATS = all_formats()
NOT_LOGS = (".json", ".md")


@dataclass(frozen=True)
class Case:
    """The bytes of one case file, and the options they are read with."""

    name: str
    data: bytes
    options: dict[str, Any]


def load_case(path: Path) -> Case:
    if path.suffix != ".toml":
        return Case(path.name, path.read_bytes(), {})
    case = tomllib.loads(path.read_text("utf-8"))
    data = case["log"].encode()
    if case.get("crlf"):
        data = data.replace(b"\n", b"\r\n")
    if case.get("byte_order_mark"):
        data = b"\xef\xbb\xbf" + data
    return Case(path.stem, data, case.get("options", {}))


@cache
def cases(name: str) -> tuple[Case, ...]:
    folder = Path(__file__).parent / "cases" / name
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    return tuple(load_case(path) for path in paths if path.suffix not in NOT_LOGS and path.is_file())


@cache
def context() -> Context:
    force = Force(domains=("police.northmere.example",), number_ranges=("+441632960",))
    return Context(source="contract", zone=ZoneInfo("Europe/London"), force=force)


def reader(kind: type[Format], case: Case) -> Format:
    return kind(context(), kind.Options(**case.options))


def parse(reader: Format, data: bytes, *, offset: int = 0, state: str = "") -> Parsed:
    """Parse a block and check what must hold of any result; that the account balances, Parsed itself checks."""
    parsed = reader.parse(Block(data, file="f", offset=offset), state)
    assert parsed.lines == data.count(b"\n") + (bool(data) and not data.endswith(b"\n"))
    assert set(parsed.events) == set(reader.families)
    assert parsed.rejects.schema == REJECTS_SCHEMA
    assert set(parsed.rejects["reason"]) <= set(REJECT_REASONS)
    for frame in (parsed.rejects, *parsed.events.values()):
        for place, length, raw in frame.select("log_offset", "log_length", "event_original").iter_rows():
            assert data[place - offset :][:length] == raw
    for frame in parsed.events.values():
        assert not frame["timestamp"].has_nulls()
        assert not frame["event_id"].has_nulls()
        assert frame["log_offset"].is_sorted()
    return parsed


def told(*parts: Parsed) -> tuple[Any, ...]:
    """All that one or more results in a row say, so that it can be compared."""
    families = {family: pl.concat([part.events[family] for part in parts]) for family in parts[0].events}
    return (
        sum(part.lines for part in parts),
        {family: frame.to_dicts() for family, frame in families.items()},
        pl.concat([part.rejects for part in parts]).to_dicts(),
        +sum((Counter(part.non_records) for part in parts), Counter[str]()),
        +sum((Counter(part.unknown_codes) for part in parts), Counter[str]()),
        parts[-1].state,
    )


def wrapped(data: bytes) -> bytes:
    """Every line of the data as a syslog message."""
    lines = data.removesuffix(b"\n").split(b"\n")
    return b"".join(b"<134>1 - host app - - - " + line + b"\n" for line in lines) if data else b""


formats = pytest.mark.parametrize("kind", FORMATS.values(), ids=FORMATS.keys())
every_case = pytest.mark.parametrize(
    ("kind", "case"),
    [
        pytest.param(kind, case, id=f"{name}-{case.name}")
        for name, kind in FORMATS.items()
        for case in cases(name)
    ],
)


@every_case
def test_lines_in_an_envelope_are_read_like_lines_without(kind: type[Format], case: Case) -> None:
    data = case.data.replace(b"\xef\xbb\xbf", b"").replace(b"\0", b"")
    bare = reader(kind, case).read(Block(data, file="f"), "")
    in_syslog = kind(replace(context(), envelope="syslog"), kind.Options(**case.options))
    read = in_syslog.read(Block(wrapped(data), file="f"), "")
    assert (read.lines, read.event_lines, read.state) == (bare.lines, bare.event_lines, bare.state)
    assert read.rejects["reason"].to_list() == bare.rejects["reason"].to_list()
    places = ["event_id", "log_offset", "log_length", "event_hash", "event_original"]
    for family, frame in read.events.items():
        assert frame.drop(places).equals(bare.events[family].drop(places))


@formats
def test_a_format_is_named_like_its_file_and_says_what_it_is(kind: type[Format]) -> None:
    module = inspect.getmodule(kind)
    assert module is not None
    assert module.__name__ == f"parsers.formats.{kind.name}"
    assert kind.title
    assert kind.references
    assert set(kind.families) <= set(FAMILIES)
    assert kind.families


@formats
def test_the_docstring_of_its_module_shows_a_sample_line_or_gives_references(kind: type[Format]) -> None:
    text = inspect.getdoc(inspect.getmodule(kind)) or ""
    assert "References" in text or "\n\n    " in text
    assert inspect.getdoc(kind)


@formats
def test_its_page_explains_every_option(kind: type[Format]) -> None:
    page = (ROOT / "docs" / "formats" / f"{kind.name}.md").read_text("utf-8")
    missing = [option for option in kind.Options.model_fields if f"`{option}`" not in page]
    assert not missing, f"docs/formats/{kind.name}.md does not explain {missing}"


@formats
def test_it_has_cases(kind: type[Format]) -> None:
    assert cases(kind.name)


@formats
def test_no_other_format_claims_its_cases_more_surely_and_some_are_beyond_doubt(kind: type[Format]) -> None:
    """Cases with options are left out: what only the configuration explains, nobody can recognise."""
    guesses = [guess(case.data) for case in cases(kind.name) if not case.options]
    best = [found[0] for found in guesses if found]
    assert {one.name for one in best} == {kind.name}
    assert max(one.confidence for one in best) > 0.85
    assert all(0 < one.confidence <= 1 for found in guesses for one in found)


@formats
def test_garbage_is_not_recognised(kind: type[Format]) -> None:
    assert kind.recognise(b"") == 0
    assert kind.recognise(random.Random(1).randbytes(4096)) < 0.3
    assert kind.recognise(b"The quick brown fox\njumps over the lazy dog\n" * 20) < 0.3


@every_case
def test_a_case_is_read_with_every_line_accounted_for(kind: type[Format], case: Case) -> None:
    parsed = parse(reader(kind, case), case.data)
    assert parsed.event_lines + parsed.rejects.height > 0


@every_case
def test_cut_at_any_newline_the_parts_say_what_the_whole_says(kind: type[Format], case: Case) -> None:
    read = reader(kind, case)
    whole = told(parse(read, case.data))
    for cut in [place + 1 for place, byte in enumerate(case.data) if byte == ord("\n")]:
        first = parse(read, case.data[:cut])
        second = parse(read, case.data[cut:], offset=cut, state=first.state)
        assert told(first, second) == whole


@every_case
def test_a_last_line_without_newline_is_read_like_any_other(kind: type[Format], case: Case) -> None:
    read = reader(kind, case)
    ended = case.data.rstrip(b"\n")
    assert told(parse(read, ended)) == told(parse(read, ended + b"\n"))


@formats
@pytest.mark.parametrize(("data", "lines"), [(b"", 0), (b"\n", 1), (b"\n\r\n \n", 3)])
def test_no_records_are_no_events(kind: type[Format], data: bytes, lines: int) -> None:
    parsed = parse(kind(context()), data)
    assert (parsed.lines, parsed.event_lines, parsed.rejects.height) == (lines, 0, 0)
    assert all(frame.schema == SCHEMA[family] for family, frame in parsed.events.items())


@every_case
def test_the_same_bytes_further_down_have_the_same_hashes_and_other_fallback_identities(
    kind: type[Format], case: Case
) -> None:
    read = reader(kind, case)
    here, there = parse(read, case.data), parse(read, case.data, offset=10_000)
    assert here.rejects["event_hash"].equals(there.rejects["event_hash"])
    for family, frame in here.events.items():
        further = there.events[family]
        assert frame["event_hash"].equals(further["event_hash"])
        assert frame["timestamp"].equals(further["timestamp"])
        # Named by place and hash where the record names nothing itself; by the record, wherever it stands, else.
        moved = (frame["log_offset"] + 10_000).cast(pl.String)
        by_place = further["event_id"].str.contains(
            moved + "-" + further["event_hash"].bin.encode("hex").str.head(16)
        )
        assert frame["event_id"].eq(further["event_id"]).equals(~by_place)


@every_case
def test_read_with_another_zone_no_event_has_the_id_of_one_at_another_time(
    kind: type[Format], case: Case
) -> None:
    """Every identity holds the time, so that no detector ever meets one id at two times."""
    elsewhere = replace(context(), zone=ZoneInfo("Pacific/Kiritimati"))
    here, there = (
        parse(kind(where, kind.Options(**case.options)), case.data) for where in (context(), elsewhere)
    )
    for family, frame in here.events.items():
        met = (
            pl.concat([frame, there.events[family]]).group_by("event_id").agg(pl.col("timestamp").n_unique())
        )
        assert met["timestamp"].max() in (None, 1)


@pytest.mark.case("T41")
@every_case
def test_two_open_quotes_far_apart_swallow_nothing_between_them(kind: type[Format], case: Case) -> None:
    read = reader(kind, case)
    lines = case.data.split(b"\n")
    whole = parse(read, case.data)
    starts = {sum(len(line) + 1 for line in lines[:row]): row for row in range(len(lines))}
    rows = [starts[place] for frame in whole.events.values() for place in frame["log_offset"]] or [0]
    first, last = min(rows), max(rows)
    bad = b'"' + lines[first]
    planted = b"\n".join([*lines[:first], bad, *lines[first:last], bad, *lines[last:]])
    parsed = parse(read, planted)
    hashes = {family: frame["event_hash"] for family, frame in whole.events.items()}
    for family, frame in parsed.events.items():
        kept = Counter(frame["event_hash"].to_list())
        assert Counter(hashes[family].to_list()) <= kept


@pytest.mark.case("T40")
@formats
@settings(max_examples=30, deadline=None)
@given(data=st.binary(max_size=400), offset=st.integers(min_value=0, max_value=2**40))
def test_any_bytes_are_survived_and_accounted_for(kind: type[Format], data: bytes, offset: int) -> None:
    parse(kind(context()), data, offset=offset)


PIECES = [
    b'"',
    b'""',
    b",",
    b";",
    b"\n",
    b"\r",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"#",
    b"-1",
    b"99999999999999999999",
]


@pytest.mark.case("T40")
@formats
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_damaged_cases_are_survived_and_accounted_for(kind: type[Format], data: st.DataObject) -> None:
    case = data.draw(st.sampled_from(cases(kind.name)))
    damaged = case.data
    for _ in range(data.draw(st.integers(min_value=1, max_value=6))):
        at = data.draw(st.integers(min_value=0, max_value=len(damaged)))
        gone = data.draw(st.sampled_from([0, 0, 1, 7, 60]))
        damaged = damaged[:at] + data.draw(st.sampled_from(PIECES)) + damaged[at + gone :]
    read = reader(kind, case)
    whole = parse(read, damaged)
    newline = damaged.find(b"\n", len(damaged) // 2) + 1
    if newline:
        first = parse(read, damaged[:newline])
        assert told(first, parse(read, damaged[newline:], offset=newline, state=first.state)) == told(whole)


@every_case
def test_one_line_damaged_is_the_only_line_that_changes(kind: type[Format], case: Case) -> None:
    """Whatever happens inside one record, its neighbours are read as before."""
    read = reader(kind, case)
    whole = parse(read, case.data)
    lines = case.data.split(b"\n")
    records = [place for frame in whole.events.values() for place in frame["log_offset"].unique()]
    starts = {sum(len(line) + 1 for line in lines[:row]): row for row in range(len(lines))}
    for place in records[:3]:
        row = starts[place]
        for damage in (lines[row] + b'"', lines[row][: len(lines[row]) // 2], b"x" + lines[row], b"\xff"):
            parsed = parse(read, b"\n".join([*lines[:row], damage, *lines[row + 1 :]]))
            for family, frame in whole.events.items():
                others = Counter(frame.filter(pl.col("log_offset") != place)["event_hash"].to_list())
                assert others <= Counter(parsed.events[family]["event_hash"].to_list())
