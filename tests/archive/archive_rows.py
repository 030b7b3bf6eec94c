"""Small frames of access events, invented, and the steps that bring them into an archive."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
from sqlalchemy import Engine

from auditd.archive.archive import QUARANTINE_SCHEMA, REJECTS, Archive
from auditd.archive.segment import Segment
from parsers.event import conform

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


def at(*, days: float = 0, hours: float = 0, minutes: float = 0, microseconds: int = 0) -> datetime:
    """A moment relative to noon of 3 March 2026."""
    return NOON + timedelta(days=days, hours=hours, minutes=minutes, microseconds=microseconds)


def look_ups(*times: datetime, source: str = "pnc", ids: Sequence[str] | None = None) -> pl.DataFrame:
    """A frame of look-ups at these times."""
    frame = pl.DataFrame(
        {
            "event_id": list(ids) if ids else [f"{source}:{time.isoformat()}" for time in times],
            "timestamp": list(times),
            "source": [source] * len(times),
        }
    )
    return conform(frame, "access")


def rejects(source: str, count: int) -> pl.DataFrame:
    """A frame of rejected lines."""
    row = {"timestamp": NOON, "source": source, "log_file": "f1", "reason": "bad_time"}
    return pl.DataFrame([row | {"log_offset": place} for place in range(count)], schema=QUARANTINE_SCHEMA)


def put(archive: Archive, engine: Engine, frame: pl.DataFrame, *, family: str = "access") -> list[Segment]:
    """Write, register and adopt rows, as a step of ingest does."""
    source = frame["source"][0] if family == REJECTS else ""
    written = archive.write(family, frame, source=source)
    with engine.begin() as conn:
        named = archive.register(conn, [segment for segment, _ in written], NOON)
    archive.adopt(zip(named, [rows for _, rows in written], strict=True))
    return named


def ids(archive: Archive, start: datetime | None = None, end: datetime | None = None) -> list[str]:
    """The ids of the archived look-ups in a span, sorted."""
    return sorted(archive.scan("access", start, end).select("event_id").collect()["event_id"])


def files(root: Path) -> list[str]:
    """Every file under the archive, relative."""
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
