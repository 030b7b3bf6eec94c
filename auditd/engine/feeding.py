"""Feeding: reference data from feed folders and queries into the database, and what it touches onto the judge's agenda.

One transaction holds both: a late incident is never known without its look-ups being judged again.
"""

from __future__ import annotations

import glob
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine

from auditd.archive.archive import Archive
from auditd.config.runtime import Config, Delivery
from auditd.engine.faults import store_faults
from auditd.engine.judge import Judge
from auditd.engine.touch import find_touched
from auditd.health.watch import FeedWatch
from auditd.reference.folder import FeedFolder
from auditd.reference.queries import FeedQueries
from auditd.reference.source import FeedQuery, FeedSource, FeedStatus
from auditd.reference.store import ReferenceStore
from auditd.reference.touched import NOTHING
from detectors.reference import Reference


@dataclass(frozen=True, slots=True)
class FeedNews:
    """How the deliveries stand after a look: every status, and the names of those that loaded something just now."""

    statuses: tuple[FeedStatus, ...]
    loaded: frozenset[str]


class Feeding:
    """Looks at the feed folders and queries when asked."""

    def __init__(
        self, config: Config, references: ReferenceStore, archive: Archive, engine: Engine, judge: Judge
    ) -> None:
        self._archive = archive
        self._engine = engine
        self._judge = judge
        self._references = references
        self._force = config.force
        self._sources = [feed_source(feed, config.storage.archive) for feed in config.feeds]
        self._folder = FeedFolder(references, [replace(source, query=None) for source in self._sources])
        self._queries = FeedQueries(references, self._sources)
        self._watch = FeedWatch(
            self._sources,
            archive=archive,
            engine=engine,
            references=references,
            force=config.force,
            note=judge.notes.facts,
            noted=judge.notes.settled,
        )
        self._loaded_at: Mapping[str, datetime | None] = {}

    def poll(self, now: datetime, *, settle: bool = True) -> FeedNews:
        """Load what is new; `settle` waits for files that may still be written, its absence for queries that run.

        Raises StoreUnavailable.
        """
        files, answers = self._folder.ready(wait=settle), self._queries.ready()
        if not settle:
            self._queries.wait()
            answers = self._queries.ready()
        if files or answers:
            self._load(now, settle=settle)
        statuses = self._statuses(now)
        loaded_at = {status.name: status.loaded_at for status in statuses}
        news = frozenset(name for name, at in loaded_at.items() if at != self._loaded_at.get(name))
        self._loaded_at = loaded_at
        return FeedNews(statuses, news)

    def look(self, now: datetime) -> None:
        """Bring the facts about feeds up to date, as far as that is due. Raises StoreUnavailable."""
        with store_faults():
            self._watch.look(now)

    def look_at_all(self, now: datetime) -> None:
        """Bring all facts about feeds up to date. Raises StoreUnavailable."""
        with store_faults():
            self._watch.look_at_all(now)

    def _statuses(self, now: datetime) -> tuple[FeedStatus, ...]:
        """Return a status for each delivery: that of its query, where it has one, with what its inbox has to say."""
        files = {status.name: status for status in self._folder.statuses(now)}
        for status in self._queries.statuses(now):
            problem = status.problem or files[status.name].problem
            files[status.name] = replace(status, problem=problem)
        return tuple(files[source.name] for source in self._sources)

    def _load(self, now: datetime, *, settle: bool) -> None:
        committed = False
        try:
            with store_faults(), self._engine.begin() as conn:
                touched = self._folder.poll(conn, now, wait=settle) | self._queries.poll(conn, now)
                if touched != NOTHING:
                    known = partial(self._identifiers, conn)
                    touches = find_touched(self._archive, touched, known, self._force, self._judge.reads)
                    self._judge.notes.touches(conn, touches)
                self._watch.taken(conn, [*self._folder.taken, *self._queries.taken], now)
            committed = True
        finally:
            self._judge.notes.settled(committed=committed)

    def _identifiers(self, conn: Connection) -> Reference:
        """Return who holds what as known after what was loaded just now."""
        return Reference({"identifiers": self._references.snapshot(conn)["identifiers"]})


def feed_source(feed: Delivery, archive: Path) -> FeedSource:
    """Return what is needed to take a configured delivery."""
    query = feed.query
    return FeedSource(
        name=feed.name,
        feed=feed.feed,
        files=feed.files,
        zone=feed.zone,
        mapping=feed.columns,
        complete=feed.complete,
        query=FeedQuery(query.url, query.text, query.every, query.timeout) if query else None,
        inbox=f"{glob.escape(str(inbox(archive, feed.name)))}/*",
    )


def inbox(archive: Path, name: str) -> Path:
    """Return the folder into which `access-auditd feed load` puts files for a delivery."""
    return archive / ".feeds" / name
