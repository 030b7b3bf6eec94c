"""Logs that the configuration maps: the cases of cases/delimited and cases/jsonlines.

A case is a TOML file: `log`, the options it is read with, and where each line of it must end. Of an event only the columns
that are named are compared; `absent` lists columns that must be null, `line` is the line it was read from, from 1.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from parsers.force import Force
from parsers.format import Block, Context, Format, all_formats

FOLDER = Path(__file__).parent / "cases"
CASES = [
    (kind, path.stem) for kind in ("delimited", "jsonlines") for path in sorted((FOLDER / kind).iterdir())
]
FORCE = Force(domains=("force.example",), number_ranges=("+4477009004",))


def reader(kind: str, options: dict[str, Any]) -> Format:
    found = all_formats()[kind]
    return found(Context("mapped", ZoneInfo("Europe/London"), FORCE), found.Options(**options))


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_every_line_of_a_case_ends_where_it_must(kind: str, name: str) -> None:
    case = tomllib.loads((FOLDER / kind / f"{name}.toml").read_text("utf-8"))
    expected, options = case["expected"], case.get("options", {})
    lines = [line.encode() + b"\r" * case.get("crlf", False) for line in case["log"].split("\n")[:-1]]
    lines[0] = b"\xef\xbb\xbf" * case.get("byte_order_mark", False) + lines[0]
    offsets = [sum(len(line) + 1 for line in lines[:index]) for index in range(len(lines))]
    line_at = {offset: number for number, offset in enumerate(offsets, start=1)}

    parsed = reader(kind, options).parse(Block(b"\n".join(lines) + b"\n"), "")

    rejects = [
        {"line": line_at[row["log_offset"]], "reason": row["reason"]}
        | ({"detail": row["detail"]} if row["detail"] else {})
        for row in parsed.rejects.to_dicts()
    ]
    assert rejects == expected.get("rejects", [])
    assert parsed.non_records == expected.get("non_records", {})
    assert parsed.unknown_codes == expected.get("unknown_codes", {})
    found = parsed.events[options.get("family", "access")].to_dicts()
    assert [line_at[event["log_offset"]] for event in found] == [want["line"] for want in expected["events"]]
    for event, want in zip(found, expected["events"], strict=True):
        absent = want.pop("absent", [])
        assert event["event_original"] == lines[want.pop("line") - 1]
        assert {column: event[column] for column in (*want, *absent)} == {**want, **dict.fromkeys(absent)}
