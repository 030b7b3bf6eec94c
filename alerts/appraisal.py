"""What an alert amounts to: its severity, times, lead and score, from the findings that stand.

It must never depend on the order in which findings came, nor on the time of day: only on what stands now.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, func, select

from alerts.batches import batches
from alerts.models import FindingRow
from alerts.score import VERSION, Scored, contributions, total
from alerts.weights import Weights
from detectors.detector import About, all_detectors

LOOKED_AT: Final = 200
"""Findings of one alert whose facts are read for its score: the gravest, then the latest."""


@dataclass(frozen=True, slots=True)
class Appraiser:
    """How alerts are appraised. abouts: of detectors that no file of detectors/rules defines."""

    weights: Weights = field(default_factory=Weights)
    abouts: Mapping[str, About] = field(default_factory=dict)

    @property
    def basis(self) -> str:
        """What a score was made by: the version of the arithmetic and a digest of the weights."""
        return f"{VERSION}:{self.weights.digest()}"

    def about(self, detector: str) -> About | None:
        """Return what a detector says of itself, None where it is not installed any more."""
        kind = all_detectors().get(detector)
        return self.abouts.get(detector) or (kind.about if kind else None)

    def values(self, appraisal: Appraisal) -> dict[str, Any]:
        """Return the columns of an alert (alerts.models.AlertRow) that an appraisal sets."""
        about = self.about(appraisal.lead)
        return {
            "title": about.title if about else appraisal.lead,
            "category": about.category if about else "other",
            "lead": appraisal.lead,
            "severity": appraisal.severity,
            "first_event_at": appraisal.first_event_at,
            "last_event_at": appraisal.last_event_at,
            "actor": appraisal.actor,
        }

    def appraise(self, conn: Connection, alert_ids: Iterable[str]) -> dict[str, Appraisal | None]:
        """Return what alerts amount to now, by id: None where no finding stands; one that never had any is left out."""
        ids = sorted(alert_ids)
        tallies: dict[str, dict[str, _Tally]] = defaultdict(dict)
        for batch in batches(ids):
            for row in conn.execute(_TALLIES.where(FindingRow.alert_id.in_(batch))):
                tallies[row.alert_id][row.detector] = _Tally(*row[2:])
        counts = {name: sum(tally.active for tally in by.values()) for name, by in tallies.items()}
        findings = _findings(conn, counts)
        return {name: self._one(by, findings.get(name, [])) for name, by in tallies.items()}

    def _one(self, tallies: Mapping[str, _Tally], findings: list[Scored]) -> Appraisal | None:
        standing = {name: tally for name, tally in tallies.items() if tally.active}
        if not standing:
            return None
        parts = contributions(findings, self.weights)
        return Appraisal(
            active=sum(tally.active for tally in standing.values()),
            severity=max(tally.severity for tally in standing.values()),
            first_event_at=min(tally.first_event_at for tally in standing.values()),
            last_event_at=max(tally.last_event_at for tally in standing.values()),
            actor=min(tally.actor for tally in standing.values()),
            lead=lead({name: tally.severity for name, tally in standing.items()}),
            score=total(parts),
            reasons=[asdict(part) for part in parts],
        )


@dataclass(frozen=True, slots=True)
class Appraisal:
    """What an alert amounts to. active: how many findings stand."""

    active: int
    severity: int
    first_event_at: datetime
    last_event_at: datetime
    actor: str
    lead: str
    score: int
    reasons: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Tally:
    active: int
    severity: int
    first_event_at: datetime
    last_event_at: datetime
    actor: str


def lead(severities: Mapping[str, int]) -> str:
    """Return the detector an alert is headed by: that of the gravest finding, by name where several are as grave."""
    return min(severities, key=lambda name: (-severities[name], name))


def standing() -> ColumnElement[bool]:
    """Whether a finding counts in its alert: it follows from the data, and no suppression keeps it back."""
    return and_(FindingRow.state == "active", FindingRow.suppressed_by.is_(None))


_TALLIES: Final = select(
    FindingRow.alert_id,
    FindingRow.detector,
    func.count().filter(standing()),
    func.max(FindingRow.severity).filter(standing()),
    func.min(FindingRow.timestamp).filter(standing()),
    func.max(FindingRow.timestamp).filter(standing()),
    func.min(FindingRow.actor).filter(standing()),
).group_by(FindingRow.alert_id, FindingRow.detector)


def _findings(conn: Connection, counts: Mapping[str, int]) -> dict[str, list[Scored]]:
    """Return the standing findings of alerts, of each the gravest and latest. counts: how many each alert has."""
    columns = select(
        FindingRow.alert_id, FindingRow.detector, FindingRow.timestamp, FindingRow.severity, FindingRow.event_ids,
        FindingRow.facts,
    ).where(standing())  # fmt: skip
    found: dict[str, list[Scored]] = defaultdict(list)

    def take(rows: Iterable[Row[Any]]) -> None:
        for row in rows:
            facts = json.loads(row.facts)
            found[row.alert_id].append(
                Scored(row.detector, row.timestamp, row.severity, row.event_ids, facts)
            )

    for batch in batches(name for name, count in counts.items() if count <= LOOKED_AT):
        take(conn.execute(columns.where(FindingRow.alert_id.in_(batch))))
    # Of an alert with many an index has them in this order: no more are read, however many there are.
    first = columns.order_by(
        FindingRow.severity.desc(), FindingRow.timestamp.desc(), FindingRow.finding_id.desc()
    ).limit(LOOKED_AT)
    for name in (name for name, count in counts.items() if count > LOOKED_AT):
        take(conn.execute(first.where(FindingRow.alert_id == name)))
    return found
