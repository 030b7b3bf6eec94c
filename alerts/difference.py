"""What a judgement changes: the findings of a span as they follow from the data now, against those that are stored.

It must never write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, Connection, Row, select

from alerts.batches import batches
from alerts.models import FindingRow
from alerts.vocabulary import FindingState
from detectors.finding import FINDING_SCHEMA, finding_id


@dataclass(frozen=True, slots=True)
class FindingRecord:
    """One row of a findings frame (FINDING_SCHEMA), with its identity."""

    finding_id: str
    key: str
    timestamp: datetime
    staff_id: str | None
    actor: str
    subject_type: str | None
    subject_key: str | None
    outlet: str | None
    severity: int
    event_ids: tuple[str, ...]
    facts: str

    @property
    def person_key(self) -> str:
        """Who it is about: the person where known, else the identifier that acted."""
        return self.staff_id or self.actor


@dataclass(frozen=True, slots=True)
class StoredFinding:
    """A finding as stored: what it says, and how it stands.

    version, settings: what judged it (a digest; None: from before digests were kept). otherwise: a mark of the last verdict
    of another version or other settings, which changed nothing (alerts/keeping.py). suppressed_by: the suppression that
    keeps it back, if any.
    """

    record: FindingRecord
    detector: str
    version: int
    settings: str | None
    otherwise: str | None
    state: FindingState
    withdrawn_reason: str | None
    first_found_at: datetime
    changed_at: datetime
    alert_id: str
    suppressed_by: str | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """What a judgement changes.

    added: not active so far (new, or withdrawn and following again). changed: active with other content.
    gone: active, in scope, and no longer following. same: active and unchanged.
    """

    added: tuple[FindingRecord, ...] = ()
    changed: tuple[FindingRecord, ...] = ()
    same: tuple[FindingRecord, ...] = ()
    gone: tuple[FindingRecord, ...] = ()

    def __bool__(self) -> bool:
        """Whether applying it would change anything."""
        return bool(self.added or self.changed or self.gone)


def always(_record: FindingRecord) -> bool:
    """Every finding is in scope."""
    return True


def records_of(detector: str, findings: pl.DataFrame) -> tuple[FindingRecord, ...]:
    """Return the frame's rows as records. Raises ValueError if a key occurs twice: the detector is at fault."""
    records = tuple(
        FindingRecord(
            finding_id=finding_id(detector, row["key"]),
            **row | {"event_ids": tuple(row["event_ids"] or ())},
        )
        for row in findings.select(FINDING_SCHEMA.names()).iter_rows(named=True)
    )
    if len({record.finding_id for record in records}) != len(records):
        raise ValueError(f"detector {detector!r} gave one key twice in one span")
    return records


def compare(
    conn: Connection,
    *,
    detector: str,
    span_start: datetime,
    span_end: datetime,
    findings: pl.DataFrame,
    in_scope: Callable[[FindingRecord], bool] = always,
) -> Difference:
    """Compare the findings of a span [span_start, span_end), as judged now, with the stored ones.

    in_scope: whether a stored finding that no longer follows was judged at all (a list detector judges only what a
    live authority covers); one that was not is left alone.
    """
    judged = {record.finding_id: record for record in records_of(detector, findings)}
    stored = _stored_in_span(conn, detector, span_start, span_end)
    stored |= stored_findings(conn, judged.keys() - stored.keys())
    active = {name: finding.record for name, finding in stored.items() if finding.state == "active"}
    return difference(judged, active, in_scope)


def difference(
    judged: Mapping[str, FindingRecord],
    active: Mapping[str, FindingRecord],
    in_scope: Callable[[FindingRecord], bool] = always,
) -> Difference:
    """Return how records as judged now differ from the active ones, both by id; see `compare`."""
    return Difference(
        added=tuple(record for name, record in judged.items() if name not in active),
        changed=tuple(record for name, record in judged.items() if active.get(name, record) != record),
        same=tuple(record for name, record in judged.items() if active.get(name) == record),
        gone=tuple(record for name, record in active.items() if name not in judged and in_scope(record)),
    )


def values_changed(before: FindingRecord, after: FindingRecord) -> dict[str, Any]:
    """Return what of a record was otherwise before, as JSON data by name."""
    names = [field.name for field in fields(FindingRecord)]
    was = {name: getattr(before, name) for name in names if getattr(before, name) != getattr(after, name)}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in was.items()}


def stored_findings(conn: Connection, ids: Iterable[str]) -> dict[str, StoredFinding]:
    """Return the stored findings among `ids`, by id."""
    found: dict[str, StoredFinding] = {}
    for batch in batches(ids):
        found |= _load(conn, FindingRow.finding_id.in_(batch))
    return found


def findings_of_alert(conn: Connection, alert_id: str) -> tuple[StoredFinding, ...]:
    """Return an alert's findings, withdrawn ones too, in time order."""
    return tuple(_load(conn, FindingRow.alert_id == alert_id).values())


def _stored_in_span(
    conn: Connection, detector: str, start: datetime, end: datetime
) -> dict[str, StoredFinding]:
    return _load(
        conn, FindingRow.detector == detector, FindingRow.timestamp >= start, FindingRow.timestamp < end
    )


def _load(conn: Connection, *where: ColumnElement[bool]) -> dict[str, StoredFinding]:
    query = select(FindingRow.__table__).where(*where).order_by(FindingRow.timestamp, FindingRow.finding_id)
    return {row.finding_id: finding_of(row) for row in conn.execute(query)}


def record_in(row: Row[Any]) -> FindingRecord:
    """Return what a row of a table of findings says."""
    return FindingRecord(
        row.finding_id, row.key, row.timestamp, row.staff_id, row.actor, row.subject_type, row.subject_key,
        row.outlet, row.severity, tuple(row.event_ids), row.facts,
    )  # fmt: skip


def finding_of(row: Row[Any]) -> StoredFinding:
    """Return a row of the findings table as a finding."""
    record = record_in(row)
    return StoredFinding(
        record, row.detector, row.version, row.settings, row.otherwise, row.state, row.withdrawn_reason, row.first_found_at, row.changed_at,
        row.alert_id, row.suppressed_by,
    )  # fmt: skip
