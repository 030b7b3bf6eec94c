"""SQL tables of feed health: facts about deliveries, and how many events of an hour are of people nobody knows.

A fact's start never changes; its end is set once.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from alerts.tables import Base, UtcDateTime
from detectors.feed_facts import FACT_KINDS


class FeedFactRow(Base):
    """A stretch [start, end) in the life of a delivery: what was taken or refused at its start. end: null while it lasts.

    seen_until: up to when it is known to have lasted. The kind unknown_people is a day of a source, kept by hours in
    `source_people`, and has no row here.
    """

    __tablename__ = "feed_facts"
    __table_args__ = (
        CheckConstraint(f"kind IN ({', '.join(repr(kind) for kind in FACT_KINDS)})", name="kind"),
        Index(None, "name", "start"),
        Index(None, "start"),
    )

    fact_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(128))
    feed: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    start: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_until: Mapped[datetime] = mapped_column(UtcDateTime)
    end: Mapped[datetime | None] = mapped_column(UtcDateTime)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)


class SourcePeopleRow(Base):
    """Of the events of a source in one hour (UTC): how many name an identifier, and how many of those nobody holds.

    counted: how many events the hour had when they were counted; with more by now they are counted again.
    """

    __tablename__ = "source_people"

    source: Mapped[str] = mapped_column(String(128), primary_key=True)
    hour: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    counted: Mapped[int] = mapped_column(BigInteger)
    people: Mapped[int] = mapped_column(BigInteger)
    unknown: Mapped[int] = mapped_column(BigInteger)
