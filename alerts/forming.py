"""How findings form alerts: what is kept back by which suppression, and how what is left is scored.

When suppressions change, past alerts form as they would have. It must never move a finding of an alert that a person closed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, select

from alerts.appraisal import Appraiser
from alerts.batches import batches
from alerts.difference import finding_of
from alerts.gathering import AlertRecord, is_settled
from alerts.models import AlertRow, FindingRow
from alerts.rows import update_rows
from alerts.settling import settle
from alerts.suppressions import Suppressor
from alerts.trail import Trail


@dataclass(frozen=True, slots=True)
class Forming:
    """What forms alerts beside the findings themselves."""

    appraiser: Appraiser = field(default_factory=Appraiser)
    suppressor: Suppressor = field(default_factory=Suppressor)


def form_again(conn: Connection, forming: Forming, *, now: datetime) -> int:
    """Bring what is suppressed in line with the suppressions that are live; return how many findings changed.

    Doing it again changes nothing. A finding whose alert a person has closed stays as it is.
    """
    changed = _changed(conn, forming.suppressor)
    alerts: dict[str, AlertRecord] = {}
    for batch in batches({one.alert_id for one in changed}):
        query = select(AlertRow.__table__).where(AlertRow.alert_id.in_(batch)).order_by(AlertRow.alert_id)
        alerts |= {row.alert_id: row for row in conn.execute(query.with_for_update())}
    free = [one for one in changed if not is_settled(alerts[one.alert_id])]
    trail = Trail()
    for one in free:
        if one.by is None:
            trail.finding(one.alert_id, "no longer suppressed", one.finding_id, was=one.was)
        else:
            trail.finding(one.alert_id, "suppressed", one.finding_id, by=one.by)
    update_rows(
        conn, FindingRow.finding_id, [{"id": one.finding_id, "suppressed_by": one.by} for one in free]
    )
    touched = sorted({one.alert_id for one in free})
    settle(conn, [alerts[name] for name in touched], trail, forming.appraiser, now=now)
    trail.write(conn, now=now)
    return len(free)


@dataclass(frozen=True, slots=True)
class _Changed:
    """A finding that another suppression, or none, keeps back now. was, by: the suppression before and now."""

    finding_id: str
    alert_id: str
    was: str | None
    by: str | None


def _changed(conn: Connection, suppressor: Suppressor) -> list[_Changed]:
    where = FindingRow.state == "active"
    if not suppressor.live:  # only what is suppressed can change
        where &= FindingRow.suppressed_by.is_not(None)
    query = select(FindingRow.__table__).where(where).order_by(FindingRow.finding_id)
    found = []
    for row in conn.execute(query.execution_options(yield_per=5000)):
        stored = finding_of(row)
        by = suppressor.by(stored.detector, stored.record)
        if by != stored.suppressed_by:
            found.append(_Changed(row.finding_id, stored.alert_id, stored.suppressed_by, by))
    return found
