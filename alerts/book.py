"""The book of alerts: findings become alerts, grow them, and are withdrawn from them, in one transaction of the caller.

It must never undo what a person decided, and never delete: a finding that no longer follows is withdrawn, with why.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update

from alerts.appraisal import Appraiser
from alerts.batches import batches
from alerts.difference import (
    Difference,
    FindingRecord,
    StoredFinding,
    always,
    compare,
    stored_findings,
    values_changed,
)
from alerts.forming import Forming
from alerts.gathering import AlertRecord, Shelf
from alerts.keeping import NO_REASON, JudgedBy, note_otherwise
from alerts.models import AlertRow, FindingRow
from alerts.rows import update_rows
from alerts.settling import settle
from alerts.trail import Trail
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
    """A finding that arrives: what it says now, how it stood before, the alert it belongs to, what suppresses it."""

    record: FindingRecord
    before: StoredFinding | None
    alert_id: str
    suppressed_by: str | None


def apply(
    conn: Connection,
    difference: Difference,
    *,
    detector: Detector,
    settings: str = "",
    reasons: Mapping[str, str],
    now: datetime,
    forming: Forming | None = None,
) -> Applied:
    """Write a difference: store and withdraw findings, open, grow, close and reopen alerts, append to their history.

    settings: a digest of those that judged. reasons: why findings were withdrawn, by key. forming: how alerts are scored and
    what is suppressed (default weights and nothing, unless told). Applying a difference again changes nothing. The findings
    stored before are read again here, so a difference that has gone stale does no harm. What another version or other
    settings judged, and a person acted on, stays as it was: that it is judged otherwise now is noted in its alert's
    history, once.
    """
    by = JudgedBy(detector.version, settings)
    offered = (*difference.added, *difference.changed)
    stored = stored_findings(conn, {record.finding_id for record in (*offered, *difference.gone)})
    arriving = [record for record in offered if not _stands(record, stored.get(record.finding_id))]
    gone = [stored[record.finding_id] for record in difference.gone if record.finding_id in stored]
    leaving = [finding for finding in gone if finding.state == "active"]
    if not arriving and not leaving:
        return Applied()
    forming = forming or Forming(Appraiser(abouts={detector.name: detector.about}))
    people = {record.person_key for record in arriving}
    shelf = Shelf.load(conn, detector.about.concern, people=people, ids={f.alert_id for f in stored.values()})
    keeping = by.leaves_alone(stored.values(), shelf.acted_on)
    others: list[tuple[StoredFinding, FindingRecord | None]] = [
        (stored[one.finding_id], one) for one in arriving if one.finding_id in keeping
    ]
    others += [(finding, None) for finding in leaving if finding.record.finding_id in keeping]
    arriving = [record for record in arriving if record.finding_id not in keeping]
    leaving = [finding for finding in leaving if finding.record.finding_id not in keeping]
    placed = [
        _Placed(record, before, shelf.place(record, before), forming.suppressor.by(detector.name, record))
        for record in arriving
        for before in (stored.get(record.finding_id),)
    ]
    trail = Trail()
    _open_alerts(conn, shelf, placed, detector=detector, now=now)
    _store(conn, placed, detector=detector.name, by=by, now=now)
    _withdraw(conn, leaving, reasons, now=now)
    _note(trail, shelf, placed, leaving, reasons)
    opened = _opened(conn, shelf)
    touched = {alert_id for alert_id, _ in trail.findings} & shelf.stored.keys()
    alerts = [*opened, *(shelf.stored[alert_id] for alert_id in sorted(touched))]
    settle(conn, alerts, trail, forming.appraiser, now=now)
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
    rows: list[dict[str, Any]] = [
        {
            "alert_id": alert_id,
            "concern": shelf.concern,
            "person_key": person_key,
            "ordinal": ordinal,
            "staff_id": findings[alert_id][0].staff_id,
            "actor": min(record.actor for record in findings[alert_id]),
            "lead": detector.name,
            "title": detector.about.title,
            "category": detector.about.category,
            "score": 0,
            "reasons": [],
            "score_basis": "none",
            "severity": max(record.severity for record in findings[alert_id]),
            "finding_count": len(findings[alert_id]),
            "first_event_at": min(record.timestamp for record in findings[alert_id]),
            "last_event_at": max(record.timestamp for record in findings[alert_id]),
            "state": "open",
            "opened_at": now,
            "version": 0,  # its findings make it the first
        }
        for person_key, (alert_id, ordinal) in shelf.opened.items()
    ]
    if rows:
        conn.execute(insert(AlertRow), rows)


def _opened(conn: Connection, shelf: Shelf) -> list[AlertRecord]:
    """Return the alerts that were opened, as stored."""
    ids = [alert_id for alert_id, _ in shelf.opened.values()]
    query = select(AlertRow.__table__)
    found = [row for batch in batches(ids) for row in conn.execute(query.where(AlertRow.alert_id.in_(batch)))]
    return sorted(found, key=lambda row: str(row.alert_id))


def _store(
    conn: Connection, placed: Sequence[_Placed], *, detector: str, by: JudgedBy, now: datetime
) -> None:
    fresh, known = [], []
    for one in placed:
        row = {name: getattr(one.record, name) for name in _CONTENT}
        row |= {"event_ids": list(one.record.event_ids), "state": "active"}
        row |= {"version": by.version, "settings": by.settings, "otherwise": None}
        row |= {
            "withdrawn_reason": None,
            "changed_at": now,
            "alert_id": one.alert_id,
            "suppressed_by": one.suppressed_by,
        }
        if one.before is None:
            fresh.append(row | {"detector": detector, "first_found_at": now})
        else:
            known.append(row | {"id": row.pop("finding_id")})
    if fresh:
        conn.execute(insert(FindingRow), fresh)
    update_rows(conn, FindingRow.finding_id, known)


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
        kept_back = {"suppressed_by": one.suppressed_by} if one.suppressed_by else {}
        if one.alert_id not in shelf.stored:
            trail.finding(one.alert_id, "opened", name, **kept_back)
        elif before is None:
            trail.finding(one.alert_id, "found", name, **kept_back)
        elif before.state == "withdrawn":
            trail.finding(one.alert_id, "found again", name, **kept_back)
        elif before.alert_id != one.alert_id:
            trail.finding(one.alert_id, "moved in", name, was=values_changed(before.record, one.record))
        else:
            trail.finding(one.alert_id, "changed", name, was=values_changed(before.record, one.record))
    for finding in leaving:
        reason = reasons.get(finding.record.key, NO_REASON)
        trail.finding(finding.alert_id, "withdrawn", finding.record.finding_id, reason=reason)


def _applied(trail: Trail, placed: Sequence[_Placed], leaving: Sequence[StoredFinding]) -> Applied:
    changed = [one.record.finding_id for one in placed if one.before and one.before.state == "active"]
    new = {one.record.finding_id for one in placed} - set(changed)
    closed = frozenset(trail.alerts("closed"))  # some are suppressed at once
    return Applied(
        new_alerts=tuple(name for name in trail.alerts("opened") if name not in closed),
        grown_alerts=trail.alerts("found", "found again", "moved in"),
        closed_alerts=trail.alerts("closed"),
        reopened_alerts=trail.alerts("reopened"),
        new_findings=tuple(sorted(new)),
        changed_findings=tuple(sorted(changed)),
        withdrawn_findings=tuple(sorted(finding.record.finding_id for finding in leaving)),
    )
