"""SQL tables of what each source's logs are worth: counts per UTC day, and how its clock stood.

They must never hold a value of a log line: counts, names of columns, and marks too short to tell one value by.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from alerts.tables import Base, UtcDateTime


class QualityDayRow(Base):
    """What the events of one source, family and UTC day tell.

    aspects: how many tell it, by aspect. fields: by column, how many have it filled and, where all of those are the
    same, a mark of the value. future: events dated well after they were read. archive_rows: rows of all sources the
    archive had of the family and day when they were counted: with another number, they are counted again.
    """

    __tablename__ = "quality_days"
    __table_args__ = (Index(None, "day"),)

    source: Mapped[str] = mapped_column(String(128), primary_key=True)
    family: Mapped[str] = mapped_column(String(16), primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    events: Mapped[int] = mapped_column(BigInteger)
    aspects: Mapped[dict[str, int]] = mapped_column(JSON)
    fields: Mapped[dict[str, Any]] = mapped_column(JSON)
    future: Mapped[int] = mapped_column(BigInteger)
    archive_rows: Mapped[int] = mapped_column(BigInteger)
    counted_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SourceClockRow(Base):
    """How long after their time the lines of a source arrived at the earliest, on one UTC day. Milliseconds.

    delay: as last measured; least, most: over the day. Negative: the source's clock was ahead.
    """

    __tablename__ = "source_clocks"

    source: Mapped[str] = mapped_column(String(128), primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    delay_ms: Mapped[int] = mapped_column(BigInteger)
    least_ms: Mapped[int] = mapped_column(BigInteger)
    most_ms: Mapped[int] = mapped_column(BigInteger)
    readings: Mapped[int] = mapped_column(BigInteger)
    measured_at: Mapped[datetime] = mapped_column(UtcDateTime)
