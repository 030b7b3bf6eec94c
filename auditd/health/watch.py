"""The watch over the feeds: brings their facts up to date and counts whom nobody knows, a day at a time.

Every change puts the fact's start on the judge's agenda, in the transaction that stores it. It must never make reading
wait for more than one day of events.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from sqlalchemy import Connection, Engine

from auditd.archive.archive import Archive
from auditd.database import reading
from auditd.health import facts, strangers
from auditd.reference.source import FeedSource, Taken
from auditd.reference.store import ReferenceStore
from detectors.reference import Reference
from parsers.force import Force

LOOK_SECONDS: Final = 600.0
_RECOUNTED: Final = timedelta(days=1)

NoteFacts = Callable[[Connection, Sequence[datetime]], None]


class FeedWatch:
    """Watches the deliveries of one configuration. note, noted: the judge's, for verdicts that facts may change."""

    def __init__(
        self,
        sources: Sequence[FeedSource],
        *,
        archive: Archive,
        engine: Engine,
        references: ReferenceStore,
        force: Force,
        note: NoteFacts,
        noted: Callable[..., None],
    ) -> None:
        self._sources = list(sources)
        self._archive = archive
        self._engine = engine
        self._references = references
        self._force = force
        self._note = note
        self._noted = noted
        self._looked_at = float("-inf")
        self._recount = False

    def taken(self, conn: Connection, taken: Sequence[Taken], now: datetime) -> None:
        """Write down what was delivered, in the transaction that loads it."""
        changed = facts.note_taken(conn, taken, now)
        self._note(conn, [fact.start for fact in changed])
        self._recount |= any(one.source.feed == "identifiers" and one.report.touched for one in taken)

    def look(self, now: datetime) -> None:
        """Do what is due: now and then all feeds, then a day of events at each call until all are counted."""
        if time.monotonic() - self._looked_at < LOOK_SECONDS:
            return
        self._look_at_feeds(now)
        if len(self._count(now, most=1)) == 0:
            self._looked_at = time.monotonic()

    def look_at_all(self, now: datetime) -> None:
        """Do everything at once."""
        self._look_at_feeds(now)
        self._count(now, most=None)

    def _look_at_feeds(self, now: datetime) -> None:
        def write(conn: Connection) -> list[datetime]:
            if self._recount:
                strangers.recount_since(conn, now - _RECOUNTED)
            return [fact.start for fact in facts.look(conn, self._sources, now)]

        with reading(self._engine) as conn:
            due = self._recount or facts.is_due(conn, self._sources, now)
        if due:
            self._keep(write)
            self._recount = False

    def _count(self, now: datetime, *, most: int | None) -> list[datetime]:
        """Count days that are not counted yet, at most so many, hours that are over only; return those that are left.

        most: None counts all there are, the hour under way too.
        """
        with reading(self._engine) as conn:
            days = strangers.days_to_count(conn, None if most is None else now)
            if not days:
                return []
            reference = self._references.reference(conn, authorities=[], now=now)
        todo = days[:most]
        for day in todo:
            self._keep(partial(self._count_day, reference, day))
        return days[len(todo) :]

    def _count_day(self, reference: Reference, day: datetime, conn: Connection) -> list[datetime]:
        return strangers.count_day(conn, self._archive, reference, self._force, day)

    def _keep(self, write: Callable[[Connection], Sequence[datetime]]) -> None:
        committed = False
        try:
            with self._engine.begin() as conn:
                self._note(conn, write(conn))
            committed = True
        finally:
            self._noted(committed=committed)
