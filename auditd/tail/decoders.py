"""Decoders of compressed log files: which endings are read, and one member of a stream, piece by piece.

It must never return more at once than it was asked for, whatever a small file unfolds to.
"""

from __future__ import annotations

import bz2
import lzma
import sys
import zlib
from collections.abc import Callable
from typing import Final, Protocol

if sys.version_info >= (3, 14):
    from compression.zstd import ZstdDecompressor, ZstdError
else:
    from backports.zstd import ZstdDecompressor, ZstdError

XZ_MEMORY_BYTES: Final = 128 << 20  # `xz -9` needs 65 MiB
DECODE_ERRORS: Final = (zlib.error, lzma.LZMAError, ZstdError, OSError, EOFError, ValueError)
UNREADABLE: Final = (".zip", ".Z")


class Decoder(Protocol):
    """One member of a compressed stream: what bz2, lzma and zstd of the standard library are."""

    @property
    def eof(self) -> bool:
        """Whether the member has ended."""

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes without more input."""

    @property
    def unused_data(self) -> bytes:
        """What was given beyond the end of the member."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Take more input and return at most `max_length` bytes; one of DECODE_ERRORS when it is damaged."""


class _GzipDecoder:
    """A gzip member, its checksum verified at its end."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)
        self._tail = b""
        self._full = False

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not (self._inner.eof or self._tail or self._full)

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        piece = self._inner.decompress(self._tail + data, max_length)
        self._tail = self._inner.unconsumed_tail
        self._full = len(piece) == max_length  # there may be more inside, even with no input left
        return piece


def _xz() -> Decoder:
    return lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=XZ_MEMORY_BYTES)


_DECODERS: Final[dict[str, Callable[[], Decoder]]] = {
    ".gz": _GzipDecoder,
    ".zst": ZstdDecompressor,
    ".xz": _xz,
    ".bz2": bz2.BZ2Decompressor,
}


def decoder_of(path: str) -> Callable[[], Decoder] | None:
    """Return how to decode a file of this name; None when its bytes are its content."""
    return next((made for ending, made in _DECODERS.items() if path.endswith(ending)), None)


def plain_name(path: str) -> str:
    """Return the name a file had before it was compressed; the same name when it is not compressed."""
    return next((path.removesuffix(ending) for ending in _DECODERS if path.endswith(ending)), path)
