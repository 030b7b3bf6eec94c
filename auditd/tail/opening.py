"""Opens what may be a log file at a path, in one look or several, and tells whether it is the one that was read.

It must never believe a path or an inode alone: prints say whether it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from auditd.tail.compressed import CompressedContent, open_log
from auditd.tail.content import Content
from auditd.tail.cursor import Cursor
from auditd.tail.discover import sight
from auditd.tail.prints import PRINT_BYTES, Prints, head_agrees, prints_of


@dataclass(frozen=True, slots=True)
class Wanted:
    """The file that is looked for. prints: where they are known; else the cursor's hashes.

    offset: how far it was read; size: how much of it is known to exist; copy: whether a copy of it will do.
    """

    cursor: Cursor
    prints: Prints | None
    offset: int
    size: int
    inode: int
    copy: bool


class Opening:
    """What was opened and not decoded as far as the place yet: the next attempt at the same path goes on there."""

    def __init__(self) -> None:
        self._held: tuple[str, Content] | None = None

    def at(self, path: str) -> Content:
        """Open the file at `path`, or go on with it if it is still there; OSError when it cannot be opened."""
        held, self._held = self._held, None
        if held is None:
            return open_log(path)
        try:
            there, extent = sight(path), held[1].extent()
        except OSError:
            held[1].close()
            raise
        if held[0] == path and there is not None and extent is not None and there.key == extent.key:
            return held[1]
        held[1].close()
        return open_log(path)

    def keep(self, path: str, content: Content) -> None:
        """Keep what must be gone on with."""
        self.close()
        self._held = (path, content)

    def close(self) -> None:
        """Close what is kept."""
        if self._held is not None:
            self._held[1].close()
            self._held = None


def prints_in(content: Content, wanted: Wanted) -> Prints | None:
    """Return the prints of what was read if this content has them; None when it is another file.

    NotYet or Damaged when a compressed file may be the one, and its place cannot be reached.
    """
    extent = content.extent()
    known = wanted.copy or wanted.offset >= PRINT_BYTES
    if extent is None or not (known or extent.key[1] == wanted.inode):
        return None
    if isinstance(content, CompressedContent):
        needed = wanted.offset or (wanted.size if wanted.copy else 0)
        if not _begins_like(content, wanted) or not content.reaches(needed):
            return None
    elif extent.size < wanted.offset:
        return None
    prints = wanted.prints if wanted.prints is not None else prints_of(content, wanted.cursor)
    return prints if prints is not None and prints.hold(content) else None


def _begins_like(content: CompressedContent, wanted: Wanted) -> bool:
    """Whether the first bytes agree; NotYet when there are too few of them so far."""
    if wanted.prints is None:
        return content.reaches(wanted.cursor.head_length) and head_agrees(content, wanted.cursor)
    head = wanted.prints.head
    return content.reaches(len(head)) and content.pread(PRINT_BYTES, 0).startswith(head)
