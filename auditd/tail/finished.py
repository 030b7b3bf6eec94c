"""Files read to their end: recognised when they turn up again under any name, so that they are not read twice.

It must never recognise a file by its name, nor by a few bytes that many files share.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from auditd.tail.compressed import content_of
from auditd.tail.content import Key
from auditd.tail.cursor import Cursor
from auditd.tail.decoders import decoder_of
from auditd.tail.discover import Sighting
from auditd.tail.prints import PRINT_BYTES, Prints, digest, prints_of


class Finished:
    """Cursors of finished files, by inode, and by content where the content tells files apart."""

    def __init__(self, cursors: Iterable[Cursor]) -> None:
        self._by_key: dict[Key, list[Cursor]] = {}
        self._by_content: dict[tuple[str, int], Cursor] = {}
        self._by_head: dict[str, list[Cursor]] = {}
        self._short: dict[tuple[str, int], Cursor] = {}
        self._quiet: dict[Key, tuple[int, int]] = {}
        for cursor in cursors:
            self.add(cursor)

    def add(self, cursor: Cursor) -> None:
        """Remember a finished file."""
        self._by_key.setdefault((cursor.device, cursor.inode), []).append(cursor)
        if cursor.offset >= PRINT_BYTES:
            self._by_content[cursor.head_hash, cursor.offset] = cursor
            self._by_head.setdefault(cursor.head_hash, []).append(cursor)
        else:
            self._short[cursor.head_hash, cursor.offset] = cursor

    def forget(self, file: str) -> None:
        """Forget a file that is being read again, by its identity."""
        for cursor in [one for known in self._by_key.values() for one in known if one.file == file]:
            self._remove(cursor)

    def _remove(self, cursor: Cursor) -> None:
        key = (cursor.device, cursor.inode)
        self._by_key[key].remove(cursor)
        if self._by_content.get((cursor.head_hash, cursor.offset)) is cursor:
            del self._by_content[cursor.head_hash, cursor.offset]
        if cursor.offset >= PRINT_BYTES:
            self._by_head[cursor.head_hash].remove(cursor)
        elif self._short.get((cursor.head_hash, cursor.offset)) is cursor:
            del self._short[cursor.head_hash, cursor.offset]

    def move(self, cursor: Cursor, sighting: Sighting) -> Cursor:
        """Remember that a finished file lies elsewhere now; return its cursor there."""
        device, inode = sighting.key
        moved = replace(
            cursor, path=sighting.path, device=device, inode=inode, modified_ns=sighting.modified_ns
        )
        self._remove(cursor)
        self.add(moved)
        return moved

    def at(self, sighting: Sighting) -> Cursor | None:
        """Return the compressed file that was read to its end there, if nobody has touched it since."""
        for cursor in self._by_key.get(sighting.key, []):
            if (cursor.path, cursor.modified_ns) == (sighting.path, sighting.modified_ns):
                return cursor
        return None

    def beginning_with(self, head: bytes) -> list[Cursor]:
        """Return the files that begin with these PRINT_BYTES, shortest first."""
        return sorted(self._by_head.get(digest(head), []), key=lambda cursor: cursor.offset)

    def short(self, content: bytes) -> Cursor | None:
        """Return the file that is this content and nothing more, where it is shorter than a print."""
        return self._short.get((digest(content), len(content)))

    def knows_unchanged(self, sighting: Sighting) -> bool:
        """Whether this file was recognised before and has not been touched since."""
        return self._quiet.get(sighting.key) == (sighting.size, sighting.modified_ns)

    def quieten(self, sighting: Sighting) -> None:
        """Remember that nothing in this file is unread."""
        self._quiet[sighting.key] = (sighting.size, sighting.modified_ns)

    def is_all_read(self, sighting: Sighting) -> bool:
        """Whether this was read to its end before and has not grown since; OSError when it cannot be looked at."""
        if self.knows_unchanged(sighting) or self.at(sighting) is not None:
            return True
        with content_of(sighting.path) as content:
            if sighting.compressed:  # under an inode of its own: its beginning says whose copy it is
                head = content.pread(PRINT_BYTES, 0)
                return bool(self.beginning_with(head) if len(head) == PRINT_BYTES else self.short(head))
            ended_here = [one for one in self._by_key.get(sighting.key, []) if one.offset == sighting.size]
            return any(prints_of(content, cursor) is not None for cursor in ended_here)

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
            elif (short := self.short(whole := content.pread(PRINT_BYTES, 0))) and decoder_of(short.path):
                # What was compressed has another inode: its whole content says that it was read.
                return short, Prints(offset=len(whole), head=whole, tail=whole)
            return None
