"""What is noted onto the agenda: which past verdicts new events, reference data, gaps and facts about feeds may change.

Each note is made in the transaction that brings what it is about. It must never leave out a run that what is new
concerns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from auditd.engine.agenda import Agenda
from auditd.engine.runs import Run
from auditd.engine.spans import reach
from auditd.engine.starts import Starts
from auditd.engine.touch import Touches
from auditd.gaps.book import Gap
from detectors.detector import Span
from parsers.event import Family

TICK: Final = timedelta(microseconds=1)


class Notes:
    """Notes for the runs of one judge; `settled` says after each transaction whether it came about."""

    def __init__(self, runs: Sequence[Run], agenda: Agenda, starts: Starts) -> None:
        self._runs = runs
        self._agenda = agenda
        self._starts = starts

    def events(self, conn: Connection, new: Mapping[Family, Sequence[Span]]) -> None:
        """Note that events in these spans are new."""
        self._agenda.note(conn, new)

    def touches(self, conn: Connection, touches: Touches) -> None:
        """Note what changed reference data touches."""
        for run in self._runs:
            self._agenda.note_spans(conn, run.key, touches.spans(run.detector))

    def gaps(self, conn: Connection, gaps: Sequence[Gap]) -> None:
        """Note gaps that are new or have changed."""
        starts = [gap.start for gap in gaps]
        self._starts.add_gaps(starts)
        self._note(conn, starts, [one for one in self._runs if one.detector.judges_gaps])

    def facts(self, conn: Connection, starts: Sequence[datetime]) -> None:
        """Note facts about feeds that are new or have changed, by their starts."""
        self._starts.add_facts(starts)
        self._note(conn, starts, [one for one in self._runs if one.detector.judges_feeds])

    def settled(self, *, committed: bool) -> None:
        """Learn whether the transaction of the notes came about."""
        self._agenda.noted(committed=committed)

    def _note(self, conn: Connection, starts: Sequence[datetime], runs: Sequence[Run]) -> None:
        spans = [Span(start, start + TICK) for start in starts]
        for run in runs if spans else ():
            touched = reach(spans, before=run.detector.before, after=run.detector.after)
            self._agenda.note_spans(conn, run.key, touched)
