"""How many events of a source are by people nobody knows, hour by hour: a feed that fell behind shows here first.

It must never keep an identifier: counts alone leave this module.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection, and_, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from auditd.archive.archive import Archive
from auditd.gaps.tables import SourceHourRow
from auditd.health.tables import SourcePeopleRow
from detectors.feed_facts import FACT_SCHEMA
from detectors.identity import UNKNOWN, resolve
from detectors.reference import Reference
from parsers.event import FAMILIES, Family
from parsers.force import Force
from parsers.subjects import canonical_terminal

KEPT: Final = timedelta(days=15)
DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNCOUNTED: Final = -1

Collect = Callable[
    [Family, datetime | None, datetime | None, Callable[[pl.LazyFrame], pl.LazyFrame]], pl.DataFrame
]
"""Collects what is made of a family's events in a stretch of time; damaged files are left out."""


def days_to_count(conn: Connection, until: datetime | None = None) -> list[datetime]:
    """Return the days (UTC) of which some hour, over by `until`, has events that were not counted yet, oldest first.

    Only the last days of each source: what is older tells nothing of how its feeds stand.
    """
    newest = (
        select(SourceHourRow.source, func.max(SourceHourRow.hour).label("hour"))
        .group_by(SourceHourRow.source)
        .subquery()
    )
    last = {row.source: row.hour for row in conn.execute(select(newest))}
    same = and_(SourcePeopleRow.source == SourceHourRow.source, SourcePeopleRow.hour == SourceHourRow.hour)
    query = (
        select(SourceHourRow.source, SourceHourRow.hour)
        .outerjoin(SourcePeopleRow, same)
        .where(or_(SourcePeopleRow.counted.is_(None), SourcePeopleRow.counted != SourceHourRow.events))
    )
    if last:
        query = query.where(SourceHourRow.hour >= min(last.values()) - KEPT)
    if until is not None:
        query = query.where(SourceHourRow.hour <= until - _HOUR)
    days = {_day(hour) for source, hour in conn.execute(query) if hour >= last[source] - KEPT}
    return sorted(days)


def count_day(
    conn: Connection, archive: Archive, reference: Reference, force: Force, day: datetime
) -> list[datetime]:
    """Count a day's events again; return the day if anything differs: the start of its facts."""
    volumes = select(SourceHourRow.source, SourceHourRow.hour, SourceHourRow.events)
    events = {
        (row.source, row.hour): row.events
        for row in conn.execute(volumes.where(SourceHourRow.hour >= day, SourceHourRow.hour < day + DAY))
    }
    known = {
        (row.source, row.hour): (row.people, row.unknown)
        for row in conn.execute(
            select(SourcePeopleRow.__table__).where(
                SourcePeopleRow.hour >= day, SourcePeopleRow.hour < day + DAY
            )
        )
    }
    found = people_by_hour(archive.collect_intact, reference, force, day, day + DAY)
    rows = [
        {"source": source, "hour": hour, "counted": counted, "people": people, "unknown": unknown}
        for (source, hour), counted in events.items()
        for people, unknown in [found.get((source, hour), (0, 0))]
    ]
    if rows:
        conn.execute(_upsert(conn.dialect.name), rows)
    differs = any(known.get((row["source"], row["hour"])) != (row["people"], row["unknown"]) for row in rows)
    return [day] if differs else []


def recount_since(conn: Connection, moment: datetime) -> None:
    """Have the hours since then counted again: who holds what is known otherwise now."""
    late = update(SourcePeopleRow).where(SourcePeopleRow.hour >= moment)
    conn.execute(late.values(counted=_UNCOUNTED))


def people_by_hour(
    collect: Collect,
    reference: Reference,
    force: Force,
    start: datetime,
    end: datetime,
) -> dict[tuple[str, datetime], tuple[int, int]]:
    """Return, by source and hour, how many events name an identifier of ours that acted, and of how many nobody holds it."""
    found: dict[tuple[str, datetime], tuple[int, int]] = {}
    for family in FAMILIES:
        acted = collect(family, start, end, partial(_acted, family, force))
        if acted.is_empty():
            continue
        held = resolve(acted, reference, kind=pl.col("kind"), value=pl.col("value"), time="timestamp")
        counts = held.group_by("source", "hour").agg(
            pl.col("times").sum(),
            pl.col("times").filter(pl.col("certainty") == UNKNOWN).sum().alias("unknown"),
        )
        for source, hour, people, unknown in counts.iter_rows():
            moment = _EPOCH + hour * _HOUR
            before = found.get((source, moment), (0, 0))
            found[source, moment] = (before[0] + people, before[1] + unknown)
    return found


