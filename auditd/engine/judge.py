"""Judging: decides when each detector judges which span, and turns its findings into alerts.

Live, catching up and judging again are the same arrow: a window over the archive, a pure verdict, a comparison with what
was found before. It must never judge with contact lists outside a live authority.
"""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl
from polars.exceptions import PolarsError
from sqlalchemy import Connection, Engine

from alerts.authority import Authority
from alerts.book import Difference, apply, compare
from auditd.archive.archive import Archive, SegmentsDamaged
from auditd.database import reading
from auditd.engine.agenda import Agenda
from auditd.engine.approvals import Approvals
from auditd.engine.faults import StoreUnavailable, store_faults
from auditd.engine.grants import Grants, live_for, scope_of
from auditd.engine.rounds import Turn, next_turn
from auditd.engine.spans import reach
from auditd.engine.touch import Touches
from auditd.gaps.book import Gap, as_known, gap_frame, gaps_between
from auditd.health import facts, strangers
from auditd.reference.store import ReferenceStore
from detectors.detector import Detector, Span, Window
from detectors.feed_facts import NO_FACTS
from detectors.findings import NO_FINDINGS
from detectors.gaps import NO_GAPS
from detectors.reference import Reference
from parsers.event import Family
from parsers.force import Force

PIECE_ROWS: Final = 100_000
MOST_MADE: Final = 4
SHORTEST_PIECE: Final = timedelta(minutes=1)
REST_SECONDS: Final = 30.0
SAVE_SECONDS: Final = 1.0
_TICK: Final = timedelta(microseconds=1)


