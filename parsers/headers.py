"""Header lines of logs that name their columns as they go (`#Fields: a,b,c`): each record gets the names above it.

It must never drop a line that is not marked with `#`, nor carry more from block to block than the names in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from parsers.delimited import split_header

_FIELDS: Final = r"(?i)^#\s*Fields\s*:"
_HEADER: Final = r"(?i)^#\s*(?:Software|Version|Log-type|Date|Fields)\s*:"


def under_fields_lines(lines: pl.DataFrame, state: str) -> tuple[pl.DataFrame, Mapping[str, int], str]:
    """Return the records with their `layout`, counts of lines marked `#` (header, comment), and the layout at the end.

    lines: frame of LINES_SCHEMA; a byte-order mark at the start of any line is dropped. A layout is the column names
    of the last `#Fields:` line, joined by commas; `state` is the one in force before the block, "" at first.
    """
    if lines["line"].str.starts_with("\ufeff").any():
        lines = lines.with_columns(pl.col("line").str.strip_chars_start("\ufeff"))
    marked = lines["line"].str.starts_with("#")
    if not marked.any():
        return lines.with_columns(pl.lit(state).alias("layout")), {"header": 0, "comment": 0}, state
    named = lines.select(pl.when(pl.col("line").str.contains(_FIELDS)).then("line")).to_series()
    layouts = {line: _layout(line) for line in named.drop_nulls().unique()}
    layout = named.replace(layouts).fill_null(strategy="forward").fill_null(state)
    header = int(lines["line"].str.contains(_HEADER).sum())
    records = lines.with_columns(layout.alias("layout")).filter(~marked)
    return records, {"header": header, "comment": int(marked.sum()) - header}, str(layout[-1])


def _layout(line: str) -> str:
    """Return the names of a `#Fields:` line, lower case, distinct, joined by commas; "?" where there are none."""
    names: list[str] = []
    for name in split_header(line.partition(":")[2]):
        plain = name.lower().replace(",", " ")
        names.append(f"{plain}#{len(names)}" if plain in names else plain)
    return ",".join(names) or "?"
