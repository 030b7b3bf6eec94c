"""What a compressed file that nobody reads is: one that was read before, a copy of one being read, or a new one.

It must never take a file for another because they begin alike: it is decoded as far as anything known like it was read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from auditd.tail.compressed import CompressedContent, open_log
from auditd.tail.content import Content, Damaged, Key, NotYet
from auditd.tail.cursor import Cursor
from auditd.tail.discover import Sighting
from auditd.tail.file import LogFile
from auditd.tail.finished import Finished
from auditd.tail.prints import PRINT_BYTES, Prints, prints_of
from auditd.tail.recognise import Recognition


class Likeness(Enum):
    """What it is, as far as can be told now."""

    NEW = auto()
    KNOWN = auto()  # read to its end before
    LONGER = auto()  # the beginning was read before, as a whole file
    COPY = auto()  # of a file that is being read
    UNCERTAIN = auto()


@dataclass(frozen=True, slots=True)
class Told:
    """What a file is like, and the finished file it is like."""

    likeness: Likeness
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class _Copy:
    """A copy that was recognised: as it was then, whose copy, since when, and whether it holds more than its original."""

    size: int
    modified_ns: int
    file: str
    since: float
    longer: bool


class Comparison:
    """Compares compressed files to those of one source."""

    def __init__(self, finished: Finished, recognition: Recognition, *, settle_seconds: float) -> None:
        self._finished = finished
        self._recognition = recognition
        self._settle = settle_seconds
        self._copies: dict[Key, _Copy] = {}
        self._open: tuple[Key, CompressedContent] | None = None
        self._asked_at = 0.0

    def tell(self, sighting: Sighting, now: float) -> Told:
        """Tell what a compressed file is; OSError when it cannot be looked at. It stays open for `content_of`."""
        originals = list(self._recognition.originals(sighting.path))
        if self._is_known_copy(sighting, originals, now):
            return Told(Likeness.COPY)
        if self._open is not None and self._open[0] != sighting.key and now - self._asked_at < self._settle:
            return Told(Likeness.UNCERTAIN)  # one at a time
        content = self._opened(sighting)
        self._asked_at = now
        try:
            told = self._compared(content, originals, sighting, now)
        except NotYet:
            return Told(Likeness.UNCERTAIN)
        if told.likeness not in (Likeness.NEW, Likeness.LONGER):
            self.close()
        return told

    def content_of(self, sighting: Sighting) -> Content | None:
        """Give away the content of a file that was looked at, if it is open."""
        if self._open is None or self._open[0] != sighting.key:
            return None
        (_, content), self._open = self._open, None
        return content

    def close(self) -> None:
        """Close what is open."""
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def _opened(self, sighting: Sighting) -> CompressedContent:
        if self._open is None or self._open[0] != sighting.key:
            self.close()
            content = open_log(sighting.path)
            assert isinstance(content, CompressedContent)
            self._open = (sighting.key, content)
        self._open[1].extent()
        return self._open[1]

    def _is_known_copy(self, sighting: Sighting, originals: list[LogFile], now: float) -> bool:
        copy = self._copies.get(sighting.key)
        if copy is None:
            return False
        if (copy.size, copy.modified_ns) == (sighting.size, sighting.modified_ns):
            waits = not copy.longer or now - copy.since < self._settle
            if waits and any(file.cursor.file == copy.file for file in originals):
                return True
        del self._copies[sighting.key]
        return False

    def _compared(
        self, content: CompressedContent, originals: list[LogFile], sighting: Sighting, now: float
    ) -> Told:
        head = content.pread(PRINT_BYTES, 0)
        if len(head) < PRINT_BYTES and not (content.whole or content.broken):
            return Told(Likeness.UNCERTAIN)
        if (
            original := next((file for file in originals if _is_copy(content, head, file)), None)
        ) is not None:
            longer = content.known > original.size and not original.compressed
            self._copies[sighting.key] = _Copy(
                sighting.size, sighting.modified_ns, original.cursor.file, now, longer
            )
            if not longer or self._settle:
                return Told(Likeness.COPY)
        if len(head) < PRINT_BYTES:
            twin = None if content.broken else self._finished.short(head)
            return Told(Likeness.NEW) if twin is None else Told(Likeness.KNOWN, twin)
        return self._among_finished(content, head)

    def _among_finished(self, content: CompressedContent, head: bytes) -> Told:
        known = list(_contained(content, self._finished.beginning_with(head)))
        if not known:
            return Told(Likeness.NEW)
        cursor, prints = known[-1]
        if not content.pread(1, cursor.offset):
            return Told(Likeness.KNOWN if content.whole or content.broken else Likeness.UNCERTAIN, cursor)
        # An unfinished last line was given out: only the whole file has the whole line.
        return Told(Likeness.LONGER, cursor) if prints.at_line_end else Told(Likeness.NEW)


def _contained(content: CompressedContent, cursors: list[Cursor]) -> Iterator[tuple[Cursor, Prints]]:
    """Yield those files all of which is in the content, shortest first; NotYet when that cannot be told."""
    for cursor in cursors:
        try:
            if content.reaches(cursor.offset) and (prints := prints_of(content, cursor)) is not None:
                yield cursor, prints
        except Damaged:
            return


def _is_copy(content: CompressedContent, head: bytes, file: LogFile) -> bool:
    """Whether the shorter of content and file is the beginning of the other; NotYet when that cannot be told.

    By the first and last kilobyte they share, and where the original is compressed itself by what was read of it.
    """
    if file.content is None or file.compressed:
        if file.prints is None or not file.prints.distinctive or not head.startswith(file.prints.head):
            return False
        return _reaches(content, file.offset) and file.prints.hold(content)
    if file.content.pread(len(head), 0) != head[: file.size]:
        return False
    if _reaches(content, file.size):
        shared = file.size
    elif content.whole or content.broken:
        shared = content.known
    else:
        raise NotYet
    if file.size < PRINT_BYTES and content.known > file.size:
        return False  # a few bytes that many files share
    last = min(shared, PRINT_BYTES)
    return content.pread(last, shared - last) == file.content.pread(last, shared - last)


def _reaches(content: CompressedContent, place: int) -> bool:
    try:
        return content.reaches(place)
    except Damaged:
        return False
