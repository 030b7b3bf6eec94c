"""The archive's events in order of time, in stretches that fit into memory however many lie between two moments.

It must never pass over what is lost: who asks for all of it is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from auditd.archive.archive import Archive, SegmentsDamaged
from parsers.event import Family

MOST_ROWS: Final = 100_000
SHORTEST: Final = timedelta(seconds=1)

Query = Callable[[pl.LazyFrame], pl.LazyFrame]


def stretches(
    archive: Archive,
    family: Family,
    start: datetime,
    end: datetime,
    query: Query,
    *,
    most_rows: int = MOST_ROWS,
) -> Iterator[pl.DataFrame]:
    """Yield what the query leaves of a family's events with time in [start, end), in order of time.

    A stretch holds at most `most_rows`, or a second. Each is of the archive as it stands when it is read, so that files that
    are merged meanwhile do no harm. Raises SegmentsDamaged.
    """
    waiting = [(start, end)]
    while waiting:
        begin, stop = waiting.pop()
        archive.refresh()
        rows = sum(segment.rows for segment in archive.overlapping(family, begin, stop))
        if not rows:
            continue
        if rows > most_rows and stop - begin > SHORTEST and _count(archive, family, begin, stop) > most_rows:
            middle = begin + (stop - begin) / 2
            waiting += [(middle, stop), (begin, middle)]
            continue
        found = _collect(archive, family, begin, stop, lambda events: query(events).sort("timestamp"))
        if found.height:
            yield found


def expected_rows(archive: Archive, family: Family, start: datetime, end: datetime) -> int:
    """Return at most how many of a family's events lie in [start, end), by the manifest."""
    return sum(segment.rows for segment in archive.overlapping(family, start, end))


def _count(archive: Archive, family: Family, start: datetime, end: datetime) -> int:
    return int(_collect(archive, family, start, end, lambda events: events.select(pl.len())).item())


def _collect(archive: Archive, family: Family, start: datetime, end: datetime, query: Query) -> pl.DataFrame:
    try:
        return query(archive.scan(family, start, end)).collect()
    except (pl.exceptions.PolarsError, OSError):
        archive.refresh()
        if lost := archive.inspect(archive.overlapping(family, start, end), thorough=True):
            raise SegmentsDamaged(len(lost)) from None
        return query(archive.scan(family, start, end)).collect()
