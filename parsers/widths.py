"""Separated lines by their number of fields, for logs that have no header and more than one layout.

It must never let one line's width depend on another's: where the layouts are mixed, each line has its own.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import polars as pl

_QUOTED: Final = r'"(?:[^"]|"")*"'


def by_width(lines: pl.DataFrame, fewest: int, most: int) -> list[tuple[int, pl.DataFrame]]:
    """Return the lines of each width from `fewest` to `most` fields; what has fewer or more is with the nearest.

    Separators inside properly quoted fields do not count; `split_fields` then judges each line by that width.
    """
    if not lines.height:
        return []
    text = lines["line"]
    if text.str.contains('"', literal=True).any():
        text = text.str.replace_all(_QUOTED, "")
    width = (text.str.count_matches(",", literal=True) + 1).clip(fewest, most)
    widths = width.unique().sort().to_list()
    if len(widths) == 1:
        return [(widths[0], lines)]
    return [(one, lines.filter(width == one)) for one in widths]


def width_of(line: str) -> int:
    """Return the number of fields of one line, as `by_width` counts them."""
    return re.sub(_QUOTED, "", line).count(",") + 1


@lru_cache(maxsize=32)
def all_quoted(kinds: str) -> pl.Expr:
    """Boolean expression: the line has exactly these fields, each written strictly, so that no field can shift.

    kinds: a letter per field, `q` always quoted, `t` quoted or empty, `n` a whole number or empty, without quotes.
    """
    patterns = {"q": _QUOTED, "t": '(?:"[^"]*")?', "n": "-?[0-9]*"}
    return pl.col("line").str.contains(f"^{','.join(patterns[kind] for kind in kinds)}$")


def read_strict(lines: pl.DataFrame, names: tuple[str, ...], wanted: tuple[str, ...]) -> pl.DataFrame | None:
    """Return the wanted columns of lines that `all_quoted` holds of, empty ones null; None if they are not one row each."""
    block: bytes = lines["line"].extend_constant("", 1).str.join("\n").cast(pl.Binary).item()
    try:
        fields = pl.read_csv(
            block,
            has_header=False,
            schema=_schema(names),
            columns=[names.index(name) for name in wanted],
            null_values="",
        )
    except pl.exceptions.PolarsError:
        return None
    return fields[list(wanted)] if fields.height == lines.height else None


@lru_cache(maxsize=32)
def _schema(names: tuple[str, ...]) -> pl.Schema:
    return pl.Schema(dict.fromkeys(names, pl.String()))
