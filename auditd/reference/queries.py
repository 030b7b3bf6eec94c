"""Asks the queries of the configured feeds at their intervals, each in a thread of its own, and loads what they return.

A query never makes reading wait: the thread touches the foreign database alone, the loop takes up its answer. It must
never let one that fails or hangs stop the others, nor ask again while it has not answered.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Thread
from typing import Final

from sqlalchemy import Connection

from auditd.reference.known import Mark, latest_mark, still_there
from auditd.reference.loads import FeedFile, LoadReport
from auditd.reference.query import Asked, Question, ask
from auditd.reference.records import FeedRefused
from auditd.reference.source import FeedQuery, FeedSource, FeedStatus, Taken, complaints, read_as, status_of
from auditd.reference.store import ReferenceStore
from auditd.reference.touched import NOTHING, Touched, together

RETRY_SECONDS: Final = 60.0


@dataclass(slots=True)
class _Run:
    """One run of a query: the thread that asks, and what it brought: an answer, or why there is none."""

    thread: Thread
    began: float
    answer: Asked | None = None
    refused: str = ""


@dataclass(slots=True)
class _Asking:
    """What is remembered of one query: its run, when the next is due, and what became of the last."""

    source: FeedSource
    query: FeedQuery
    run: _Run | None = None
    due: float = 0.0
    report: LoadReport | None = None
    problem: str = ""
    failures: int = 0
    taken_at: datetime | None = None
    unconfirmed: _Run | None = None
    mark: Mark | None = None


class FeedQueries:
    """The queries of all feeds. clock: seconds that only go forward."""

    def __init__(
        self,
        store: ReferenceStore,
        sources: Sequence[FeedSource],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._asking = [_Asking(source, source.query) for source in sources if source.query]
        self._clock = clock
        self.taken: list[Taken] = []
        """What the last poll took or refused."""

    def ready(self) -> bool:
        """Start what is due; tell whether an answer is there to be loaded, or one has to be told late."""
        now = self._clock()
        for asking in self._asking:
            if asking.run is None and now >= asking.due:
                asking.run = self._start(asking.source, asking.query, now)
        return any(self._has_news(asking, now) for asking in self._asking)

    def wait(self) -> None:
        """Wait for the queries that are running, each for as long as it may take."""
        for asking in self._asking:
            if asking.run is not None:
                limit = asking.run.began + asking.query.timeout.total_seconds()
                asking.run.thread.join(max(0.0, limit - self._clock()))

    def poll(self, conn: Connection, now: datetime) -> Touched:
        """Load every answer that is there, and return what that touches.

        Should the caller's transaction not be committed, the next poll notices and loads the same answers again.
        """
        self.taken = []
        return together([self._take_up(conn, asking, now) for asking in self._asking])

    def statuses(self, now: datetime) -> tuple[FeedStatus, ...]:
        """Return how every query stands, as of the last poll."""
        return tuple(
            status_of(
                asking.source,
                [asking.report] if asking.report else [],
                [asking.problem] if asking.problem else [],
                loaded_at=asking.taken_at,
                now=now,
                waiting=asking.run is not None,
                failures=asking.failures,
            )
            for asking in self._asking
        )

    def _start(self, source: FeedSource, query: FeedQuery, now: float) -> _Run:
        question = Question(
            source.feed, query.url, query.text, source.zone, source.mapping, self._store.force
        )

        def work() -> None:
            try:
                run.answer = ask(question)
            except FeedRefused as refused:
                run.refused = str(refused)

        # A daemon: a database that never answers must not keep the process from leaving.
        run = _Run(Thread(target=work, name=f"feed-{source.name}", daemon=True), now)
        run.thread.start()
        return run

    def _has_news(self, asking: _Asking, now: float) -> bool:
        if asking.unconfirmed is not None:
            return True
        return asking.run is not None and (not asking.run.thread.is_alive() or self._hangs(asking, now))

    def _hangs(self, asking: _Asking, now: float) -> bool:
        """Tell whether a run takes longer than it may and that has not been said."""
        late = asking.run is not None and now - asking.run.began >= asking.query.timeout.total_seconds()
        return late and not asking.problem

    def _take_up(self, conn: Connection, asking: _Asking, now: datetime) -> Touched:
        again, run = asking.unconfirmed, asking.run
        if again is not None and asking.mark is not None and still_there(conn, asking.mark):
            asking.unconfirmed = again = None
        if run is not None and not run.thread.is_alive():
            asking.run = None
            wait = asking.query.every.total_seconds()
            asking.due = self._clock() + (min(wait, RETRY_SECONDS) if run.refused else wait)
            return self._finish(conn, asking, run, now)
        if run is not None and self._hangs(asking, self._clock()):
            problem = "the query has not answered in time: is the database busy, is a table locked?"
            self._fail(conn, asking, problem, now)
        return NOTHING if again is None else self._finish(conn, asking, again, now)

    def _fail(self, conn: Connection, asking: _Asking, problem: str, now: datetime) -> None:
        asking.problem = problem
        asking.failures += 1
        file = self._file(asking.source, "")
        report = self._store.refuse(conn, asking.source.feed, now=now, file=file, problem=problem)
        self.taken.append(Taken(asking.source, report))

    def _finish(self, conn: Connection, asking: _Asking, run: _Run, now: datetime) -> Touched:
        source = asking.source
        if run.answer is None:
            self._fail(conn, asking, run.refused or "the query ended without an answer: report it", now)
            return NOTHING
        asking.unconfirmed, asking.mark = run, None
        file = self._file(source, run.answer.content_sha256)
        report = self._store.load(conn, run.answer.reading, now=now, file=file, complete=source.complete)
        asking.report, asking.taken_at, asking.mark = report, now, latest_mark(conn)
        asking.problem = "; ".join(complaints(report))
        self.taken.append(Taken(source, report))
        return report.touched

    def _file(self, source: FeedSource, content_sha256: str) -> FeedFile:
        understood = read_as(source, self._store.force)
        return FeedFile(f"query {source.name}", content_sha256, understood, source.name)
