"""SQL tables of the archive: the manifest of segments, and per file its cursor and its line account.

They are written in one transaction, which is what makes reading exact: a crash leaves all of it or nothing.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from alerts.tables import Base, UtcDateTime

BigId = BigInteger().with_variant(Integer, "sqlite")


class SegmentRow(Base):
    """One Parquet file of the archive. `source` is set for rejects only; `retired_at` once a merge replaced it."""

    __tablename__ = "segments"

    segment_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    family: Mapped[str] = mapped_column(String(16), index=True)
    day: Mapped[str] = mapped_column(String(10))
    source: Mapped[str] = mapped_column(String(128), default="")
    path: Mapped[str] = mapped_column(Text, unique=True)
    rows: Mapped[int] = mapped_column(BigInteger)
    bytes: Mapped[int] = mapped_column(BigInteger)
    min_time: Mapped[datetime] = mapped_column(UtcDateTime)
    max_time: Mapped[datetime] = mapped_column(UtcDateTime)
    sha256: Mapped[str] = mapped_column(String(64))
    level: Mapped[int] = mapped_column(Integer)
    committed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)


class FileRow(Base):
    """One log file: where reading stands (the cursor) and what its lines became (the account).

    lines = event_lines + rejects + non-records (file_counts) always; event_lines = events + duplicates where each
    line is one record. Device and inode are text: they can exceed a signed 64-bit integer.
    """

    __tablename__ = "files"

    file: Mapped[str] = mapped_column(String(32), primary_key=True)
    source: Mapped[str] = mapped_column(String(128), index=True)
    path: Mapped[str] = mapped_column(Text)
    device: Mapped[str] = mapped_column(String(24))
    inode: Mapped[str] = mapped_column(String(24))
    offset: Mapped[int] = mapped_column(BigInteger)
    head_length: Mapped[int] = mapped_column(Integer)
    head_hash: Mapped[str] = mapped_column(String(64))
    tail_length: Mapped[int] = mapped_column(Integer)
    tail_hash: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(Text)
    finished: Mapped[bool] = mapped_column()
    modified_ns: Mapped[int] = mapped_column(BigInteger)
    lines: Mapped[int] = mapped_column(BigInteger)
    event_lines: Mapped[int] = mapped_column(BigInteger)
    events: Mapped[int] = mapped_column(BigInteger)
    duplicates: Mapped[int] = mapped_column(BigInteger)
    lost_bytes: Mapped[int] = mapped_column(BigInteger)
    nul_bytes: Mapped[int] = mapped_column(BigInteger)
    first_read_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_read_at: Mapped[datetime] = mapped_column(UtcDateTime)


class FileCountRow(Base):
    """Lines of one file that became rejects (by reason) or non-records (by kind)."""

    __tablename__ = "file_counts"

    file: Mapped[str] = mapped_column(String(32), primary_key=True)
    what: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    lines: Mapped[int] = mapped_column(BigInteger)
