"""The case files of telephone and web formats: raw lines beside where each of them must end.

A case is a TOML file: `log`, `options` and `zone` where it needs any, and what is expected. Of an event only the columns
that are named are compared; `absent` lists columns that must be null, `line` is the line it was read from, from 1.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from parsers.force import Force
from parsers.format import Block, Context, Format, Parsed, all_formats

FOLDER = Path(__file__).parent / "cases"


def case_paths(*names: str) -> list[Path]:
    return [path for name in names for path in sorted((FOLDER / name).glob("*.toml"))]


def reader(
    name: str, *, zone: str = "Europe/London", options: dict[str, Any] | None = None, **how: Any
) -> Format:
    force = Force(number_ranges=tuple(how.pop("number_ranges", ("+441632960",))))
    context = Context(source="calls", zone=ZoneInfo(zone), force=force, site="exchange-hall", **how)
    kind = all_formats()[name]
    return kind(context, kind.Options(**(options or {})))


def read(name: str, *lines: str, **how: Any) -> Parsed:
    return reader(name, **how).parse(Block("".join(f"{line}\n" for line in lines).encode(), file="f"), "")


def event(name: str, *lines: str, **how: Any) -> dict[str, Any]:
    """The only event of these lines."""
    (frame,) = read(name, *lines, **how).events.values()
    (only,) = frame.to_dicts()
    return dict(only)


def reasons(name: str, *lines: str, **how: Any) -> list[tuple[str, str | None]]:
    """Why these lines were rejected, in their order."""
    return [(row["reason"], row["detail"]) for row in read(name, *lines, **how).rejects.to_dicts()]


def check(path: Path) -> None:
    """Compare what becomes of a case with what it expects."""
    case = tomllib.loads(path.read_text("utf-8"))
    expected = case["expected"]
    lines = [line.encode() for line in case["log"].split("\n")[:-1]]
    given = {key: case[key] for key in ("zone", "options", "number_ranges") if key in case}
    if case.get("crlf"):
        lines = [line + b"\r" for line in lines]
    line_at = {sum(len(line) + 1 for line in lines[:row]): row + 1 for row in range(len(lines))}
    parsed = reader(path.parent.name, **given).parse(Block(b"\n".join(lines) + b"\n"), "")
    rejects = [
        {"line": line_at[row["log_offset"]], "reason": row["reason"], "detail": row["detail"]}
        for row in parsed.rejects.to_dicts()
    ]
    assert rejects == [{"detail": None, **reject} for reject in expected.get("rejects", [])]
    assert dict(parsed.non_records) == expected.get("non_records", {})
    assert parsed.unknown_codes == expected.get("unknown_codes", {})
    [events] = (frame.to_dicts() for frame in parsed.events.values())
    wanted = expected.get("events", [])
    assert [line_at[event["log_offset"]] for event in events] == [want["line"] for want in wanted]
    for event, want in zip(events, wanted, strict=True):
        absent = want.pop("absent", [])
        assert event["event_original"] == lines[want.pop("line") - 1]
        assert {column: event[column] for column in (*want, *absent)} == {**want, **dict.fromkeys(absent)}
