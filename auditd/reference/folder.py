"""Watches the files of the configured feeds and loads those that are new or changed.

It must never load a file that is still being written, nor let a file that cannot be read stop the others. It trusts
`stat` only: what a file is called, where it came from and when it was copied make no difference.
"""

from __future__ import annotations

import glob
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fnmatch import fnmatchcase
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import Connection

from auditd.reference.known import NO_LOADS, Mark, latest_mark, still_there
from auditd.reference.loads import FeedFile, LoadReport
from auditd.reference.reading import FeedRefused, read_feed
from auditd.reference.source import FeedSource, FeedStatus, Taken, complaints, read_as, status_of
from auditd.reference.store import ReferenceStore
from auditd.reference.touched import NOTHING, Touched, together

__all__ = ["FeedFolder", "FeedSource", "FeedStatus"]

QUIET_SECONDS: Final = 1.0
QUIET_SECONDS_UNFINISHED: Final = 10.0
RETRY_SECONDS: Final = 10.0


class Look(NamedTuple):
    """What `stat` says of a file; as long as it says the same, the file is the same."""

    inode: int
    size: int
    modified_ns: int


@dataclass(slots=True)
class _File:
    """What is remembered of one file: how it looks since when, how it looked when taken, and what became of it."""

    look: Look
    since: float
    taken: Look | None = None
    report: LoadReport | None = None
    problem: str = ""
    retry_at: float = 0.0


