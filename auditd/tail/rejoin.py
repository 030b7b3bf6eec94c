"""A record that rotation split: half a line ends the old file, the other half begins the new one.

It must never join what may be two records: only halves of which neither is a record alone, and which together are
exactly one, and only between a file and the one that followed it at the same path.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from auditd.tail.file import LogFile
from auditd.tail.source import TailSource
from parsers.encodings import NEWLINES, find_newline, whole_lines
from parsers.format import Block


@dataclass(frozen=True, slots=True)
class Halves:
    """What stands at the end of the old file without a newline, and what ends that line in the new one."""

    first: bytes
    second: bytes


@dataclass(slots=True)
class Rejoining:
    """The files of one source whose first line belongs to the file before them."""

    source: TailSource
    _before: dict[str, LogFile] = field(default_factory=dict)
    _behind: dict[str, LogFile] = field(default_factory=dict)
    _waiting: dict[str, tuple[LogFile, Halves]] = field(default_factory=dict)
    _judged: dict[str, tuple[Halves, bool]] = field(default_factory=dict)

    def begin(self, files: Iterable[LogFile]) -> None:
        """Note which files stood at one path one after another."""
        self._before.clear()
        self._behind.clear()
        if self.source.is_split is None:
            return
        by_home: dict[str, list[LogFile]] = {}
        for file in files:
            by_home.setdefault(file.home, []).append(file)
        for together in by_home.values():
            for older, newer in pairwise(sorted(together, key=lambda file: file.amounts.modified_ns)):
                self._before[newer.cursor.file] = older
                self._behind[older.cursor.file] = newer

    def waits(self, file: LogFile) -> bool:
        """Whether a new file must wait until the one before it has ended, for its first line is the rest of a record.

        Raises OSError when one of the two cannot be read.
        """
        behind = self._behind.get(file.cursor.file)
        if behind is not None and file.ending and file.unread and file.continued is None:
            self._must_wait(behind)  # it gives out its end now: what follows it is looked at first
        return self._must_wait(file)

    def _must_wait(self, file: LogFile) -> bool:
        if file.cursor.file in self._waiting:
            return self._goes_on_waiting(file)
        before = self._before.get(file.cursor.file)
        if before is None or file.offset or file.chunk is not None or not self._is_unfinished(before):
            return False
        if before.chunk is not None or before.cursor.file in self._waiting:
            return True  # the state behind its last whole line is not known yet
        if before.unsearched or before.content is None or file.content is None:
            return False
        halves = self._halves(before, file)
        if halves is None or not self._is_split(before, file, halves):
            return False
        before.continued = (halves.first, halves.second)
        self._waiting[file.cursor.file] = (before, halves)
        return True

    def _goes_on_waiting(self, file: LogFile) -> bool:
        before, halves = self._waiting[file.cursor.file]
        still_half = before.was_continued or before.unread == len(halves.first)
        if still_half and not before.cursor.finished and not before.gave_up:
            return True
        del self._waiting[file.cursor.file]
        self._judged.pop(file.cursor.file, None)
        before.continued = None
        if before.was_continued:
            file.pass_over(halves.second)
        return False

    def _is_unfinished(self, file: LogFile) -> bool:
        """Whether a file has an end that was not given out, no longer than a line, and will not be waited for in vain."""
        if not 0 < file.unread <= self.source.max_line_bytes or file.gave_up:
            return False
        limit = self.source.complete_after_seconds
        return limit is None or time.time() - file.amounts.modified_ns / 1e9 >= limit

    def _halves(self, before: LogFile, file: LogFile) -> Halves | None:
        assert before.content is not None
        assert file.content is not None
        first = before.content.pread(before.unread, before.offset)
        second = file.content.pread(self.source.max_line_bytes + 2, 0)
        encoding = whole_lines(first + second, self.source.encoding, before.behind)[0]
        newline = find_newline(first + second, encoding)
        end = newline + len(NEWLINES[encoding]) - len(first)
        return Halves(first, second[:end]) if newline >= 0 and end > 0 else None

    def _is_split(self, before: LogFile, file: LogFile, halves: Halves) -> bool:
        """Ask the format, once for the same halves."""
        assert self.source.is_split is not None
        known = self._judged.get(file.cursor.file)
        if known is None or known[0] != halves:
            encoding = whole_lines(halves.first + halves.second, self.source.encoding, before.behind)[0]
            block = Block(halves.first, before.cursor.file, before.offset, encoding=encoding)
            try:
                split = self.source.is_split(block, halves.second, before.cursor.state)
            except Exception:  # noqa: BLE001  a format's bug shows where the lines are parsed; here it joins nothing
                split = False
            known = (halves, split)
            self._judged[file.cursor.file] = known
        return known[1]
