"""Which archived events belong to which labelled case, found by time, family and identifier.

It must never need an event id in the labels: those are ours, and a labelled data set may come from anywhere.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import polars as pl

from auditd.archive.archive import Archive
from auditd.evaluation.labels import Labels
from parsers.event import Family

_SECOND: Final = timedelta(seconds=1)
_FAMILIES: Final[tuple[Family, ...]] = ("access", "email", "call", "web")
# Where an event of each family names who took part.
_PARTIES: Final[dict[Family, pl.Expr]] = {
    "access": pl.concat_list(pl.col("user_id"), pl.col("source_address").str.to_lowercase()),
    "email": pl.concat_list(
        pl.concat_list("email_from_address", "user_id", "email_related_address"),
        pl.col("email_to_address").fill_null([]),
    ),
    "call": pl.col("call_numbers").fill_null([]),
    "web": pl.concat_list(pl.col("user_id"), pl.col("source_address").str.to_lowercase()),
}


def events_of_cases(archive: Archive, labels: Labels) -> pl.DataFrame:
    """Return case_id and event_id of every archived event that a label of case_events names.

    Time to the second, family and, where the label gives one as kind:value, a party to the event must agree.
    """
    found = [_of_family(archive, labels.events.filter(family=family), family) for family in _FAMILIES]
    return pl.concat(found).unique(maintain_order=True)


def _of_family(archive: Archive, wanted: pl.DataFrame, family: Family) -> pl.DataFrame:
    nothing = pl.DataFrame(schema={"case_id": pl.String, "event_id": pl.String})
    if wanted.is_empty():
        return nothing
    named = wanted.select(
        "case_id",
        pl.col("at").dt.truncate("1s").alias("second"),
        pl.col("identifier").str.replace(r"^\w+:", "").str.to_lowercase().alias("party"),
    )
    seconds = named.select("second").unique().lazy()
    rows = archive.collect_intact(
        family,
        named["second"].min(),  # type: ignore[arg-type]  # a column of times has a time as its least
        named["second"].max() + _SECOND,  # type: ignore[operator, arg-type]  # likewise
        lambda events: (
            events.with_columns(pl.col("timestamp").dt.truncate("1s").alias("second"))
            .join(seconds, on="second", how="semi")
            .select("event_id", "second", _PARTIES[family].alias("parties"))
        ),
    )
    joined = named.join(rows, on="second")
    fits = pl.col("party").is_null() | pl.col("parties").list.contains(pl.col("party"))
    return joined.filter(fits).select(nothing.columns)
