"""Lines of exports that come as JSON lines or as CSV under a header that may come again: which line is what.

It must never read a line: it only says which are JSON objects, which are headers, and under which header a row stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

_LINE: Final = pl.col("line")
_IS_JSON: Final = _LINE.str.contains(r"^\s*\{")
_IS_NOTE: Final = _LINE.str.starts_with("#TYPE ")


@dataclass(frozen=True, slots=True)
class Rows:
    """Lines by kind. json and csv: rows of LINES_SCHEMA, csv by header line ("" before any); state: the header at the end."""

    json: pl.DataFrame
    csv: list[tuple[str, pl.DataFrame]]
    counts: dict[str, int]
    state: str


def rows_of(lines: pl.DataFrame, state: str, is_header: pl.Expr) -> Rows:
    """Sort lines by kind. is_header: true on header lines, asked of what is no JSON; state: the header before the block."""
    is_json = lines.select(_IS_JSON).to_series()
    if is_json.all():
        return Rows(lines, [], {}, state)
    others = lines.filter(~is_json)
    marks = others.select(_IS_NOTE.alias("note"), is_header.alias("header"))
    counts = {"comment": int(marks["note"].sum()), "header": int((marks["header"] & ~marks["note"]).sum())}
    in_force = (
        others["line"]
        .set(~marks["header"] | marks["note"], None)
        .fill_null(strategy="forward")
        .fill_null(state)
    )
    records = others.with_columns(in_force.alias("header")).filter(~(marks["note"] | marks["header"]))
    csv = [
        (header, records.filter(pl.col("header") == header).drop("header"))
        for header in records["header"].unique(maintain_order=True)
    ]
    return Rows(lines.filter(is_json), csv, counts, str(in_force[-1]))


def distinct(names: list[str]) -> list[str]:
    """Return column names, the second and later of one name marked by their place."""
    return [name if names.index(name) == place else f"{name}#{place}" for place, name in enumerate(names)]
