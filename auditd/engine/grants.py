"""Authorities as judging uses them: which are live for a detector, and the past a new one opens, put on the agenda once.

They are read anew for every round, so that revoking one works at once. It must never treat a lapsed one as live.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import polars as pl
from sqlalchemy import Engine, insert, select

from alerts.authority import Authority, list_authorities
from alerts.book import FindingRecord
from auditd.database import reading
from auditd.engine.agenda import Agenda
from auditd.engine.faults import store_faults
from auditd.engine.runs import Run
from auditd.engine.spans import until
from auditd.engine.tables import AuthorityAppliedRow
from detectors.detector import Detector, Span


class Grants:
    """The authorities of one database."""

    def __init__(self, engine: Engine, agenda: Agenda) -> None:
        self._engine = engine
        self._agenda = agenda
        self._applied: set[tuple[str, str]] = set()

    def every(self) -> Sequence[Authority]:
        """Return every authority there is."""
        with store_faults(), reading(self._engine) as conn:
            return list_authorities(conn)

    def open_past(self, run: Run, authorities: Sequence[Authority], as_of: datetime) -> None:
        """Put the past that new authorities cover on the run's agenda, once for each."""
        if all((authority.authority_id, run.key) in self._applied for authority in authorities):
            return
        applied = AuthorityAppliedRow.authority_id
        with store_faults(), reading(self._engine) as conn:
            known = set(
                conn.execute(select(applied).where(AuthorityAppliedRow.detector == run.key)).scalars()
            )
        new = [authority for authority in authorities if authority.authority_id not in known]
        if new:
            self._note(run.key, new, as_of)
        self._applied |= {(authority.authority_id, run.key) for authority in authorities}

    def _note(self, key: str, new: Sequence[Authority], as_of: datetime) -> None:
        spans = until((Span(authority.events_from, authority.events_to) for authority in new), as_of)
        rows = [{"authority_id": authority.authority_id, "detector": key} for authority in new]
        committed = False
        try:
            with store_faults(), self._engine.begin() as conn:
                conn.execute(insert(AuthorityAppliedRow), rows)
                self._agenda.note_spans(conn, key, spans)
            committed = True
        finally:
            self._agenda.noted(committed=committed)


def live_for(detector: Detector, authorities: Sequence[Authority], now: datetime) -> list[Authority]:
    """Return the authorities the detector may judge under at `now`; [] for one that needs none."""
    if not detector.about.needs_authority:
        return []
    return [one for one in authorities if detector.name in one.detectors and one.live(now)]


def covered(findings: pl.DataFrame, authority: Authority) -> pl.DataFrame:
    """Return the findings an authority covers, of a detector whose list is its own: the gate has nothing to clip there."""
    if authority.outlets:
        return findings.clear()
    times = pl.col("timestamp").is_between(authority.events_from, authority.events_to, closed="left")
    people = pl.col("staff_id").is_in(list(authority.people)) if authority.people else pl.lit(value=True)
    return findings.filter(times, people)


def scope_of(detector: Detector, authorities: Sequence[Authority]) -> Callable[[FindingRecord], bool]:
    """Return which earlier findings a round may withdraw: none that only a lapsed authority allowed."""

    def in_scope(record: FindingRecord) -> bool:
        return not detector.about.needs_authority or any(
            authority.covers(at=record.timestamp, staff_id=record.staff_id, outlet=record.outlet)
            for authority in authorities
        )

    return in_scope