def shares(conn: Connection, since: Mapping[str, datetime]) -> dict[str, tuple[int, int]]:
    """Return, by source, the events by people and those by people nobody knows, in its hours since the time given."""
    result: dict[str, tuple[int, int]] = {}
    for source, moment in since.items():
        query = select(func.sum(SourcePeopleRow.people), func.sum(SourcePeopleRow.unknown))
        row = conn.execute(
            query.where(SourcePeopleRow.source == source, SourcePeopleRow.hour >= moment)
        ).one()
        if row[0]:
            result[source] = (int(row[0]), int(row[1]))
    return result


def last_day_shares(conn: Connection, sources: Collection[str]) -> dict[str, tuple[int, int]]:
    """Return `shares` of the last 24 hours in which a source had events."""
    newest = select(SourcePeopleRow.source, func.max(SourcePeopleRow.hour)).group_by(SourcePeopleRow.source)
    since = {source: hour - DAY + _HOUR for source, hour in conn.execute(newest) if source in sources}
    return shares(conn, since)


def day_facts(conn: Connection, start: datetime, end: datetime) -> pl.DataFrame:
    """Return the days of sources that begin in [start, end), as detectors see them (FACT_SCHEMA)."""
    first, last = _day(start), end + DAY
    query = select(SourcePeopleRow.__table__).where(
        SourcePeopleRow.hour >= first, SourcePeopleRow.hour < last
    )
    totals: dict[tuple[datetime, str], tuple[int, int]] = {}
    for row in conn.execute(query):
        day = _day(row.hour)
        if start <= day < end:
            people, unknown = totals.get((day, row.source), (0, 0))
            totals[day, row.source] = (people + row.people, unknown + row.unknown)
    rows = [_as_row(source, day, *counts) for (day, source), counts in sorted(totals.items())]
    return pl.DataFrame(rows, schema=FACT_SCHEMA)


def day_starts(conn: Connection) -> set[datetime]:
    """Return the days of which something was counted."""
    return {_day(hour) for hour in conn.execute(select(SourcePeopleRow.hour).distinct()).scalars()}


def _as_row(source: str, day: datetime, people: int, unknown: int) -> dict[str, Any]:
    fact_id = sha256(f"{source}\nunknown_people\n{day.isoformat()}".encode()).hexdigest()[:32]
    return {
        "fact_id": fact_id,
        "name": source,
        "feed": None,
        "kind": "unknown_people",
        "start": day,
        "seen_until": day + DAY,
        "end": day + DAY,
        "rows": people,
        "bad_rows": unknown,
        "ahead_rows": 0,
        "ahead_seconds": 0,
        "problem": None,
        "asks": False,
    }


def _acted(family: Family, force: Force, events: pl.LazyFrame) -> pl.LazyFrame:
    """Return which identifier of ours acted, a row per source, identifier and minute, with how many times.

    access and web: the account, else the terminal. email: the sender. call: the caller. Parties outside are nobody of ours.
    """
    if family in ("access", "web"):
        terminal = canonical_terminal(pl.col("source_address"))
        kind = pl.when(pl.col("user_id").is_not_null()).then(pl.lit("account")).otherwise(pl.lit("terminal"))
        value, ours = pl.coalesce("user_id", terminal), pl.lit(value=True)
    elif family == "email":
        kind, value = pl.lit("email"), pl.col("email_from_address")
        ours = force.owns_address(value)
    else:
        value = pl.col("call_from")
        kind = pl.when(value.str.starts_with("+")).then(pl.lit("phone")).otherwise(pl.lit("extension"))
        ours = force.owns_number(value)
    minute = pl.col("timestamp").dt.truncate("1m")
    return (
        events.filter(value.is_not_null() & ours)
        .group_by("source", kind.alias("kind"), value.alias("value"), minute.alias("timestamp"))
        .agg(pl.len().cast(pl.Int64).alias("times"))
        .with_columns((pl.col("timestamp").to_physical() // 3_600_000_000).alias("hour"))
    )


def _upsert(dialect: str) -> Any:
    insert: Any = {"sqlite": sqlite, "postgresql": postgresql}[dialect].insert(SourcePeopleRow)
    again = {name: getattr(insert.excluded, name) for name in ("counted", "people", "unknown")}
    return insert.on_conflict_do_update(index_elements=["source", "hour"], set_=again)


def _day(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
