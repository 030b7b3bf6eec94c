"""Reads growing, rotating files to chunks of complete lines, fairly between sources.

The caller commits a chunk with its cursor and accepts it, or refuses it and gets it again. It must never hand out
more than one chunk of a file at a time, write anything, or speak SQL.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from auditd.tail.chunk import Chunk
from auditd.tail.cursor import Cursor
from auditd.tail.descriptors import Descriptors
from auditd.tail.discover import folders_of
from auditd.tail.file import LogFile
from auditd.tail.oddity import Oddity
from auditd.tail.report import Behind, Problem
from auditd.tail.source import TailSource
from auditd.tail.watched import WatchedSource

OPEN_FILES: Final = 256


class Tailer:
    """Reads the sources from where the cursors stand.

    block_bytes: size of a chunk at most, unless one line needs more. settle_seconds: how long a rotated file must
    have been quiet before its unfinished last line is given out and it is closed. open_files: descriptors held at most.
    """

    def __init__(
        self,
        sources: Iterable[TailSource],
        cursors: Iterable[Cursor],
        *,
        block_bytes: int = 8 << 20,
        settle_seconds: float = 5.0,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        open_files: int = OPEN_FILES,
    ) -> None:
        cursors = list(cursors)
        self._block_bytes = block_bytes
        self._monotonic = monotonic
        self._wall = wall
        self._descriptors = Descriptors(open_files)
        self._sources = [
            WatchedSource(
                source,
                [cursor for cursor in cursors if cursor.source == source.name],
                settle_seconds=settle_seconds,
                descriptors=self._descriptors,
                now=monotonic(),
            )
            for source in sources
        ]
        self._out: dict[int, tuple[WatchedSource, LogFile]] = {}
        self._turn = 0

    def reconcile(self) -> None:
        """Look at the disk: new files, rotations, truncations, disappearances. Call it every second or two."""
        now = self._monotonic()
        for watched in self._sources:
            watched.reconcile(now)

    def read(self, budget_bytes: int, *, ahead: int = 1) -> list[Chunk]:
        """Return the next chunks, a source at a time in turn, until they hold the budget (by at most one chunk more).

        ahead: how many chunks of one file may be out at once. The state before a second one is what parsing the first
        ended with: the caller knows it, the chunk does not.
        """
        now = self._monotonic()
        turns = deque(self._in_turn(now, ahead))
        chunks: list[Chunk] = []
        taken = 0
        while turns and taken < budget_bytes:
            watched, waiting = turns.popleft()
            file, chunk = next(waiting, (None, None))
            if file is None or chunk is None:
                continue
            self._out[id(chunk)] = (watched, file)
            chunks.append(chunk)
            taken += max(1, len(chunk.block.data))
            turns.append((watched, waiting))
        self._turn += 1
        return chunks

    def accept(self, chunk: Chunk, state: str) -> None:
        """Move on: the caller has committed `chunk.after` with this parser state."""
        watched, file = self._out.get(id(chunk), (None, None))
        if watched is None or file is None or file.chunk is not chunk:
            raise ValueError("this chunk is not out, or not the oldest of its file")
        del self._out[id(chunk)]
        file.accept(state)
        watched.changed.pop(file.cursor.file, None)
        if file.cursor.finished:
            watched.retire(file)

    def refuse(self, chunk: Chunk) -> None:
        """Take a chunk back: the caller could not commit it. The same bytes come again."""
        self._given(chunk)[1].refuse(chunk)

    def behind(self) -> dict[str, Behind]:
        """Return per source what is on disk, as of the last look, and not yet accepted."""
        return {watched.source.name: self._behind(watched) for watched in self._sources}

    def problems(self) -> list[Problem]:
        """Return what keeps files from being read at present."""
        return [problem for watched in self._sources for problem in watched.problems]

    def oddities(self) -> list[Oddity]:
        """Return, once, what happened to files that no writer or rotation does."""
        found = [oddity for watched in self._sources for oddity in watched.oddities]
        for watched in self._sources:
            watched.oddities.clear()
        return found

    def cursors_changed(self) -> list[Cursor]:
        """Return, once, the cursors that changed without a chunk: files first seen, files finished.

        Store them with the next commit, before the cursors of its chunks.
        """
        return [cursor for watched in self._sources for cursor in watched.cursors_changed()]

    def directories(self) -> set[str]:
        """Return the folders in which a change may concern the sources."""
        folders = folders_of(pattern for watched in self._sources for pattern in watched.source.files)
        homes = {file.location for watched in self._sources for file in watched.files}
        return folders | {str(Path(home).resolve().parent) for home in homes if Path(home).is_symlink()}

    def close(self) -> None:
        """Close every file."""
        for watched in self._sources:
            watched.close()

    def _in_turn(
        self, now: float, ahead: int
    ) -> Iterator[tuple[WatchedSource, Iterator[tuple[LogFile, Chunk]]]]:
        for place in range(len(self._sources)):
            watched = self._sources[(self._turn + place) % len(self._sources)]
            yield watched, watched.chunks(self._block_bytes, now, ahead=ahead)

    def _given(self, chunk: Chunk) -> tuple[WatchedSource, LogFile]:
        watched, file = self._out.pop(id(chunk), (None, None))
        if watched is None or file is None:
            raise ValueError("this chunk is not out: it was accepted or refused before")
        return watched, file

    def _behind(self, watched: WatchedSource) -> Behind:
        waiting = [file for file in watched.files if file.unaccepted]
        ages = [
            self._wall() - file.amounts.modified_ns / 1e9 for file in waiting if file.unsearched or file.chunk
        ]
        return Behind(
            bytes=sum(file.unaccepted for file in waiting),
            files=len(waiting),
            seconds=max(0.0, *ages) if ages else 0.0,
        )
