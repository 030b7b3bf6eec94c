"""The windows detectors judge through: events, gated reference data, gaps and facts in reach of a span.

Contact lists come in by the gate of auditd/reference alone, one window for each authority. It must never mix two.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import polars as pl
from sqlalchemy import Engine

from alerts.authority import Authority
from auditd.archive.archive import Archive
from auditd.database import reading
from auditd.engine.faults import store_faults
from auditd.gaps.book import Gap, as_known, gap_frame, gaps_between
from auditd.health import facts, strangers
from auditd.reference.store import ReferenceStore
from detectors.detector import Detector, Span, Window
from detectors.feed_facts import NO_FACTS
from detectors.gaps import NO_GAPS
from detectors.reference import Reference
from parsers.event import Family
from parsers.force import Force

MOST_MADE: Final = 4


class Windows:
    """Builds windows, and keeps for a round what several of them share."""

    def __init__(self, *, archive: Archive, engine: Engine, references: ReferenceStore, force: Force) -> None:
        self._archive = archive
        self._engine = engine
        self._references = references
        self._force = force
        self.protected_stripped = 0
        # Reference data as seen in this round, by authority: one look at the database serves all its pieces.
        self._seen: dict[Authority | None, Reference] = {}
        self._seen_on: datetime | None = None
        # What detectors made of a span's events in this round: the next one may find more events in it.
        self._made: dict[tuple[Span, Reference], dict[Any, Any]] = {}

    def forget(self) -> None:
        """Begin a round: look at everything anew."""
        self._made.clear()
        self._seen.clear()

    def on(
        self,
        detector: Detector,
        span: Span,
        authorities: Sequence[Authority],
        now: datetime,
        *,
        known_on: datetime | None = None,
    ) -> list[Window]:
        """Return the windows of a detector upon a span: one, or one per authority for a detector that needs them.

        known_on: with what was known at that time - events read, reference data, gaps, facts - instead of now.
        """
        references = self._reference(detector, authorities, now, known_on)
        return [self._window(detector, span, reference, known_on) for reference in references]

    def _reference(
        self, detector: Detector, authorities: Sequence[Authority], now: datetime, known_on: datetime | None
    ) -> list[Reference]:
        wanted = authorities if detector.about.needs_authority else [None]
        if self._seen_on != known_on:
            self.forget()
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
        self, detector: Detector, span: Span, reference: Reference, known_on: datetime | None
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


def _read_by(events: pl.LazyFrame, known_on: datetime | None) -> pl.LazyFrame:
    """Leave out events that had not been read by then."""
    return events if known_on is None else events.filter(pl.col("event_ingested") <= known_on)
