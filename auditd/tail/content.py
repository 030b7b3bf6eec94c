"""The bytes of an open log file at their places. It must never believe that the file stays as it is."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from typing import Final, Protocol

Key = tuple[int, int]
OPEN_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK


@dataclass(frozen=True, slots=True)
class Extent:
    """What an open file is now. key: device and inode; size: bytes of content; disk_size: bytes it has on disk."""

    key: Key
    size: int
    disk_size: int
    modified_ns: int


class NotYet(OSError):
    """It cannot be told yet: much has to be decoded first, or the file is still being written. Ask again later."""


class Unfinished(NotYet):
    """A compressed file that is still being written."""


class Damaged(OSError):
    """A compressed file that cannot be decoded any further."""


class Content(Protocol):
    """What scanning and prints need of an open file. Every method may raise OSError."""

    def pread(self, length: int, offset: int) -> bytes:
        """Return up to `length` bytes of content at `offset`; fewer only at the end."""

    def data_at(self, place: int) -> int | None:
        """Return the first place from `place` on that is not in a hole of NULs; None when only a hole is left."""

    def extent(self) -> Extent | None:
        """Return what the file is now; None when it is no regular file."""

    def close(self) -> None:
        """Give the descriptor back."""


class PlainContent:
    """A file whose bytes are its content."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, OPEN_FLAGS)

    def pread(self, length: int, offset: int) -> bytes:
        return os.pread(self._descriptor, length, offset)

    def data_at(self, place: int) -> int | None:
        try:
            return os.lseek(self._descriptor, place, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return None
            if error.errno != errno.EINVAL:
                raise
            return place

    def extent(self) -> Extent | None:
        return extent_of(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)


def extent_of(descriptor: int) -> Extent | None:
    """Return what an open file is on disk; None when it is no regular file."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        return None
    return Extent((status.st_dev, status.st_ino), status.st_size, status.st_size, status.st_mtime_ns)
