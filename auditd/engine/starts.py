"""When gaps and facts about feeds begin: what detectors that judge those have to judge, as events are for the others.

It must never say what a gap or a fact is: the books of auditd/gaps and auditd/health do.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from auditd.gaps.book import gaps_between
from auditd.health import facts, strangers
from detectors.detector import Span


class Starts:
    """The starts of every gap (filled ones too) and every fact about feeds, kept in step with what is stored."""

    def __init__(self, conn: Connection) -> None:
        self._gaps = {gap.start for gap in gaps_between(conn, None, None, None, filled=True)}
        self._facts = sorted(facts.starts(conn) | strangers.day_starts(conn))

    def add_gaps(self, starts: Iterable[datetime]) -> None:
        """Take in the starts of gaps."""
        self._gaps.update(starts)

    def add_facts(self, starts: Iterable[datetime]) -> None:
        """Take in the starts of facts, each once."""
        for start in starts:
            place = bisect_left(self._facts, start)
            if self._facts[place : place + 1] != [start]:
                self._facts.insert(place, start)

    def gaps_in(self, span: Span) -> int:
        """Return how many gaps begin in the span."""
        return sum(span.start <= start < span.end for start in self._gaps)

    def facts_in(self, span: Span) -> int:
        """Return at how many moments in the span a fact begins."""
        return bisect_left(self._facts, span.end) - bisect_left(self._facts, span.start)

    def first_fact(self) -> datetime | None:
        """Return when the first fact begins; None when there is none."""
        return self._facts[0] if self._facts else None

    def last_fact(self, now: datetime) -> datetime | None:
        """Return when the last fact began that has begun by `now`; None when none has."""
        noticed = bisect_right(self._facts, now)
        return self._facts[noticed - 1] if noticed else None
