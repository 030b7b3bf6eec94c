"""The content of a compressed file, at the places it had before it was compressed, decoded as it is asked for.

What lies before the decoder is decoded again from the start; what lies ahead is decoded and let go of. It must never
hold more than a few blocks, nor work without end in one call.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from auditd.tail.content import (
    OPEN_FLAGS,
    Content,
    Damaged,
    Extent,
    NotYet,
    PlainContent,
    Unfinished,
    extent_of,
)
from auditd.tail.decoders import DECODE_ERRORS, Decoder, decoder_of
from auditd.tail.prints import PRINT_BYTES
from auditd.tail.window import Window

INPUT_BYTES: Final = 1 << 16
OUTPUT_BYTES: Final = 1 << 18
CAREFUL_STEPS: Final = (1024, 16)
HELD_BYTES: Final = 16 << 20
CALL_BYTES: Final = 128 << 20  # a second or so of decoding


class CompressedContent:
    """A compressed file that is open, with a decoder standing somewhere in it."""

    def __init__(self, path: str, decoder: Callable[[], Decoder]) -> None:
        self._descriptor = os.open(path, OPEN_FLAGS)
        self._new_decoder = decoder
        self._head = b""
        self._seen: tuple[int, int] | None = None
        self._same = True
        self._disk_size = 0
        self._furthest = 0
        self._floor = 0
        self._decoded = 0
        self._careful: list[tuple[int, int]] = []  # from where on to read in steps of how many bytes
        self._rewind()

    @property
    def more(self) -> bool:
        """Whether there is something that was not decoded yet, as of the last look at the file."""
        if self.broken:
            return False
        inside = not self._between and not self._decoder.needs_input
        return self._at < self._disk_size or inside or bool(self._rest)

    @property
    def whole(self) -> bool:
        """Whether the stream has come to its proper end."""
        return self._between and self._members > 0 and not self.more and not self.broken

    @property
    def size(self) -> int:
        """What is known of the content's size: one byte for each that was not decoded yet, until the end is known."""
        if self.broken:
            return self._window.end
        left = max(self._disk_size - self._at, int(self.more))
        return max(self._furthest, self._window.end) + left

    @property
    def undecodable(self) -> int:
        """How many bytes of a damaged file lie behind the damage."""
        return max(1, self._disk_size - self._at) if self.broken else 0

    @property
    def known(self) -> int:
        """Where the decoded content ends."""
        return self._window.end

    def pread(self, length: int, offset: int) -> bytes:
        """Return up to `length` bytes of content at `offset`; NotYet after a lot of decoding: ask again, it goes on."""
        found = self._window.pread(length, offset)
        if found is not None and len(found) == length:
            return found
        if found is None:
            self._rewind()
        self._floor = min(self._floor, offset - PRINT_BYTES)
        self._decode(offset + length, keep_from=offset - PRINT_BYTES)
        found = self._window.pread(length, offset)
        assert found is not None
        return found

    def data_at(self, place: int) -> int | None:
        return self._window.data_at(place)

    def reaches(self, place: int) -> bool:
        """Whether there is content up to a place; NotYet or Damaged when that cannot be told."""
        if not place or self.pread(1, place - 1):
            return True
        if self.broken:
            raise Damaged
        if not self.whole:
            raise Unfinished
        return False

    def reach(self, place: int) -> int:
        """Decode up to a place, if there is as much; return where the decoded content ends."""
        self._decode(place)
        return self._window.end

    def forget(self, before: int) -> None:
        """Let go of what lies more than a print's length before a place."""
        self._floor = before - PRINT_BYTES
        self._window.forget(self._floor)

    def extent(self) -> Extent | None:
        """Return what the file is now; its size is -1 when it is not the file any more that was read."""
        extent = extent_of(self._descriptor)
        if extent is None:
            return None
        if (extent.disk_size, extent.modified_ns) != self._seen:
            self._seen = (extent.disk_size, extent.modified_ns)
            self._disk_size = extent.disk_size
            head = os.pread(self._descriptor, len(self._head), 0)
            self._same = head == self._head and extent.disk_size >= self._at
            if self._same and self.broken:
                self._careful = []
                self._rewind()  # somebody writes to it: it may have been mended
        return Extent(extent.key, self.size if self._same else -1, extent.disk_size, extent.modified_ns)

    def close(self) -> None:
        os.close(self._descriptor)

    def _rewind(self) -> None:
        self._decoder = self._new_decoder()
        self._window = Window()
        self._at = 0  # of the file's bytes, how many were read
        self._rest = b""  # of those, what belongs to the next member
        self._between = True
        self._members = 0
        self.broken = False

    def _decode(self, place: int, *, keep_from: int | None = None) -> None:
        """Decode up to a place; keep what lies between keep_from and there, or all of it, if that is not too much."""
        enough = self._decoded + CALL_BYTES
        while self._window.end < place and self._step():
            if keep_from is not None and self._window.held_bytes > HELD_BYTES:
                self._window.forget(min(keep_from, self._window.end - PRINT_BYTES))
            if self._decoded >= enough:
                raise NotYet
        self._furthest = max(self._furthest, self._window.end)

    def _step(self) -> bool:
        """Decode a piece; False when there is nothing more, for now."""
        if self.broken:
            return False
        data = b""
        at = self._at
        if self._between or self._decoder.needs_input:
            data, self._rest = self._rest or self._input(), b""
            if self._between and self._members:
                data = data.lstrip(b"\0")  # padding
            if not data:
                return self._at > at
        if self._between:
            self._decoder, self._between = self._new_decoder(), False
        try:
            piece = self._decoder.decompress(data, OUTPUT_BYTES)
        except DECODE_ERRORS:
            self._damaged(at)
            return not self.broken
        self._take(piece)
        if self._decoder.eof:
            self._rest, self._between = self._decoder.unused_data, True
            self._members += 1
        return True

    def _take(self, piece: bytes) -> None:
        if piece:
            self._decoded += len(piece)
            self._window.append(piece)
            self._window.forget(min(self._floor, self._window.end - PRINT_BYTES))

    def _input(self) -> bytes:
        length = INPUT_BYTES
        for start, step in self._careful:
            length = step if self._at >= start else min(length, start - self._at)
        data = os.pread(self._descriptor, length, self._at)
        if len(self._head) < PRINT_BYTES and self._at == len(self._head):
            self._head += data[: PRINT_BYTES - len(self._head)]
        self._at += len(data)
        self._disk_size = max(self._disk_size, self._at)
        return data

    def _damaged(self, at: int) -> None:
        """Go over it again, in smaller steps from the last sound piece on, to get out everything that can be decoded."""
        if len(self._careful) == len(CAREFUL_STEPS):
            self.broken = True
            return
        last_step = self._careful[-1][1] if self._careful else INPUT_BYTES
        self._careful.append((max(0, at - last_step), CAREFUL_STEPS[len(self._careful)]))
        self._furthest = max(self._furthest, self._window.end)
        self._rewind()


def open_log(path: str) -> Content:
    """Open the file at `path`, compressed or not, by its name; OSError when it cannot be opened."""
    decoder = decoder_of(path)
    return PlainContent(path) if decoder is None else CompressedContent(path, decoder)


@contextmanager
def content_of(path: str) -> Iterator[Content]:
    """Open the file at `path` for a while."""
    content = open_log(path)
    try:
        yield content
    finally:
        content.close()
