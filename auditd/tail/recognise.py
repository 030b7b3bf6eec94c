"""Finds files again: the renamed one, the copy a truncation left behind, the copy that is being made.

Device and inode say where to look, prints decide. It must never settle for a name.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from auditd.tail.compressed import content_of
from auditd.tail.content import Content, Damaged, Key, NotYet, Unfinished
from auditd.tail.descriptors import Descriptors
from auditd.tail.discover import Sighting, is_rotation_of
from auditd.tail.file import LogFile
from auditd.tail.finished import Finished
from auditd.tail.prints import PRINT_BYTES, Prints

Report = Callable[[str, OSError], None]
ENOUGH: Final = PRINT_BYTES
MOST_UNLIKE: Final = 10_000


class Recognition:
    """Matches what is on disk to the files of one source."""

    def __init__(
        self,
        files: list[LogFile],
        finished: Finished,
        *,
        descriptors: Descriptors,
        settle_seconds: float,
        report: Report,
    ) -> None:
        self._files = files
        self._finished = finished
        self._descriptors = descriptors
        self._settle = settle_seconds
        self._report = report
        self._held: dict[Key, tuple[int, int, float]] = {}
        self._by_home: dict[str, list[LogFile]] = {}
        self._unlike: set[tuple[object, ...]] = set()
        self._undecided: set[str] = set()

    def begin(self) -> None:
        """Note where the files' logs are written, once a look at the disk: there may be thousands of them."""
        self._by_home = {}
        self._undecided = set()
        if len(self._unlike) > MOST_UNLIKE:
            self._unlike = set()
        for file in self._files:
            self.add(file)

    def add(self, file: LogFile) -> None:
        """Note where a new file's log is written, without its suffix: copies are named app.log.1 or app-20260401.log."""
        self._by_home.setdefault(os.path.splitext(file.home)[0], []).append(file)  # noqa: PTH122 - a text, thousands of times a look

    def undecided(self, file: LogFile) -> bool:
        """Whether there is a file that may be this one, which cannot be read, or of which too little is decoded or written."""
        return file.cursor.file in self._undecided

    def open(
        self, file: LogFile, path: str, now: float, *, copy: bool = False, content: Content | None = None
    ) -> bool:
        """Open a file at `path` if it is there, or a copy will do and is there; OSError when it cannot be looked at.

        content: what is at the path, where it is open.
        """
        try:
            opened = file.open(path, now, copy=copy, content=content)
        except NotYet:
            self._descriptors.used(file)
            raise
        if opened:
            self._descriptors.used(file)
        return opened

    def is_at(self, file: LogFile, sighting: Sighting, now: float) -> bool:
        """Whether a sighting with the file's device and inode is the file; if it cannot be looked at, it is."""
        unchanged = (file.amounts.disk_size, file.amounts.modified_ns) == (
            sighting.size,
            sighting.modified_ns,
        )
        if file.content is not None or (file.prints is not None and unchanged):
            file.location, file.missing_since = sighting.path, None
            return True
        try:
            return self.open(file, sighting.path, now)
        except OSError as error:
            self._report(sighting.path, error)
            return True

    def find(self, file: LogFile, candidates: Iterable[Sighting], now: float) -> bool:
        """Open a closed file that has moved: under its inode, or anywhere if its prints are distinctive."""
        others = {other.key: other for other in self._files if other is not file}
        inode = file.key[1] if file.key else file.cursor.inode
        likely = sorted(candidates, key=lambda one: (one.inode != inode, one.compressed, -one.modified_ns))
        for sighting in likely:
            possible = sighting.inode == inode or file.offset >= ENOUGH
            squeezed = not possible and _is_compressed_since(sighting, file)
            if not (possible or squeezed) or _is_taken(sighting, others):
                continue
            if self._opens(file, sighting, now, copy=squeezed):
                return True
            if self.undecided(file):
                return False
        return False

    def find_copy(self, file: LogFile, candidates: Iterable[Sighting], now: float) -> bool:
        """Open the copy of a file that was truncated, and go on in it."""
        others = {other.key: other for other in self._files}
        known_size = file.size
        for sighting in sorted(candidates, key=lambda one: _likely_copy(one, file)):
            if self.undecided(file):
                return False
            # An older file is no copy, unless prints say so: the machine's clock may have been set back.
            too_old = not sighting.modified_since(file.live_modified_ns) and file.offset < ENOUGH
            if _is_taken(sighting, others) or too_old or self._is_another(file, sighting):
                continue
            if not file.offset and sighting.size < known_size and not sighting.compressed:
                continue  # with no prints at all, at least nothing of it may be missing
            rotated = is_rotation_of(file.home, sighting.path) and file.live_modified_ns > 0
            possible = file.offset >= ENOUGH or rotated
            if possible and self._opens(file, sighting, now, copy=True):
                return True
        return False

    def _is_another(self, file: LogFile, sighting: Sighting) -> bool:
        """Whether prints cannot tell, and it is a file that was read before, or the compressed copy of another one."""
        if file.offset >= ENOUGH:
            return False
        try:
            return self._finished.is_all_read(sighting) or (
                sighting.compressed
                and any(_is_compressed_copy(sighting, one) for one in self._files if one is not file)
            )
        except OSError:
            return False

    def copies_a_live_file(self, sighting: Sighting, now: float) -> bool:
        """Whether an unknown file is, so far, a copy of one being read: hold it back, a truncation may follow.

        A file that only starts like another (a long header) is let go as soon as it differs, and a copy that holds
        more than its original once it has been quiet for the settle time. Copies that hold nothing more stay held.
        """
        originals = self.originals(sighting.path)
        original = next((file for file in originals if _is_copy_so_far(sighting, file)), None)
        if original is None:
            self._held.pop(sighting.key, None)
            return False
        size, modified_ns, since = self._held.get(sighting.key, (-1, -1, now))
        if (size, modified_ns) != (sighting.size, sighting.modified_ns):
            since = now
        self._held[sighting.key] = (sighting.size, sighting.modified_ns, since)
        return original.compressed or sighting.size <= original.size or now - since < self._settle

    def originals(self, path: str) -> Iterator[LogFile]:
        """Yield the files whose log's rotation may have made what is at `path`."""
        for end in range(path.rfind("/") + 2, len(path) + 1):
            for file in self._by_home.get(path[:end], ()):
                if is_rotation_of(file.home, path) or _are_rotations(file.home, path):
                    yield file

    def _opens(self, file: LogFile, sighting: Sighting, now: float, *, copy: bool = False) -> bool:
        if not sighting.compressed and sighting.size < file.offset:
            return False
        mark = (file.cursor.file, file.offset, copy, *sighting.key, sighting.size, sighting.modified_ns)
        if mark in self._unlike:
            return False
        related = is_rotation_of(file.home, sighting.path)
        try:
            opened = self.open(file, sighting.path, now, copy=copy)
        except NotYet as error:
            if related or not isinstance(error, Unfinished):
                self._undecided.add(file.cursor.file)
            return False
        except Damaged as error:
            if related:
                self._report(sighting.path, error)
            return False
        except OSError as error:
            self._report(sighting.path, error)
            if related and sighting.modified_since(file.live_modified_ns):
                self._undecided.add(file.cursor.file)
            return False
        if sighting.compressed and not opened:
            self._unlike.add(mark)  # to find out again would mean to decode it again
        return opened


