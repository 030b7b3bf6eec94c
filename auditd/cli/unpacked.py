"""A log as a stream of its own bytes, compressed or not, told by how it begins: a pipe has no name to go by.

It must never hold more than a piece of what a small file unfolds to, nor take half a file for a whole one.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import BinaryIO, Final, cast

from auditd.tail.decoders import DECODE_ERRORS, Decoder, decoder_of

INPUT_BYTES: Final = 1 << 16
# How each kind of file begins. One of zstd may begin with a frame that holds no data, an empty one of bzip2 with its end.
_BEGINNINGS: Final = (
    (re.compile(rb"\x1f\x8b"), ".gz"),
    (re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"), ".zst"),
    (re.compile(rb"\xfd7zXZ\x00"), ".xz"),
    (re.compile(rb"BZh[1-9](?:1AY&SY|\x17\x72\x45\x38\x50\x90)"), ".bz2"),
)


class BrokenFile(Exception):
    """A compressed file that is damaged, or ends before it should; `kind` is its usual ending without the dot."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


def unpacked(raw: BinaryIO) -> BinaryIO:
    """Return the content of a file or pipe, decoded where it is compressed (gzip, zstd, xz, bzip2).

    Reading raises BrokenFile where it cannot be decoded.
    """
    stream = io.BufferedReader(cast(io.RawIOBase, raw))
    ending = _ending(stream.peek(16)[:16])
    decoder = decoder_of(ending) if ending else None
    if decoder is None:
        return stream
    return io.BufferedReader(_Unpacked(stream, decoder, ending.removeprefix(".")))


def _ending(start: bytes) -> str:
    """Return the ending that files which begin so usually have, "" where they are not compressed."""
    return next((ending for beginning, ending in _BEGINNINGS if beginning.match(start)), "")


class _Unpacked(io.RawIOBase):
    """The content of a compressed stream, all its members one after the other."""

    def __init__(self, packed: BinaryIO, decoder: Callable[[], Decoder], kind: str) -> None:
        self._packed = packed
        self._new_decoder = decoder
        self._kind = kind
        self._decoder = decoder()
        self._rest = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object, /) -> int:
        place = memoryview(buffer)  # type: ignore[arg-type]  # what callers give is a buffer
        while not self._ended:
            piece = self._piece(len(place))
            if piece:
                place[: len(piece)] = piece
                return len(piece)
        return 0

    def _piece(self, length: int) -> bytes:
        """Return some more content; b"" where a step gave none."""
        if self._decoder.eof:
            self._rest = (self._decoder.unused_data or self._rest).lstrip(b"\0") or self._input().lstrip(
                b"\0"
            )
            self._ended = not self._rest and not self._packed.peek(1)  # type: ignore[attr-defined]  # decompressing files have peek
            if self._rest:
                self._decoder = self._new_decoder()
            return b""
        data = b""
        if self._decoder.needs_input:
            data, self._rest = self._rest or self._input(), b""
            if not data:
                raise BrokenFile(self._kind)
        try:
            return self._decoder.decompress(data, length)
        except DECODE_ERRORS:
            raise BrokenFile(self._kind) from None

    def _input(self) -> bytes:
        return self._packed.read(INPUT_BYTES)
