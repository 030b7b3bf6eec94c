"""Cuts complete lines out of an open file: whole blocks of them, over-long ones skipped, holes of NULs passed over.

Memory is bounded by one block whatever the file holds, and bytes already searched for a newline are not searched
again when a long line grows. It must never consume an unfinished line, nor NULs that nothing follows yet (a file
preallocated by its writer).
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from auditd.tail.chunk import LongLine
from auditd.tail.content import Content

PIECE_BYTES: Final = 1 << 20
HEAD_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Cut:
    """What lies between `start` and `end`: NULs and over-long lines first, then data, which begins at data_start."""

    start: int
    end: int
    data: bytes
    data_start: int
    too_long: tuple[LongLine, ...]
    nul_bytes: int


class Scan:
    """The place in one file from which lines are cut."""

    def __init__(self, offset: int, *, max_line_bytes: int) -> None:
        self.offset = offset
        self.searched = offset  # no newline lies between offset and here
        self._max_line = max_line_bytes
        self._long: _LongScan | None = None

    @property
    def needed(self) -> int:
        """The earliest place that may be read again."""
        return self.offset if self._long is None else self._long.position

    def cut(self, content: Content, size: int, block_bytes: int, *, ended: bool = False) -> Cut | None:
        """Return the next complete lines up to `size`, or None; the place moves past them. OSError moves nothing.

        ended: the file will not grow any more, so an unfinished last line counts as complete.
        """
        start = self.offset
        try:
            return self._cut(content, size, max(block_bytes, self._max_line + 1), ended=ended)
        except OSError:
            self.restart(start)
            raise

    def restart(self, offset: int) -> None:
        """Go to a line start."""
        self.offset = self.searched = offset
        self._long = None

    def _cut(self, content: Content, size: int, limit: int, *, ended: bool) -> Cut | None:
        start = self.offset
        too_long: list[LongLine] = []
        nul_bytes = 0
        data = b""
        while not data and (self.offset if ended else self.searched) < size:
            if self._long is not None:
                line = self._long.advance(content, size, ended=ended)
                self.searched = self._long.position
                if line is None:
                    break
                too_long.append(line)
                self.restart(self._long.position)
                continue
            data = self._lines(content, size, limit, ended=ended)
            if not data and self._long is None:
                nuls = 0 if self.searched > self.offset else self._nuls(content, size, ended=ended)
                if not nuls:
                    break
                nul_bytes += nuls
                self.restart(self.offset + nuls)
        data_start = self.offset
        self.offset += len(data)
        self.searched = max(self.searched, self.offset)
        if self.offset == start:
            return None
        return Cut(start, self.offset, data, data_start, tuple(too_long), nul_bytes)

    def _lines(self, content: Content, size: int, limit: int, *, ended: bool) -> bytes:
        """Return complete lines from the offset; b"" when there are none, when NULs or an over-long line come first."""
        if self.searched > self.offset and not self._newline_ahead(content, size, limit, ended=ended):
            return b""
        data = content.pread(min(limit, size - self.offset), self.offset)
        if data.startswith(b"\0"):
            self.searched = self.offset
            return b""
        end = data.rfind(b"\n") + 1
        if not end:
            return self._unfinished(content, data, size, ended=ended)
        long_at = _long_line(data, end, self._max_line)
        if long_at == 0:
            self._long = _LongScan(self.offset)
            return b""
        if long_at > 0:
            self.searched = self.offset + long_at
            return data[:long_at]
        self.searched = self.offset + max(end, len(data.rstrip(b"\0")))
        return data[:end]

    def _newline_ahead(self, content: Content, size: int, limit: int, *, ended: bool) -> bool:
        """Search only what has been added to an unfinished line since it was last looked at."""
        added = content.pread(min(limit, size - self.searched), self.searched)
        if b"\n" in added:
            return True
        more = self.searched + len(added) < size
        self.searched += len(added.rstrip(b"\0"))
        if self.searched - self.offset > self._max_line or (more and self._text_after_nuls(content, size)):
            self._long = _LongScan(self.offset)
            return False
        return ended

    def _unfinished(self, content: Content, data: bytes, size: int, *, ended: bool) -> bytes:
        """Note that no newline lies in `data`, which starts at the offset; return it if that ends the file."""
        more = self.offset + len(data) < size
        text = len(data) if ended else len(data.rstrip(b"\0"))
        self.searched = self.offset + text
        if text > self._max_line or (more and self._text_after_nuls(content, size)):
            self._long = _LongScan(self.offset)
            return b""
        return data if ended else b""

    def _text_after_nuls(self, content: Content, size: int) -> bool:
        return _end_of_nuls(content, self.searched, size) < size

    def _nuls(self, content: Content, size: int, *, ended: bool) -> int:
        """Return how many NULs stand at the offset; 0 when they reach the end of a file that may yet be written."""
        end = _end_of_nuls(content, self.offset, size)
        return 0 if end >= size and not ended else end - self.offset


class _LongScan:
    """An over-long line, hashed piece by piece until its newline comes."""

    def __init__(self, offset: int) -> None:
        self.position = offset
        self._offset = offset
        self._length = 0
        self._hash = sha256()
        self._head = b""

    def advance(self, content: Content, size: int, *, ended: bool) -> LongLine | None:
        while self.position < size:
            piece = content.pread(min(PIECE_BYTES, size - self.position), self.position)
            if not piece:
                return None
            line, newline, _ = piece.partition(b"\n")
            self._hash.update(line)
            self._length += len(line)
            self._head += line[: HEAD_BYTES - len(self._head)]
            self.position += len(line) + len(newline)
            if newline:
                return self._finished()
        return self._finished() if ended else None

    def _finished(self) -> LongLine:
        return LongLine(self._offset, self._length, self._hash.digest(), self._head)


def _long_line(data: bytes, end: int, limit: int) -> int:
    """Return where the first line over `limit` bytes starts in data[:end], -1 when there is none.

    Such a line covers at least one whole window of half the limit, so one newline per window clears a block.
    """
    window = max(1, limit // 2)
    for place in range(0, end, window):
        if data.find(b"\n", place, min(place + window, end)) >= 0:
            continue
        start = data.rfind(b"\n", 0, place) + 1
        if data.find(b"\n", place) - start > limit:
            return start
    return -1


def _end_of_nuls(content: Content, start: int, size: int) -> int:
    """Return where the NULs at `start` end; holes of sparse files are hopped over, not read."""
    place = start
    while place < size:
        data_at = content.data_at(place)
        if data_at is None:
            return size
        place = data_at
        piece = content.pread(min(PIECE_BYTES, size - place), place)
        if not piece:
            return size
        text = piece.lstrip(b"\0")
        place += len(piece) - len(text)
        if text:
            return min(place, size)
    return size
