"""The watch over the sources: looks for silences, missing files and changed files, and keeps the book of gaps.

A look takes one source at a time, so that reading never waits long. It must never look for silence in a source that is
still being read up to its end: what is not read yet is not missing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine

from auditd.archive.archive import Archive
from auditd.config.runtime import Source
from auditd.database import reading
from auditd.gaps import book, sequences, silence, stops, volumes
from auditd.gaps.book import Fact, Gap
from auditd.gaps.record import Recorder
from auditd.gaps.rhythm import Rhythm
from auditd.gaps.sequences import Sequences
from auditd.gaps.silence import Quiet
from auditd.tail.tailer import Tailer

LOOK_SECONDS: Final = 20.0
ALIVE_SECONDS: Final = 10.0
WRONG_FORMAT: Final = "wrong_format"
_KEPT: Final = timedelta(weeks=12)
_RECENT: Final = timedelta(weeks=3)

NoteGaps = Callable[[Connection, Sequence[Gap]], None]


@dataclass(slots=True)
class News:
    """What one look changed: gaps noticed, ended and filled."""

    noticed: list[Gap] = field(default_factory=list)
    ended: list[Gap] = field(default_factory=list)
    filled: list[Gap] = field(default_factory=list)

    @property
    def all(self) -> list[Gap]:
        """Every gap that changed."""
        return [*self.noticed, *self.ended, *self.filled]

    def add(self, other: News) -> None:
        """Add what another look changed."""
        self.noticed += other.noticed
        self.ended += other.ended
        self.filled += other.filled


@dataclass(slots=True)
class _Watched:
    """One source under watch. full_day: the last day on which all of its history was looked at."""

    source: Source
    quiet: Quiet
    sequences: Sequences
    looked_at: float = float("-inf")
    full_day: str = ""


class Watch:
    """Watches the sources of one configuration. note, noted: the judge's, for the verdicts that gaps may change."""

    def __init__(
        self,
        sources: Iterable[Source],
        *,
        tailer: Tailer,
        archive: Archive,
        engine: Engine,
        recorder: Recorder,
        note: NoteGaps,
        noted: Callable[..., None],
    ) -> None:
        self._watched = [
            _Watched(source, Quiet(source.name), Sequences(source.name, source.format)) for source in sources
        ]
        self._tailer = tailer
        self._archive = archive
        self._engine = engine
        self._recorder = recorder
        self._note = note
        self._noted = noted
        self._run: int | None = None
        self._alive_at = float("-inf")
        self._counted = False
        self._news = News()
        self._misfits: Mapping[str, bool] | None = {}

    @property
    def running(self) -> bool:
        """Whether it knows of the daemon's run."""
        return self._run is not None

    def started(self, now: datetime) -> None:
        """The daemon begins to run."""
        with self._engine.begin() as conn:
            self._run, stop = stops.begin_run(conn, now)
            if stop is not None:
                self._note(conn, [stop])
        self._noted(committed=True)
        if stop is not None:
            self._news.noticed.append(stop)

    def stopped(self, now: datetime) -> None:
        """The daemon leaves as asked."""
        if self._run is not None:
            with self._engine.begin() as conn:
                stops.end_run(conn, self._run, now)
                self._recorder.courses.store(conn)

    def adopt(self, other: Watch) -> None:
        """Go on with the run of another watch, after a reload."""
        self._run = other._run

    def look(self, now: datetime, *, misfits: Mapping[str, bool] | None = None) -> News:
        """Look at changed files and formats, and at the one source whose turn it is; store and return what is new.

        misfits: by source, whether its lines stopped matching its format; a source not in it is not known.
        """
        self._begin(now)
        facts = [*self._oddities(now), *self._recorder.seals.look(self._engine, now)]
        news = News()
        if facts or misfits != self._misfits:
            news = self._keep(lambda conn: self._odd(conn, facts, misfits or {}, now))
            self._misfits = misfits
        due = min(self._watched, key=lambda one: one.looked_at, default=None)
        if due is not None and time.monotonic() - due.looked_at >= LOOK_SECONDS:
            news.add(self._look_at(due, now))
        news.add(self._taken())
        self._still_running(now)
        return news

    def look_at_all(self, now: datetime) -> News:
        """Look at every source at once."""
        self._begin(now)
        facts = self._oddities(now)
        news = self._keep(lambda conn: self._odd(conn, facts, {}, now))
        for watched in self._watched:
            news.add(self._look_at(watched, now))
        news.add(self._taken())
        with self._engine.begin() as conn:
            self._recorder.courses.store(conn)
        return news

    def _begin(self, now: datetime) -> None:
        if not self._counted:
            with self._engine.begin() as conn:
                volumes.count_archive(conn, self._archive, now)
            self._counted = True

    def _taken(self) -> News:
        taken, self._news = self._news, News()
        taken.noticed += self._recorder.steps_back()
        return taken

    def _still_running(self, now: datetime) -> None:
        if self._run is not None and time.monotonic() - self._alive_at >= ALIVE_SECONDS:
            with self._engine.begin() as conn:
                stops.still_running(conn, self._run, now)
                self._recorder.courses.store(conn)
            self._alive_at = time.monotonic()

    def _oddities(self, now: datetime) -> list[Fact]:
        return [
            Fact(odd.source, odd.kind, now, now, {"file": odd.file, "read": odd.read, "size": odd.size})
            for odd in self._tailer.oddities()
        ]

    def _odd(
        self, conn: Connection, facts: Collection[Fact], misfits: Mapping[str, bool], now: datetime
    ) -> News:
        news = News(noticed=[book.notice(conn, fact, now) for fact in facts])
        for source, misfit in misfits.items():
            known = [gap for gap in book.standing(conn, source, WRONG_FORMAT) if gap.state == "open"]
            if misfit and not known:
                news.noticed.append(book.notice(conn, Fact(source, WRONG_FORMAT, now, None), now))
            for gap in known if not misfit else ():
                book.end(conn, gap, at=now, now=now)
                news.ended.append(gap)
        return news

    def _look_at(self, watched: _Watched, now: datetime) -> News:
        watched.looked_at = time.monotonic()
        news = self._keep(lambda conn: self._missing_files(conn, watched, now))
        behind = self._tailer.behind().get(watched.source.name)
        if behind is not None and behind.files and behind.seconds > 0:
            return news
        news.add(self._silences(watched, now))
        return news

    def _missing_files(self, conn: Connection, watched: _Watched, now: datetime) -> News:
        known = book.standing(conn, watched.source.name, sequences.KIND)
        found = watched.sequences.look(conn, known, now)
        for gap in found.filled:
            book.fill(conn, gap, at=now, now=now)
        noticed = [book.notice(conn, fact, now) for fact in found.opened]
        return News(noticed=noticed, filled=list(found.filled))

    def _silences(self, watched: _Watched, now: datetime) -> News:
        source = watched.source
        if not source.rhythm and source.quiet_after is None:
            return News()
        with reading(self._engine) as conn:
            known = book.standing(conn, source.name, silence.KIND)
            since = self._since(watched, known, now)
            rhythm = Rhythm(source.context.zone, volumes.hours_of(conn, source.name, since=since))
        known = tuple(gap for gap in known if since is None or gap.start >= since + _RECENT)
        found = watched.quiet.look(rhythm, known, now, quiet_after=source.quiet_after)
        if not (found.opened or found.ended or found.filled):
            return News()
        return self._keep(lambda conn: _keep_silences(conn, rhythm, found, now))

    def _since(self, watched: _Watched, known: Sequence[Gap], now: datetime) -> datetime | None:
        """Return from when on the hours are needed: all at first and once a day, else those of twelve weeks."""
        day, seen = now.date().isoformat(), watched.quiet.seen
        old = now - _RECENT
        is_old = seen is None or seen < old or any(gap.end is None and gap.start < old for gap in known)
        if is_old or watched.full_day != day:
            watched.full_day = day
            return None
        return now - _KEPT

    def _keep(self, write: Callable[[Connection], News]) -> News:
        """Write what a look found and put the verdicts it may change on the judge's agenda, in one transaction."""
        committed = False
        try:
            with self._engine.begin() as conn:
                news = write(conn)
                self._note(conn, news.all)
            committed = True
        finally:
            self._noted(committed=committed)
        return news


def _keep_silences(conn: Connection, rhythm: Rhythm, found: silence.Silences, now: datetime) -> News:
    for gap, moment in found.ended:
        book.end(
            conn, gap, at=moment, now=now, detail={"usual_events": rhythm.usual_events(gap.start, moment)}
        )
    for gap, moment in found.filled:
        book.fill(conn, gap, at=moment, now=now)
    noticed = [book.notice(conn, fact, now) for fact in found.opened]
    return News(noticed, [gap for gap, _ in found.ended], [gap for gap, _ in found.filled])


def fill_wrong_format(conn: Connection, source: str, now: datetime) -> list[Gap]:
    """Say that nothing of a source is in quarantine any more: what did not match its format does now."""
    gaps = list(book.standing(conn, source, WRONG_FORMAT))
    for gap in gaps:
        book.fill(conn, gap, at=now, now=now)
    return gaps
