"""Reading segments: as lazy frames between two moments, in portions that fit into memory.

It must never choose which segments count, nor which are damaged: the archive does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import polars as pl

from auditd.archive.recent import Recent
from auditd.archive.segment import Segment

PORTION_ROWS: Final = 500_000


def lazily(root: Path, recent: Recent, segments: Sequence[Segment], schema: pl.Schema) -> pl.LazyFrame:
    """Return the rows of the segments, from memory where they are still there, else from their files."""
    parts: list[pl.LazyFrame] = [
        rows.lazy() for one in segments if (rows := recent.get(one.segment_id)) is not None
    ]
    paths = [root / one.path for one in segments if recent.get(one.segment_id) is None]
    if paths:
        parts.append(pl.scan_parquet(paths, schema=schema, missing_columns="insert", hive_partitioning=False))
    if not parts:
        return pl.LazyFrame(schema=schema)
    return parts[0] if len(parts) == 1 else pl.concat(parts, how="vertical")


def within(rows: pl.LazyFrame, start: datetime | None, end: datetime | None) -> pl.LazyFrame:
    """Return the rows with time in [start, end)."""
    found = rows if start is None else rows.filter(pl.col("timestamp") >= start)
    return found if end is None else found.filter(pl.col("timestamp") < end)


def portions(segments: Sequence[Segment]) -> list[list[Segment]]:
    """Return the segments in their order, in portions of about PORTION_ROWS rows; [[]] where there is none."""
    found: list[list[Segment]] = []
    rows = 0
    for segment in segments:
        if not found or rows + segment.rows > PORTION_ROWS:
            found.append([])
            rows = 0
        found[-1].append(segment)
        rows += segment.rows
    return found or [[]]


def by_day(frame: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield the rows of each UTC day in order of time, without copying what is in order already."""
    ordered = frame if frame["timestamp"].is_sorted() else frame.sort("timestamp", maintain_order=True)
    days = ordered["timestamp"].dt.date().rle().struct.unnest()
    start = 0
    for length, day in days.iter_rows():
        yield day.isoformat(), ordered.slice(start, length)
        start += length
