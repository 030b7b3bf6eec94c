"""The book of feed facts: deliveries are awaited, taken or refused; each fact lasts until the next one ends it.

It must never change a fact's start, nor set its end twice. Its times are those at which something was noticed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection, func, insert, select, update

from auditd.health.tables import FeedFactRow
from auditd.reference.source import FeedSource, Taken
from detectors.feed_facts import FACT_SCHEMA

# How often a fact that lasts is looked at again: the age of a feed is a matter of hours.
SEEN_EVERY: Final = timedelta(minutes=10)
_COUNTS: Final = ("rows", "bad_rows", "ahead_rows", "ahead_seconds")


@dataclass(frozen=True, slots=True)
class FeedFact:
    """A fact as stored; end is None while it lasts. detail: counts, and why something was refused."""

    fact_id: str
    name: str
    feed: str
    kind: str
    start: datetime
    seen_until: datetime
    end: datetime | None
    detail: Mapping[str, Any] = field(default_factory=dict)


def note_taken(conn: Connection, taken: Sequence[Taken], now: datetime) -> list[FeedFact]:
    """Write down what a poll took or refused, a fact per delivery; return the facts that are new or have changed.

    A file that is known and has not been delivered again is no delivery.
    """
    changed: list[FeedFact] = []
    by_name: dict[str, list[Taken]] = {}
    for one in taken:
        by_name.setdefault(one.source.name, []).append(one)
    for name, parts in by_name.items():
        going = lasting(conn, name)
        source = parts[0].source
        if good := _delivered(conn, name, parts):
            changed += [_end(conn, fact, now) for fact in going]
            changed.append(_begin(conn, source, "delivered", now, _counts(good)))
            going = []
        bad = [part for part in parts if part.report.problem]
        if bad and not any(fact.kind == "refused" for fact in going):
            detail = {"problem": bad[0].report.problem, "asks": source.query is not None}
            changed.append(_begin(conn, source, "refused", now, detail))
    return changed


def look(conn: Connection, sources: Collection[FeedSource], now: datetime) -> list[FeedFact]:
    """Bring the facts that last up to `now`, await what is new in the configuration, end what is no more in it."""
    changed: list[FeedFact] = []
    going = lasting(conn)
    known = {fact.name for fact in going}
    named = {source.name for source in sources}
    for fact in going:
        if fact.name not in named:
            changed.append(_end(conn, fact, now))
        elif now - fact.seen_until >= SEEN_EVERY:
            changed.append(_seen(conn, fact, now))
    changed += [_begin(conn, source, "awaited", now, {}) for source in sources if source.name not in known]
    return changed


def is_due(conn: Connection, sources: Collection[FeedSource], now: datetime) -> bool:
    """Whether `look` would change anything; it reads only."""
    going = lasting(conn)
    old = any(now - fact.seen_until >= SEEN_EVERY for fact in going)
    return old or {fact.name for fact in going} != {source.name for source in sources}


def lasting(conn: Connection, name: str | None = None) -> list[FeedFact]:
    """Return the facts that have no end yet, oldest first."""
    query = select(FeedFactRow.__table__).where(FeedFactRow.end.is_(None)).order_by(FeedFactRow.start)
    rows = conn.execute(query if name is None else query.where(FeedFactRow.name == name))
    return [FeedFact(**row._mapping) for row in rows]


def latest_deliveries(conn: Connection) -> dict[str, FeedFact]:
    """Return the latest delivery that was taken, by the name of the delivery."""
    newest = (
        select(FeedFactRow.name, func.max(FeedFactRow.start).label("start"))
        .where(FeedFactRow.kind == "delivered")
        .group_by(FeedFactRow.name)
        .subquery()
    )
    query = select(FeedFactRow.__table__).join(
        newest, (FeedFactRow.name == newest.c.name) & (FeedFactRow.start == newest.c.start)
    )
    facts = [FeedFact(**row._mapping) for row in conn.execute(query)]
    return {fact.name: fact for fact in facts if fact.kind == "delivered"}


def starts(conn: Connection) -> set[datetime]:
    """Return when facts begin."""
    return set(conn.execute(select(FeedFactRow.start).distinct()).scalars())


def facts_between(conn: Connection, start: datetime, end: datetime) -> pl.DataFrame:
    """Return the facts that begin in [start, end), as detectors see them (FACT_SCHEMA)."""
    query = (
        select(FeedFactRow.__table__)
        .where(FeedFactRow.start >= start, FeedFactRow.start < end)
        .order_by(FeedFactRow.start, FeedFactRow.fact_id)
    )
    rows = [_as_row(FeedFact(**row._mapping)) for row in conn.execute(query)]
    return pl.DataFrame(rows, schema=FACT_SCHEMA)


def as_known(found: pl.DataFrame, moment: datetime) -> pl.DataFrame:
    """Return facts (FACT_SCHEMA) as they were known at a time: those begun by then, lasting where they ended later."""
    over = pl.col("end") <= moment
    return found.filter(pl.col("start") <= moment).with_columns(
        pl.when(over).then("end").alias("end"),
        pl.min_horizontal("seen_until", pl.lit(moment)).alias("seen_until"),
    )


def _as_row(fact: FeedFact) -> dict[str, Any]:
    detail = fact.detail
    counts = {name: detail.get(name, 0) for name in _COUNTS}
    plain = {name: getattr(fact, name) for name in FACT_SCHEMA if hasattr(fact, name)}
    return plain | counts | {"problem": detail.get("problem"), "asks": detail.get("asks", False)}


def _delivered(conn: Connection, name: str, parts: Sequence[Taken]) -> list[Taken]:
    """Return what of the parts is a delivery: taken, and not merely looked at again."""
    good = [part for part in parts if not part.report.problem]
    if not any(part.report.already for part in good):
        return good
    query = select(FeedFactRow.detail).where(FeedFactRow.name == name, FeedFactRow.kind == "delivered")
    last = conn.execute(query.order_by(FeedFactRow.start.desc()).limit(1)).scalar_one_or_none()
    newest = -1 if last is None else int(last.get("modified_ns", 0))
    asked = [part for part in good if part.source.query is not None]
    return asked or [part for part in good if not part.report.already or part.modified_ns > newest]


def _counts(parts: Sequence[Taken]) -> dict[str, int]:
    reports = [part.report for part in parts]
    return {
        "files": len(parts),
        "rows": sum(report.rows for report in reports),
        "bad_rows": sum(report.rejects.height for report in reports),
        "accepted": sum(report.accepted for report in reports),
        "ended": sum(report.ended for report in reports),
        "ahead_rows": sum(report.ahead.rows for report in reports),
        "ahead_seconds": max(report.ahead.seconds for report in reports),
        "modified_ns": max(part.modified_ns for part in parts),
    }


def _begin(
    conn: Connection, source: FeedSource, kind: str, now: datetime, detail: Mapping[str, Any]
) -> FeedFact:
    same = (FeedFactRow.name == source.name) & (FeedFactRow.kind == kind) & (FeedFactRow.start == now)
    ordinal = conn.execute(select(func.count()).select_from(FeedFactRow).where(same)).scalar_one()
    fact_id = sha256(f"{source.name}\n{kind}\n{now.isoformat()}\n{ordinal}".encode()).hexdigest()[:32]
    fact = FeedFact(fact_id, source.name, source.feed, kind, now, now, None, dict(detail))
    conn.execute(insert(FeedFactRow).values(**{name: getattr(fact, name) for name in FeedFact.__slots__}))
    return fact


def _end(conn: Connection, fact: FeedFact, now: datetime) -> FeedFact:
    moment = max(now, fact.start)
    change = update(FeedFactRow).where(FeedFactRow.fact_id == fact.fact_id, FeedFactRow.end.is_(None))
    conn.execute(change.values(end=moment, seen_until=moment))
    return fact


def _seen(conn: Connection, fact: FeedFact, now: datetime) -> FeedFact:
    conn.execute(update(FeedFactRow).where(FeedFactRow.fact_id == fact.fact_id).values(seen_until=now))
    return fact
