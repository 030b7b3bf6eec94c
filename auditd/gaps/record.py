"""What reading tells about gaps, kept in the transaction that keeps the data: volumes, seals, losses.

It must never commit or log; if the transaction fails, `failed` is called.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import polars as pl
from sqlalchemy import Connection, select

from auditd.archive.tables import FileRow
from auditd.gaps import volumes
from auditd.gaps.book import Fact, Gap, notice
from auditd.gaps.seals import Seals
from auditd.tail.chunk import Chunk

LOST = "lost"


class Recorder:
    """Takes down what each commit says about gaps."""

    def __init__(self) -> None:
        self.seals = Seals()

    def record(
        self, conn: Connection, chunks: Sequence[Chunk], frames: Iterable[pl.DataFrame], now: datetime
    ) -> list[Gap]:
        """Count new events, seal what was read, note what was lost; return the gaps noted.

        Call it before the cursors are moved: a loss begins where its file was last read.
        """
        volumes.count(conn, frames, now)
        self.seals.store(conn, chunks, now)
        return [notice(conn, _loss(conn, chunk, now), now) for chunk in chunks if chunk.lost_bytes]

    def failed(self) -> None:
        """Learn that the transaction of the last `record` may not have come about."""
        self.seals.forget()


def _loss(conn: Connection, chunk: Chunk, now: datetime) -> Fact:
    file = chunk.before.file
    last_read = conn.execute(select(FileRow.last_read_at).where(FileRow.file == file)).scalar_one_or_none()
    detail = {"file": file, "bytes": chunk.lost_bytes, "reason": chunk.lost_reason or "destroyed"}
    return Fact(chunk.source, LOST, min(last_read or now, now), now, detail)
