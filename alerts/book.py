"""The book of alerts: findings become alerts, grow them, and are withdrawn from them, in one transaction of the caller.

It must never undo what a person decided, and never delete: a finding that no longer follows is withdrawn, with why.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, insert, select, update
from sqlalchemy.orm import InstrumentedAttribute

from alerts.difference import (
    Difference,
    FindingRecord,
    StoredFinding,
    always,
    batches,
    compare,
    stored_findings,
    values_changed,
)
from alerts.gathering import AlertRecord, Shelf
from alerts.keeping import NO_REASON, JudgedBy, note_otherwise
from alerts.models import AlertRow, FindingRow
from alerts.trail import Trail
from alerts.vocabulary import AUTOMATIC_OUTCOMES, EXPLAINED_LATE, MOVED
from detectors.detector import Detector

__all__ = ["Applied", "Difference", "FindingRecord", "always", "apply", "compare"]

_CONTENT: Final = tuple(field.name for field in fields(FindingRecord))


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done: ids of alerts and of findings, sorted."""

    new_alerts: tuple[str, ...] = ()
    grown_alerts: tuple[str, ...] = ()
    closed_alerts: tuple[str, ...] = ()
    reopened_alerts: tuple[str, ...] = ()
    new_findings: tuple[str, ...] = ()
    changed_findings: tuple[str, ...] = ()
    withdrawn_findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Placed:
    """A finding that arrives: what it says now, how it stood before, and the alert it belongs to."""

    record: FindingRecord
    before: StoredFinding | None
    alert_id: str


def apply(
    conn: Connection,
    difference: Difference,
    *,
    detector: Detector,
    settings: str = "",
    reasons: Mapping[str, str],
    now: datetime,
) -> Applied:
    """Write a difference: store and withdraw findings, open, grow, close and reopen alerts, append to their history.

    settings: a digest of those that judged. reasons: why findings were withdrawn, by key. Applying a difference again
    changes nothing. The findings stored before are read again here, so a difference that has gone stale does no harm. What
    another version or other settings judged, and a person acted on, stays as it was: that it is judged otherwise now is
    noted in its alert's history, once.
    """
    by = JudgedBy(detector.version, settings)
    offered = (*difference.added, *difference.changed)
    stored = stored_findings(conn, {record.finding_id for record in (*offered, *difference.gone)})
    arriving = [record for record in offered if not _stands(record, stored.get(record.finding_id))]
    gone = [stored[record.finding_id] for record in difference.gone if record.finding_id in stored]
    leaving = [finding for finding in gone if finding.state == "active"]
    if not arriving and not leaving:
        return Applied()
    people = {record.person_key for record in arriving}
    shelf = Shelf.load(conn, detector.name, people=people, ids={f.alert_id for f in stored.values()})
    keeping = by.leaves_alone(stored.values(), shelf.acted_on)
    others: list[tuple[StoredFinding, FindingRecord | None]] = [
        (stored[one.finding_id], one) for one in arriving if one.finding_id in keeping
    ]
    others += [(finding, None) for finding in leaving if finding.record.finding_id in keeping]
    arriving = [record for record in arriving if record.finding_id not in keeping]
    leaving = [finding for finding in leaving if finding.record.finding_id not in keeping]
    placed = [
        _Placed(record, before, shelf.place(record, before))
        for record in arriving
        for before in (stored.get(record.finding_id),)
    ]
    trail = Trail()
    _open_alerts(conn, shelf, placed, detector=detector, now=now)
    _store(conn, placed, detector=detector.name, by=by, now=now)
    _withdraw(conn, leaving, reasons, now=now)
    _note(trail, shelf, placed, leaving, reasons)
    touched = {alert_id for alert_id, _ in trail.findings} & shelf.stored.keys()
    _settle(conn, [shelf.stored[alert_id] for alert_id in sorted(touched)], trail, now=now)
    note_otherwise(conn, trail, others, reasons, by)
    trail.write(conn, now=now)
    return _applied(trail, placed, leaving)


def _stands(record: FindingRecord, stored: StoredFinding | None) -> bool:
    return stored is not None and stored.state == "active" and stored.record == record


def _open_alerts(
    conn: Connection, shelf: Shelf, placed: Sequence[_Placed], *, detector: Detector, now: datetime
) -> None:
    findings: dict[str, list[FindingRecord]] = defaultdict(list)
    for one in placed:
        findings[one.alert_id].append(one.record)
    rows = [
        {
            "alert_id": alert_id,
            "concern": shelf.concern,
            "person_key": person_key,
            "ordinal": ordinal,
            "staff_id": findings[alert_id][0].staff_id,
            "actor": min(record.actor for record in findings[alert_id]),
            "title": detector.about.title,
            "category": detector.about.category,
            "severity": max(record.severity for record in findings[alert_id]),
            "finding_count": len(findings[alert_id]),
            "first_event_at": min(record.timestamp for record in findings[alert_id]),
            "last_event_at": max(record.timestamp for record in findings[alert_id]),
            "state": "open",
            "opened_at": now,
            "version": 1,
        }
        for person_key, (alert_id, ordinal) in shelf.opened.items()
    ]
    if rows:
        conn.execute(insert(AlertRow), rows)


