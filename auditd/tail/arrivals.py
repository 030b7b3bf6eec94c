"""Files of a source that nobody reads yet: new ones, ones that were read before, and copies of those being read.

It must never begin a file a second time because it has another name.
"""

from __future__ import annotations

from dataclasses import replace

from auditd.tail.cursor import Cursor
from auditd.tail.discover import Sighting
from auditd.tail.file import first_cursor
from auditd.tail.finished import Finished
from auditd.tail.recognise import Recognition
from auditd.tail.source import TailSource


class Arrivals:
    """Says where to begin in the files of one source."""

    def __init__(self, source: TailSource, finished: Finished, recognition: Recognition) -> None:
        self.finished = finished
        self._source = source
        self._recognition = recognition

    def cursor_for(self, sighting: Sighting, home: str, now: float) -> Cursor | None:
        """Return where to begin: where it was left if it is known, else at its start; None when there is nothing to do.

        OSError when it cannot be looked at.
        """
        if self.finished.knows_unchanged(sighting):
            return None
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
        self.finished.remove(cursor)
        return replace(cursor, finished=False, path=home, device=sighting.device, inode=sighting.inode)
