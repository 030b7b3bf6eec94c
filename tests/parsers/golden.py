"""Golden cases of mail formats: a TOML file with `log`, and where each line of it must end.

Of an event only the columns that are named are compared; `absent` lists columns that must be null, `line` is the line
it was read from, counted from 1. An access event says `family = "access"`; without it an event is an email.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from parsers.force import Force
from parsers.format import Block, Context, all_formats

FOLDER = Path(__file__).parent / "cases"


def case_names(name: str) -> list[str]:
    return sorted(path.stem for path in (FOLDER / name).glob("*.toml"))


def check_case(format_name: str, case_name: str) -> None:
    case = tomllib.loads((FOLDER / format_name / f"{case_name}.toml").read_text("utf-8"))
    kind = all_formats()[format_name]
    lines = [line.encode() for line in case["log"].splitlines()]
    context = Context(
        source="mail", zone=ZoneInfo("Europe/London"), force=Force(domains=tuple(case["domains"]))
    )
    parsed = kind(context, kind.Options(**case.get("options", {}))).parse(
        Block(b"\n".join(lines) + b"\n"), ""
    )
    starts = {sum(len(line) + 1 for line in lines[:index]): index + 1 for index in range(len(lines))}
    expected = case["expected"]
    rejects = [
        {"line": starts[row["log_offset"]], "reason": row["reason"]} for row in parsed.rejects.to_dicts()
    ]
    assert rejects == expected.get("rejects", [])
    assert {kind: n for kind, n in parsed.non_records.items() if n} == expected.get("non_records", {})
    assert parsed.unknown_codes == expected.get("unknown_codes", {})
    for family, frame in parsed.events.items():
        events = frame.to_dicts()
        wanted: list[dict[str, Any]] = [
            want for want in expected.get("events", []) if want.get("family", "email") == family
        ]
        assert [starts[event["log_offset"]] for event in events] == [want["line"] for want in wanted]
        for event, want in zip(events, wanted, strict=True):
            absent = dict.fromkeys(want.get("absent", []))
            named = {name: value for name, value in want.items() if name not in ("line", "absent", "family")}
            expected_row = {**named, **absent}
            wrong = {
                name: (event[name], value) for name, value in expected_row.items() if event[name] != value
            }
            assert not wrong, f"line {want['line']}, got and wanted: {wrong}"
