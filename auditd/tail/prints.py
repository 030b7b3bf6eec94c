"""Fingerprints: is this still the file we read? Its first bytes and the bytes before our place in it say so.

Device and inode are hints only (inodes are reused, devices change with a remount); content decides. It must never
read more than two kilobytes of a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from auditd.tail.content import Content
from auditd.tail.cursor import Cursor

PRINT_BYTES: Final = 1024


@dataclass(frozen=True, slots=True)
class Prints:
    """The first bytes of a file, and the bytes before `offset` (each at most PRINT_BYTES)."""

    offset: int = 0
    head: bytes = b""
    tail: bytes = b""

    @property
    def distinctive(self) -> bool:
        """Whether the prints tell files apart by themselves; a few hundred equal bytes may be a shared header."""
        return self.offset >= PRINT_BYTES

    @property
    def at_line_end(self) -> bool:
        """Whether the last byte read ended a line."""
        return not self.tail or self.tail.endswith((b"\n", b"\n\0"))  # in UTF-16LE a newline is two bytes

    def moved(self, offset: int, last: bytes, head: bytes) -> Prints:
        """Return the prints at a later offset; last: the final bytes before it, head: bytes that followed the old head."""
        return Prints(
            offset=offset,
            head=(self.head + head)[:PRINT_BYTES],
            tail=(self.tail + last)[-PRINT_BYTES:] if len(last) < PRINT_BYTES else last[-PRINT_BYTES:],
        )

    def hold(self, content: Content) -> bool:
        """Whether the open file still has these bytes at these places; OSError when it cannot be read."""
        return (
            content.pread(len(self.head), 0) == self.head
            and content.pread(len(self.tail), self.offset - len(self.tail)) == self.tail
        )


def prints_of(content: Content, cursor: Cursor) -> Prints | None:
    """Return the prints of the open file at the cursor, or None when it is not the cursor's file."""
    if not head_agrees(content, cursor):
        return None
    tail = content.pread(cursor.tail_length, cursor.offset - cursor.tail_length)
    if digest(tail) != cursor.tail_hash or len(tail) != cursor.tail_length:
        return None
    return Prints(offset=cursor.offset, head=content.pread(cursor.head_length, 0), tail=tail)


def head_agrees(content: Content, cursor: Cursor) -> bool:
    """Whether the open file begins like the cursor's file."""
    head = content.pread(cursor.head_length, 0)
    return len(head) == cursor.head_length and digest(head) == cursor.head_hash


def digest(content: bytes) -> str:
    """Return the SHA-256 of a print, in hex."""
    return sha256(content).hexdigest()
