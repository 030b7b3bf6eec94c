"""One source as it is on disk: which files belong to it, which were rotated away, which are done.

It must never drop a file because it could not be looked at, and never read history that lay there before the source
was first read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from auditd.tail.arrivals import Arrivals
from auditd.tail.chunk import Chunk
from auditd.tail.content import NotYet
from auditd.tail.cursor import Cursor
from auditd.tail.descriptors import Descriptors
from auditd.tail.discover import Folders, Sighting, discover, trouble
from auditd.tail.endings import Endings
from auditd.tail.file import LogFile
from auditd.tail.finished import Finished
from auditd.tail.homes import Homes
from auditd.tail.oddity import Oddity
from auditd.tail.places import Places
from auditd.tail.recognise import Recognition
from auditd.tail.rejoin import Rejoining
from auditd.tail.report import Problem
from auditd.tail.source import TailSource
from auditd.tail.waiting import Waiting


class WatchedSource:
    """The files of one source."""

    def __init__(
        self,
        source: TailSource,
        cursors: Iterable[Cursor],
        *,
        settle_seconds: float,
        descriptors: Descriptors,
        now: float,
    ) -> None:
        cursors = list(cursors)
        self.source = source
        self.files = [LogFile(source, cursor, now) for cursor in cursors if not cursor.finished]
        self.problems: list[Problem] = []
        self.oddities: list[Oddity] = []
        self.changed: dict[str, LogFile] = {}
        self._settle = settle_seconds
        self._descriptors = descriptors
        self._places = Places(cursors)
        finished = Finished(cursor for cursor in cursors if cursor.finished)
        self._recognition = Recognition(
            self.files,
            finished,
            descriptors=descriptors,
            settle_seconds=settle_seconds,
            report=self._report,
        )
        self._arrivals = Arrivals(source, finished, self._recognition, settle_seconds=settle_seconds)
        self._waiting = Waiting(settle_seconds)
        self._endings = Endings(source, self._recognition, settle_seconds=settle_seconds)
        self._rejoining = Rejoining(source)
        self._homes = Homes(
            self.files, finished, self._places, self._waiting, begin=self._first_sight, report=self._report
        )
        self._sightings: list[Sighting] = []
        self._folders = Folders()
        self._moved_on: list[tuple[str, int]] = []

    def reconcile(self, now: float) -> None:
        """Bring what is known of the files up to what is on disk."""
        self._sightings, self.problems = discover(self.source)
        self._recognition.begin()
        self._folders = Folders()
        self._moved_on = []
        for file in list(self.files):
            self._look(file, now)
        free = self._attach(now)
        for home, since_ns in self._moved_on:  # only now: what is known has found its files
            self._homes.catch_up(home, since_ns, self._folders, now)
        taken = {file.key for file in self.files}
        for sighting in free:
            if sighting.key not in taken:
                self._first_sight(sighting, sighting.path, now)
        self._homes.follow(self._sightings, self._folders, now)
        self._homes.take_in_waiting(now)
        for file in list(self.files):
            self._settle_down(file, now)

    def chunks(self, block_bytes: int, now: float, *, ahead: int = 1) -> Iterator[tuple[LogFile, Chunk]]:
        """Yield chunks with their files, oldest file first; stop at a file that has more to give than one chunk."""
        self._rejoining.begin(self.files)
        for file in sorted(self.files, key=_age):
            if self._has_moved(file, now):
                return
            if self._waits(file):
                continue
            chunk = self._read(file, block_bytes, now, ahead)
            if chunk is not None:
                yield file, chunk
            if file.unsearched and (file.chunk is not None or file.compressed):
                return

    def retire(self, file: LogFile) -> None:
        """Let go of a file that is finished."""
        self._descriptors.close(file)
        self.files.remove(file)
        self._homes.forget(file.home)
        self._arrivals.finished.add(file.end())

    def cursors_changed(self) -> list[Cursor]:
        """Return, once, the cursors that changed without a chunk: files first seen, finished, or compressed since."""
        changed = self._arrivals.moved + [file.cursor for file in self.changed.values()]
        self._arrivals.moved = []
        self.changed.clear()
        return changed

    def close(self) -> None:
        """Close every descriptor."""
        self._arrivals.close()
        for file in self.files:
            self._descriptors.close(file)

    def _has_moved(self, file: LogFile, now: float) -> bool:
        """Open a closed file that has something to give; whether it must be looked for before newer files are read."""
        if file.content is not None or file.key is None or file.abandoned:
            return False
        if not (file.unsearched or file.ending):
            return False
        try:
            return not self._recognition.open(file, file.location, now)
        except (FileNotFoundError, NotYet):
            return True
        except OSError as error:
            self._report(file.location, error)
            return False

    def _waits(self, file: LogFile) -> bool:
        """Tell whether a new file waits for the one before it, which ends in half a record."""
        try:
            return self._rejoining.waits(file)
        except OSError as error:
            self._report(file.location, error)
            return False

    def _read(self, file: LogFile, block_bytes: int, now: float, ahead: int) -> Chunk | None:
        try:
            chunk = file.read(block_bytes, now, ahead=ahead)
        except OSError as error:
            self._report(file.location, error)
            return None
        if chunk is not None and file.content is not None:
            self._descriptors.used(file)
        return chunk

    def _report(self, path: str, error: OSError) -> None:
        self.problems += [one for one in trouble(self.source.name, path, error) if one not in self.problems]

    def _look(self, file: LogFile, now: float) -> None:
        """See how an open file has grown, and whether it is still the same."""
        try:
            if file.destroyed or not file.observe(now):
                self._destroyed(file, now)
            if (reason := self._endings.hindrance(file, now)) is not None:
                self.problems.append(Problem(self.source.name, file.location, reason))
        except OSError as error:
            self._report(file.location, error)

    def _destroyed(self, file: LogFile, now: float) -> None:
        """Go on in the copy of a file that was truncated; without one, count what was known to be unread."""
        known_size = file.size
        file.destroyed, file.replaced = False, True
        if self._recognition.find_copy(file, self._around(file), now):
            file.lose_what_is_missing(known_size)
        elif self._may_be_hidden(file):
            # No copy is to be seen, which does not say that there is none.
            file.truncated, file.key = True, None
            self._descriptors.close(file)
        else:
            self._note_oddity(file)
            self._give_up(file, "truncated")
        self._moved_on.append((file.home, file.live_modified_ns))

    def _note_oddity(self, file: LogFile) -> None:
        """Remember that what was read of an open file is gone from it, and no copy of it is to be found."""
        extent = None if file.content is None or file.compressed else file.content.extent()
        if extent is None or not file.offset:
            return
        kind: Literal["shrunk", "edited"] = "shrunk" if extent.size < file.offset else "edited"
        self.oddities.append(Oddity(self.source.name, file.cursor.file, kind, file.offset, extent.size))

    def _give_up(self, file: LogFile, reason: str) -> None:
        file.abandon(reason)
        file.key = None
        self._descriptors.close(file)

    def _around(self, file: LogFile) -> list[Sighting]:
        """Return everything that may be the file under another name."""
        return list((self._folders.beside(file.home) | {one.key: one for one in self._sightings}).values())

    def _attach(self, now: float) -> list[Sighting]:
        """Match sightings to files by device and inode, search for the others; return the sightings not matched."""
        by_key = {file.key: file for file in self.files}
        free: list[Sighting] = []
        present: set[str] = set()
        for sighting in self._sightings:
            file = by_key.get(sighting.key)
            if file is not None and self._recognition.is_at(file, sighting, now):
                present.add(file.cursor.file)
            else:
                free.append(sighting)
        for file in list(self.files):
            if file.content is None and not file.ending and file.cursor.file not in present:
                self._recover(file, now)
        return free

    def _recover(self, file: LogFile, now: float) -> None:
        """Find a closed file that is not where it was, or the copy of it if it was truncated."""
        known_size = file.size
        still_there = self._folders.beside(file.home).get(file.key) if file.key else None
        if still_there is not None and self._recognition.is_at(file, still_there, now):
            return
        around = self._around(file)
        moved = not file.truncated and self._recognition.find(file, around, now)
        if moved or self._recognition.find_copy(file, around, now):
            file.truncated = False
            file.lose_what_is_missing(known_size)
            self._moved_on.append((file.home, file.live_modified_ns or file.amounts.modified_ns))
        else:
            self._missing(file, now)

    def _missing(self, file: LogFile, now: float) -> None:
        """Wait for a file that is nowhere, as long as its folder cannot be looked at; then count it as gone."""
        if any(one.path == file.location for one in self.problems) or self._may_be_hidden(file):
            return
        if file.missing_since is None:
            file.missing_since, file.key = now, None
            self._moved_on.append((file.home, file.live_modified_ns))
        if now - file.missing_since >= self._settle:
            self._give_up(file, "truncated" if file.truncated else "gone")

    def _may_be_hidden(self, file: LogFile) -> bool:
        """Whether a file that was not found may be there all the same: its folder, or what may be it, cannot be read."""
        if self._recognition.undecided(file):
            return True
        try:
            os.listdir(Path(file.home).parent)  # noqa: PTH208 - asked for its error, not for its names
        except OSError as error:
            self._report(file.home, error)
            return True
        return False

    def _first_sight(self, sighting: Sighting, home: str, now: float) -> None:
        """Begin to read a file nobody reads."""
        try:
            cursor = self._arrivals.cursor_for(sighting, home, now)
            if cursor is None:
                return
            file = LogFile(self.source, cursor, now)
            content = self._arrivals.content_of(sighting)
            if self._recognition.open(file, sighting.path, now, content=content):
                self._arrivals.begun(cursor)
                self.files.append(file)
                self._recognition.add(file)
                self.changed[cursor.file] = file  # known from now on, even if it is renamed before it is read
        except OSError as error:
            self._report(sighting.path, error)

    def _settle_down(self, file: LogFile, now: float) -> None:
        """Let go of a file that has ended and of which nothing is left."""
        try:
            self._endings.consider(file, now)
        except OSError as error:
            self._report(file.location, error)
        if file.done:
            self.changed[file.cursor.file] = file
            self.retire(file)


def _age(file: LogFile) -> tuple[bool, int, str]:
    return (not file.replaced, file.amounts.modified_ns, file.location)
