"""Cuts complete lines out of an open file: whole blocks of them, over-long ones skipped, holes of NULs passed over.

Memory is bounded by one block whatever the file holds, and bytes already searched for a newline are not searched
again when a long line grows. It must never consume an unfinished line, nor NULs that nothing follows yet (a file
preallocated by its writer), nor put lines of two encodings into one block.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from auditd.tail.chunk import LongLine
from auditd.tail.content import Content
from auditd.tail.long_lines import LongScan, long_line
from parsers.encodings import Declared, Encoding, is_wide, whole_lines
from parsers.records import closed_end

PIECE_BYTES: Final = 1 << 20
HOLE_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class Cut:
    """What lies between `start` and `end`: NULs and over-long lines first, then data, which begins at data_start."""

    start: int
    end: int
    data: bytes
    data_start: int
    too_long: tuple[LongLine, ...]
    nul_bytes: int
    encoding: Encoding


class Scan:
    """The place in one file from which lines are cut.

    encoding: what the source says of its files. joins_lines: whether records may hold newlines in quotes; then blocks
    end where a record does, as long as the file keeps growing.
    """

    def __init__(
        self, offset: int, *, max_line_bytes: int, encoding: Declared = "auto", joins_lines: bool = False
    ) -> None:
        self.offset = offset
        self.searched = offset  # no newline lies between offset and here
        self._max_line = max_line_bytes
        self._declared = encoding
        self._joins_lines = joins_lines
        self._encoding: Encoding = "utf-8"
        self._half_newline = False
        self._holds_lines = False
        self._long: LongScan | None = None

    @property
    def needed(self) -> int:
        """The earliest place that may be read again."""
        return self.offset if self._long is None else self._long.position

    def cut(
        self, content: Content, size: int, block_bytes: int, *, ended: bool = False, quiet: bool = False
    ) -> Cut | None:
        """Return the next complete lines up to `size`, or None; the place moves past them. OSError moves nothing.

        ended: the file will not grow any more, so an unfinished last line counts as complete. quiet: it has not grown
        lately, so a record whose quote is open is not waited for.
        """
        start = self.offset
        if self._holds_lines and (ended or quiet):
            self.searched = self.offset
        try:
            return self._cut(
                content, size, max(block_bytes, self._max_line + 1), ended=ended, quiet=quiet or ended
            )
        except OSError:
            self.restart(start)
            raise

    def pass_over(self, end: int) -> Cut:
        """Move to a line start without giving out what lies before it."""
        start = self.offset
        self.restart(end)
        return Cut(start, end, b"", end, (), 0, self._encoding)

    def only_nuls_follow(self, content: Content, size: int) -> bool:
        """Whether from where newlines were searched to the end there are only NULs: a hole that nobody filled."""
        return self._long is None and _end_of_nuls(content, self.searched, size) >= size

    def restart(self, offset: int) -> None:
        """Go to a line start."""
        self.offset = self.searched = offset
        self._half_newline = self._holds_lines = False
        self._long = None

    def _cut(self, content: Content, size: int, limit: int, *, ended: bool, quiet: bool) -> Cut | None:
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
            data = self._lines(content, size, limit, ended=ended, quiet=quiet)
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
        return Cut(start, self.offset, data, data_start, tuple(too_long), nul_bytes, self._encoding)

    def _lines(self, content: Content, size: int, limit: int, *, ended: bool, quiet: bool) -> bytes:
        """Return complete lines from the offset; b"" when there are none, when NULs or an over-long line come first."""
        if self.searched > self.offset and not self._newline_ahead(content, size, limit, ended=ended):
            return b""
        data = content.pread(min(limit, size - self.offset), self.offset)
        self._encoding, end = whole_lines(data, self._declared, self._behind(content))
        if data.startswith(b"\0\0" if is_wide(self._encoding) else b"\0"):
            self.searched = self.offset
            return b""
        if not end:
            return self._unfinished(content, data, size, ended=ended)
        long_at = long_line(data, end, self._max_line, self._encoding)
        if long_at == 0:
            self._long = LongScan(self.offset, self._encoding)
            return b""
        if long_at > 0:
            self.searched = self.offset + long_at
            return data[:long_at]
        self._holds_lines = False
        if self._joins_lines and not quiet and (closed := closed_end(data[:end], self._encoding)) < end:
            self._holds_lines = closed > 0 or self.offset + len(data) >= size
            if self._holds_lines:
                self.searched = self.offset + len(data)
                return data[:closed]
        same = not is_wide(self._encoding) and data.find(b"\n", end) < 0
        self.searched = self.offset + (max(end, len(data.rstrip(b"\0"))) if same else end)
        return data[:end]

    def _behind(self, content: Content) -> bytes:
        """Return the bytes before the place, whose newline tells the encoding so far."""
        if self._declared != "auto" or not self.offset:
            return b""
        return content.pread(2, max(0, self.offset - 2))

    def _newline_ahead(self, content: Content, size: int, limit: int, *, ended: bool) -> bool:
        """Search only what has been added to an unfinished line since it was last looked at."""
        added = content.pread(min(limit, size - self.searched), self.searched)
        if b"\n" in added or self._half_newline:
            return True
        more = self.searched + len(added) < size
        self.searched += self._text(added)
        if self.searched - self.offset > self._max_line or (more and self._text_after_nuls(content, size)):
            self._long = LongScan(self.offset, self._encoding)
            return False
        return ended

    def _unfinished(self, content: Content, data: bytes, size: int, *, ended: bool) -> bytes:
        """Note that no newline lies in `data`, which starts at the offset; return it if that ends the file."""
        more = self.offset + len(data) < size
        text = len(data) if ended else self._text(data)
        self.searched = self.offset + text
        self._half_newline = data.endswith(b"\n")
        if text > self._max_line or (more and self._text_after_nuls(content, size)):
            self._long = LongScan(self.offset, self._encoding)
            return b""
        return data if ended else b""

    def _text(self, data: bytes) -> int:
        """Return the length of `data` without the NULs at its end, which a writer may fill yet."""
        text = len(data.rstrip(b"\0"))
        # In UTF-16 a NUL or two are the last character, or the half of it that is there.
        return len(data) if is_wide(self._encoding) and len(data) - text < HOLE_BYTES else text

    def _text_after_nuls(self, content: Content, size: int) -> bool:
        return _end_of_nuls(content, self.searched, size) < size

    def _nuls(self, content: Content, size: int, *, ended: bool) -> int:
        """Return how many NULs stand at the offset; 0 when they reach the end of a file that may yet be written."""
        end = _end_of_nuls(content, self.offset, size)
        if end >= size:
            return end - self.offset if ended else 0
        wide = self._declared in ("auto", "utf-16be") and end % 2 and end - self.offset > 1
        if wide and content.pread(1, end + 1) == b"\0":
            end -= 1  # the first half of a character of UTF-16BE, most likely
        return end - self.offset


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
