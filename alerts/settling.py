"""Alerts brought in line with the findings they are left with: severity, times, score, and whether they stand.

It must never close or reopen what a person has acted on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, or_, select

from alerts.appraisal import Appraisal, Appraiser
from alerts.batches import batches
from alerts.gathering import AlertRecord
from alerts.models import AlertRow, FindingRow
from alerts.rows import update_rows
from alerts.trail import Trail
from alerts.vocabulary import AUTOMATIC_OUTCOMES, EXPLAINED_LATE, MOVED, SUPPRESSED

_KEPT: Final = ("lead", "title", "category", "severity", "first_event_at", "last_event_at", "actor")


def settle(
    conn: Connection, alerts: Sequence[AlertRecord], trail: Trail, appraiser: Appraiser, *, now: datetime
) -> None:
    """Store what alerts amount to now; close those on which nobody acted and of which nothing is left, and the reverse."""
    appraisals = appraiser.appraise(conn, [alert.alert_id for alert in alerts])
    held_back = _held_back(
        conn, [alert.alert_id for alert in alerts if appraisals.get(alert.alert_id) is None]
    )
    rows = []
    for alert in alerts:
        found = appraisals.get(alert.alert_id)
        row = {"id": alert.alert_id, "version": alert.version + 1, "state": alert.state}
        row |= {"outcome": alert.outcome, "closed_at": alert.closed_at}
        waits = alert.state != "closed" and alert.acted_at is None
        outcome = EXPLAINED_LATE if alert.alert_id in appraisals else MOVED
        if alert.alert_id in held_back:
            outcome = SUPPRESSED
        if found is None and (waits or alert.outcome in set(AUTOMATIC_OUTCOMES) - {outcome}):
            row |= {"state": "closed", "outcome": outcome, "closed_at": now}
            trail.act(alert.alert_id, "closed", outcome=outcome)
        elif found and alert.outcome in AUTOMATIC_OUTCOMES:
            row |= {"state": "open", "outcome": None, "closed_at": None}
            trail.act(alert.alert_id, "reopened", was=alert.outcome)
        rows.append(row | _amount(alert, found, appraiser))
    update_rows(conn, AlertRow.alert_id, rows)


def _held_back(conn: Connection, alert_ids: Iterable[str]) -> set[str]:
    """Return those of the alerts that have a finding which only a suppression keeps back."""
    suppressed = FindingRow.suppressed_by.is_not(None)
    query = select(FindingRow.alert_id).where(FindingRow.state == "active", suppressed).distinct()
    return {
        name
        for batch in batches(alert_ids)
        for name in conn.execute(query.where(FindingRow.alert_id.in_(batch))).scalars()
    }


def rescore(conn: Connection, appraiser: Appraiser) -> int:
    """Score alerts anew that were scored by other weights; return how many. What a person closed keeps its score."""
    unsettled = or_(AlertRow.state != "closed", AlertRow.outcome.in_(AUTOMATIC_OUTCOMES))
    query = select(AlertRow.__table__).where(AlertRow.score_basis != appraiser.basis, unsettled)
    alerts = conn.execute(query.order_by(AlertRow.alert_id).with_for_update()).all()
    appraisals = appraiser.appraise(conn, [alert.alert_id for alert in alerts])
    rows = [
        {"id": alert.alert_id} | _amount(alert, appraisals.get(alert.alert_id), appraiser) for alert in alerts
    ]
    update_rows(conn, AlertRow.alert_id, rows)
    return len(rows)


def _amount(alert: AlertRecord, found: Appraisal | None, appraiser: Appraiser) -> dict[str, Any]:
    """Return the columns of an alert that follow from its findings; with none left it stays what it last was about."""
    kept = {name: getattr(alert, name) for name in _KEPT}
    score: dict[str, Any] = {"score": 0, "reasons": [], "score_basis": appraiser.basis, "finding_count": 0}
    if found:
        kept |= appraiser.values(found)
        score |= {"score": found.score, "reasons": found.reasons, "finding_count": found.active}
    return kept | score
