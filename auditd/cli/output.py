"""What commands print: tables, JSON, London times, and text from logs made safe for a terminal.

It must never let a control character of a log line reach the terminal: whoever wrote the line would write the screen.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import click

LONDON: Final = ZoneInfo("Europe/London")
# C0, DEL, C1, line and paragraph separators, and the marks that reorder or hide text.
_UNSAFE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def clean(text: str) -> str:
    """Return text that stays on its line and does nothing but show: unsafe characters are escaped."""
    return _UNSAFE.sub(_escaped, text)


def london(stamp: datetime | None, *, seconds: bool = True) -> str:
    """Return an aware time as people of the force read it: `Tue 3 Mar 2026 14:02:11`; "-" for None."""
    if stamp is None:
        return "-"
    if stamp.tzinfo is None:
        raise ValueError("a naive time has no place in London")
    local = stamp.astimezone(LONDON)
    clock = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
    return f"{local:%a} {local.day} {local:%b %Y} {clock}"


def count(number: int) -> str:
    """Return a whole number with separators: `12,345`."""
    return f"{number:,}"


def print_json(data: Any) -> None:
    """Print data as JSON: times ISO 8601 UTC, dataclasses as objects, bytes as text."""
    click.echo(json.dumps(data, default=_plain, indent=2, ensure_ascii=True))


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], *, right: Collection[str] = ()
) -> None:
    """Print rows under headings, `right` naming the columns to align right: drawn on a terminal, aligned text elsewhere."""
    cells = [[clean(str(cell)) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _print_drawn(columns, cells, right)
    else:
        _print_plain(columns, cells, right)


def _print_plain(columns: Sequence[str], cells: Sequence[Sequence[str]], right: Collection[str]) -> None:
    lines = [list(columns), *cells]
    widths = [max(len(line[index]) for line in lines) for index in range(len(columns))]
    for line in lines:
        aligned = (
            cell.rjust(width) if name in right else cell.ljust(width)
            for name, cell, width in zip(columns, line, widths, strict=True)
        )
        click.echo("  ".join(aligned).rstrip())


def _print_drawn(columns: Sequence[str], cells: Sequence[Sequence[str]], right: Collection[str]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    Console(file=sys.stdout, soft_wrap=False).print(table)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.isoformat()
        case date() | Path():
            return str(value)
        case timedelta():
            return value.total_seconds()
        case bytes():
            return value.decode("utf-8", "backslashreplace")
        case set() | frozenset():
            return sorted(value)
        case Mapping():
            return dict(value)
        case _ if is_dataclass(value) and not isinstance(value, type):
            return asdict(value)
        case _:
            raise TypeError(f"{type(value).__name__} has no JSON form")
