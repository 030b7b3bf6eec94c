"""The numbers of a call: each party's as written to canonical, and the list of all that took part.

It must never drop a number that was read, nor read a column of its own accord: the format says which are numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

import polars as pl

from parsers.event import TEXTS
from parsers.force import Force
from parsers.numbers import canonical_number

PARTIES: Final = ("call_from", "call_to_dialled", "call_to_final", "call_redirected_by")
# Further numbers of a record, which no party's column has room for.
ALSO: Final = ("also_from", "also_to", "also_via", "also_shown")

# So few rows are faster one by one.
FEW: Final = 64

# Pairs to put in order, step by step, so that so many columns end up sorted; more of them take a step each.
_NETWORKS: Final[dict[int, tuple[tuple[tuple[int, int], ...], ...]]] = {
    2: (((0, 1),),),
    3: (((0, 1),), ((1, 2),), ((0, 1),)),
    4: (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((1, 2),)),
}


def read_numbers(rows: pl.DataFrame, force: Force) -> pl.DataFrame:
    """Return rows with the canonical numbers of the parties beside those as written (`call_from_raw` and so on).

    Columns of ALSO become canonical themselves. A number that stands in the column before too is read once.
    """
    sources: dict[str, str] = {
        **{f"{party}_raw": party for party in PARTIES if f"{party}_raw" in rows.columns},
        **{name: name for name in ALSO if name in rows.columns},
    }
    used = tuple(name for name in sources if rows[name].null_count() < rows.height)
    empty = [pl.lit(None, dtype=pl.String).alias(sources[name]) for name in sources if name not in used]
    if not used:
        return rows.with_columns(empty)
    once = rows.select(_once(used))
    read = canonical_number(pl.concat([once[name].alias("read") for name in used]), force)
    canonical: list[pl.Series] = []
    for place, name in enumerate(used):
        own = read.slice(place * rows.height, rows.height)
        if place:
            own = canonical[-1].zip_with(once[f"{name} repeats"], own)
        canonical.append(own.alias(sources[name]))
    return rows.with_columns(*canonical, *empty)


def every_number(rows: pl.DataFrame) -> pl.Series:
    """Return the distinct canonical numbers of each row, sorted; [] where there is none."""
    names = [name for name in (*PARTIES, *ALSO) if name in rows.columns]
    used = [name for name in names if rows[name].null_count() < rows.height]
    if not used:
        return pl.Series("call_numbers", [[]], dtype=TEXTS).new_from_index(0, rows.height)
    if rows.height <= FEW:
        found = [sorted({*row} - {None}) for row in rows.select(used).iter_rows()]
        return pl.Series("call_numbers", found, dtype=TEXTS)
    ordered = rows.select(pl.col(name).alias(str(place)) for place, name in enumerate(used))
    for step in _in_order(len(used)):
        ordered = ordered.with_columns(step)
    ordered = ordered.select(_distinct(len(used)))
    kept = [column for column in ordered if column.null_count() < rows.height]
    lists = _lists(kept, rows.height)
    return lists.alias("call_numbers")


@lru_cache(maxsize=16)
def _once(used: tuple[str, ...]) -> list[pl.Expr]:
    """Expressions that keep a number only where it is not that of the column before, and say where it is."""
    repeats = {name: pl.col(name).eq_missing(pl.col(before)) for before, name in pairwise(used)}
    return [
        pl.col(used[0]),
        *(pl.when(~repeated).then(name).alias(name) for name, repeated in repeats.items()),
        *(repeated.alias(f"{name} repeats") for name, repeated in repeats.items()),
    ]


@lru_cache(maxsize=8)
def _in_order(width: int) -> list[list[pl.Expr]]:
    """Steps after which columns "0", "1", ... are sorted within each row, nulls last."""
    odd_even = tuple(tuple((at, at + 1) for at in range(step % 2, width - 1, 2)) for step in range(width))
    steps = _NETWORKS.get(width, odd_even)
    return [[end for pair in pairs for end in _swapped(*map(str, pair))] for pairs in steps if pairs]


def _swapped(first: str, second: str) -> list[pl.Expr]:
    swap = (pl.col(second) < pl.col(first)).fill_null(pl.col(first).is_null())
    return [
        pl.when(swap).then(second).otherwise(first).alias(first),
        pl.when(swap).then(first).otherwise(second).alias(second),
    ]


@lru_cache(maxsize=8)
def _distinct(width: int) -> list[pl.Expr]:
    others = pairwise(str(place) for place in range(width))
    return [
        pl.col("0"),
        *(pl.when(pl.col(before) != pl.col(name)).then(name).alias(name) for before, name in others),
    ]


def _lists(columns: Sequence[pl.Series], height: int) -> pl.Series:
    """Return one list per row of what is not null in it, in the order of the columns."""
    width = len(columns)
    place = pl.int_range(width * height, dtype=pl.UInt32, eager=True)
    row = place // width
    flat = pl.concat([column.alias("number") for column in columns]).gather(row + (place % width) * height)
    if not flat.null_count():
        lists: pl.Series = flat.reshape((height, width)).arr.to_list()
        return lists
    # Rows come in order, which is what makes grouping them cheap.
    found = pl.DataFrame([flat, row.alias("row").set_sorted()]).drop_nulls()
    by_row = found.group_by("row", maintain_order=True).agg("number")
    if by_row.height == height:
        return by_row["number"]
    rows = pl.DataFrame({"row": pl.int_range(height, dtype=pl.UInt32, eager=True)})
    return rows.join(by_row, on="row", how="left", maintain_order="left")["number"].fill_null([])
