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
from alerts.shadow_tables import ShadowFindingRow
from auditd.database import reading
from auditd.engine.agenda import Agenda
from auditd.engine.faults import store_faults
from auditd.engine.runs import Run
from auditd.engine.spans import spans_of
from auditd.engine.tables import ApprovalAppliedRow
from detectors.bounds import ExplainingSettings
from detectors.detector import Span
from parsers.event import UTC_MICROSECONDS


class Approvals:
    """The approvals of one database, as far as the runs of one judge have taken note of them."""

    def __init__(self, engine: Engine, agenda: Agenda, runs: Sequence[Run]) -> None:
        self._engine = engine
        self._agenda = agenda
        self._runs = [one for one in runs if isinstance(one.detector.settings, ExplainingSettings)]
        self._noted_to = 0

    def note(self, beginning: datetime, as_of: datetime) -> None:
        """Put what new approvals and revocations may change, from `beginning` to `as_of`, on the agenda.

        An approval can only take findings away or change them: those there are. A revocation may bring back any.
        """
        with store_faults(), reading(self._engine) as conn:
            latest = last_entry(conn)
            if latest == self._noted_to:
                return
            new = {run.key: _not_applied(conn, run.key) for run in self._runs}
        for run in self._runs:
            if new[run.key]:
                self._note(run, new[run.key], Span(beginning, as_of))
        self._noted_to = latest

    def _note(self, run: Run, entries: Sequence[tuple[int, str]], whole: Span) -> None:
        committed = False
        try:
            with store_faults(), self._engine.begin() as conn:
                revoked = any(action == "revoked" for _, action in entries)
                spans = [whole] if revoked else _of_findings(conn, run)
                self._agenda.note_spans(conn, run.key, spans)
                rows = [{"entry": entry, "detector": run.key} for entry, _ in entries]
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


def _of_findings(conn: Connection, run: Run) -> list[Span]:
    """Return the spans of a run's standing findings."""
    query = select(FindingRow.timestamp).where(
        FindingRow.detector == run.detector.name, FindingRow.state == "active"
    )
    if run.shadow:
        query = select(ShadowFindingRow.timestamp).where(ShadowFindingRow.run == run.shadow)
    return spans_of(pl.Series("timestamp", list(conn.execute(query).scalars()), dtype=UTC_MICROSECONDS))
