"""The round of judging: what has come due for each detector, worked off oldest first until the time is up.

Live, catching up and judging again are the same arrow: a window over the archive (auditd/engine/windows.py), a pure
verdict, a comparison with what was found before (auditd/engine/verdicts.py). One detector's bug must never stop the
others.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Engine

from alerts.appraisal import Appraiser
from alerts.authority import Authority
from alerts.weights import Weights
from auditd.archive.archive import Archive, SegmentsDamaged
from auditd.database import reading
from auditd.engine.agenda import Agenda
from auditd.engine.approvals import Approvals
from auditd.engine.faults import StoreUnavailable, store_faults
from auditd.engine.forms import Forms
from auditd.engine.grants import Grants, live_for
from auditd.engine.judged import Judged
from auditd.engine.notes import TICK, Notes
from auditd.engine.pieces import Pieces
from auditd.engine.starts import Starts
from auditd.engine.verdicts import Verdicts
from auditd.engine.windows import Windows
from auditd.reference.store import ReferenceStore
from detectors.detector import Detector, Span
from parsers.force import Force

REST_SECONDS: Final = 30.0
SAVE_SECONDS: Final = 1.0
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Judge:
    """Keeps every detector's verdicts in step with the archive and the reference data."""

    def __init__(
        self,
        *,
        detectors: Sequence[Detector],
        digests: Mapping[str, str],
        archive: Archive,
        engine: Engine,
        references: ReferenceStore,
        force: Force,
        weights: Weights | None = None,
    ) -> None:
        self.detectors = list(detectors)
        self.agenda = Agenda(detectors, digests)
        self._archive = archive
        self._engine = engine
        self._saved_at = -SAVE_SECONDS
        self._resting: dict[str, float] = {}
        self._grants = Grants(engine, self.agenda)
        self._approvals = Approvals(engine, self.agenda, self.detectors)
        with reading(engine) as conn:
            self.agenda.load(conn)
            self._starts = Starts(conn)
        self.notes = Notes(self.detectors, self.agenda, self._starts)
        self.pieces = Pieces(archive, self._starts)
        self._windows = Windows(archive=archive, engine=engine, references=references, force=force)
        appraiser = Appraiser(weights or Weights(), {one.name: one.about for one in detectors})
        self._forms = Forms(engine, references, appraiser)
        self.verdicts = Verdicts(archive=archive, engine=engine, windows=self._windows, forms=self._forms)
        if idle := self.agenda.switched_off():
            with engine.begin() as conn:
                self.agenda.forget(conn, idle)

    @property
    def protected_stripped(self) -> int:
        """How many listed contacts the last look withheld because they are protected."""
        return self._windows.protected_stripped

    def catch_up(self, as_of: datetime, now: datetime, *, seconds: float = float("inf")) -> dict[str, Judged]:
        """Judge what can be judged as of `as_of`, for about `seconds`; return what was done per detector.

        A detector that raises is reported as failed and rests a while; what it had to judge stays on its agenda.
        """
        deadline = time.monotonic() + seconds
        report: dict[str, Judged] = {}
        self._windows.forget()
        self._forms.refresh(now)
        granted = self._grants.every()
        if bounds := self._archive.bounds():
            self._approvals.note(bounds[0], max(as_of, bounds[1] + TICK))
        for detector in self.detectors:
            authorities = live_for(detector, granted, now)
            self._grants.open_past(detector, authorities, as_of)
            target = self._due(detector, as_of, now)
            self.agenda.extend(detector.name, target, self._beginning(detector, target))
            if time.monotonic() < self._resting.get(detector.name, 0.0):
                continue
            done = Judged()
            try:
                self._work_off(detector, authorities, now, deadline, done)
            except StoreUnavailable:
                raise
            except Exception as error:  # noqa: BLE001  one detector's bug must not stop the others, nor reading
                done.failed = type(error).__name__
                self._resting[detector.name] = time.monotonic() + REST_SECONDS
            done.until = self.agenda.until(detector.name)
            if done.pieces or done.failed:
                report[detector.name] = done
        self._save(force=seconds == float("inf"))
        return report

    def authorities(self, detector: Detector, now: datetime) -> list[Authority]:
        """Return the live authorities the detector may judge under; [] for one that needs none."""
        return live_for(detector, self._grants.every(), now)

    def authorised(self, detector: Detector, now: datetime) -> bool:
        """Whether the detector may run: it needs no authority, or one is live."""
        return not detector.about.needs_authority or bool(self.authorities(detector, now))

    def _due(self, detector: Detector, as_of: datetime, now: datetime) -> datetime:
        """Return the time before which a detector can judge. A fact about feeds is whole as soon as it is noticed."""
        due = as_of - detector.waits
        noticed = self._starts.last_fact(now) if detector.judges_feeds else None
        return max(due, noticed + TICK) if noticed else due

    def _beginning(self, detector: Detector, as_of: datetime) -> datetime:
        """Return where a detector that has judged nothing yet begins."""
        if detector.judges_feeds:
            return self._starts.first_fact() or as_of
        bounds = self._archive.bounds()
        return bounds[0] if bounds else as_of

    def _work_off(
        self,
        detector: Detector,
        authorities: Sequence[Authority],
        now: datetime,
        deadline: float,
        done: Judged,
    ) -> None:
        """Judge what is on the detector's agenda, oldest first, until the deadline; add to `done`."""
        todo = self.agenda.todo(detector.name)
        begin = BEGINNING
        for piece in self.pieces.of(detector, todo):
            try:
                done.add(self.verdicts.judge(detector, piece, authorities, now))
            except SegmentsDamaged:
                # It stays on the agenda until the files are back: a verdict without them would withdraw findings.
                self.agenda.done(detector.name, Span(begin, piece.start))
                begin = piece.end
                continue
            # Pieces come in order: what lies before this one's end was judged, or holds no event.
            self.agenda.done(detector.name, Span(begin, piece.end))
            if time.monotonic() >= deadline:
                return
        if todo:
            self.agenda.done(detector.name, Span(begin, max(begin, todo[-1].end)))

    def _save(self, *, force: bool) -> None:
        names = [detector.name for detector in self.detectors if self.agenda.unsaved(detector.name)]
        if not names or (not force and time.monotonic() - self._saved_at < SAVE_SECONDS):
            return
        with store_faults(), self._engine.begin() as conn:
            for name in names:
                self.agenda.save(conn, name)
        for name in names:
            self.agenda.saved(name)
        self._saved_at = time.monotonic()
