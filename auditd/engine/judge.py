"""The round of judging: what has come due for each detector, worked off oldest first until the time is up.

Live, catching up and judging again are the same arrow: a window over the archive (auditd/engine/windows.py), a pure
verdict, a comparison with what was found before (auditd/engine/verdicts.py). One detector's bug must never stop the
others.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Engine

from alerts import shadow
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
from auditd.engine.rounds import Turn, next_turn
from auditd.engine.runs import Run
from auditd.engine.starts import Starts
from auditd.engine.verdicts import Verdicts
from auditd.engine.windows import Windows
from auditd.reference.store import ReferenceStore
from detectors.detector import Detector, Span
from parsers.event import Family
from parsers.force import Force

REST_SECONDS: Final = 30.0
SAVE_SECONDS: Final = 1.0


class Judge:
    """Keeps every detector's verdicts in step with the archive and the reference data."""

    def __init__(
        self,
        *,
        runs: Sequence[Run],
        archive: Archive,
        engine: Engine,
        references: ReferenceStore,
        force: Force,
        weights: Weights | None = None,
    ) -> None:
        self.live = [run for run in runs if not run.shadow]
        self.shadows = [run for run in runs if run.shadow]
        self.agenda = Agenda(runs)
        self._archive = archive
        self._engine = engine
        self._saved_at = -SAVE_SECONDS
        self._resting: dict[str, float] = {}
        self._registered = False
        self._costs: dict[str, Judged] = {}  # of runs in shadow, by name: what is not stored yet
        self._grants = Grants(engine, self.agenda)
        self._approvals = Approvals(engine, self.agenda, runs)
        with reading(engine) as conn:
            self.agenda.load(conn)
            self._starts = Starts(conn)
        self.notes = Notes(runs, self.agenda, self._starts)
        self.pieces = Pieces(archive, self._starts)
        self._windows = Windows(archive=archive, engine=engine, references=references, force=force)
        appraiser = Appraiser(
            weights or Weights(), {run.detector.name: run.detector.about for run in self.live}
        )
        self._forms = Forms(engine, references, appraiser)
        self.verdicts = Verdicts(archive=archive, engine=engine, windows=self._windows, forms=self._forms)
        if idle := self.agenda.switched_off():
            with engine.begin() as conn:
                self.agenda.forget(conn, idle)

    @property
    def detectors(self) -> list[Detector]:
        """The detectors in force."""
        return [run.detector for run in self.live]

    @property
    def reads(self) -> frozenset[Family]:
        """The families that any run reads."""
        return frozenset(family for run in (*self.live, *self.shadows) for family in run.detector.reads)

    @property
    def protected_stripped(self) -> int:
        """How many listed contacts the last look withheld because they are protected."""
        return self._windows.protected_stripped

    def catch_up(self, as_of: datetime, now: datetime, *, seconds: float = float("inf")) -> dict[str, Judged]:
        """Judge what can be judged as of `as_of`, for about `seconds`; return what was done per detector.

        A detector that raises is reported as failed and rests a while; what it had to judge stays on its agenda.
        """
        return self._round(self.live, as_of, now, seconds)

    def try_out(self, as_of: datetime, now: datetime, *, seconds: float = float("inf")) -> dict[str, Judged]:
        """Do the same for what is run in shadow; return what was done per run. Nothing of it becomes an alert."""
        return self._round(self.shadows, as_of, now, seconds) if self.shadows else {}

    def _round(
        self, runs: Sequence[Run], as_of: datetime, now: datetime, seconds: float
    ) -> dict[str, Judged]:
        deadline = time.monotonic() + seconds
        report: dict[str, Judged] = {}
        self._register(now)
        self._windows.forget()
        self._forms.refresh(now)
        granted = self._grants.every()
        if bounds := self._archive.bounds():
            self._approvals.note(bounds[0], max(as_of, bounds[1] + TICK))
        turns = []
        for run in runs:
            authorities = live_for(run.detector, granted, now)
            self._grants.open_past(run, authorities, as_of)
            target = self._due(run.detector, as_of, now)
            judged = self.agenda.until(run.key)
            # Live, what waited for a day waits for a minute more: to judge every tick's by itself costs far more.
            if judged is None or seconds == float("inf") or target - judged >= run.detector.patience:
                self.agenda.extend(run.key, target, self._beginning(run.detector, target))
            if time.monotonic() >= self._resting.get(run.key, 0.0):
                turns.append(self._turn(run, authorities))
        while turn := next_turn(turns, late=time.monotonic() >= deadline):
            self._take(turn, now, report.setdefault(turn.run.key, Judged()))
        for key, done in report.items():
            done.until = self.agenda.until(key)
        for run in runs:
            if run.shadow and run.key in report:
                self._costs.setdefault(run.shadow, Judged()).add(report[run.key])
        self._save(force=seconds == float("inf"))
        return {key: done for key, done in report.items() if done.pieces or done.failed}

    def _register(self, now: datetime) -> None:
        """Write down, at first, how detectors are run; what a run in shadow found that is none any more goes."""
        if self._registered:
            return
        with store_faults(), self._engine.begin() as conn:
            for run in self.live:
                shadow.note_in_force(conn, run.way, now)
            shadow.end_others(conn, {run.shadow for run in self.shadows}, now)
            for run in self.shadows:
                shadow.begin(conn, run.shadow, run.way, now)
        self._registered = True

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

    def _turn(self, run: Run, authorities: Sequence[Authority]) -> Turn:
        """Return a run's part of a round; what it has to judge and holds no event is judged with that."""
        todo = self.agenda.todo(run.key)
        turn = Turn(run, authorities, self.pieces.of(run.detector, todo), todo[-1].end if todo else None)
        self._close(turn)
        return turn

    def _take(self, turn: Turn, now: datetime, done: Judged) -> None:
        """Judge a run's next piece; add to `done`. Pieces come in order, oldest first."""
        run, piece = turn.run, turn.next
        if piece is None:
            return
        try:
            done.add(self.verdicts.judge(run, piece, turn.authorities, now))
        except SegmentsDamaged:
            # It stays on the agenda until the files are back: a verdict without them would withdraw findings. What of it
            # does not rest on them goes on.
            if turn.halve():
                return
            self.agenda.done(run.key, Span(turn.begin, piece.start))
            turn.begin = piece.end
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001  one detector's bug must not stop the others, nor reading
            done.failed = type(error).__name__
            self._resting[run.key] = time.monotonic() + REST_SECONDS
            turn.stop()
            return
        else:
            # What lies before this one's end was judged, or holds no event.
            self.agenda.done(run.key, Span(turn.begin, piece.end))
        turn.advance()
        self._close(turn)

    def _close(self, turn: Turn) -> None:
        """Take what is left of a run's spans off its agenda, once it has no piece left: it holds no event."""
        if turn.next is None and turn.end is not None:
            self.agenda.done(turn.run.key, Span(turn.begin, max(turn.begin, turn.end)))

    def _save(self, *, force: bool) -> None:
        keys = [run.key for run in (*self.live, *self.shadows) if self.agenda.unsaved(run.key)]
        costs = {name: cost for name, cost in self._costs.items() if cost.pieces}
        rests = time.monotonic() - self._saved_at < SAVE_SECONDS
        if not (keys or costs) or (not force and rests):
            return
        with store_faults(), self._engine.begin() as conn:
            for key in keys:
                self.agenda.save(conn, key)
            for name, cost in costs.items():
                shadow.add_cost(conn, name, seconds=cost.seconds, pieces=cost.pieces)
        for key in keys:
            self.agenda.saved(key)
        self._costs.clear()
        self._saved_at = time.monotonic()
