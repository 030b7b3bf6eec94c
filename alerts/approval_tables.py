"""The tables of approved explanations: what stands, and what was done by whom.

They must never hold behaviour; the history is append-only in the database itself.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import JSON, BigInteger, Float, ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from alerts.append_only import append_only
from alerts.tables import Base, UtcDateTime

_COUNTER: Final = BigInteger().with_variant(Integer, "sqlite")


class ApprovalRow(Base):
    """A pattern approved as an explanation. version counts the approvals of one pattern; excuses: alerts it would excuse.

    support, share and excuses are what the approver was shown.
    """

    __tablename__ = "approved_explanations"
    __table_args__ = (UniqueConstraint("pattern", "version"),)

    approval_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    pattern: Mapped[str] = mapped_column(String(256))
    version: Mapped[int]
    reason: Mapped[str] = mapped_column(Text)
    support: Mapped[int] = mapped_column(BigInteger)
    share: Mapped[float] = mapped_column(Float)
    excuses: Mapped[list[str]] = mapped_column(JSON)
    approved_by: Mapped[str] = mapped_column(Text)
    approved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_by: Mapped[str | None] = mapped_column(Text)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoke_reason: Mapped[str | None] = mapped_column(Text)


class ApprovalHistoryRow(Base):
    """What was done to an approval, by whom, when. Append-only."""

    __tablename__ = "approved_explanation_history"

    entry: Mapped[int] = mapped_column(_COUNTER, primary_key=True)
    approval_id: Mapped[str] = mapped_column(ForeignKey(ApprovalRow.approval_id), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(String(32))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)


append_only(Base.metadata.tables[ApprovalHistoryRow.__tablename__])
