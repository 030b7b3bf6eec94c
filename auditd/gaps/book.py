"""The book of gaps: facts are noticed, end, and may be filled by late data. Alerts, searches and exports cite it.

It must never change a gap's start, set its end twice, or let a change go without a row of history.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

import polars as pl
from sqlalchemy import ColumnElement, Connection, func, insert, or_, select, update

from auditd.gaps.tables import GapHistoryRow, GapRow
from detectors.gaps import EVERY_SOURCE, GAP_SCHEMA, gap_sentence

State = Literal["open", "ended", "filled"]


@dataclass(frozen=True, slots=True)
class Fact:
    """A gap as it is noticed: [start, end), end None while it lasts. `detail` holds counts and numbers, no content."""

    source: str
    kind: str
    start: datetime
    end: datetime | None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap as stored. state: open (it lasts), ended, or filled (late data came; filled_at says when)."""

    gap_id: str
    source: str
    kind: str
    start: datetime
    end: datetime | None
    state: State
    noticed_at: datetime
    filled_at: datetime | None
    detail: Mapping[str, Any]

    @property
    def sentence(self) -> str:
        """The gap in words, local times."""
        end = self.end.isoformat() if self.end else None
        return gap_sentence(
            source=self.source, kind=self.kind, start=self.start.isoformat(), end=end, detail=self.detail
        )


def notice(conn: Connection, fact: Fact, now: datetime) -> Gap:
    """Store a new fact; return it as stored."""
    same = (GapRow.source == fact.source) & (GapRow.kind == fact.kind) & (GapRow.start == fact.start)
    ordinal = conn.execute(select(func.count()).select_from(GapRow).where(same)).scalar_one()
    name = f"{fact.source}\n{fact.kind}\n{fact.start.isoformat()}\n{ordinal}"
    gap = Gap(
        gap_id=sha256(name.encode()).hexdigest()[:32],
        source=fact.source,
        kind=fact.kind,
        start=fact.start,
        end=fact.end,
        state="open" if fact.end is None else "ended",
        noticed_at=now,
        filled_at=None,
        detail=dict(fact.detail),
    )
    conn.execute(insert(GapRow).values(**{name: getattr(gap, name) for name in _COLUMNS}))
    _write(conn, gap.gap_id, now, "noticed", {"end": _text(gap.end), **gap.detail})
    return gap


def end(
    conn: Connection, gap: Gap, *, at: datetime, now: datetime, detail: Mapping[str, Any] | None = None
) -> None:
    """Say when an open gap ended; `detail` is what is known of it now, beside what was."""
    merged = {**gap.detail, **(detail or {})}
    open_ = (GapRow.gap_id == gap.gap_id) & (GapRow.state == "open")
    changed = conn.execute(update(GapRow).where(open_).values(end=at, state="ended", detail=merged))
    if changed.rowcount:
        _write(conn, gap.gap_id, now, "ended", {"end": _text(at), **(detail or {})})


def fill(conn: Connection, gap: Gap, *, at: datetime, now: datetime) -> None:
    """Say that late data has filled a gap, an open one up to `at`."""
    unfilled = (GapRow.gap_id == gap.gap_id) & (GapRow.state != "filled")
    values = {"state": "filled", "filled_at": now, "end": func.coalesce(GapRow.end, at)}
    if conn.execute(update(GapRow).where(unfilled).values(**values)).rowcount:
        _write(conn, gap.gap_id, now, "filled", {"end": _text(gap.end or at)})


