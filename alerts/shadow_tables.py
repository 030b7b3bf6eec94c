"""The tables of runs in shadow: the runs, what they would have raised, and the history of how detectors are run.

They must never be read by anything that shows, counts or sends alerts; the history is append-only in the database itself.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import JSON, BigInteger, Float, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from alerts.append_only import append_only
from alerts.models import Verdict
from alerts.tables import Base, UtcDateTime

_COUNTER: Final = BigInteger().with_variant(Integer, "sqlite")


class ShadowRunRow(Base):
    """A run of a detector in shadow, as it is now. values: its settings, whose digest `settings` is; seconds: its cost."""

    __tablename__ = "shadow_runs"

    run: Mapped[str] = mapped_column(String(64), primary_key=True)
    detector: Mapped[str] = mapped_column(String(64))
    version: Mapped[int]
    settings: Mapped[str] = mapped_column(String(64))
    values: Mapped[dict[str, Any]] = mapped_column(JSON)
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    seconds: Mapped[float] = mapped_column(Float)
    pieces: Mapped[int] = mapped_column(BigInteger)


class ShadowFindingRow(Verdict, Base):
    """What a run would have raised, as it stands now: what no longer follows is deleted, since nobody ever saw it."""

    __tablename__ = "shadow_findings"
    __table_args__ = (Index(None, "run", "timestamp"),)

    run: Mapped[str] = mapped_column(String(64), primary_key=True)
    finding_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DetectorHistoryRow(Base):
    """How a detector came to be run: in force, tried in shadow, promoted, ended; by whom. Append-only."""

    __tablename__ = "detector_history"

    entry: Mapped[int] = mapped_column(_COUNTER, primary_key=True)
    run: Mapped[str] = mapped_column(String(64), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(String(32))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)


append_only(Base.metadata.tables[DetectorHistoryRow.__tablename__])
