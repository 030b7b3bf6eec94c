"""The book of runs in shadow: what they would have raised, kept beside alerts and never among them.

It must never write to the tables of findings and alerts, nor keep what a run no longer finds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

import polars as pl
from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, update

from alerts.batches import batches
from alerts.difference import Difference, FindingRecord, always, difference, record_in, records_of
from alerts.keeping import JudgedBy
from alerts.shadow_tables import DetectorHistoryRow, ShadowFindingRow, ShadowRunRow
from alerts.vocabulary import SYSTEM

_CONTENT: Final = tuple(field.name for field in fields(FindingRecord))


@dataclass(frozen=True, slots=True)
class Way:
    """One way to run a detector: its version, the digest of its settings, and the settings."""

    detector: str
    version: int
    settings: str
    values: Mapping[str, Any]

    def detail(self, **more: Any) -> dict[str, Any]:
        """Return it as JSON data for the history."""
        return {
            "detector": self.detector, "version": self.version, "settings": self.settings, "values": dict(self.values),
        } | more  # fmt: skip


def note(
    conn: Connection, run: str, action: str, detail: Mapping[str, Any], *, by: str, now: datetime
) -> None:
    """Append to the history of how detectors are run."""
    row = {"run": run, "at": now, "actor": by, "action": action, "detail": dict(detail)}
    conn.execute(insert(DetectorHistoryRow), [row])


def begin(conn: Connection, run: str, way: Way, now: datetime) -> None:
    """Have a run be run this way from now on; one that was run otherwise ends first, and what it found goes."""
    known = conn.execute(select(ShadowRunRow.__table__).where(ShadowRunRow.run == run)).one_or_none()
    if known and (known.detector, known.version, known.settings) == (way.detector, way.version, way.settings):
        return
    if known:
        _end(conn, known, now)
    conn.execute(
        insert(ShadowRunRow).values(
            run=run, detector=way.detector, version=way.version, settings=way.settings, values=dict(way.values),
            since=now, seconds=0.0, pieces=0,
        )
    )  # fmt: skip
    note(conn, run, "tried in shadow", way.detail(), by=SYSTEM, now=now)


def end_others(conn: Connection, runs: Collection[str], now: datetime) -> None:
    """End every run that is not among these."""
    for known in conn.execute(select(ShadowRunRow.__table__)).all():
        if known.run not in runs:
            _end(conn, known, now)


def _end(conn: Connection, known: Row[Any], now: datetime) -> None:
    mine = ShadowFindingRow.run == known.run
    found = conn.execute(select(func.count()).select_from(ShadowFindingRow).where(mine)).scalar_one()
    conn.execute(delete(ShadowFindingRow).where(mine))
    conn.execute(delete(ShadowRunRow).where(ShadowRunRow.run == known.run))
    way = Way(known.detector, known.version, known.settings, known.values)
    detail = way.detail(findings=found, seconds=round(known.seconds, 3))
    note(conn, known.run, "ended", detail, by=SYSTEM, now=now)


def note_in_force(conn: Connection, way: Way, now: datetime) -> None:
    """Note, when it is not the way the detector was run last, that it is run this way, and who promoted that."""
    mine = (DetectorHistoryRow.run == way.detector) & (DetectorHistoryRow.action == "in force")
    newest = DetectorHistoryRow.entry.desc()
    last = conn.execute(
        select(DetectorHistoryRow.detail).where(mine).order_by(newest).limit(1)
    ).scalar_one_or_none()
    if last and (last["version"], last["settings"]) == (way.version, way.settings):
        return
    promotions = conn.execute(
        select(DetectorHistoryRow.__table__)
        .where(DetectorHistoryRow.action == "promoted")
        .order_by(DetectorHistoryRow.entry.desc())
    )
    same = (way.detector, way.version, way.settings)
    by = next(
        (
            one
            for one in promotions
            if tuple(one.detail[n] for n in ("detector", "version", "settings")) == same
        ),
        None,
    )
    detail = way.detail(promoted_by=by and by.actor, promotion=by and by.entry)
    note(conn, way.detector, "in force", detail, by=SYSTEM, now=now)


def compare(
    conn: Connection,
    run: str,
    *,
    detector: str,
    span_start: datetime,
    span_end: datetime,
    findings: pl.DataFrame,
    in_scope: Callable[[FindingRecord], bool] = always,
) -> Difference:
    """Compare the findings of a span [span_start, span_end), as judged now, with those the run had; see alerts.difference."""
    judged = {record.finding_id: record for record in records_of(detector, findings)}
    table = ShadowFindingRow
    active = _load(conn, run, table.timestamp >= span_start, table.timestamp < span_end)
    for batch in batches(judged.keys() - active.keys()):
        active |= _load(conn, run, table.finding_id.in_(batch))
    return difference(judged, active, in_scope)


def store(conn: Connection, run: str, found: Difference, *, by: JudgedBy, now: datetime) -> None:
    """Write a difference."""
    table = ShadowFindingRow
    dropped = {record.finding_id for record in (*found.changed, *found.gone, *found.added)}
    for batch in batches(dropped):
        conn.execute(delete(table).where(table.run == run, table.finding_id.in_(batch)))
    rows = [
        {name: getattr(record, name) for name in _CONTENT}
        | {"event_ids": list(record.event_ids), "run": run, "found_at": now}
        | {"version": by.version, "settings": by.settings}
        for record in (*found.added, *found.changed)
    ]
    if rows:
        conn.execute(insert(table), rows)


def add_cost(conn: Connection, run: str, *, seconds: float, pieces: int) -> None:
    """Add what a run has cost since it was last added."""
    table = ShadowRunRow
    more = {"seconds": table.seconds + seconds, "pieces": table.pieces + pieces}
    conn.execute(update(table).where(table.run == run).values(**more))


def findings_of(conn: Connection, run: str) -> tuple[FindingRecord, ...]:
    """Return what a run would have raised, in time order."""
    return tuple(_load(conn, run).values())


def _load(conn: Connection, run: str, *where: ColumnElement[bool]) -> dict[str, FindingRecord]:
    query = select(ShadowFindingRow.__table__).where(ShadowFindingRow.run == run, *where)
    ordered = query.order_by(ShadowFindingRow.timestamp, ShadowFindingRow.finding_id)
    return {row.finding_id: record_in(row) for row in conn.execute(ordered)}