@dataclass(slots=True)
class Judged:
    """What one round did for one detector."""

    seconds: float = 0.0
    pieces: int = 0
    added: int = 0
    changed: int = 0
    same: int = 0
    withdrawn: int = 0
    until: datetime | None = None
    failed: str = ""
    new_alerts: list[str] = field(default_factory=list)

    def add(self, other: Judged) -> None:
        """Add what another round did."""
        for name in ("seconds", "pieces", "added", "changed", "same", "withdrawn"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.new_alerts += other.new_alerts


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
    ) -> None:
        self.detectors = list(detectors)
        self.agenda = Agenda(detectors, digests)
        self._archive = archive
        self._engine = engine
        self._references = references
        self._force = force
        self._saved_at = -SAVE_SECONDS
        self._resting: dict[str, float] = {}
        self.protected_stripped = 0
        # Reference data as seen in this round, by authority: one look at the database serves all its pieces.
        self._seen: dict[Authority | None, Reference] = {}
        self._seen_on: datetime | None = None
        # What detectors made of a span's events in this round: the next one may find more events in it.
        self._made: dict[tuple[Span, Reference], dict[Any, Any]] = {}
        self.grants = Grants(engine, self.agenda)
        self.approvals = Approvals(engine, self.agenda, self.detectors)
        with reading(engine) as conn:
            self.agenda.load(conn)
            self._gap_starts = {gap.start for gap in gaps_between(conn, None, None, None, filled=True)}
            self._fact_starts = sorted(facts.starts(conn) | strangers.day_starts(conn))
        if idle := self.agenda.switched_off():
            with engine.begin() as conn:
                self.agenda.forget(conn, idle)

    def note(self, conn: Connection, new: Mapping[Family, Sequence[Span]]) -> None:
        """Remember, in the transaction that brings them, which past verdicts new events may change."""
        self.agenda.note(conn, new)

    def note_touches(self, conn: Connection, touches: Touches) -> None:
        """Remember, in the transaction that loads it, which past verdicts changed reference data may change."""
        for detector in self.detectors:
            self.agenda.note_spans(conn, detector.name, touches.spans(detector))

    def note_gaps(self, conn: Connection, gaps: Sequence[Gap]) -> None:
        """Remember, in the transaction that stores it, which verdicts a gap that is new or has changed may change."""
        spans = [Span(gap.start, gap.start + _TICK) for gap in gaps]
        self._gap_starts.update(gap.start for gap in gaps)
        for detector in self.detectors if spans else ():
            if detector.judges_gaps:
                touched = reach(spans, before=detector.before, after=detector.after)
                self.agenda.note_spans(conn, detector.name, touched)

    def note_facts(self, conn: Connection, starts: Sequence[datetime]) -> None:
        """Remember, in the transaction that stores them, which verdicts facts about feeds may change, by their starts."""
        spans = [Span(start, start + _TICK) for start in starts]
        for start in starts:
            place = bisect_left(self._fact_starts, start)
            if self._fact_starts[place : place + 1] != [start]:
                self._fact_starts.insert(place, start)
        for detector in self.detectors if spans else ():
            if detector.judges_feeds:
                touched = reach(spans, before=detector.before, after=detector.after)
                self.agenda.note_spans(conn, detector.name, touched)

    def noted(self, *, committed: bool) -> None:
        """Learn whether the transaction of the notes came about."""
        self.agenda.noted(committed=committed)

    def catch_up(self, as_of: datetime, now: datetime, *, seconds: float = float("inf")) -> dict[str, Judged]:
        """Judge what can be judged as of `as_of`, for about `seconds`; return what was done per detector.

        A detector that raises is reported as failed and rests a while; what it had to judge stays on its agenda.
        """
        deadline = time.monotonic() + seconds
        report: dict[str, Judged] = {}
        self._made.clear()
        self._seen.clear()
        granted = self.grants.every()
        if bounds := self._archive.bounds():
            self.approvals.note(bounds[0], max(as_of, bounds[1] + _TICK))
        turns = []
        for detector in self.detectors:
            authorities = live_for(detector, granted, now)
            self.grants.open_past(detector, authorities, as_of)
            target = self._due(detector, as_of, now)
            self.agenda.extend(detector.name, target, self._beginning(detector, target))
            if time.monotonic() >= self._resting.get(detector.name, 0.0):
                turns.append(self._turn(detector, authorities))
        while turn := next_turn(turns, late=time.monotonic() >= deadline):
            self._take(turn, now, report.setdefault(turn.detector.name, Judged()))
        for name, done in report.items():
            done.until = self.agenda.until(name)
        self._save(force=seconds == float("inf"))
        return {name: done for name, done in report.items() if done.pieces or done.failed}

    def _due(self, detector: Detector, as_of: datetime, now: datetime) -> datetime:
        """Return the time before which a detector can judge. A fact about feeds is whole as soon as it is noticed."""
        noticed = bisect_right(self._fact_starts, now) if detector.judges_feeds else 0
        due = as_of - detector.after
        return max(due, self._fact_starts[noticed - 1] + _TICK) if noticed else due

    def _beginning(self, detector: Detector, as_of: datetime) -> datetime:
        """Return where a detector that has judged nothing yet begins."""
        if detector.judges_feeds:
            return self._fact_starts[0] if self._fact_starts else as_of
        bounds = self._archive.bounds()
        return bounds[0] if bounds else as_of

    def behind(self) -> bool:
        """Whether a detector still has spans to judge."""
        return any(self.agenda.todo(detector.name) for detector in self.detectors)

    def authorised(self, detector: Detector, now: datetime) -> bool:
        """Whether the detector may run: it needs no authority, or one is live."""
        return not detector.about.needs_authority or bool(self.authorities(detector, now))

    def verdicts(
        self,
        detector: Detector,
        span: Span,
        authorities: Sequence[Authority],
        now: datetime,
        *,
        known_on: datetime | None = None,
    ) -> tuple[pl.DataFrame, list[Window]]:
        """Return the detector's findings on a span (one pass per authority), and the windows it looked through.

        known_on: with what was known at that time - events read, reference data, gaps, facts - instead of now.
        """
        windows = [
            self._window(detector, span, reference, known_on)
            for reference in self._reference(detector, authorities, now, known_on)
        ]
        parts = [detector.judge(window) for window in windows]
        findings = pl.concat([NO_FINDINGS, *parts])
        return (
            findings.unique("key", keep="first", maintain_order=True) if len(parts) > 1 else findings
        ), windows

    def pieces(self, detector: Detector, spans: Sequence[Span]) -> Iterator[Span]:
        """Cut spans into pieces with a bearable number of rows to judge; pieces without events are left out."""
        for span in spans:
            rows = self._rows(detector, span)
            if rows == 0:
                continue
            if rows > PIECE_ROWS and span.end - span.start > SHORTEST_PIECE:
                middle = span.start + (span.end - span.start) / 2
                yield from self.pieces(detector, [Span(span.start, middle), Span(middle, span.end)])
            else:
                yield span

    def _turn(self, detector: Detector, authorities: Sequence[Authority]) -> Turn:
        """Return a detector's part of a round; what it has to judge and holds no event is judged with that."""
        todo = self.agenda.todo(detector.name)
        turn = Turn(detector, authorities, self.pieces(detector, todo), todo[-1].end if todo else None)
        self._close(turn)
        return turn

    def _take(self, turn: Turn, now: datetime, done: Judged) -> None:
        """Judge a detector's next piece; add to `done`. Pieces come in order, oldest first."""
        detector, piece = turn.detector, turn.next
        if piece is None:
            return
        try:
            done.add(self.judge_piece(detector, piece, turn.authorities, now))
        except SegmentsDamaged:
            # It stays on the agenda until the files are back: a verdict without them would withdraw findings. What of it
            # does not rest on them goes on.
            if turn.halve():
                return
            self.agenda.done(detector.name, Span(turn.begin, piece.start))
            turn.begin = piece.end
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001  one detector's bug must not stop the others, nor reading
            done.failed = type(error).__name__
            self._resting[detector.name] = time.monotonic() + REST_SECONDS
            turn.stop()
            return
        else:
            # What lies before this one's end was judged, or holds no event.
            self.agenda.done(detector.name, Span(turn.begin, piece.end))
        turn.advance()
        self._close(turn)

    def _close(self, turn: Turn) -> None:
        """Take what is left of a detector's spans off its agenda, once it has no piece left: it holds no event."""
        if turn.next is None and turn.end is not None:
            self.agenda.done(turn.detector.name, Span(turn.begin, max(turn.begin, turn.end)))

    def judge_piece(
        self,
        detector: Detector,
        span: Span,
        authorities: Sequence[Authority],
        now: datetime,
        *,
        keep: bool = True,
    ) -> Judged:
        """Judge one span and compare with what was found before; `keep` stores the difference as alerts.

        Raises SegmentsDamaged where events in its reach are lost.
        """
        if detector.about.needs_authority and not authorities:
            return Judged(pieces=1)
        started = time.perf_counter()
        try:
            findings, windows = self.verdicts(detector, span, authorities, now)
        except PolarsError:
            if not self._lost_in(detector, span):
                raise
            # What is known to be lost now is left out where it is merely counted; where more rests on it, that is told.
            findings, windows = self.verdicts(detector, span, authorities, now)
        difference = self._compare(detector, span, findings, authorities)
        judged = _judged(difference)
        if keep and (judged.added or judged.changed or judged.withdrawn):
            reasons = _reasons(detector, windows, difference)
            with store_faults(), self._engine.begin() as conn:
                applied = apply(conn, difference, detector=detector, reasons=reasons, now=now)
            judged.new_alerts = list(applied.new_alerts)
        judged.seconds = time.perf_counter() - started
        return judged

    def judge_as_known(
        self,
        detector: Detector,
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
        findings, _ = self.verdicts(detector, span, authorities, now, known_on=known_on)
        difference = self._compare(detector, span, findings, authorities)
        return _judged(difference), findings

    def _compare(
        self, detector: Detector, span: Span, findings: pl.DataFrame, authorities: Sequence[Authority]
    ) -> Difference:
        with store_faults(), reading(self._engine) as conn:
            return compare(
                conn,
                detector=detector.name,
                span_start=span.start,
                span_end=span.end,
                findings=findings,
                in_scope=scope_of(detector, authorities),
            )

    def _lost_in(self, detector: Detector, span: Span) -> int:
        """Look thoroughly at the files of what a verdict on a span rests on; return how many are damaged."""
        reach = span.start - detector.before, span.end + detector.after
        return sum(
            len(self._archive.inspect(self._archive.overlapping(family, *reach), thorough=True))
            for family in detector.reads
        )

    def _rows(self, detector: Detector, span: Span) -> int:
        """Estimate the rows a detector judges in a span, from the manifest; 0 only if there is none."""
        if detector.judges_gaps:
            return sum(span.start <= start < span.end for start in self._gap_starts)
        if detector.judges_feeds:
            return bisect_left(self._fact_starts, span.end) - bisect_left(self._fact_starts, span.start)
        rows = 0.0
        for family in detector.reads:
            for segment in self._archive.overlapping(family, span.start, span.end):
                length = (segment.max_time - segment.min_time).total_seconds()
                shared = min(span.end, segment.max_time) - max(span.start, segment.min_time)
                rows += 1 + segment.rows * (shared.total_seconds() / length if length > 0 else 1.0)
        return int(rows)

    def authorities(self, detector: Detector, now: datetime) -> list[Authority]:
        """Return the live authorities the detector may judge under; [] for one that needs none."""
        return live_for(detector, self.grants.every(), now)

    def _reference(
        self,
        detector: Detector,
        authorities: Sequence[Authority],
        now: datetime,
        known_on: datetime | None = None,
    ) -> list[Reference]:
        wanted = authorities if detector.about.needs_authority else [None]
        if self._seen_on != known_on:
            self._seen.clear()
            self._made.clear()
            self._seen_on = known_on
        unseen = [one for one in wanted if one not in self._seen]
        if unseen:
            with store_faults(), reading(self._engine) as conn:
                for one in unseen:
                    opened = [] if one is None else [one]
                    self._seen[one] = self._references.reference(
                        conn, authorities=opened, known_on=known_on, now=now
                    )
        seen = [self._seen[one] for one in wanted]
        if detector.about.needs_authority:
            self.protected_stripped = max((one.protected_stripped for one in seen), default=0)
        return seen

    def _window(
        self, detector: Detector, span: Span, reference: Reference, known_on: datetime | None = None
    ) -> Window:
        start, end = span.start - detector.before, span.end + detector.after
        near = span.start - detector.recalls

        def past(family: Family) -> pl.LazyFrame:
            return _read_by(self._archive.scan(family, start, end, what_is_there=True), known_on)

        return Window(
            span=span,
            scan=lambda family: _read_by(self._archive.scan(family, near, end), known_on),
            past=past,
            reference=reference,
            force=self._force,
            made=self._made_of(span, reference),
            gaps=gap_frame(self._gaps(start, end, known_on)) if detector.judges_gaps else NO_GAPS,
            feed_facts=self._feed_facts(start, end, known_on) if detector.judges_feeds else NO_FACTS,
        )

    def _made_of(self, span: Span, reference: Reference) -> dict[Any, Any]:
        """Return what was made of a span in this round; of many spans, as a backlog has, only the last few are kept."""
        if (span, reference) not in self._made and len(self._made) >= MOST_MADE:
            del self._made[next(iter(self._made))]
        return self._made.setdefault((span, reference), {})

    def _feed_facts(self, start: datetime, end: datetime, known_on: datetime | None) -> pl.DataFrame:
        with store_faults(), reading(self._engine) as conn:
            found = pl.concat((facts.facts_between(conn, start, end), strangers.day_facts(conn, start, end)))
        return found if known_on is None else facts.as_known(found, known_on)

    def _gaps(self, start: datetime, end: datetime, known_on: datetime | None) -> list[Gap]:
        """Return the gaps that begin in a stretch, those that were filled too; as known at a time, if given."""
        with store_faults(), reading(self._engine) as conn:
            found = [gap for gap in gaps_between(conn, None, start, end, filled=True) if gap.start >= start]
            return found if known_on is None else as_known(conn, found, known_on)

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


def _read_by(events: pl.LazyFrame, known_on: datetime | None) -> pl.LazyFrame:
    """Leave out events that had not been read by then."""
    return events if known_on is None else events.filter(pl.col("event_ingested") <= known_on)


def _judged(difference: Difference) -> Judged:
    return Judged(
        pieces=1,
        added=len(difference.added),
        changed=len(difference.changed),
        same=len(difference.same),
        withdrawn=len(difference.gone),
    )


def _reasons(detector: Detector, windows: Sequence[Window], difference: Difference) -> Mapping[str, str]:
    """Ask the detector why findings are gone; with several authorities the first window that knows answers."""
    keys = [record.key for record in difference.gone]
    reasons: dict[str, str] = {}
    for window in windows if keys else ():
        reasons = {**detector.why_quiet(window, keys), **reasons}
    return reasons
