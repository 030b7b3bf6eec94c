"""Finds files again: the renamed one, the copy a truncation left behind, the copy that is being made.

Device and inode say where to look, prints decide. It must never settle for a name.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Final

from auditd.tail.descriptors import Descriptors
from auditd.tail.discover import Key, Sighting, is_rotation_of
from auditd.tail.file import OPEN_FLAGS, LogFile
from auditd.tail.prints import PRINT_BYTES

Report = Callable[[str, OSError], None]
ENOUGH: Final = PRINT_BYTES


class Recognition:
    """Matches what is on disk to the files of one source."""

    def __init__(
        self, files: list[LogFile], *, descriptors: Descriptors, settle_seconds: float, report: Report
    ) -> None:
        self._files = files
        self._descriptors = descriptors
        self._settle = settle_seconds
        self._report = report
        self._held: dict[Key, tuple[int, int, float]] = {}
        self._by_home: dict[str, list[LogFile]] = {}

    def begin(self) -> None:
        """Note where the files' logs are written, once a look at the disk: there may be thousands of them."""
        self._by_home = {}
        for file in self._files:
            self.add(file)

    def add(self, file: LogFile) -> None:
        """Note where a new file's log is written, without its suffix: copies are named app.log.1 or app-20260401.log."""
        self._by_home.setdefault(os.path.splitext(file.home)[0], []).append(file)  # noqa: PTH122

    def open(self, file: LogFile, path: str, now: float, *, copy: bool = False) -> bool:
        """Open a file at `path` if it is there, or a copy will do and is there; OSError when it cannot be looked at."""
        opened = file.open(path, now, copy=copy)
        if opened:
            self._descriptors.used(file)
        return opened

    def is_at(self, file: LogFile, sighting: Sighting, now: float) -> bool:
        """Whether a sighting with the file's device and inode is the file; if it cannot be looked at, it is."""
        unchanged = (file.size, file.modified_ns) == (sighting.size, sighting.modified_ns)
        if file.descriptor is not None or (file.prints is not None and unchanged):
            file.location, file.missing_since = sighting.path, None
            return True
        try:
            return self.open(file, sighting.path, now)
        except OSError as error:
            self._report(sighting.path, error)
            return True

    def find(self, file: LogFile, candidates: Iterable[Sighting], now: float) -> bool:
        """Open a closed file that has moved: under its inode, or anywhere if its prints are distinctive."""
        taken = {other.key for other in self._files if other is not file}
        inode = file.key[1] if file.key else file.cursor.inode
        for sighting in sorted(candidates, key=lambda one: (one.inode != inode, -one.modified_ns)):
            possible = sighting.inode == inode or file.offset >= ENOUGH
            if possible and sighting.key not in taken and self._opens(file, sighting, now):
                return True
        return False

    def find_copy(self, file: LogFile, candidates: Iterable[Sighting], now: float) -> bool:
        """Open the copy of a file that was truncated, and go on in it."""
        taken = {other.key for other in self._files}
        known_size = file.size
        for sighting in sorted(candidates, key=lambda one: -one.modified_ns):
            # An older file is no copy, unless prints say so: the machine's clock may have been set back.
            too_old = sighting.modified_ns < file.live_modified_ns and file.offset < ENOUGH
            if sighting.key in taken or too_old:
                continue
            if not file.offset and sighting.size < known_size:
                continue  # with no prints at all, at least nothing of it may be missing
            rotated = is_rotation_of(file.home, sighting.path) and file.live_modified_ns > 0
            possible = file.offset >= ENOUGH or rotated
            if possible and self._opens(file, sighting, now, copy=True):
                return True
        return False

    def copies_a_live_file(self, sighting: Sighting, now: float) -> bool:
        """Whether an unknown file is, so far, a copy of one being read: hold it back, a truncation may follow.

        A file that only starts like another (a long header) is let go as soon as it differs, and a copy that holds
        more than its original once it has been quiet for the settle time. Copies that hold nothing more stay held.
        """
        path = sighting.path
        ends = range(path.rfind("/") + 2, len(path) + 1)
        originals = (file for end in ends for file in self._by_home.get(path[:end], ()))
        original = next((file for file in originals if _is_copy_so_far(sighting, file)), None)
        if original is None:
            self._held.pop(sighting.key, None)
            return False
        size, modified_ns, since = self._held.get(sighting.key, (-1, -1, now))
        if (size, modified_ns) != (sighting.size, sighting.modified_ns):
            since = now
        self._held[sighting.key] = (sighting.size, sighting.modified_ns, since)
        return sighting.size <= original.size or now - since < self._settle

    def _opens(self, file: LogFile, sighting: Sighting, now: float, *, copy: bool = False) -> bool:
        try:
            return sighting.size >= file.offset and self.open(file, sighting.path, now, copy=copy)
        except OSError as error:
            self._report(sighting.path, error)
            return False


def _is_copy_so_far(sighting: Sighting, file: LogFile) -> bool:
    """Whether the shorter of the two files is the start of the longer, as far as its first and last kilobyte say."""
    shared = min(sighting.size, file.size)
    if file.descriptor is None or file.ending or shared < ENOUGH:
        return False
    if not is_rotation_of(file.home, sighting.path):
        return False
    descriptor = os.open(sighting.path, OPEN_FLAGS)
    try:
        return all(
            os.pread(descriptor, ENOUGH, place) == os.pread(file.descriptor, ENOUGH, place)
            for place in (0, shared - ENOUGH)
        )
    finally:
        os.close(descriptor)
