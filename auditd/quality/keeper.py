"""Keeps the book of quality up to date while the daemon runs: a piece of the archive at a time, beside the reading.

It must never make a tick wait: counting goes on in a thread of its own, and a look starts or collects one piece.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from polars.exceptions import PolarsError
from sqlalchemy import Engine

from auditd.archive.archive import Archive
from auditd.archive.segment import Segment
from auditd.database import reading
from auditd.quality import book
from auditd.quality.counting import DayCount, Piece, Place, count, intact_segments, rows_of, rows_of_days
from auditd.quality.profile import Profile

LOOK_SECONDS: Final = 20.0
AGAIN_SECONDS: Final = 300.0
"""A day that still grows is counted again after so long."""
DAYS_REMEMBERED: Final = 6


@dataclass(frozen=True, slots=True)
class _Job:
    """A piece that is being counted. archive_rows: of the day; is_last: with it all that was there then is counted."""

    day: DayCount
    piece: Piece
    segments: list[Segment]
    archive_rows: int
    is_last: bool
    result: Future[dict[str, Profile]]


class Keeper:
    """Counts the days whose events in the archive are not those that were counted, the newest first."""

    def __init__(self, archive: Archive, engine: Engine) -> None:
        self._archive = archive
        self._engine = engine
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="quality")
        self._stored: dict[Place, int] | None = None
        self._days: dict[Place, DayCount] = {}
        self._counted_at: dict[Place, float] = {}
        self._job: _Job | None = None
        self._looked_at = float("-inf")
        self._shares: tuple[str, dict[tuple[str, ...], float]] | None = None

    def close(self) -> None:
        """Let the thread go; what it was counting is counted again."""
        self._pool.shutdown(cancel_futures=True)

    def forget(self) -> None:
        """Read anew from the database what was counted: another process may have had it."""
        self._stored = self._shares = None

    def look(self, now: datetime) -> bool:
        """Take in what was counted and begin with the next piece; return whether a day was stored.

        Where a file of the archive cannot be read its rows are left out, as everywhere.
        """
        if self._job is not None:
            if not self._job.result.done():
                return False
            job, self._job = self._job, None
            if self._collect(job) and job.is_last:
                # Not what came meanwhile: a day that grows all the time would never be stored.
                self._store(job.day, job.archive_rows, now)
                return True
            return self._go_on(job.day, now)
        if time.monotonic() - self._looked_at < LOOK_SECONDS:
            return False
        day = self._next_day()
        if day is None:
            self._looked_at = time.monotonic()
            return False
        return self._go_on(day, now)

    def shares(self, now: datetime) -> dict[tuple[str, ...], float]:
        """Return by source and aspect what share of the events tell it, of the newest day counted that has begun.

        Aspects that a family cannot tell are not counted against it.
        """
        today = now.date().isoformat()
        if self._shares is None or self._shares[0] != today:
            with reading(self._engine) as conn:
                self._shares = (today, book.newest_shares(conn, until=today))
        return self._shares[1]

    def _collect(self, job: _Job) -> bool:
        """Take in what was counted; False where files turned out to be lost, which are left out from now on."""
        try:
            job.day.counted[job.piece] = job.result.result()
        except (PolarsError, OSError):
            if not self._archive.inspect(job.segments, thorough=True):
                raise
            return False
        return True

    def _go_on(self, day: DayCount, now: datetime) -> bool:
        """Begin to count the next piece of a day, or store it when there is none."""
        archive_rows = rows_of_days(self._archive).get((day.family, day.day), 0)
        todo = list(islice(day.missing(intact_segments(self._archive, day.family, day.day)), 2))
        if not todo:
            self._store(day, archive_rows, now)
            return True
        piece, segments = todo[0]
        rows = rows_of(self._archive, day.family, piece, segments)  # here: the archive is not for two threads
        counting = self._pool.submit(count, rows, day.family)
        self._job = _Job(day, piece, segments, archive_rows, len(todo) == 1, counting)
        return False

    def _store(self, day: DayCount, archive_rows: int, now: datetime) -> None:
        place = (day.family, day.day)
        with self._engine.begin() as conn:
            book.store(conn, day.family, day.day, day.profiles(), archive_rows=archive_rows, now=now)
        self._known()[place] = archive_rows
        self._counted_at[place] = time.monotonic()
        self._shares = None

    def _known(self) -> dict[Place, int]:
        if self._stored is None:
            with reading(self._engine) as conn:
                self._stored = book.counted_rows(conn)
        return self._stored

    def _next_day(self) -> DayCount | None:
        place = next(iter(stale(self._archive, self._known(), resting=self._resting())), None)
        if place is None:
            return None
        day = self._days.pop(place, None) or DayCount(*place)
        self._days[place] = (
            day  # the last is the newest; of a day that grows what was counted is not read again
        )
        while len(self._days) > DAYS_REMEMBERED:
            del self._days[next(iter(self._days))]
        return day

    def _resting(self) -> set[Place]:
        since = time.monotonic() - AGAIN_SECONDS
        self._counted_at = {place: at for place, at in self._counted_at.items() if at > since}
        return set(self._counted_at)


def stale(archive: Archive, stored: Mapping[Place, int], *, resting: set[Place] | None = None) -> list[Place]:
    """Return the families and days of which the archive has other rows than were counted, newest day first."""
    differing = [
        place
        for place, rows in rows_of_days(archive).items()
        if stored.get(place) != rows and place not in (resting or ())
    ]
    return sorted(differing, key=lambda place: place[1], reverse=True)
