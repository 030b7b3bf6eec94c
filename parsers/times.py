"""Times as logs write them to UTC microseconds, with how far they may be off. Never reads the clock."""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

REPEATED_HOUR_SECONDS: Final = 3600


def local_to_utc(naive: pl.Expr, zone: ZoneInfo) -> pl.Expr:
    """Read naive local times in `zone` as UTC.

    A time in the repeated hour at the end of summer time is taken as the first of the two; one in the hour that
    the clocks skip is taken as if they had not been moved yet. Both are marked by `local_uncertainty_seconds`.
    """
    known = naive.dt.replace_time_zone(zone.key, ambiguous="earliest", non_existent="null")
    hour = pl.duration(hours=1)
    skipped = (naive - hour).dt.replace_time_zone(zone.key, ambiguous="earliest", non_existent="null") + hour
    return pl.coalesce(known, skipped).dt.convert_time_zone("UTC").cast(pl.Datetime("us", "UTC"))


def local_uncertainty_seconds(naive: pl.Expr, zone: ZoneInfo) -> pl.Expr:
    """Return the seconds by which `local_to_utc` may be wrong: 3600 in a repeated or skipped hour, else 0."""
    first = naive.dt.replace_time_zone(zone.key, ambiguous="earliest", non_existent="null")
    second = naive.dt.replace_time_zone(zone.key, ambiguous="latest", non_existent="null")
    doubtful = first.is_null() | (first != second)
    return (
        pl.when(naive.is_null())
        .then(None)
        .when(doubtful)
        .then(REPEATED_HOUR_SECONDS)
        .otherwise(0)
        .cast(pl.Int32)
    )


def iso_to_utc(text: pl.Expr, zone: ZoneInfo) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Read ISO 8601 date-times (`T` or space between, fraction optional, `Z` or `+hh:mm` optional).

    Returns (timestamp UTC, uncertainty in seconds, zone source "record" or "config"); null where unreadable.
    A time without zone is read in `zone`.
    """
    cleaned = text.str.strip_chars().str.replace(" ", "T", literal=True)
    has_zone = cleaned.str.contains(r"(?:Z|[+-]\d\d:?\d\d)$")
    aware = pl.coalesce(
        cleaned.str.replace(r"Z$", "+00:00").str.to_datetime(
            "%Y-%m-%dT%H:%M:%S%.f%:z", time_unit="us", strict=False
        ),
        cleaned.str.replace(r"Z$", "+00:00").str.to_datetime(
            "%Y-%m-%dT%H:%M%:z", time_unit="us", strict=False
        ),
    )
    naive = pl.coalesce(
        cleaned.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", time_zone=None, strict=False),
        cleaned.str.to_datetime("%Y-%m-%dT%H:%M", time_unit="us", time_zone=None, strict=False),
    )
    stamp = pl.when(has_zone).then(aware.dt.convert_time_zone("UTC")).otherwise(local_to_utc(naive, zone))
    uncertainty = (
        pl.when(has_zone).then(pl.lit(0, dtype=pl.Int32)).otherwise(local_uncertainty_seconds(naive, zone))
    )
    known_from = pl.when(has_zone).then(pl.lit("record")).otherwise(pl.lit("config"))
    return stamp, uncertainty, known_from
