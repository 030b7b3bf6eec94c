"""Whether people were on duty at a moment, by the roster. It must never take silence of the roster for a day off by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import polars as pl

from detectors.reference import Reference

ON: Final = ("duty", "overtime", "on_call")
BETWEEN: Final = "between shifts"
REACH: Final = timedelta(days=7)
"""A person has shifts on the roster around a moment if one ended so shortly before it and one begins so shortly after."""


def with_duty(events: pl.DataFrame, reference: Reference, tolerance: timedelta) -> pl.DataFrame:
    """Return events (staff_id, timestamp) with `off`: why the person was off duty then, null where they were not, or nobody knows.

    off is a state of the roster (rest, leave, sick, suspended), or BETWEEN: no shift covers the moment though the person has
    some in the week before and the week after. `tolerance` extends every shift at both ends. `shift_ended` and
    `shift_begins` are the nearest shifts' times.
    """
    on, off = reference.once(_on), reference.once(_off)
    asked = events.select("staff_id", at="timestamp").with_row_index("place").sort("at")
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