def _likely_copy(sighting: Sighting, file: LogFile) -> tuple[bool, int]:
    """Return an order for candidates: what is not compressed first, the newest first.

    Of compressed ones that nothing but their time tells apart the oldest is tried first: newer ones are later rotations.
    """
    oldest_first = sighting.compressed and file.offset < ENOUGH
    return sighting.compressed, sighting.modified_ns if oldest_first else -sighting.modified_ns


def _is_copy_so_far(sighting: Sighting, file: LogFile) -> bool:
    """Whether the shorter of the two files is the start of the longer, as far as its first and last kilobyte say."""
    shared = min(sighting.size, file.size)
    if file.content is None or file.ending or shared < ENOUGH:
        return False
    if file.compressed:
        return file.prints is not None and file.prints.distinctive and _has_prints(sighting, file.prints)
    with content_of(sighting.path) as content:
        return all(
            content.pread(ENOUGH, place) == file.content.pread(ENOUGH, place)
            for place in (0, shared - ENOUGH)
        )


def _are_rotations(home: str, path: str) -> bool:
    """Whether both names are rotations of one log: a file may have been seen as app.log.1 first."""
    live = os.path.splitext(home)[0]  # noqa: PTH122
    return live != home and is_rotation_of(live, home) and is_rotation_of(live, path)


def _is_compressed_since(sighting: Sighting, file: LogFile) -> bool:
    """Whether a compressed file has the time and the exact length of a file too little of which was read to know it by."""
    second = 1_000_000_000
    if (
        not sighting.compressed
        or not file.size
        or sighting.modified_ns // second != file.amounts.modified_ns // second
    ):
        return False
    try:
        with content_of(sighting.path) as content:
            return bool(content.pread(1, file.size - 1)) and not content.pread(1, file.size)
    except OSError:
        return False


def _is_compressed_copy(sighting: Sighting, file: LogFile) -> bool:
    """Whether a compressed file holds what was read of a file, as far as that can be told at once."""
    if file.prints is None or not file.offset:
        return False
    with content_of(sighting.path) as content:
        if content.pread(PRINT_BYTES, 0) != file.prints.head:
            return False  # of a short file the head is all that was read of it
        try:
            return file.prints.hold(content)
        except NotYet:
            return True


def _is_taken(sighting: Sighting, files: Mapping[Key | None, LogFile]) -> bool:
    """Whether one of the files is this one; a closed one may be gone, and its inode another file's."""
    file = files.get(sighting.key)
    if file is None:
        return False
    if file.content is not None or (file.amounts.disk_size, file.amounts.modified_ns) == (
        sighting.size,
        sighting.modified_ns,
    ):
        return True
    try:
        return file.prints is None or _has_prints(sighting, file.prints)
    except OSError:
        return True


def _has_prints(sighting: Sighting, prints: Prints) -> bool:
    with content_of(sighting.path) as content:
        return prints.hold(content)
