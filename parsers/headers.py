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


def under_fields_lines(
    lines: pl.DataFrame, state: str
) -> tuple[list[tuple[str, pl.DataFrame]], Mapping[str, int], str]:
    """Return the records by layout, counts of lines marked `#` (header, comment), and the layout at the end.

    lines: frame of LINES_SCHEMA; a byte-order mark at the start of any line is dropped. A layout is the column names
    of the last `#Fields:` line, joined by commas; `state` is the one in force before the block, "" at first.
    """
    if lines["line"].str.starts_with("\ufeff").any():
        lines = lines.with_columns(pl.col("line").str.strip_chars_start("\ufeff"))
    is_marked = lines["line"].str.starts_with("#")
    if not is_marked.any():
        return [(state, lines)], {"header": 0, "comment": 0}, state
    marked = lines["line"].filter(is_marked)
    named = marked.set(~marked.str.contains(_FIELDS), None)
    layouts = {line: _layout(line) for line in named.drop_nulls().unique()}
    in_force = named.replace_strict(layouts, default=None, return_dtype=pl.String)
    in_force = in_force.fill_null(strategy="forward").fill_null(state)
    header = int(marked.str.contains(_HEADER).sum())
    counts = {"header": header, "comment": marked.len() - header}
    return _by_layout(lines, is_marked, [state, *in_force]), counts, str(in_force[-1])


def _by_layout(
    lines: pl.DataFrame, is_marked: pl.Series, in_force: list[str]
) -> list[tuple[str, pl.DataFrame]]:
    """Return the lines that are not marked under each layout; `in_force` is before the first marked line, then at each."""
    section = is_marked.cum_sum().filter(~is_marked)
    records = lines.filter(~is_marked)
    layout = pl.Series("layout", in_force, dtype=pl.String).gather(section)
    texts = layout.unique(maintain_order=True).to_list()
    if len(texts) == 1:
        return [(texts[0], records)]
    return [(text, records.filter(layout == text)) for text in texts]


def _layout(line: str) -> str:
    """Return the names of a `#Fields:` line, lower case, distinct, joined by commas; "?" where there are none."""
    names: list[str] = []
    for name in split_header(line.partition(":")[2]):
        plain = name.lower().replace(",", " ")
        names.append(f"{plain}#{len(names)}" if plain in names else plain)
    return ",".join(names) or "?"
