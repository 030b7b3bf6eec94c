"""Files read to their end: recognised when they turn up again under any name, so that they are not read twice.

It must never recognise a file by its name, nor by a few bytes that many files share.
"""

from __future__ import annotations

from collections.abc import Iterable

from auditd.tail.compressed import content_of
from auditd.tail.content import Key
from auditd.tail.cursor import Cursor
from auditd.tail.discover import Sighting
from auditd.tail.prints import PRINT_BYTES, Prints, digest, prints_of


class Finished:
    """Cursors of finished files, by inode, and by content where the content tells files apart."""

    def __init__(self, cursors: Iterable[Cursor]) -> None:
        self._by_key: dict[Key, list[Cursor]] = {}
        self._by_content: dict[tuple[str, int], Cursor] = {}
        self._quiet: dict[Key, tuple[int, int]] = {}
        for cursor in cursors:
            self.add(cursor)

    def add(self, cursor: Cursor) -> None:
        """Remember a finished file."""
        self._by_key.setdefault((cursor.device, cursor.inode), []).append(cursor)
        if cursor.offset >= PRINT_BYTES:
            self._by_content[cursor.head_hash, cursor.offset] = cursor

    def remove(self, cursor: Cursor) -> None:
        """Forget a file that is being read again."""
        key = (cursor.device, cursor.inode)
        self._by_key[key].remove(cursor)
        if self._by_content.get((cursor.head_hash, cursor.offset)) is cursor:
            del self._by_content[cursor.head_hash, cursor.offset]

    def knows_unchanged(self, sighting: Sighting) -> bool:
        """Whether this file was recognised before and has not been touched since."""
        return self._quiet.get(sighting.key) == (sighting.size, sighting.modified_ns)

    def quieten(self, sighting: Sighting) -> None:
        """Remember that nothing in this file is unread."""
        self._quiet[sighting.key] = (sighting.size, sighting.modified_ns)

    def match(self, sighting: Sighting) -> tuple[Cursor, Prints] | None:
        """Return the finished file this is, and its prints; OSError when it cannot be looked at."""
        with content_of(sighting.path) as content:
            for cursor in reversed(self._by_key.get(sighting.key, [])):
                if sighting.size >= cursor.offset and (prints := prints_of(content, cursor)) is not None:
                    return cursor, prints
            if sighting.size >= PRINT_BYTES:
                head = digest(content.pread(PRINT_BYTES, 0))
                twin = self._by_content.get((head, sighting.size))
                if twin is not None and (prints := prints_of(content, twin)) is not None:
                    return twin, prints
            return None
