"""The tables of reference data: rows as known from when to when, the files they came from, and the lines refused.

A row is never changed or deleted: what is no longer known gets the moment from which it was not.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from alerts.tables import Base, UtcDateTime

BIG: Final = BigInteger().with_variant(Integer(), "sqlite")
CURRENT: Final = text("known_to IS NULL")


class ReferenceLoad(Base):
    """One file read into one feed; `problem` is set where the file as a whole was refused.

    token is random: it tells a load from another one that was given the same id after a rollback.
    read_as fingerprints how it was read (zone, column names, ...): the same file read otherwise is another load.
    rows = accepted + unchanged + rejected. delivery: the configured one that brought it, "" where that was not kept.
    unfinished_key: the row_key of what stood on a last line without an end, which may have been half a row.
    notes: sentences about likely slips, one a line.
    """

    __tablename__ = "reference_loads"

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    token: Mapped[str] = mapped_column(String(32))
    feed: Mapped[str] = mapped_column(String(64))
    file_name: Mapped[str] = mapped_column(Text)
    content_sha256: Mapped[str] = mapped_column(String(64))
    read_as: Mapped[str] = mapped_column(String(64), default="")
    loaded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    rows: Mapped[int] = mapped_column(BIG, default=0)
    accepted: Mapped[int] = mapped_column(BIG, default=0)
    unchanged: Mapped[int] = mapped_column(BIG, default=0)
    rejected: Mapped[int] = mapped_column(BIG, default=0)
    problem: Mapped[str | None] = mapped_column(Text)
    delivery: Mapped[str] = mapped_column(String(64), default="", server_default=text("''"))
    unfinished_key: Mapped[str | None] = mapped_column(String(64))
    notes: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (Index(None, "feed", "file_name", "id"), Index(None, "delivery", "id"))


class ReferenceRow(Base):
    """One version of one fact: `row_key` says of which, `body` what, known_from and known_to when we knew it so.

    load_id and ended_by name the loads that brought the version and that ended it.
    """

    __tablename__ = "reference_rows"

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    feed: Mapped[str] = mapped_column(String(64))
    row_key: Mapped[str] = mapped_column(String(64))
    body: Mapped[str] = mapped_column(Text)
    known_from: Mapped[datetime] = mapped_column(UtcDateTime)
    known_to: Mapped[datetime | None] = mapped_column(UtcDateTime)
    load_id: Mapped[int] = mapped_column(BIG, ForeignKey("reference_loads.id"), index=True)
    ended_by: Mapped[int | None] = mapped_column(BIG, ForeignKey("reference_loads.id"), index=True)

    __table_args__ = (
        # At most one version of a fact is known at a time; also serves "all that is known of a feed".
        Index(
            "uq_reference_rows_current",
            "feed",
            "row_key",
            unique=True,
            sqlite_where=CURRENT,
            postgresql_where=CURRENT,
        ),
        Index(None, "feed", "known_from"),
    )


class ReferenceReject(Base):
    """One line of a file that was not taken, with why; `detail` names the column, never its value."""

    __tablename__ = "reference_rejects"

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    load_id: Mapped[int] = mapped_column(BIG, ForeignKey("reference_loads.id"), index=True)
    line: Mapped[int] = mapped_column(BIG)
    reason: Mapped[str] = mapped_column(String(32))
    detail: Mapped[str] = mapped_column(Text)
