"""Lines whose columns stand at fixed places, given as in manuals: first and last place, counted from 1.

It must never take what stands at another place: a line that ends early has no such column.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

Places = tuple[int, int]
LONGEST: Final = 4096


def cut_columns(lines: pl.DataFrame, columns: Mapping[str, Places], wanted: tuple[str, ...]) -> pl.DataFrame:
    """Return the wanted columns of `lines`, trimmed; null where empty, behind the end of the line, or not configured."""
    line = pl.col("line")
    return lines.select(
        _trimmed(line.str.slice(columns[name][0] - 1, columns[name][1] - columns[name][0] + 1)).alias(name)
        if name in columns
        else pl.lit(None, dtype=pl.String).alias(name)
        for name in wanted
    )


def _trimmed(text: pl.Expr) -> pl.Expr:
    return text.str.strip_chars().replace("", None)


def check_places(columns: Mapping[str, Places], known: tuple[str, ...], required: tuple[str, ...]) -> None:
    """Raise ValueError, with what to do, unless `columns` can be cut and has all that is required."""
    unknown = sorted(set(columns) - set(known))
    if unknown:
        raise ValueError(f"no such column: {', '.join(unknown)}; the columns are {', '.join(known)}")
    missing = [name for name in required if name not in columns]
    if missing:
        raise ValueError(f"columns must give the places of {', '.join(missing)} too")
    wrong = sorted(name for name, (first, last) in columns.items() if not 1 <= first <= last <= LONGEST)
    if wrong:
        raise ValueError(
            f"places of {', '.join(wrong)}: give [first, last], counted from 1, at most {LONGEST}"
        )
