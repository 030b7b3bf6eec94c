"""The findings that stand, as far as measuring needs them. It must never load their facts: those hold personal data, and are long."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from alerts.models import FindingRow


@dataclass(frozen=True, slots=True)
class Found:
    """A finding: by which detector, about whom, when what it is about happened, how grave, on which events."""

    finding_id: str
    detector: str
    timestamp: datetime
    person_key: str
    severity: int
    event_ids: tuple[str, ...]


def standing_findings(conn: Connection, detectors: Iterable[str]) -> list[Found]:
    """Return the active findings of some detectors, in time order."""
    query = (
        select(
            FindingRow.finding_id, FindingRow.detector, FindingRow.timestamp, FindingRow.staff_id, FindingRow.actor,
            FindingRow.severity, FindingRow.event_ids,
        )
        .where(FindingRow.state == "active", FindingRow.detector.in_(tuple(detectors)))
        .order_by(FindingRow.timestamp, FindingRow.finding_id)
    )  # fmt: skip
    return [
        Found(name, detector, at, staff_id or actor, severity, tuple(events))
        for name, detector, at, staff_id, actor, severity, events in conn.execute(query)
    ]
