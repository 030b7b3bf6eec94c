"""What is usual for a day: the middle of the days before, and how many make a busy one. Robust: a few odd days change little.

It must never say what is usual from a few days: then it says nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import polars as pl

USUAL_DAYS: Final = timedelta(days=28)
PEER_DAYS: Final = 7
FEWEST: Final = 5
"""From fewer days than this nothing is usual."""
NORMAL: Final = 1.4826
"""What a median absolute deviation is multiplied by to be comparable with a standard deviation."""


def usual(asked: pl.DataFrame, days: pl.DataFrame, *, by: str, spread: float) -> pl.DataFrame:
    """Return, in the order asked, `usual`, the median of a day's count before, and `busy`: that and some spreads more; Float64.

    asked: timestamp and `by`. days: `by`, `day` and `looked`, one row an account and day on which it looked anything up. The
    days before that of the look-up count, on the clock of the force: 28 of an account itself, else 7. Both are null where
    there are fewer than FEWEST, or `by` is null.
    """
    length = USUAL_DAYS.days if by == "actor" else PEER_DAYS
    today = pl.col("timestamp").dt.convert_time_zone("Europe/London").dt.date().alias("today")
    wanted = asked.select(by, today).with_row_index("__order")
    groups = wanted.select(by, "today").unique().drop_nulls()
    ago = (pl.col("today") - pl.col("day")).dt.total_days()
    before = groups.join(days.select(by, "day", "looked"), on=by).filter(ago.is_between(1, length))
    middle = pl.col("looked").median()
    told = (
        before.group_by(by, "today")
        .agg(
            middle.alias("usual"),
            (pl.col("looked") - middle).abs().median().alias("off"),
            pl.len().alias("known"),
        )
        .filter(pl.col("known") >= FEWEST)
    )
    busy = pl.col("usual") + spread * NORMAL * pl.col("off")
    return (
        wanted.join(told, on=[by, "today"], how="left", maintain_order="left")
        .sort("__order")
        .select(pl.col("usual").cast(pl.Float64), busy.cast(pl.Float64).alias("busy"))
    )
