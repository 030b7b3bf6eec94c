"""Feeding: reference data from the feed folders into the database, and what it touches onto the judge's agenda.

One transaction holds both: a late incident is never known without its look-ups being judged again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from auditd.archive.archive import Archive
from auditd.config.runtime import Config
from auditd.engine.faults import store_faults
from auditd.engine.judge import Judge
from auditd.engine.touch import find_touched
from auditd.reference.folder import FeedFolder, FeedSource, FeedStatus
from auditd.reference.store import ReferenceStore
from auditd.reference.touched import NOTHING


@dataclass(frozen=True, slots=True)
class FeedNews:
    """How the deliveries stand after a look: every status, and the names of those that loaded something just now."""

    statuses: tuple[FeedStatus, ...]
    loaded: frozenset[str]


class Feeding:
    """Looks at the feed folders when asked."""

    def __init__(
        self, config: Config, references: ReferenceStore, archive: Archive, engine: Engine, judge: Judge
    ) -> None:
        self._archive = archive
        self._engine = engine
        self._judge = judge
        self._folder = FeedFolder(
            references,
            [
                FeedSource(
                    name=feed.name,
                    feed=feed.feed,
                    files=feed.files,
                    zone=feed.zone,
                    mapping=feed.columns,
                    complete=feed.complete,
                )
                for feed in config.feeds
            ],
        )
        self._loaded_at: Mapping[str, datetime | None] = {}

    def poll(self, now: datetime, *, settle: bool = True) -> FeedNews:
        """Load what is new; `settle` waits for files that may still be written. Raises StoreUnavailable."""
        if self._folder.ready(wait=settle):
            self._load(now, settle=settle)
        statuses = self._folder.statuses(now)
        loaded_at = {status.name: status.loaded_at for status in statuses}
        news = frozenset(name for name, at in loaded_at.items() if at != self._loaded_at.get(name))
        self._loaded_at = loaded_at
        return FeedNews(statuses, news)

    def _load(self, now: datetime, *, settle: bool) -> None:
        committed = False
        try:
            with store_faults(), self._engine.begin() as conn:
                touched = self._folder.poll(conn, now, wait=settle)
                if touched != NOTHING:
                    self._judge.note_touches(conn, find_touched(self._archive, touched))
            committed = True
        finally:
            self._judge.noted(committed=committed)
