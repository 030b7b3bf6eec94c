"""SQL tables of the engine: how far each detector has judged, and which past spans it must judge again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from alerts.tables import Base, UtcDateTime
from auditd.archive.tables import BigId


class JudgedRow(Base):
    """How far a detector has judged; `settings` is a digest: other settings or version judge everything again."""

    __tablename__ = "judged"

    detector: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    settings: Mapped[str] = mapped_column(String(64))
    judged_until: Mapped[datetime] = mapped_column(UtcDateTime)


class DirtyRow(Base):
    """A span in the past that late events, late reference data or a new authority made worth judging again."""

    __tablename__ = "dirty_spans"

    dirty_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    detector: Mapped[str] = mapped_column(String(64), index=True)
    start: Mapped[datetime] = mapped_column(UtcDateTime)
    end: Mapped[datetime] = mapped_column(UtcDateTime)


class AuthorityAppliedRow(Base):
    """An authority whose past, for this detector, has been queued for judging."""

    __tablename__ = "authorities_applied"

    authority_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    detector: Mapped[str] = mapped_column(String(64), primary_key=True)


class ApprovalAppliedRow(Base):
    """An entry of the history of approved explanations whose effect on the past, for this detector, has been queued."""

    __tablename__ = "approvals_applied"

    entry: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    detector: Mapped[str] = mapped_column(String(64), primary_key=True)
