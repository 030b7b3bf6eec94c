"""Approved explanations as judging uses them: what an approval or a revocation changes, put on the agenda once.

The history is looked at for every round, so that both work at once. It must never lose an entry: one is noted for a detector
in the transaction that puts what it changes on that detector's agenda.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import polars as pl
from sqlalchemy import Connection, Engine, insert, select

from alerts.approval_tables import ApprovalHistoryRow
from alerts.approvals import last_entry
from alerts.models import FindingRow
from auditd.database import reading
from auditd.engine.agenda import Agenda
from auditd.engine.faults import store_faults
from auditd.engine.spans import spans_of
from auditd.engine.tables import ApprovalAppliedRow
from detectors.bounds import ExplainingSettings
from detectors.detector import Detector, Span
from parsers.event import UTC_MICROSECONDS


class Approvals:
    """The approvals of one database, as far as the detectors of one judge have taken note of them."""

    def __init__(self, engine: Engine, agenda: Agenda, detectors: Sequence[Detector]) -> None:
        self._engine = engine
        self._agenda = agenda
        self._detectors = [one for one in detectors if isinstance(one.settings, ExplainingSettings)]
        self._noted_to = 0

    def note(self, beginning: datetime, as_of: datetime) -> None:
        """Put what new approvals and revocations may change, from `beginning` to `as_of`, on the agenda.

        An approval can only take findings away or change them: those there are. A revocation may bring back any.
        """
        with store_faults(), reading(self._engine) as conn:
            latest = last_entry(conn)
            if latest == self._noted_to:
                return
            new = {detector.name: _not_applied(conn, detector.name) for detector in self._detectors}
        for detector in self._detectors:
            if new[detector.name]:
                self._note(detector, new[detector.name], Span(beginning, as_of))
        self._noted_to = latest

    def _note(self, detector: Detector, entries: Sequence[tuple[int, str]], whole: Span) -> None:
        committed = False
        try:
            with store_faults(), self._engine.begin() as conn:
                revoked = any(action == "revoked" for _, action in entries)
                spans = [whole] if revoked else _of_findings(conn, detector)
                self._agenda.note_spans(conn, detector.name, spans)
                rows = [{"entry": entry, "detector": detector.name} for entry, _ in entries]
                conn.execute(insert(ApprovalAppliedRow), rows)
            committed = True
        finally:
            self._agenda.noted(committed=committed)


def _not_applied(conn: Connection, detector: str) -> list[tuple[int, str]]:
    applied = select(ApprovalAppliedRow.entry).where(ApprovalAppliedRow.detector == detector)
    query = select(ApprovalHistoryRow.entry, ApprovalHistoryRow.action).where(
        ApprovalHistoryRow.entry.not_in(applied)
    )
    return [(row.entry, row.action) for row in conn.execute(query)]


def _of_findings(conn: Connection, detector: Detector) -> list[Span]:
    """Return the spans of a detector's standing findings."""
    query = select(FindingRow.timestamp).where(
        FindingRow.detector == detector.name, FindingRow.state == "active"
    )
    return spans_of(pl.Series("timestamp", list(conn.execute(query).scalars()), dtype=UTC_MICROSECONDS))