def _store(
    conn: Connection, placed: Sequence[_Placed], *, detector: str, by: JudgedBy, now: datetime
) -> None:
    fresh, known = [], []
    for one in placed:
        row = {name: getattr(one.record, name) for name in _CONTENT}
        row |= {"event_ids": list(one.record.event_ids), "state": "active"}
        row |= {"version": by.version, "settings": by.settings, "otherwise": None}
        row |= {"withdrawn_reason": None, "changed_at": now, "alert_id": one.alert_id}
        if one.before is None:
            fresh.append(row | {"detector": detector, "first_found_at": now})
        else:
            known.append(row | {"id": row.pop("finding_id")})
    if fresh:
        conn.execute(insert(FindingRow), fresh)
    _update(conn, FindingRow.finding_id, known)


def _withdraw(
    conn: Connection, leaving: Sequence[StoredFinding], reasons: Mapping[str, str], *, now: datetime
) -> None:
    by_reason: dict[str, list[str]] = defaultdict(list)
    for finding in leaving:
        by_reason[reasons.get(finding.record.key, NO_REASON)].append(finding.record.finding_id)
    for reason, ids in by_reason.items():
        ended = update(FindingRow).values(state="withdrawn", withdrawn_reason=reason, changed_at=now)
        for batch in batches(ids):
            conn.execute(ended.where(FindingRow.finding_id.in_(batch)))


def _update(conn: Connection, key: InstrumentedAttribute[str], rows: Sequence[dict[str, Any]]) -> None:
    """Update rows of the key's table; each row names its key as "id", and all have the same columns."""
    if rows:
        values: dict[str, Any] = {name: bindparam(name) for name in rows[0] if name != "id"}
        conn.execute(update(key.class_).where(key == bindparam("id")).values(values), rows)


def _note(
    trail: Trail,
    shelf: Shelf,
    placed: Sequence[_Placed],
    leaving: Sequence[StoredFinding],
    reasons: Mapping[str, str],
) -> None:
    for one in placed:
        name, before = one.record.finding_id, one.before
        if before is not None and before.alert_id != one.alert_id:
            trail.finding(before.alert_id, "moved out", name, to=one.alert_id)
        if one.alert_id not in shelf.stored:
            trail.finding(one.alert_id, "opened", name)
        elif before is None:
            trail.finding(one.alert_id, "found", name)
        elif before.state == "withdrawn":
            trail.finding(one.alert_id, "found again", name)
        elif before.alert_id != one.alert_id:
            trail.finding(one.alert_id, "moved in", name, was=values_changed(before.record, one.record))
        else:
            trail.finding(one.alert_id, "changed", name, was=values_changed(before.record, one.record))
    for finding in leaving:
        reason = reasons.get(finding.record.key, NO_REASON)
        trail.finding(finding.alert_id, "withdrawn", finding.record.finding_id, reason=reason)


def _settle(conn: Connection, alerts: Sequence[AlertRecord], trail: Trail, *, now: datetime) -> None:
    """Bring existing alerts in line with the findings they are left with."""
    tallies = _tallies(conn, [alert.alert_id for alert in alerts])
    rows = []
    for alert in alerts:
        row = {"id": alert.alert_id, "version": alert.version + 1, "state": alert.state}
        row |= {"outcome": alert.outcome, "closed_at": alert.closed_at}
        tally = tallies.get(alert.alert_id)
        active = tally.active if tally else 0
        if active == 0 and alert.state != "closed" and alert.acted_at is None:
            outcome = EXPLAINED_LATE if tally else MOVED
            row |= {"state": "closed", "outcome": outcome, "closed_at": now}
            trail.act(alert.alert_id, "closed", outcome=outcome)
        elif active and alert.outcome in AUTOMATIC_OUTCOMES:
            row |= {"state": "open", "outcome": None, "closed_at": None}
            trail.act(alert.alert_id, "reopened", was=alert.outcome)
        kept = tally if tally and active else alert
        row |= {
            name: getattr(kept, name) for name in ("severity", "first_event_at", "last_event_at", "actor")
        }
        rows.append(row | {"finding_count": active})
    _update(conn, AlertRow.alert_id, rows)


def _tallies(conn: Connection, alert_ids: Sequence[str]) -> dict[str, Any]:
    active = FindingRow.state == "active"
    query = select(
        FindingRow.alert_id,
        func.count().filter(active).label("active"),
        func.max(FindingRow.severity).filter(active).label("severity"),
        func.min(FindingRow.timestamp).filter(active).label("first_event_at"),
        func.max(FindingRow.timestamp).filter(active).label("last_event_at"),
        func.min(FindingRow.actor).filter(active).label("actor"),
    ).group_by(FindingRow.alert_id)
    return {
        row.alert_id: row
        for batch in batches(alert_ids)
        for row in conn.execute(query.where(FindingRow.alert_id.in_(batch)))
    }


def _applied(trail: Trail, placed: Sequence[_Placed], leaving: Sequence[StoredFinding]) -> Applied:
    changed = [one.record.finding_id for one in placed if one.before and one.before.state == "active"]
    new = {one.record.finding_id for one in placed} - set(changed)
    return Applied(
        new_alerts=trail.alerts("opened"),
        grown_alerts=trail.alerts("found", "found again", "moved in"),
        closed_alerts=trail.alerts("closed"),
        reopened_alerts=trail.alerts("reopened"),
        new_findings=tuple(sorted(new)),
        changed_findings=tuple(sorted(changed)),
        withdrawn_findings=tuple(sorted(finding.record.finding_id for finding in leaving)),
    )
