"""The archive: what has been read, by family and time. The manifest in SQL is the truth; files nobody names stay out.

It must never hand out a segment that the manifest does not name, nor lose one that it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal

import polars as pl
from polars.exceptions import PolarsError
from sqlalchemy import Connection, Engine

from auditd.archive import manifest
from auditd.archive.orphans import drop_old, set_aside
from auditd.archive.recent import Recent
from auditd.archive.scanning import by_day, lazily, portions, within
from auditd.archive.segment import Segment, is_intact, write_segment
from auditd.database import reading
from parsers.event import SCHEMA, TEXT, UTC_MICROSECONDS, Family
from parsers.format import REJECTS_SCHEMA

REJECTS: Final = "rejects"
QUARANTINE_SCHEMA: Final = pl.Schema(
    {
        "timestamp": UTC_MICROSECONDS,  # when it was rejected
        "source": TEXT,
        "event_module": TEXT,
        "log_file": TEXT,
        "state": TEXT,  # the parser's state at the line, to parse it again
        **REJECTS_SCHEMA,
    }
)
READERS_DONE: Final = timedelta(minutes=5)


class SegmentsDamaged(Exception):
    """Files of the archive that a question needs are gone or damaged: what it asks for cannot be told."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} files of the archive that are needed are gone or damaged")


