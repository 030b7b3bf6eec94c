"""Over-long lines: where they are in a block, and how one is passed over, hashed piece by piece.

It must never hold more of such a line than its first 4 KiB and the piece being read.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from auditd.tail.chunk import LongLine
from auditd.tail.content import Content
from parsers.encodings import NEWLINES, Encoding, find_newline, rfind_newline

PIECE_BYTES: Final = 1 << 20
HEAD_BYTES: Final = 4096


class LongScan:
    """An over-long line, hashed until its newline comes."""

    def __init__(self, offset: int, encoding: Encoding) -> None:
        self.position = offset
        self._offset = offset
        self._encoding = encoding
        self._length = 0
        self._hash = sha256()
        self._head = b""

    def advance(self, content: Content, size: int, *, ended: bool) -> LongLine | None:
        """Read on; return the line once its end is found. `ended`: the end of the file ends it too."""
        unit = len(NEWLINES[self._encoding])
        while self.position < size:
            piece = content.pread(min(PIECE_BYTES, size - self.position), self.position)
            if not ended:
                piece = piece[: len(piece) - len(piece) % unit]
            if not piece:
                return None
            end = find_newline(piece, self._encoding)
            line = piece if end < 0 else piece[:end]
            self._hash.update(line)
            self._length += len(line)
            self._head += line[: HEAD_BYTES - len(self._head)]
            self.position += len(line) + (unit if end >= 0 else 0)
            if end >= 0:
                return self._finished()
        return self._finished() if ended else None

    def _finished(self) -> LongLine:
        return LongLine(self._offset, self._length, self._hash.digest(), self._head)


def long_line(data: bytes, end: int, limit: int, encoding: Encoding) -> int:
    """Return where the first line over `limit` bytes starts in data[:end], -1 when there is none.

    Such a line covers at least one whole window of half the limit, so one newline per window clears a block.
    """
    unit = len(NEWLINES[encoding])
    window = max(unit, limit // 2 // unit * unit)
    for place in range(0, end, window):
        if find_newline(data, encoding, place, min(place + window, end)) >= 0:
            continue
        before = rfind_newline(data, encoding, 0, place)
        start = before + unit if before >= 0 else 0
        if find_newline(data, encoding, place) - start > limit:
            return start
    return -1
