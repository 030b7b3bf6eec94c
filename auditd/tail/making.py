"""Making chunks: what was cut out of a file, with the cursor and the prints behind it.

It must never make a cursor whose prints are not of the bytes right before its offset.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from auditd.tail.chunk import Chunk
from auditd.tail.compressed import CompressedContent
from auditd.tail.content import Content, Key
from auditd.tail.cursor import Cursor
from auditd.tail.decoding import cut_decoded
from auditd.tail.prints import PRINT_BYTES, Prints, digest
from auditd.tail.scan import Cut, Scan
from parsers.format import Block


def cut_next(
    content: Content, scan: Scan, size: int, block_bytes: int, *, longest: int, ended: bool, quiet: bool
) -> Cut | None:
    """Return the next lines of a file of `size` bytes, None where there are none; longest: of a line, in bytes."""
    if isinstance(content, CompressedContent):
        return cut_decoded(content, scan, max(block_bytes, longest + 1), ended=ended, quiet=quiet)
    return scan.cut(content, size, block_bytes, ended=ended, quiet=quiet)


def prints_after(prints: Prints, cut: Cut, content: Content) -> Prints:
    """Return the prints at the end of what was cut."""
    if cut.data_start == cut.start:
        return prints.moved(cut.end, cut.data[-PRINT_BYTES:], cut.data[:PRINT_BYTES])
    missing = PRINT_BYTES - len(prints.head)
    head = content.pread(min(missing, cut.end - cut.start), cut.start) if missing else b""
    last = min(PRINT_BYTES, cut.end - cut.start)
    return prints.moved(cut.end, content.pread(last, cut.end - last), head)


def cursor_after(before: Cursor, cut: Cut, prints: Prints, *, key: Key, modified_ns: int) -> Cursor:
    """Return the cursor at the end of what was cut. modified_ns: of the file where the log is written."""
    return replace(
        before,
        device=key[0],
        inode=key[1],
        offset=cut.end,
        head_length=len(prints.head),
        head_hash=digest(prints.head),
        tail_length=len(prints.tail),
        tail_hash=digest(prints.tail),
        modified_ns=modified_ns,
    )


def chunk_of(cut: Cut, data: bytes, *, path: str, before: Cursor, after: Cursor, written_ns: int) -> Chunk:
    """Return a chunk of what was cut; written_ns: when the file it lies in was last written to."""
    return Chunk(
        source=before.source,
        path=path,
        block=Block(
            data, before.file, cut.data_start, encoding=cut.encoding, written_before=_moment(written_ns)
        ),
        before=before,
        after=after,
        too_long=cut.too_long,
        nul_bytes=cut.nul_bytes,
    )


def farewell(offset: int, lost: int, reason: str, *, path: str, before: Cursor, after: Cursor) -> Chunk:
    """Return the last, empty chunk of a file that lost bytes."""
    return Chunk(
        source=before.source,
        path=path,
        block=Block(data=b"", file=before.file, offset=offset),
        before=before,
        after=after,
        lost_bytes=lost,
        lost_reason=reason,
    )


def _moment(nanoseconds: int) -> datetime | None:
    """Return a time of the file system in UTC; None where there is none, or none a calendar has."""
    try:
        return datetime.fromtimestamp(nanoseconds / 1e9, UTC) if nanoseconds else None
    except (OverflowError, ValueError, OSError):
        return None