class Archive:
    """Segments by family and time, with the most recent ones kept in memory as well.

    One process writes; others may read through their own instance, calling `refresh` to see what is new.
    """

    def __init__(self, root: Path, engine: Engine) -> None:
        self.root = root
        self._engine = engine
        self._segments: dict[int, Segment] = {}
        self._damaged: set[int] = set()
        self._recent = Recent()
        self.refresh()

    def refresh(self) -> None:
        """Read the manifest again."""
        with reading(self._engine) as conn:
            self._segments = manifest.live_segments(conn)
        self._damaged &= self._segments.keys()
        self._recent.keep_only(self._segments.keys())

    def segments(self, family: str | None = None) -> list[Segment]:
        """Return the live segments, of one family or all, oldest first."""
        return _oldest_first(s for s in self._segments.values() if family in (None, s.family))

    def overlapping(self, family: str, start: datetime | None, end: datetime | None) -> list[Segment]:
        """Return the family's segments with a row that may lie in [start, end)."""
        found = (
            one
            for one in self._segments.values()
            if one.family == family
            and (start is None or one.max_time >= start)
            and (end is None or one.min_time < end)
        )
        return _oldest_first(found)

    def scan(
        self,
        family: Family,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        what_is_there: bool = False,
    ) -> pl.LazyFrame:
        """Return the family's events with time in [start, end) as a LazyFrame of its schema, in no particular order.

        Raises SegmentsDamaged where some of them are known to be lost: a verdict without them would be a false one. With
        `what_is_there` those are left out: for what is merely counted.
        """
        segments = self.overlapping(family, start, end)
        if what_is_there:
            segments = [segment for segment in segments if segment.segment_id not in self._damaged]
        if lost := sum(segment.segment_id in self._damaged for segment in segments):
            raise SegmentsDamaged(lost)
        return within(self.read_lazily(segments, SCHEMA[family]), start, end)

    def collect_intact(
        self,
        family: Family,
        start: datetime | None,
        end: datetime | None,
        query: Callable[[pl.LazyFrame], pl.LazyFrame],
        *,
        streaming: bool = False,
    ) -> pl.DataFrame:
        """Run a query over the family's events with time in [start, end) that are there; lost ones are left out.

        The query must judge each row by itself: it is asked of some segments after others, so that memory does not grow
        with all that lies in the span. streaming: for a query that makes little of whole columns, so that they are never
        held as a whole.
        """
        segments = self.overlapping(family, start, end)
        parts = [
            self._collect_part(
                part, lambda rows: query(within(rows, start, end)), SCHEMA[family], streaming=streaming
            )
            for part in portions(segments)
        ]
        return parts[0] if len(parts) == 1 else pl.concat(parts)

    def _collect_part(
        self,
        segments: Sequence[Segment],
        query: Callable[[pl.LazyFrame], pl.LazyFrame],
        schema: pl.Schema,
        *,
        streaming: bool = False,
    ) -> pl.DataFrame:
        by: Literal["streaming", "auto"] = "streaming" if streaming else "auto"

        def collect() -> pl.DataFrame:
            intact = [one for one in segments if one.segment_id not in self._damaged]
            return query(self.read_lazily(intact, schema)).collect(engine=by)

        try:
            return collect()
        except PolarsError:
            if not self.inspect(segments, thorough=True):
                raise
            return collect()

    def read_lazily(self, segments: Sequence[Segment], schema: pl.Schema) -> pl.LazyFrame:
        """Return the rows of the segments, from memory where they are still there, else from their files."""
        return lazily(self.root, self._recent, segments, schema)

    def write(
        self, family: str, frame: pl.DataFrame, *, source: str = ""
    ) -> list[tuple[Segment, pl.DataFrame]]:
        """Write rows durably as fresh segments, one per UTC day; nobody sees them before `register` commits.

        When the disk refuses one of them, none is left.
        """
        written: list[tuple[Segment, pl.DataFrame]] = []
        try:
            for day, rows in by_day(frame):
                segment = write_segment(self.root, rows, family=family, day=day, source=source)
                written.append((segment, rows))
        except BaseException:
            self.discard(segment for segment, _ in written)
            raise
        return written

    def register(self, conn: Connection, segments: Iterable[Segment], now: datetime) -> list[Segment]:
        """Name the segments in the manifest, inside the caller's transaction; return them with their ids."""
        return manifest.register(conn, segments, now)

    def retire(self, conn: Connection, segments: Iterable[Segment], now: datetime) -> None:
        """Take segments out of the manifest, inside the caller's transaction; their files go when readers are done.

        Raises ManifestChanged where one of them is out of it already: nothing may be made of it a second time.
        """
        manifest.retire(conn, segments, now)

    def adopt(
        self, added: Iterable[tuple[Segment, pl.DataFrame | None]], removed: Iterable[Segment] = ()
    ) -> None:
        """Show committed changes to readers of this instance; frames given are kept in memory while there is room."""
        for segment in removed:
            self._segments.pop(segment.segment_id, None)
            self._recent.forget(segment.segment_id)
        for segment, frame in added:
            self._segments[segment.segment_id] = segment
            if frame is not None and segment.family != REJECTS:
                self._recent.remember(segment.segment_id, frame)

    def discard(self, segments: Iterable[Segment]) -> None:
        """Remove the files of segments that certainly nothing names."""
        for segment in segments:
            (self.root / segment.path).unlink(missing_ok=True)

    def settle(self, segments: Iterable[Segment]) -> bool:
        """Find out whether a transaction that failed came about all the same: the answer to a commit can be lost.

        If it did, the manifest is read again; if not, the segments' files are removed. Where the database cannot be
        asked, its error is raised and the files stay: they are removed at the next start if nothing names them.
        """
        segments = list(segments)
        with reading(self._engine) as conn:
            named = manifest.names_any(conn, segments)
        if named:
            self.refresh()
        else:
            self.discard(segments)
        return named

    def recover(self) -> int:
        """Set files aside that no manifest row names (a crash between write and commit); return how many.

        Call it only while no other process writes to this archive.
        """
        with reading(self._engine) as conn:
            named = manifest.named_paths(conn)
        return set_aside(self.root, named)

    def missing(self) -> list[Segment]:
        """Return segments the manifest names whose file is absent or obviously not what was written: lost evidence."""
        return self.inspect(self.segments())

    def inspect(self, segments: Iterable[Segment], *, thorough: bool = False) -> list[Segment]:
        """Look at the files of segments, thoroughly by their hash; return, and remember, those that are damaged."""
        damaged = []
        for segment in segments:
            suspect = segment.segment_id in self._damaged
            if self.holds(segment) and (
                not (thorough or suspect) or is_intact(self.root, segment, thorough=True)
            ):
                self._damaged.discard(segment.segment_id)
            else:
                self._damaged.add(segment.segment_id)
                damaged.append(segment)
        return damaged

    def damaged(self) -> list[Segment]:
        """Return the segments known to be gone or damaged."""
        return [self._segments[name] for name in sorted(self._damaged) if name in self._segments]

    def holds(self, segment: Segment) -> bool:
        """Whether the segment's file is there, of the size and kind the manifest has."""
        return is_intact(self.root, segment)

    def sweep(self, now: datetime) -> int:
        """Delete the files of segments retired long enough ago for every reader to be done; return how many.

        What was set aside goes too, in its own time.
        """
        drop_old(self.root, now)
        with reading(self._engine) as conn:
            rows = manifest.retired_before(conn, now - READERS_DONE)
        for _, path in rows:
            (self.root / path).unlink(missing_ok=True)
        if rows:
            with self._engine.begin() as conn:
                manifest.forget(conn, [segment_id for segment_id, _ in rows])
        return len(rows)

    def newest(self, family: str) -> datetime | None:
        """Return the latest event time the family has, UTC."""
        times = [segment.max_time for segment in self._segments.values() if segment.family == family]
        return max(times) if times else None

    def bounds(self) -> tuple[datetime, datetime] | None:
        """Return the first and last event time of all families (rejects aside), UTC; None when there is nothing."""
        events = [segment for segment in self._segments.values() if segment.family != REJECTS]
        if not events:
            return None
        return min(s.min_time for s in events), max(s.max_time for s in events)

    def recent(self, segment_id: int) -> pl.DataFrame | None:
        """Return a segment's rows if they are in memory."""
        return self._recent.get(segment_id)


def _oldest_first(segments: Iterable[Segment]) -> list[Segment]:
    return sorted(segments, key=lambda segment: (segment.min_time, segment.segment_id))
