"""A verdict on one piece: what a detector finds there, how that differs from what was found before, and storing it.

It must never judge with contact lists outside a live authority, nor take findings away because files are lost.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import polars as pl
from polars.exceptions import PolarsError
from sqlalchemy import Engine

from alerts import shadow
from alerts.authority import Authority
from alerts.book import Difference, apply, compare
from alerts.keeping import staying
from auditd.archive.archive import Archive
from auditd.database import reading
from auditd.engine.faults import store_faults
from auditd.engine.forms import Forms
from auditd.engine.grants import covered, scope_of
from auditd.engine.judged import Judged, judged_piece
from auditd.engine.runs import Run
from auditd.engine.windows import Windows
from detectors.detector import Detector, Span, Window
from detectors.findings import NO_FINDINGS
from detectors.reference import GATED

GATED_FEEDS: Final = frozenset(GATED)


class Verdicts:
    """Judges pieces over one archive."""

    def __init__(self, *, archive: Archive, engine: Engine, windows: Windows, forms: Forms) -> None:
        self._archive = archive
        self._engine = engine
        self._windows = windows
        self._forms = forms

    def judge(
        self,
        run: Run,
        span: Span,
        authorities: Sequence[Authority],
        now: datetime,
        *,
        keep: bool = True,
    ) -> Judged:
        """Judge one span and compare with what was found before; `keep` stores the difference.

        That of a run in force becomes alerts, that of a run in shadow is kept beside them.

        Raises SegmentsDamaged where events in its reach are lost.
        """
        detector = run.detector
        if detector.about.needs_authority and not authorities:
            return Judged(pieces=1)
        started = time.perf_counter()
        try:
            findings, windows = self._find(detector, span, authorities, now)
        except PolarsError:
            if not self._lost_in(detector, span):
                raise
            # What is known to be lost now is left out where it is merely counted; where more rests on it, that is told.
            findings, windows = self._find(detector, span, authorities, now)
        difference, judged = self._compare(run, span, findings, authorities)
        if keep and difference:
            judged.new_alerts = self._store(run, windows, difference, now)
        judged.seconds = time.perf_counter() - started
        return judged

    def judge_as_known(
        self,
        run: Run,
        span: Span,
        authorities: Sequence[Authority],
        *,
        known_on: datetime,
        now: datetime,
    ) -> tuple[Judged, pl.DataFrame]:
        """Judge one span with what was known then; return how that differs from the findings there are, and what was found.

        Nothing is stored. Contact lists are seen under the authorities given, which are live now: what was permitted
        then permits nothing today.
        """
        findings, _ = self._find(run.detector, span, authorities, now, known_on=known_on)
        _, judged = self._compare(run, span, findings, authorities)
        return judged, findings

    def _find(
        self,
        detector: Detector,
        span: Span,
        authorities: Sequence[Authority],
        now: datetime,
        *,
        known_on: datetime | None = None,
    ) -> tuple[pl.DataFrame, list[Window]]:
        """Return the detector's findings on a span (one pass per authority), and the windows it looked through."""
        windows = self._windows.on(detector, span, authorities, now, known_on=known_on)
        parts = [detector.judge(window) for window in windows]
        if detector.about.needs_authority and not GATED_FEEDS.intersection(detector.feeds):
            parts = [covered(part, one) for part, one in zip(parts, authorities, strict=True)]
        findings = pl.concat([NO_FINDINGS, *parts])
        if len(parts) > 1:
            findings = findings.unique("key", keep="first", maintain_order=True)
        return findings, windows

    def _compare(
        self, run: Run, span: Span, findings: pl.DataFrame, authorities: Sequence[Authority]
    ) -> tuple[Difference, Judged]:
        """Return how findings differ from those the run had, and that in counts."""
        asked: dict[str, Any] = {
            "detector": run.detector.name,
            "span_start": span.start,
            "span_end": span.end,
            "findings": findings,
            "in_scope": scope_of(run.detector, authorities),
        }
        with store_faults(), reading(self._engine) as conn:
            if run.shadow:
                difference = shadow.compare(conn, run.shadow, **asked)
                return difference, judged_piece(difference)
            difference = compare(conn, **asked)
            return difference, judged_piece(difference, staying(conn, difference, run.by))

    def _store(self, run: Run, windows: Sequence[Window], difference: Difference, now: datetime) -> list[str]:
        """Keep a difference; return the alerts it opened."""
        if run.shadow:
            with store_faults(), self._engine.begin() as conn:
                shadow.store(conn, run.shadow, difference, by=run.by, now=now)
            return []
        reasons = _reasons(run.detector, windows, difference)
        forming = self._forms.forming(now)
        with store_faults(), self._engine.begin() as conn:
            applied = apply(
                conn,
                difference,
                detector=run.detector,
                settings=run.digest,
                reasons=reasons,
                now=now,
                forming=forming,
            )
        return list(applied.new_alerts)

    def _lost_in(self, detector: Detector, span: Span) -> int:
        """Look thoroughly at the files of what a verdict on a span rests on; return how many are damaged."""
        reach = span.start - detector.before, span.end + detector.after
        return sum(
            len(self._archive.inspect(self._archive.overlapping(family, *reach), thorough=True))
            for family in detector.reads
        )


def _reasons(detector: Detector, windows: Sequence[Window], difference: Difference) -> Mapping[str, str]:
    """Ask the detector why findings are gone; with several authorities the first window that knows answers."""
    keys = [record.key for record in difference.gone]
    reasons: dict[str, str] = {}
    for window in windows if keys else ():
        reasons = {**detector.why_quiet(window, keys), **reasons}
    return reasons
