"""One growing file of the spool, and the names it is given when it is full.

Only whole lines stand in it. It must never leave a torn line that could be read as a record: one that a crash or a full
disk broke off is closed with a NUL, and any format rejects it as binary.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

LIVE: Final = "current.log"
TORN_END: Final = b"\0\n"
_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW


class SpoolFile:
    """`current.log` of one folder. `waiting`: bytes taken that the disk has not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.waiting = bytearray()
        self._descriptor: int | None = None
        self._size = 0
        self._begun = 0.0
        self._stale: list[int] = []
        self._unforced = False
        self._names_changed = False
        self._in_line = False

    def write(self) -> None:
        """Write what waits; OSError when the disk refuses, and then the rest goes on waiting."""
        while self.waiting:
            descriptor = self._opened()
            with memoryview(self.waiting) as rest:
                written = os.write(descriptor, rest)
                self._in_line = rest[written - 1] != ord("\n")
            self._unforced = True
            self._size += written
            del self.waiting[:written]

    def is_due(self, *, size: int, seconds: float) -> bool:
        """Whether it is time for a new file: this one has `size` bytes, or is so many seconds old and not empty."""
        if self.waiting or not self._size:
            return False
        return self._size >= size or time.monotonic() - self._begun >= seconds

    def rotate(self) -> None:
        """Give the file its final name; the next write begins another. OSError when the disk refuses."""
        if self._descriptor is not None:
            _rename(self.folder / LIVE)
            self._let_go()

    def notice_removal(self) -> bool:
        """Whether somebody took the live file away; then another is begun. What was in it, is where they put it."""
        if self._descriptor is None:
            return False
        held = os.fstat(self._descriptor)
        with suppress(FileNotFoundError):
            there = (self.folder / LIVE).stat()
            if (there.st_dev, there.st_ino) == (held.st_dev, held.st_ino):
                return False
        self._let_go()
        return True

    def take_unforced(self) -> list[int]:
        """Return descriptors that have to be forced to disk, each the caller's to close."""
        taken = self._stale
        if self._unforced and self._descriptor is not None:
            taken.append(os.dup(self._descriptor))
        if self._names_changed:
            taken.append(os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        self._stale, self._unforced, self._names_changed = [], False, False
        return taken

    def close(self) -> int:
        """Close the file, with what waits lost; return how many bytes that is."""
        if self._in_line and self._descriptor is not None:
            with suppress(OSError):
                os.write(self._descriptor, TORN_END)
        self._let_go()
        for descriptor in self._stale:
            os.close(descriptor)
        self._stale = []
        return len(self.waiting)

    def _opened(self) -> int:
        if self._descriptor is None:
            self._descriptor = os.open(self.folder / LIVE, _FLAGS, 0o640)
            self._size, self._begun, self._names_changed = 0, time.monotonic(), True
        return self._descriptor

    def _let_go(self) -> None:
        if self._descriptor is not None:
            self._stale.append(self._descriptor)
        self._descriptor, self._size, self._names_changed = None, 0, True
        self._in_line = False


def set_aside(live: Path) -> bool:
    """Close a live file that another run of the process left, durably; return whether its last line was torn.

    OSError when it cannot be done.
    """
    descriptor = os.open(live, _FLAGS, 0o640)
    try:
        size = os.fstat(descriptor).st_size
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        if torn:
            os.write(descriptor, TORN_END)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if size:
        _rename(live)
    force_names(live.parent)
    return torn


def force_names(folder: Path) -> None:
    """Force the names in a folder to disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _rename(live: Path) -> None:
    # By the time of day, so that names sort as they were made; taken ones are stepped over, nothing is overwritten.
    while (target := live.with_name(f"current-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}.log")).exists():
        time.sleep(1e-6)
    live.rename(target)