def gaps_between(
    conn: Connection,
    sources: Iterable[str] | None,
    start: datetime | None,
    end: datetime | None,
    *,
    filled: bool = False,
    kinds: Iterable[str] | None = None,
) -> tuple[Gap, ...]:
    """Return the gaps that overlap [start, end), oldest first: of some sources (those of every source too) or all.

    filled: also those that late data has filled since. kinds: only these.
    """
    where: list[ColumnElement[bool]] = []
    if sources is not None:
        where.append(GapRow.source.in_([*sources, EVERY_SOURCE]))
    if start is not None:
        where.append(or_(GapRow.end.is_(None), GapRow.end > start, GapRow.start >= start))
    if end is not None:
        where.append(GapRow.start < end)
    if not filled:
        where.append(GapRow.state != "filled")
    if kinds is not None:
        where.append(GapRow.kind.in_(list(kinds)))
    query = select(GapRow.__table__).where(*where).order_by(GapRow.start, GapRow.source, GapRow.gap_id)
    return tuple(Gap(**{name: getattr(row, name) for name in _COLUMNS}) for row in conn.execute(query))


def standing(conn: Connection, source: str, kind: str) -> tuple[Gap, ...]:
    """Return the gaps of one source and kind that nothing has filled, oldest first."""
    return tuple(
        gap for gap in gaps_between(conn, [source], None, None, kinds=[kind]) if gap.source == source
    )


def counts_open(conn: Connection) -> dict[tuple[str, ...], float]:
    """Return how many gaps last at present, by source and kind."""
    query = select(GapRow.source, GapRow.kind, func.count()).where(GapRow.state == "open")
    return {(row[0], row[1]): row[2] for row in conn.execute(query.group_by(GapRow.source, GapRow.kind))}


def gap_frame(gaps: Sequence[Gap]) -> pl.DataFrame:
    """Return gaps as detectors see them (GAP_SCHEMA)."""
    rows = [
        {name: getattr(gap, name) for name in GAP_SCHEMA if name != "detail"}
        | {"detail": json.dumps(gap.detail, sort_keys=True)}
        for gap in gaps
    ]
    return pl.DataFrame(rows, schema=GAP_SCHEMA)


def history(conn: Connection, gap_id: str) -> list[tuple[datetime, str, Mapping[str, Any]]]:
    """Return what became known of a gap, in order: when, what, with what detail."""
    columns = (GapHistoryRow.at, GapHistoryRow.action, GapHistoryRow.detail)
    query = select(*columns).where(GapHistoryRow.gap_id == gap_id).order_by(GapHistoryRow.entry)
    return [(at, action, detail) for at, action, detail in conn.execute(query)]


def as_known(conn: Connection, gaps: Sequence[Gap], moment: datetime) -> list[Gap]:
    """Return gaps as they were known at a time: those noticed by then, with the end and filling known by then."""
    later = {
        (gap_id, action)
        for gap_id, action in conn.execute(
            select(GapHistoryRow.gap_id, GapHistoryRow.action).where(GapHistoryRow.at > moment)
        )
    }
    known = []
    for gap in gaps:
        if gap.noticed_at > moment:
            continue
        filled_at = gap.filled_at if gap.filled_at is not None and gap.filled_at <= moment else None
        # An end is set when it ends, or when it is filled while it lasts.
        was_open = (gap.gap_id, "ended") in later or (
            (gap.gap_id, "filled") in later and _ended_by_filling(conn, gap)
        )
        state: State = "filled" if filled_at else "open" if was_open or gap.end is None else "ended"
        known.append(replace(gap, end=None if was_open else gap.end, filled_at=filled_at, state=state))
    return known


def _ended_by_filling(conn: Connection, gap: Gap) -> bool:
    """Tell whether a gap was noticed without an end and never ended by itself."""
    actions = {action: detail for _, action, detail in history(conn, gap.gap_id)}
    return "ended" not in actions and actions.get("noticed", {}).get("end") is None


def _write(conn: Connection, gap_id: str, now: datetime, action: str, detail: Mapping[str, Any]) -> None:
    conn.execute(insert(GapHistoryRow).values(gap_id=gap_id, at=now, action=action, detail=dict(detail)))


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


_COLUMNS = (
    "gap_id", "source", "kind", "start", "end", "state", "noticed_at", "filled_at", "detail",
)  # fmt: skip
