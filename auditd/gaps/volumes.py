"""How much of each source lies in which hour, and in which of its minutes: counted in the transaction that brings it.

It must never count an event that is not archived, nor miss one that is: the rhythm is learnt from nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection, exists, select
from sqlalchemy.dialects import postgresql, sqlite

from auditd.archive.archive import Archive
from auditd.gaps.tables import SourceHourRow
from parsers.event import FAMILIES

FEW_ROWS: Final = 50
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
Counted = tuple[str, datetime, int, datetime, int]
"""Of one source and hour: events, time of the newest, minutes as bits."""


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of a source: see SourceHourRow."""

    events: int
    minutes: int
    first_read_at: datetime
    delay_seconds: int


def count(conn: Connection, frames: Iterable[pl.DataFrame], now: datetime) -> None:
    """Add events that are being archived to the volumes, in the caller's transaction."""
    new = [frame for frame in frames if frame.height]
    if sum(frame.height for frame in new) <= FEW_ROWS:
        _add(conn, _few(new), now)
    else:
        _add(conn, _many(_hours(frame.lazy()) for frame in new), now)


def count_archive(conn: Connection, archive: Archive, now: datetime) -> None:
    """Count what the archive holds, once: of a database that was filled before volumes were kept."""
    if conn.execute(select(exists().select_from(SourceHourRow))).scalar_one():
        return
    if archive.bounds() is None:
        return
    _add(conn, _many(_hours(archive.scan(family)) for family in FAMILIES), now)


def hours_of(conn: Connection, source: str, *, since: datetime | None = None) -> dict[datetime, Hour]:
    """Return a source's hours that hold events, by their start (UTC), in order."""
    columns = (
        SourceHourRow.hour, SourceHourRow.events, SourceHourRow.minutes, SourceHourRow.first_read_at,
        SourceHourRow.delay_seconds,
    )  # fmt: skip
    query = select(*columns).where(SourceHourRow.source == source).order_by(SourceHourRow.hour)
    if since is not None:
        query = query.where(SourceHourRow.hour >= since)
    return {row[0]: Hour(*row[1:]) for row in conn.execute(query)}


def _hours(events: pl.LazyFrame) -> pl.LazyFrame:
    """Return per source and hour the number of events, the newest minute and every minute that has one (Unix minutes)."""
    minute = (pl.col("timestamp").to_physical() // 60_000_000).alias("minute")
    by_minute = events.group_by("source", minute).agg(pl.len())
    return by_minute.group_by("source", (pl.col("minute") // 60).alias("hour")).agg(
        pl.col("len").cast(pl.Int64).sum().alias("events"), pl.col("minute").unique().alias("minutes")
    )


def _many(hours: Iterable[pl.LazyFrame]) -> Iterator[Counted]:
    columns = ("source", "hour", "events", "minutes")
    for source, hour, events, minutes in pl.concat(hours).select(columns).collect().iter_rows():
        bits = 0
        for minute in minutes:
            bits |= 1 << minute % 60
        begin = _EPOCH + timedelta(hours=hour)
        yield source, begin, events, _EPOCH + timedelta(minutes=max(minutes)), bits


def _few(frames: Iterable[pl.DataFrame]) -> Iterator[Counted]:
    """Count a handful of events one by one: a live step brings few, and a query plan costs more than they do."""
    found: dict[tuple[str, datetime], tuple[int, datetime, int]] = {}
    for frame in frames:
        for source, moment in zip(frame["source"], frame["timestamp"], strict=True):
            hour = moment.replace(minute=0, second=0, microsecond=0)
            events, newest, bits = found.get((source, hour), (0, moment, 0))
            found[source, hour] = (events + 1, max(newest, moment), bits | 1 << moment.minute)
    for (source, hour), (events, newest, bits) in found.items():
        yield source, hour, events, newest, bits


def _add(conn: Connection, hours: Iterable[Counted], now: datetime) -> None:
    rows = [
        {
            "source": source,
            "hour": hour,
            "events": events,
            "minutes": bits,
            "first_read_at": now,
            "delay_seconds": max(0, int((now - newest).total_seconds())),
        }
        for source, hour, events, newest, bits in hours
    ]
    if rows:
        conn.execute(_upsert(conn.dialect.name), rows)


@cache
def _upsert(dialect: str) -> Any:
    insert: Any = {"sqlite": sqlite, "postgresql": postgresql}[dialect].insert(SourceHourRow)
    again: Mapping[str, Any] = {
        "events": SourceHourRow.events + insert.excluded.events,
        "minutes": SourceHourRow.minutes.bitwise_or(insert.excluded.minutes),
    }
    return insert.on_conflict_do_update(index_elements=["source", "hour"], set_=again)