class FeedFolder:
    """The files of all feeds. clock: seconds since the epoch, to be compared with the times of files."""

    def __init__(
        self,
        store: ReferenceStore,
        sources: Sequence[FeedSource],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._sources = tuple(sources)
        self._clock = clock
        self._files: dict[str, dict[str, _File]] = {source.name: {} for source in self._sources}
        self._loaded_at: dict[str, datetime] = {}
        self._mark: Mark = NO_LOADS
        self._unconfirmed = False
        self.taken: list[Taken] = []
        """What the last poll took or refused, known files among it."""

    def ready(self, *, wait: bool = True) -> bool:
        """Tell whether `poll` has something to do; touches files only, never the database."""
        due = any(True for source in self._sources for _ in self._due(source, wait=wait))
        return due or self._unconfirmed

    def poll(self, conn: Connection, now: datetime, *, wait: bool = True) -> Touched:
        """Load every file that is new or has changed, and return what that touches.

        wait=False takes files as they are, even if they were written a moment ago. Should the caller's transaction
        not be committed, the next poll notices and loads the same files again.
        """
        self.taken = []
        if not still_there(conn, self._mark):
            self._forget()
        loaded = [
            self._take(conn, source, path, now, wait=wait)
            for source in self._sources
            for path in list(self._due(source, wait=wait))
        ]
        mark = latest_mark(conn) if loaded else self._mark
        self._unconfirmed = mark != self._mark
        self._mark = mark
        return together(loaded)

    def statuses(self, now: datetime) -> tuple[FeedStatus, ...]:
        """Return how every configured delivery stands, as of the last poll."""
        return tuple(self._status(source, now) for source in self._sources)

    def _status(self, source: FeedSource, now: datetime) -> FeedStatus:
        files, loaded_at = self._files[source.name], self._loaded_at.get(source.name)
        problems = [file.problem for file in files.values() if file.problem]
        if not files and loaded_at is None and source.files:
            problems = [f"no file matches {', '.join(source.files)}"]
        return status_of(
            source,
            [file.report for file in files.values() if file.report is not None],
            problems,
            loaded_at=loaded_at,
            now=now,
            files=len(files),
            waiting=sum(file.taken != file.look and not file.problem for file in files.values()),
        )

    def _forget(self) -> None:
        self._mark = NO_LOADS
        self._loaded_at.clear()
        for files in self._files.values():
            files.clear()

    def _due(self, source: FeedSource, *, wait: bool) -> Iterator[str]:
        """Yield the files to take, oldest first, so that the newest has the last word."""
        files = self._files[source.name]
        looks = dict(_looks((*source.files, source.inbox)))
        for path in files.keys() - looks.keys():
            del files[path]
        for path, look in sorted(looks.items(), key=lambda item: (item[1].modified_ns, item[0])):
            file = files.get(path)
            if file is None or file.look != look:
                file = replace(file, look=look) if file else _File(look, 0.0)
                file.since, file.retry_at, files[path] = self._clock(), 0.0, file
            if file.taken != look and (not wait or self._is_quiet(path, file)):
                yield path

    def _is_quiet(self, path: str, file: _File) -> bool:
        """Tell whether the file has not changed for long enough, by its own time or by our watching it."""
        now = self._clock()
        if now < file.retry_at:
            return False
        quiet = max(now - file.look.modified_ns / 1e9, now - file.since)
        return quiet >= QUIET_SECONDS and (quiet >= QUIET_SECONDS_UNFINISHED or _ends_in_newline(path))

    def _take(self, conn: Connection, source: FeedSource, path: str, now: datetime, *, wait: bool) -> Touched:
        file = self._files[source.name][path]
        try:
            data, look = _read(path)
        except OSError as error:
            file.problem = f"{path} cannot be read: {error.strerror}. Give the service read access to it"
            file.retry_at = self._clock() + RETRY_SECONDS
            return NOTHING
        if look is None:
            return NOTHING
        if not wait and self._may_be_half(source, path, data, look):
            source = replace(source, complete=False)  # what it does not state yet has not ended
        identity = FeedFile(path, sha256(data).hexdigest(), read_as(source, self._store.force), source.name)
        known = self._store.already(conn, source.feed, identity)
        file.report = known or self._read(conn, source, data, identity, now)
        file.taken = file.look = look
        self.taken.append(Taken(source, file.report, look.modified_ns))
        if not file.report.problem:
            self._loaded_at[source.name] = file.report.loaded_at
        file.problem = "; ".join(f"{path}: {text}" for text in complaints(file.report))
        return file.report.touched

    def _may_be_half(self, source: FeedSource, path: str, data: bytes, look: Look) -> bool:
        """Tell whether a file that nobody waited for has an unfinished last line, and was written just now."""
        young = self._clock() - look.modified_ns / 1e9 < QUIET_SECONDS_UNFINISHED
        return young and not data.endswith(b"\n") and not fnmatchcase(path, source.inbox)

    def _read(
        self, conn: Connection, source: FeedSource, data: bytes, file: FeedFile, now: datetime
    ) -> LoadReport:
        try:
            reading = read_feed(
                data, source.feed, zone=source.zone, mapping=source.mapping, force=self._store.force
            )
        except FeedRefused as refused:
            return self._store.refuse(conn, source.feed, now=now, file=file, problem=str(refused))
        return self._store.load(conn, reading, now=now, file=file, complete=source.complete)


def _looks(patterns: Sequence[str]) -> Iterator[tuple[str, Look]]:
    for path in chain.from_iterable(glob.glob(p, recursive=True) for p in patterns):  # noqa: PTH207 - absolute patterns
        try:
            found = Path(path).stat()
        except OSError:
            continue  # gone between the two calls, or a dangling link
        yield path, Look(found.st_ino, found.st_size, found.st_mtime_ns)


def _read(path: str) -> tuple[bytes, Look | None]:
    """Return the file's bytes and how it looked; None where it was changed while it was read."""
    with Path(path).open("rb") as file:
        before = os.fstat(file.fileno())
        data = file.read()
        after = os.fstat(file.fileno())
    look = Look(after.st_ino, after.st_size, after.st_mtime_ns)
    same = look == Look(before.st_ino, before.st_size, before.st_mtime_ns) and len(data) == look.size
    return data, look if same else None


def _ends_in_newline(path: str) -> bool:
    try:
        with Path(path).open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"
    except OSError:
        return True  # empty or unreadable: reading it will say so
