"""Who held an identifier at a moment: accounts, collar numbers, extensions and addresses are re-issued and shared.

It must never guess: an identifier held by several people at once, or by nobody, resolves to no one.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import polars as pl

from detectors.reference import Reference
from parsers.event import TEXT, UTC_MICROSECONDS

CERTAIN: Final = "certain"
SHARED: Final = "shared"
UNKNOWN: Final = "unknown"

FIRST: Final = datetime(1, 1, 1, tzinfo=UTC)
LAST: Final = datetime(9999, 12, 31, tzinfo=UTC)
"""The ends of a validity that is open."""
KEY: Final = "__identifier"
_ORDER: Final = "__order"


def resolve(
    events: pl.DataFrame, reference: Reference, *, kind: str | pl.Expr, value: pl.Expr, time: str
) -> pl.DataFrame:
    """Add who held the identifier (kind, value) at `time`: columns staff_id, certainty and since.

    staff_id is the one person who held it, else null; certainty is certain, shared (several people) or unknown
    (nobody, or no identifier); since is when that person's unbroken hold began, null where it is open or nobody is known.
    Validity is half-open, [valid_from, valid_to), null means open. Rows keep their order and number.
    """
    kinds = pl.lit(kind) if isinstance(kind, str) else kind
    asked = events.select(
        pl.col(time).alias("at"),
        pl.concat_str(kinds, pl.lit(":"), value).alias(KEY),
        pl.int_range(pl.len(), dtype=pl.UInt32).alias(_ORDER),
    )
    in_order = asked["at"].is_sorted()
    found = (asked if in_order else asked.sort("at")).join_asof(
        _concerned(reference.once(holdings), asked),
        on="at",
        by=KEY,
        strategy="backward",
        check_sortedness=False,
    )
    back = found if in_order else found.sort(_ORDER)
    return events.with_columns(back["staff_id"], back["certainty"].fill_null(UNKNOWN), back["since"])


def _concerned(held: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
    """Return the holdings asked for, where few are: a tick must not sort through everybody's."""
    if asked.height >= held.height:
        return held
    return held.join(asked, on=KEY, how="semi", maintain_order="left")


def holdings(reference: Reference) -> pl.DataFrame:
    """Return, per identifier, who holds it from each moment (`at`) at which that changes; in order of time."""
    holds = reference.once(validities).drop("kind", "value")
    alone = pl.col(KEY).is_unique()
    # Nearly every identifier has one row: no need to sweep those.
    changes = (_changes_of_one(holds.filter(alone)), _changes_of_several(holds.filter(~alone)))
    return pl.concat(changes).sort("at")


def validities(reference: Reference) -> pl.DataFrame:
    """Return the rows of the identifiers feed that hold for any time: kind, value, staff_id, and [start, end), never null."""
    rows = reference["identifiers"].select(
        "kind",
        "value",
        pl.concat_str("kind", pl.lit(":"), "value").alias(KEY),
        "staff_id",
        start=pl.col("valid_from").fill_null(FIRST),
        end=pl.col("valid_to").fill_null(LAST),
    )
    return rows.filter(pl.col("start") < pl.col("end")).drop_nulls()


def _changes_of_one(holds: pl.DataFrame) -> pl.DataFrame:
    begins = holds.select(KEY, pl.col("start").alias("at"), "staff_id", _since(), certainty=pl.lit(CERTAIN))
    nobody, never = pl.lit(None, TEXT), pl.lit(None, UTC_MICROSECONDS)
    ends = holds.select(KEY, at="end", staff_id=nobody, since=never, certainty=pl.lit(UNKNOWN))
    return pl.concat((begins, ends))


def _changes_of_several(holds: pl.DataFrame) -> pl.DataFrame:
    """Sweep each identifier's holds in time, counting the people who have it."""
    runs = unbroken(holds)
    changes = pl.concat(
        (
            runs.select(KEY, at="start", people=pl.lit(1, pl.Int64), run=pl.col("run").cast(pl.Int64)),
            runs.select(KEY, at="end", people=pl.lit(-1, pl.Int64), run=-pl.col("run").cast(pl.Int64)),
        )
    )
    # With one holder left, the sum of the run numbers still open is that holder's run.
    sums = changes.group_by(KEY, "at").sum().sort(KEY, "at")
    cells = sums.with_columns(pl.col("people", "run").cum_sum().over(KEY))
    one = cells.with_columns(pl.when(people=1).then("run")).join(runs.drop(KEY, "end"), on="run", how="left")
    words = (
        pl.when(people=1).then(pl.lit(CERTAIN)).when(people=0).then(pl.lit(UNKNOWN)).otherwise(pl.lit(SHARED))
    )
    return one.select(KEY, "at", "staff_id", _since(), certainty=words)


def unbroken(holds: pl.DataFrame) -> pl.DataFrame:
    """Return each person's unbroken holds of each identifier: overlapping and touching validities are one."""
    same = (KEY, "staff_id")
    ordered = holds.sort(*same, "start", "end")
    begins = pl.col("start") > pl.col("end").cum_max().shift(1).over(same)
    return (
        ordered.with_columns(begins.fill_null(value=True).cum_sum().alias("run"))
        .group_by(*same, "run", maintain_order=True)
        .agg(pl.col("start").min(), pl.col("end").max())
    )


def _since() -> pl.Expr:
    return pl.when(pl.col("start") > FIRST).then("start").alias("since")
