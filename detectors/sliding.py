"""How many different things lie in the stretch of time up to a moment, for many moments at once.

It must never depend on where a window of events begins, as long as it holds the whole stretch: sums, not joins of all with all.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import polars as pl

_AT: Final = "__at"
_STEP: Final = "__step"


def count_in(
    asked: pl.DataFrame,
    rows: pl.DataFrame,
    *,
    by: Sequence[str],
    what: str | None,
    reach: timedelta,
) -> pl.Series:
    """Return, per row of `asked`, how many different `what` (None: rows) the `rows` of the same `by` hold in (t - reach, t]; Int64.

    asked and rows: with `timestamp` and the columns of `by`; rows must hold all of that stretch. Nulls of `what` do not
    count; where a column of `by` is null, 0 comes out.
    """
    at, group = pl.col("timestamp"), [*by, *([what] if what else [])]
    near = rows.select("timestamp", *group).drop_nulls().join(asked, on=list(by), how="semi")
    if what:
        kept = near.sort(*group, "timestamp")
        # A thing counts from when it is seen until it is seen again, or has been gone for the reach.
        same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(-1) for name in group)
        again = pl.when(same).then(at.shift(-1))
        seen = kept.with_columns(pl.min_horizontal(at + reach, again).alias("until"))
    else:
        seen = near.with_columns((at + reach).alias("until"))
    steps = pl.concat(
        (
            seen.select(*by, pl.col("timestamp").alias(_AT), pl.lit(1, pl.Int64).alias(_STEP)),
            seen.select(*by, pl.col("until").alias(_AT), pl.lit(-1, pl.Int64).alias(_STEP)),
        )
    )
    levels = (
        steps.group_by(*by, _AT)
        .agg(pl.col(_STEP).sum())
        .sort(_AT)
        .with_columns(pl.col(_STEP).cum_sum().over(by))
    )
    order = asked.select(*by, pl.col("timestamp").alias(_AT)).with_row_index("__order").sort(_AT)
    found = order.join_asof(levels, on=_AT, by=list(by), strategy="backward", check_sortedness=False)
    return found.sort("__order")[_STEP].fill_null(0)
