"""Compressing files the way rotation does, for tests."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def _zst(content: bytes) -> bytes:
    return zstd.compress(content, options={zstd.CompressionParameter.checksum_flag: 1})  # as the command does


SQUEEZERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    ".gz": gzip.compress,
    ".zst": _zst,
    ".xz": lzma.compress,
    ".bz2": bz2.compress,
}


def squeezed(content: bytes, ending: str) -> bytes:
    """Return one compressed stream."""
    return SQUEEZERS[ending](content)


def squeeze(path: Path, ending: str = ".gz", *, to: Path | None = None) -> Path:
    """Compress a file as gzip, xz and zstd --rm do: beside it, with its times, then it is deleted."""
    target = to or path.with_name(path.name + ending)
    status = path.stat()
    target.write_bytes(squeezed(path.read_bytes(), ending))
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
    path.unlink()
    return target
