"""SQL tables of gaps, and of what they are told by: volumes by hour, hashes of what was read, courses of files, runs.

A gap's start never changes and its end is set once; `gap_history` is append-only in the database itself.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from alerts.append_only import append_only
from alerts.tables import Base, UtcDateTime
from auditd.archive.tables import BigId
from detectors.gaps import GAP_KINDS

STATES = ("open", "ended", "filled")


class GapRow(Base):
    """A stretch [start, end) in which a source's data cannot be taken as whole. end is null while it lasts."""

    __tablename__ = "gaps"
    __table_args__ = (
        CheckConstraint(f"kind IN ({', '.join(repr(kind) for kind in GAP_KINDS)})", name="kind"),
        CheckConstraint(f"state IN ({', '.join(repr(state) for state in STATES)})", name="state"),
        Index(None, "source", "kind", "start"),
        Index(None, "start"),
    )

    gap_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    source: Mapped[str] = mapped_column(String(128))
    kind: Mapped[str] = mapped_column(String(16))
    start: Mapped[datetime] = mapped_column(UtcDateTime)
    end: Mapped[datetime | None] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(16))
    noticed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    filled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)


class GapHistoryRow(Base):
    """What became known of a gap, and when: noticed, ended, filled. Append-only."""

    __tablename__ = "gap_history"

    entry: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    gap_id: Mapped[str] = mapped_column(ForeignKey(GapRow.gap_id), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    action: Mapped[str] = mapped_column(String(16))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)


class SourceHourRow(Base):
    """How much of a source lies in one hour (UTC).

    minutes: bit n is set when minute n has an event. delay_seconds: how old the newest event of the hour was when the
    first of them came.
    """

    __tablename__ = "source_hours"

    source: Mapped[str] = mapped_column(String(128), primary_key=True)
    hour: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    events: Mapped[int] = mapped_column(BigInteger)
    minutes: Mapped[int] = mapped_column(BigInteger)
    first_read_at: Mapped[datetime] = mapped_column(UtcDateTime)
    delay_seconds: Mapped[int] = mapped_column(BigInteger)


class FileBlockRow(Base):
    """A range of a log file as it was read, by its SHA-256; changed_at once the file was found to have others there."""

    __tablename__ = "file_blocks"

    file: Mapped[str] = mapped_column(String(32), primary_key=True)
    offset: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    length: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))
    read_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class FileCourseRow(Base):
    """How far the events of one family in one file have come in time, and how orderly: see auditd/gaps/courses.py."""

    __tablename__ = "file_courses"

    file: Mapped[str] = mapped_column(String(32), primary_key=True)
    family: Mapped[str] = mapped_column(String(16), primary_key=True)
    newest: Mapped[datetime] = mapped_column(UtcDateTime)
    in_order: Mapped[int] = mapped_column(BigInteger)
    late: Mapped[int] = mapped_column(BigInteger)
    longest: Mapped[int] = mapped_column(BigInteger)
    streak: Mapped[int] = mapped_column(BigInteger)
    since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    told: Mapped[bool] = mapped_column()
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    modified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RunRow(Base):
    """One run of the daemon: alive_at is written every few seconds; stopped_at when it left as asked."""

    __tablename__ = "runs"

    run_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    alive_at: Mapped[datetime] = mapped_column(UtcDateTime)
    stopped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


append_only(Base.metadata.tables[GapHistoryRow.__tablename__])
