"""Files of a source that nobody reads yet: new ones, ones that were read before, and copies of those being read.

It must never begin a file a second time because it has another name.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

from auditd.tail.content import Content
from auditd.tail.cursor import Cursor
from auditd.tail.discover import Sighting, sight
from auditd.tail.finished import Finished
from auditd.tail.likeness import Comparison, Likeness
from auditd.tail.prints import digest
from auditd.tail.recognise import Recognition
from auditd.tail.source import TailSource


def first_cursor(source: TailSource, path: str, sighting: Sighting) -> Cursor:
    """Return the cursor of a file seen for the first time."""
    return Cursor(
        file=uuid4().hex[:16],
        source=source.name,
        path=path,
        device=sighting.device,
        inode=sighting.inode,
        offset=0,
        head_length=0,
        head_hash=digest(b""),
        tail_length=0,
        tail_hash=digest(b""),
        state="",
        finished=False,
        modified_ns=sighting.modified_ns if sighting.path == path else 0,
    )


class Arrivals:
    """Says where to begin in the files of one source."""

    def __init__(
        self, source: TailSource, finished: Finished, recognition: Recognition, *, settle_seconds: float
    ) -> None:
        self.finished = finished
        self.moved: list[Cursor] = []
        self._comparison = Comparison(finished, recognition, settle_seconds=settle_seconds)
        self._source = source
        self._recognition = recognition

    def cursor_for(self, sighting: Sighting, home: str, now: float) -> Cursor | None:
        """Return where to begin: where it was left if it is known, else at its start; None when there is nothing to do.

        OSError when it cannot be looked at.
        """
        if self.finished.knows_unchanged(sighting):
            return None
        if sighting.compressed:
            return self._compressed_cursor_for(sighting, home, now)
        known = self.finished.match(sighting)
        if known is None:
            if self._recognition.copies_a_live_file(sighting, now):
                return None
            return first_cursor(self._source, home, sighting)
        cursor, prints = known
        if sighting.size == cursor.offset:
            self.finished.quieten(sighting)
            return None
        if not prints.at_line_end:
            # Its unfinished last line was given out; only the whole file has the whole line.
            return first_cursor(self._source, home, sighting)
        return _again(cursor, sighting, home)

    def begun(self, cursor: Cursor) -> None:
        """Note that a file is being read now, perhaps one that was finished before."""
        self.finished.forget(cursor.file)

    def content_of(self, sighting: Sighting) -> Content | None:
        """Give away the content of a file, where it had to be opened to tell where to begin."""
        return self._comparison.content_of(sighting)

    def close(self) -> None:
        """Close what is open."""
        self._comparison.close()

    def _compressed_cursor_for(self, sighting: Sighting, home: str, now: float) -> Cursor | None:
        if self.finished.at(sighting) is not None:
            self.finished.quieten(sighting)
            return None
        told = self._comparison.tell(sighting, now)
        if told.likeness is Likeness.NEW:
            return first_cursor(self._source, home, sighting)
        if told.likeness is Likeness.LONGER and told.cursor is not None:
            return _again(told.cursor, sighting, home)
        if told.likeness is Likeness.KNOWN and told.cursor is not None:
            self.finished.quieten(sighting)
            if not _is_still_there(told.cursor):
                self.moved.append(self.finished.move(told.cursor, sighting))
        return None


def _again(cursor: Cursor, sighting: Sighting, home: str) -> Cursor:
    return replace(cursor, finished=False, path=home, device=sighting.device, inode=sighting.inode)


def _is_still_there(cursor: Cursor) -> bool:
    """Whether a finished file lies where it was last seen, so that it is known by its inode."""
    try:
        there = sight(cursor.path)
    except OSError:
        return False
    return there is not None and there.key == (cursor.device, cursor.inode)
