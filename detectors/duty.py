"""Whether people were on duty at a moment, by the roster. It must never take silence of the roster for a day off by itself.

`with_duty` tells more, and only where the roster tells enough; `off_shift` is what bars explanations that go by the shift.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import polars as pl

from detectors.reference import Reference

ON: Final = ("duty", "overtime", "on_call")
BETWEEN: Final = "between shifts"
OVERRUN: Final = timedelta(minutes=60)
"""People begin before their shift and stay on after it: what counts as on shift at both ends."""
REACH: Final = timedelta(days=7)
"""A person has shifts on the roster around a moment if one ended so shortly before it and one begins so shortly after."""


def with_duty(events: pl.DataFrame, reference: Reference, tolerance: timedelta) -> pl.DataFrame:
    """Return events (staff_id, timestamp) with `on_duty`, whether a shift covers the moment, never null, and `off`.

    off: why the person was off duty then, null where they were not, or nobody knows. It is a state of the roster (rest,
    leave, sick, suspended), or BETWEEN: no shift covers the moment though the person has some in the week before and the
    week after. `tolerance` extends every shift at both ends. `shift_ended` and `shift_begins` are the nearest shifts' times.
    """
    asked = events.select("staff_id", at="timestamp").with_row_index("place").sort("at")
    on, off = (
        reference.once(made).join(asked, on="staff_id", how="semi", maintain_order="left")
        for made in (_on, _off)
    )
    began = asked.join_asof(
        on.with_columns(pl.col("from") - tolerance),
        left_on="at", right_on="from", by="staff_id", strategy="backward", check_sortedness=False,
    )  # fmt: skip
    coming = began.join_asof(
        on.select("staff_id", shift_begins="from"),
        left_on="at", right_on="shift_begins", by="staff_id", strategy="forward", check_sortedness=False, coalesce=False,
    )  # fmt: skip
    away = coming.join_asof(
        off, left_on="at", right_on="off_from", by="staff_id", strategy="backward", check_sortedness=False,
    )  # fmt: skip
    on_duty = (pl.col("at") < pl.col("until") + tolerance).fill_null(value=False)
    said = pl.when(pl.col("at") < pl.col("off_until")).then("state")
    near = (pl.col("at") - pl.col("until") <= REACH) & (pl.col("shift_begins") - pl.col("at") <= REACH)
    between = pl.when(near).then(pl.lit(BETWEEN))
    told = away.sort("place").select(
        on_duty=on_duty,
        off=pl.when(~on_duty).then(pl.coalesce(said, between)),
        shift_ended=pl.when(pl.col("until") <= pl.col("at")).then("until"),
        shift_begins="shift_begins",
    )
    return events.hstack(told)


def _on(reference: Reference) -> pl.DataFrame:
    """Return shifts by start; `until` is when the last of all that began by then ends: whatever covers a moment tells."""
    shifts = reference["roster"].filter(pl.col("state").is_in(ON)).sort("from", "to")
    return shifts.select("staff_id", "from", until=pl.col("to").cum_max().over("staff_id"))


def _off(reference: Reference) -> pl.DataFrame:
    away = reference["roster"].filter(~pl.col("state").is_in(ON)).sort("from", "to")
    return away.select("staff_id", "state", off_from="from", off_until="to")


def off_shift(rows: pl.DataFrame, reference: Reference, *, person: str = "staff_id") -> pl.Series:
    """Tell of each row (`person`, timestamp) whether the roster says that they were not on shift; never null.

    Of somebody the roster does not know, or not yet then, it says nothing. Of several stretches that began before the
    moment the latest counts.
    """
    roster = reference["roster"]
    if roster.is_empty() or rows.is_empty():
        return pl.repeat(value=False, n=rows.height, eager=True)
    asked = rows.select(pl.col(person).alias("staff_id"), "timestamp").with_row_index("__order")
    shifts = roster.join(asked, on="staff_id", how="semi").select(
        "staff_id", "state", begins=pl.col("from") - OVERRUN, ends=pl.col("to") + OVERRUN
    )
    working = pl.col("state").is_in(ON)
    # The overrun belongs to shifts alone: a rest day does not begin an hour early.
    shifts = shifts.with_columns(
        pl.when(working).then("begins").otherwise(pl.col("begins") + OVERRUN).alias("begins")
    )
    known = _latest(asked, shifts)
    on = _latest(asked, shifts.filter(working))
    covered = (on["timestamp"] < on["ends"]).fill_null(value=False)
    suspended = (known["state"] == "suspended").fill_null(value=False) & (
        known["timestamp"] < known["ends"] - OVERRUN
    ).fill_null(value=False)
    return (known["state"].is_not_null() & ~covered) | suspended


def _latest(asked: pl.DataFrame, shifts: pl.DataFrame) -> pl.DataFrame:
    """Return, in the order asked, the stretch of each person that began last."""
    return (
        asked.sort("timestamp")
        .join_asof(
            shifts.sort("begins", "ends"),
            left_on="timestamp",
            right_on="begins",
            by="staff_id",
            strategy="backward",
            check_sortedness=False,
        )
        .sort("__order")
    )
