"""What reading tells about gaps, kept in the transaction that keeps the data: volumes, seals, losses, steps back.

It must never commit or log; if the transaction fails, `failed` is called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import polars as pl
from sqlalchemy import Connection, select

from auditd.archive.tables import FileRow
from auditd.gaps import volumes
from auditd.gaps.book import Fact, Gap, notice
from auditd.gaps.courses import Courses
from auditd.gaps.seals import Seals
from auditd.tail.chunk import Chunk
from parsers.event import Family

LOST = "lost"


class Recorder:
    """Takes down what each commit says about gaps."""

    def __init__(self, courses: Courses | None = None) -> None:
        self.seals = Seals()
        self.courses = courses or Courses({})
        self._steps_back: list[Gap] = []

    def record(
        self, conn: Connection, chunks: Sequence[Chunk], frames: Mapping[Family, pl.DataFrame], now: datetime
    ) -> list[Gap]:
        """Count new events, seal what was read, note what was lost or steps back; return the gaps noted.

        Call it before the cursors are moved: a loss begins where its file was last read.
        """
        volumes.count(conn, frames.values(), now)
        self.seals.store(conn, chunks, now)
        steps_back = [notice(conn, fact, now) for fact in self.courses.follow(conn, chunks, frames, now)]
        self._steps_back += steps_back
        losses = [notice(conn, _loss(conn, chunk, now), now) for chunk in chunks if chunk.lost_bytes]
        return [*steps_back, *losses]

    def steps_back(self) -> list[Gap]:
        """Return, once, the steps back that were noted; losses are told where they are counted."""
        taken, self._steps_back = self._steps_back, []
        return taken

    def failed(self) -> None:
        """Learn that the transaction of the last `record` may not have come about."""
        self.seals.forget()
        self.courses.forget()
        self._steps_back.clear()


def _loss(conn: Connection, chunk: Chunk, now: datetime) -> Fact:
    file = chunk.before.file
    last_read = conn.execute(select(FileRow.last_read_at).where(FileRow.file == file)).scalar_one_or_none()
    detail = {"file": file, "bytes": chunk.lost_bytes, "reason": chunk.lost_reason or "destroyed"}
    return Fact(chunk.source, LOST, min(last_read or now, now), now, detail)
