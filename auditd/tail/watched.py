"""One source as it is on disk: which files belong to it, which were rotated away, which are done.

It must never drop a file because it could not be looked at, and never read history that lay there before the source
was first read.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from auditd.tail.chunk import Chunk
from auditd.tail.cursor import Cursor
from auditd.tail.descriptors import Descriptors
from auditd.tail.discover import Folders, Sighting, discover, sight, trouble
from auditd.tail.file import LogFile, first_cursor
from auditd.tail.finished import Finished
from auditd.tail.places import Places
from auditd.tail.recognise import Recognition
from auditd.tail.rejoin import Rejoining
from auditd.tail.report import Problem
from auditd.tail.source import TailSource

PATIENCE: Final = (
    10  # settle times to wait for the first line of the new file before the old one counts as ended
)


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
        self.changed: dict[str, LogFile] = {}
        self._settle = settle_seconds
        self._descriptors = descriptors
        self._finished = Finished(cursor for cursor in cursors if cursor.finished)
        self._places = Places(cursors)
        self._recognition = Recognition(
            self.files, descriptors=descriptors, settle_seconds=settle_seconds, report=self._report
        )
        self._rejoining = Rejoining(source)
        self._sightings: list[Sighting] = []
        self._folders = Folders()

    def reconcile(self, now: float) -> None:
        """Bring what is known of the files up to what is on disk."""
        self._sightings, self.problems = discover(self.source)
        self._recognition.begin()
        self._folders = Folders()
        for file in list(self.files):
            self._look(file, now)
        free = self._attach(now)
        taken = {file.key for file in self.files}
        for sighting in free:
            if sighting.key not in taken:
                self._first_sight(sighting, sighting.path, now)
        self._follow_homes(now)
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
            if file.chunk is not None and file.unsearched:
                return

    def retire(self, file: LogFile) -> None:
        """Let go of a file that is finished."""
        self._descriptors.close(file)
        self.files.remove(file)
        self._finished.add(file.end())

    def close(self) -> None:
        """Close every descriptor."""
        for file in self.files:
            self._descriptors.close(file)

    def _has_moved(self, file: LogFile, now: float) -> bool:
        """Open a closed file that has something to give; whether it must be looked for before newer files are read."""
        if file.descriptor is not None or file.key is None or not (file.unsearched or file.ending):
            return False
        try:
            return not self._recognition.open(file, file.location, now)
        except FileNotFoundError:
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
        if chunk is not None and file.descriptor is not None:
            self._descriptors.used(file)
        return chunk

    def _report(self, path: str, error: OSError) -> None:
        self.problems += [one for one in trouble(self.source.name, path, error) if one not in self.problems]

    def _look(self, file: LogFile, now: float) -> None:
        """See how an open file has grown, and whether it is still the same."""
        try:
            if file.destroyed or not file.observe(now):
                self._destroyed(file, now)
        except OSError as error:
            self._report(file.location, error)

    def _destroyed(self, file: LogFile, now: float) -> None:
        """Go on in the copy of a file that was truncated; without one, count what was known to be unread."""
        known_size = file.size
        file.destroyed, file.replaced = False, True
        if self._recognition.find_copy(file, self._around(file), now):
            file.lose(known_size - file.size, "truncated")
        else:
            self._give_up(file, "truncated")
        self._catch_up(file.home, file.live_modified_ns, now)

    def _give_up(self, file: LogFile, reason: str) -> None:
        self._descriptors.close(file)
        file.lose(file.unread, reason)
        file.key, file.ending = None, True

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
            if file.descriptor is None and not file.ending and file.cursor.file not in present:
                self._recover(file, now)
        return free

    def _recover(self, file: LogFile, now: float) -> None:
        """Find a closed file that is not where it was, or the copy of it if it was truncated."""
        known_size = file.size
        still_there = self._folders.beside(file.home).get(file.key) if file.key else None
        if still_there is not None and self._recognition.is_at(file, still_there, now):
            return
        around = self._around(file)
        if self._recognition.find(file, around, now) or self._recognition.find_copy(file, around, now):
            file.lose(known_size - file.size, "truncated")
            self._catch_up(file.home, file.live_modified_ns or file.modified_ns, now)
        else:
            self._missing(file, now)

    def _missing(self, file: LogFile, now: float) -> None:
        """Wait for a file that is nowhere, as long as its folder cannot be looked at; then count it as gone."""
        if any(problem.path == file.location for problem in self.problems):
            return
        try:
            os.listdir(Path(file.home).parent)  # noqa: PTH208
        except OSError as error:
            self._report(file.home, error)
            return
        if file.missing_since is None:
            file.missing_since, file.key = now, None
            self._catch_up(file.home, file.live_modified_ns, now)
        if now - file.missing_since >= self._settle:
            self._give_up(file, "gone")

    def _first_sight(self, sighting: Sighting, home: str, now: float) -> None:
        """Begin to read a file nobody reads: from where it was left if it is known, else from its start."""
        if self._finished.knows_unchanged(sighting):
            return
        try:
            cursor = self._cursor_for(sighting, home, now)
            if cursor is None:
                return
            file = LogFile(self.source, cursor, now)
            if self._recognition.open(file, sighting.path, now):
                self.files.append(file)
                self._recognition.add(file)
                self.changed[cursor.file] = file  # known from now on, even if it is renamed before it is read
        except OSError as error:
            self._report(sighting.path, error)

    def _cursor_for(self, sighting: Sighting, home: str, now: float) -> Cursor | None:
        """Return where to begin in an unclaimed file, None when there is nothing to read in it for now."""
        known = self._finished.match(sighting)
        if known is None:
            if self._recognition.copies_a_live_file(sighting, now):
                return None
            return first_cursor(self.source, home, sighting)
        cursor, prints = known
        if sighting.size == cursor.offset:
            self._finished.quieten(sighting)
            return None
        if (
            not prints.at_line_end
        ):  # its unfinished last line was given out; only the whole file has the whole line
            return first_cursor(self.source, home, sighting)
        self._finished.remove(cursor)
        return replace(cursor, finished=False, path=home, device=sighting.device, inode=sighting.inode)

    def _follow_homes(self, now: float) -> None:
        """See which files no longer stand where their log is written, and whether rotations were missed there."""
        at_home: dict[str, list[LogFile]] = {}
        for file in self.files:
            if file.key is not None:
                at_home.setdefault(file.home, []).append(file)
        known = {sighting.path: sighting for sighting in self._sightings}
        for home, files in at_home.items():
            try:
                here = known.get(home) or sight(home)
            except (FileNotFoundError, NotADirectoryError):
                here = None
            except OSError as error:
                self._report(home, error)
                continue
            key = here.key if here else None
            since_ns = self._places.may_hide_files(
                home,
                key,
                folder_ns=self._folders.modified_ns(os.path.dirname(home)),  # noqa: PTH120  a Path per file and look costs
                now_ns=time.time_ns(),
            )
            if since_ns is not None:
                before = max((file.modified_ns for file in files if file.key != key), default=0)
                self._catch_up(home, since_ns or before, now)
            for file in files:
                self._stands(file, here)

    def _stands(self, file: LogFile, here: Sighting | None) -> None:
        file.replaced = here is None or here.key != file.key
        file.succeeded = here is None or here.size > 0
        if not file.replaced and file.modified_ns:
            file.live_modified_ns = file.modified_ns
            self._places.modified(file.home, file.modified_ns)

    def _catch_up(self, home: str, since_ns: int, now: float) -> None:
        """Read what was written and rotated away at `home` since it was last looked at, and never seen."""
        if not since_ns:
            return
        taken = {file.key for file in self.files}
        missed = [
            one
            for one in self._folders.rotations(home)
            if one.modified_ns >= since_ns and one.key not in taken
        ]
        for sighting in sorted(missed, key=lambda one: one.modified_ns):
            self._first_sight(sighting, home, now)

    def _settle_down(self, file: LogFile, now: float) -> None:
        """End a file that was rotated away, once its writer has been quiet and has moved on, or that is complete."""
        idle = now - file.changed_at
        enough = self._settle if file.succeeded else PATIENCE * self._settle
        open_or_done = file.key is not None and file.chunk is None and not file.unsearched
        if open_or_done and file.descriptor is not None:
            file.ending = file.ending or (file.replaced and idle >= enough) or self._is_complete(file, idle)
        elif open_or_done and file.prints is not None and file.missing_since is None:
            # Closed to keep the descriptors few, unchanged since: complete as it stands, or open again for its last line.
            ended = (file.replaced and idle >= enough) or self._is_complete(file, idle)
            file.ending = file.ending or (ended and self._can_end(file, now))
        if file.done:
            self.changed[file.cursor.file] = file
            self.retire(file)

    def _can_end(self, file: LogFile, now: float) -> bool:
        """Tell whether nothing of a closed file is left, else whether it is open again, to be read to its end."""
        try:
            return not file.unread or self._recognition.open(file, file.location, now)
        except OSError as error:
            self._report(file.location, error)
            return False

    def _is_complete(self, file: LogFile, idle: float) -> bool:
        """Tell whether a file of a log that is delivered in whole files has been left alone for long enough."""
        limit = self.source.complete_after_seconds
        return limit is not None and max(idle, time.time() - file.modified_ns / 1e9) >= limit


def _age(file: LogFile) -> tuple[bool, int, str]:
    return (not file.replaced, file.modified_ns, file.location)
