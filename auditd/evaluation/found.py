"""The findings that stand, as far as measuring needs them. It must never hand on their facts but to the score: those are personal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from alerts.appraisal import standing
from alerts.models import FindingRow
from alerts.score import Scored


@dataclass(frozen=True, slots=True)
class Found:
    """A finding: by which detector, about whom, when what it is about happened, how grave, on which events, with what facts."""

    finding_id: str
    detector: str
    timestamp: datetime
    person_key: str
    severity: int
    event_ids: tuple[str, ...]
    facts: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def scored(self) -> Scored:
        """The finding as the score sees it."""
        return Scored(self.detector, self.timestamp, self.severity, self.event_ids, self.facts)


def standing_findings(conn: Connection, detectors: Iterable[str]) -> list[Found]:
    """Return the findings of some detectors that count in alerts, in time order."""
    query = (
        select(
            FindingRow.finding_id, FindingRow.detector, FindingRow.timestamp, FindingRow.staff_id, FindingRow.actor,
            FindingRow.severity, FindingRow.event_ids, FindingRow.facts,
        )
        .where(standing(), FindingRow.detector.in_(tuple(detectors)))
        .order_by(FindingRow.timestamp, FindingRow.finding_id)
    )  # fmt: skip
    return [
        Found(name, detector, at, staff_id or actor, severity, tuple(events), json.loads(facts))
        for name, detector, at, staff_id, actor, severity, events, facts in conn.execute(query)
    ]
