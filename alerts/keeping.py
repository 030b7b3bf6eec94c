"""Which findings stay as they were judged: another version, or other settings, never rewrite what a person has acted on.

It must never hold back what new data says by the version and settings that judged before.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import astuple, dataclass
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select, update

from alerts.batches import batches
from alerts.difference import (
    Difference,
    FindingRecord,
    StoredFinding,
    stored_findings,
    values_changed,
)
from alerts.models import AlertRow, FindingRow
from alerts.trail import Trail

NO_REASON: Final = "it no longer follows from the data"


@dataclass(frozen=True, slots=True)
class JudgedBy:
    """What judges: a detector's version, and the digest of its settings."""

    version: int
    settings: str

    def leaves_alone(self, findings: Iterable[StoredFinding], acted_on: Collection[str]) -> frozenset[str]:
        """Return the ids of the active findings that another judged, on one of the alerts that people acted on."""
        return frozenset(
            one.record.finding_id
            for one in findings
            if one.state == "active" and one.alert_id in acted_on and not self._judged(one)
        )

    def _judged(self, finding: StoredFinding) -> bool:
        """Whether it is this that judged the finding; of one stored without a digest the version tells."""
        return finding.version == self.version and finding.settings in (None, self.settings)


def staying(conn: Connection, difference: Difference, by: JudgedBy) -> frozenset[str]:
    """Return the ids of the findings that a difference would change or withdraw, and that stay as they are."""
    stored = stored_findings(conn, {one.finding_id for one in (*difference.changed, *difference.gone)})
    acted_on: set[str] = set()
    for batch in batches({one.alert_id for one in stored.values()}):
        chosen = AlertRow.alert_id.in_(batch) & AlertRow.acted_at.is_not(None)
        acted_on |= set(conn.execute(select(AlertRow.alert_id).where(chosen)).scalars())
    return by.leaves_alone(stored.values(), acted_on)


def note_otherwise(
    conn: Connection,
    trail: Trail,
    others: Iterable[tuple[StoredFinding, FindingRecord | None]],
    reasons: Mapping[str, str],
    by: JudgedBy,
) -> None:
    """Note, once for each verdict, how `by` judges findings that stay as they are; None: they no longer follow.

    reasons: why those no longer follow, by key.
    """
    rows = []
    for finding, record in others:
        told = _mark(by, record)
        if finding.otherwise == told:
            continue
        says: dict[str, Any] = {"reason": reasons.get(finding.record.key, NO_REASON)}
        if record is not None:
            says = {"now": values_changed(record, finding.record)}
        name = finding.record.finding_id
        trail.finding(
            finding.alert_id, "judged otherwise", name, version=by.version, settings=by.settings, **says
        )
        rows.append({"id": name, "told": told})
    if rows:
        noted = update(FindingRow).where(FindingRow.finding_id == bindparam("id"))
        conn.execute(noted.values(otherwise=bindparam("told")), rows)


def _mark(by: JudgedBy, record: FindingRecord | None) -> str:
    """Return what tells one other verdict from the next: who judged, and what it says (None: it no longer follows)."""
    said = None if record is None else astuple(record)
    return sha256(json.dumps([astuple(by), said], default=str).encode()).hexdigest()
