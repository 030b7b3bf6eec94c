"""What the tailer hands out: complete lines of one file, with the cursors before and after them.

It must never hold part of a line, except the last line of a file that has ended.
"""

from __future__ import annotations

from dataclasses import dataclass

from auditd.tail.cursor import Cursor
from parsers.format import Block


@dataclass(frozen=True, slots=True)
class LongLine:
    """A line over the limit, skipped: where, how long (without newline), SHA-256 of all of it, and its first 4 KiB."""

    offset: int
    length: int
    sha256: bytes
    head: bytes


@dataclass(frozen=True, slots=True)
class Chunk:
    """Complete lines of one file.

    block: the lines; its data is empty when there is only something to count. before, after: the cursors around it;
    `after.state` is for the caller to fill. too_long: lines that were skipped; they lie before the block's lines.
    lost_bytes: bytes known to have been destroyed before they could be read, and lost_reason how.
    nul_bytes: NUL bytes skipped at the start of a line (a hole left by truncation under a writer): no lines.
    rejoined_lines: lines passed over at the start of a file, because the file before it gave them out with its own last.
    """

    source: str
    path: str
    block: Block
    before: Cursor
    after: Cursor
    too_long: tuple[LongLine, ...] = ()
    lost_bytes: int = 0
    lost_reason: str = ""
    nul_bytes: int = 0
    rejoined_lines: int = 0
