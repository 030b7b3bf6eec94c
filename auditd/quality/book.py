"""The book of quality: what each source's events told, day by day. It must never mix counts of two countings of a day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, tuple_

from auditd.quality.counting import Place
from auditd.quality.profile import Filled, Profile
from auditd.quality.tables import QualityDayRow
from parsers.event import Family


@dataclass(frozen=True, slots=True)
class Day:
    """What the events of one source, family and UTC day told."""

    source: str
    family: Family
    day: str
    profile: Profile


def store(
    conn: Connection,
    family: Family,
    day: str,
    profiles: Mapping[str, Profile],
    *,
    archive_rows: int,
    now: datetime,
) -> None:
    """Keep what a day told, instead of what was counted of it before."""
    place = (QualityDayRow.family == family) & (QualityDayRow.day == day)
    conn.execute(delete(QualityDayRow).where(place))
    rows = [
        {
            "source": source,
            "family": family,
            "day": day,
            "events": profile.events,
            "aspects": dict(profile.aspects),
            "fields": {name: [filled.events, filled.mark] for name, filled in profile.fields.items()},
            "future": profile.future,
            "archive_rows": archive_rows,
            "counted_at": now,
        }
        for source, profile in profiles.items()
    ]
    if rows:
        conn.execute(insert(QualityDayRow), rows)


def days_between(
    conn: Connection, first: str, last: str, *, sources: Iterable[str] | None = None
) -> list[Day]:
    """Return the days from first to last (UTC, both included) that are stored, by source, family and day."""
    order = (QualityDayRow.source, QualityDayRow.family, QualityDayRow.day)
    query = select(QualityDayRow.__table__).where(QualityDayRow.day.between(first, last)).order_by(*order)
    if sources is not None:
        query = query.where(QualityDayRow.source.in_(list(sources)))
    return [_day(row) for row in conn.execute(query)]


def newest_shares(conn: Connection, *, until: str) -> dict[tuple[str, ...], float]:
    """Return by source and aspect the share of events that tell it, on each source's newest day up to `until`."""
    columns = (QualityDayRow.source, func.max(QualityDayRow.day))
    query = select(*columns).where(QualityDayRow.day <= until).group_by(QualityDayRow.source)
    newest = [(source, day) for source, day in conn.execute(query)]
    place = tuple_(QualityDayRow.source, QualityDayRow.day)
    told: Counter[tuple[str, ...]] = Counter()
    events: Counter[tuple[str, ...]] = Counter()
    for row in conn.execute(select(QualityDayRow.__table__).where(place.in_(newest))):
        for aspect, count in row.aspects.items():
            told[row.source, aspect] += count
            events[row.source, aspect] += row.events
    return {labels: told[labels] / count for labels, count in events.items()}


def future_counts(conn: Connection, *, since: str) -> dict[str, int]:
    """Return by source how many events of the days since are dated well after they were read; only where any are."""
    events = func.sum(QualityDayRow.future)
    query = select(QualityDayRow.source, events).where(QualityDayRow.day >= since, QualityDayRow.future > 0)
    return {source: int(count) for source, count in conn.execute(query.group_by(QualityDayRow.source))}


def counted_rows(conn: Connection) -> dict[Place, int]:
    """Return how many rows the archive had of each family and day when they were counted."""
    columns = (QualityDayRow.family, QualityDayRow.day, func.max(QualityDayRow.archive_rows))
    query = select(*columns).group_by(QualityDayRow.family, QualityDayRow.day)
    found: Iterable[Any] = conn.execute(query)
    return {(family, day): rows for family, day, rows in found}


def _day(row: Any) -> Day:
    fields = {name: Filled(events, mark) for name, (events, mark) in row.fields.items()}
    return Day(row.source, row.family, row.day, Profile(row.events, row.aspects, fields, row.future))
