"""The part of a decompressed stream that is kept: its first kilobyte, and everything since a place. Runs of NULs cost nothing.

It must never return bytes of another place.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from auditd.tail.prints import PRINT_BYTES

NUL_RUN_BYTES: Final = 1 << 12
PIECE_BYTES: Final = 1 << 16


class Window:
    """Bytes of a stream between `start` and `end`."""

    def __init__(self) -> None:
        self.start = 0
        self.end = 0
        self.held_bytes = 0
        self._head = b""
        self._pieces: deque[tuple[int, bytearray | int]] = (
            deque()
        )  # place, and bytes there or a number of NULs

    def append(self, piece: bytes) -> None:
        """Add what follows."""
        if len(self._head) < PRINT_BYTES:
            self._head += piece[: PRINT_BYTES - len(self._head)]
        if len(piece) >= NUL_RUN_BYTES and piece.count(0) == len(piece):
            self._append_nuls(len(piece))
        else:
            self._append_bytes(piece)
            self.held_bytes += len(piece)
        self.end += len(piece)

    def forget(self, before: int) -> None:
        """Let go of what lies before a place; the place need not be in the window."""
        while self._pieces and _end(self._pieces[0]) <= before:
            _, piece = self._pieces.popleft()
            self.held_bytes -= len(piece) if isinstance(piece, bytearray) else 0
        if self._pieces and self._pieces[0][0] < before:
            place, piece = self._pieces.popleft()
            if isinstance(piece, bytearray):
                self.held_bytes -= before - place
                piece = piece[before - place :]
            else:
                piece -= before - place
            self._pieces.appendleft((before, piece))
        self.start = max(self.start, min(before, self.end))

    def pread(self, length: int, offset: int) -> bytes | None:
        """Return what is there of `length` bytes at `offset`; None when some of it was let go of."""
        if offset + length <= len(self._head):
            return self._head[offset : offset + length]
        if offset < self.start:
            return None
        found: list[bytes] = []
        end = min(offset + length, self.end)
        for place, piece in self._pieces:
            if place >= end:
                break
            first, last = max(offset - place, 0), end - place
            if isinstance(piece, int):
                found.append(bytes(max(0, min(last, piece) - first)))
            else:
                found.append(bytes(piece[first:last]))
        return b"".join(found)

    def data_at(self, place: int) -> int | None:
        """Return the first place from `place` on that is not in a run of NULs; None when there is none."""
        for start, piece in self._pieces:
            if isinstance(piece, bytearray) and start + len(piece) > place:
                return max(start, place)
        return None

    def _append_bytes(self, piece: bytes) -> None:
        last = self._pieces[-1][1] if self._pieces else 0
        if isinstance(last, bytearray) and len(last) < PIECE_BYTES:
            last += piece
        else:
            self._pieces.append((self.end, bytearray(piece)))

    def _append_nuls(self, count: int) -> None:
        if self._pieces and isinstance(self._pieces[-1][1], int):
            place, before = self._pieces.pop()
            assert isinstance(before, int)
            self._pieces.append((place, before + count))
        else:
            self._pieces.append((self.end, count))


def _end(held: tuple[int, bytearray | int]) -> int:
    place, piece = held
    return place + (len(piece) if isinstance(piece, bytearray) else piece)
