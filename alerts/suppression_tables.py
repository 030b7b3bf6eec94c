"""The tables of suppressions: what stands, and what was done by whom.

They must never hold behaviour; the history is append-only in the database itself.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import JSON, BigInteger, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from alerts.append_only import append_only
from alerts.tables import Base, UtcDateTime

_COUNTER: Final = BigInteger().with_variant(Integer, "sqlite")


class SuppressionRow(Base):
    """Findings known to be good. conditions: see alerts.conditions. It counts once approved, until expires_at or revoked_at."""

    __tablename__ = "suppressions"

    suppression_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    conditions: Mapped[dict[str, list[str]]] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(Text)
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    approved_by: Mapped[str | None] = mapped_column(Text)
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_by: Mapped[str | None] = mapped_column(Text)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoke_reason: Mapped[str | None] = mapped_column(Text)


class SuppressionHistoryRow(Base):
    """What was done to a suppression, by whom, when. Append-only."""

    __tablename__ = "suppression_history"

    entry: Mapped[int] = mapped_column(_COUNTER, primary_key=True)
    suppression_id: Mapped[str] = mapped_column(ForeignKey(SuppressionRow.suppression_id), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(String(32))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)


append_only(Base.metadata.tables[SuppressionHistoryRow.__tablename__])
