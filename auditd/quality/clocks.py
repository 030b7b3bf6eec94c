"""How each source's clock stands to ours: told by how soon after their time its lines arrive at the earliest.

Only lines that arrive as they are read count. It must never take a late delivery for a slow clock: lines can come late
for many reasons, but before their time only where a clock is wrong.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection, delete, insert, select

from auditd.quality.profile import FUTURE
from auditd.quality.tables import SourceClockRow
from auditd.tail.chunk import Chunk

LIVE: Final = timedelta(seconds=10)
"""A file last written to so long ago, at most, holds lines that have just arrived."""
AHEAD: Final = timedelta(seconds=30)
"""A clock so far ahead of ours is told of."""
WINDOW: Final = timedelta(hours=1)
SLOT: Final = timedelta(seconds=10)
LEAST_READINGS: Final = 5
LEFT_OUT: Final = 10
"""One reading of so many, and the lowest in any case, may be a wrong line: the lowest of the others counts."""
_NONE: Final = timedelta(0)
_MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Clock:
    """How long after their time lines of a source arrived at the earliest; negative where its clock is ahead.

    delay: as measured last; least, most: over the UTC day. readings: how many ten seconds of it had live lines.
    """

    source: str
    day: str
    delay: timedelta
    least: timedelta
    most: timedelta
    readings: int
    measured_at: datetime

    @property
    def is_ahead(self) -> bool:
        """Whether the source's clock is so far ahead of ours that somebody should know."""
        return self.delay < -AHEAD


@dataclass(slots=True)
class _Readings:
    """The delays of one source within the window, the least of each slot; begun: how many since they were last stored."""

    slots: deque[tuple[datetime, timedelta]] = field(default_factory=deque)
    begun: int = 0

    def add(self, delay: timedelta, now: datetime) -> None:
        if self.slots and _NONE <= now - self.slots[-1][0] < SLOT:
            since, least = self.slots[-1]
            self.slots[-1] = (since, min(least, delay))
        else:
            self.slots.append((now, delay))
            self.begun += 1
        while now - self.slots[0][0] > WINDOW:
            self.slots.popleft()

    def delay(self) -> timedelta | None:
        """Return the least delay, robustly; None where too little was measured."""
        if len(self.slots) < LEAST_READINGS:
            return None
        return sorted(delay for _, delay in self.slots)[max(1, len(self.slots) // LEFT_OUT)]


class Clocks:
    """Measures the clocks of all sources."""

    def __init__(self) -> None:
        self._readings: dict[str, _Readings] = {}

    def take(self, delays: Mapping[str, timedelta], now: datetime) -> None:
        """Take in how late the newest live line of each source arrived."""
        for source, delay in delays.items():
            self._readings.setdefault(source, _Readings()).add(delay, now)

    def delays(self) -> dict[str, timedelta]:
        """Return by source how long after their time its lines arrive at the earliest, where enough was measured."""
        known = {source: readings.delay() for source, readings in self._readings.items()}
        return {source: delay for source, delay in known.items() if delay is not None}

    def store(self, conn: Connection, now: datetime) -> None:
        """Keep what was measured since the last time with the day's."""
        day = now.date().isoformat()
        fresh = {source: delay for source, delay in self.delays().items() if self._readings[source].begun}
        if not fresh:
            return
        known = {clock.source: clock for clock in clocks_between(conn, day, day, sources=fresh)}
        rows = []
        for source, delay in fresh.items():
            before = known.get(source)
            readings = self._readings[source]
            rows.append(
                {
                    "source": source,
                    "day": day,
                    "delay_ms": delay // _MILLISECOND,
                    "least_ms": min(delay, before.least if before else delay) // _MILLISECOND,
                    "most_ms": max(delay, before.most if before else delay) // _MILLISECOND,
                    "readings": readings.begun + (before.readings if before else 0),
                    "measured_at": now,
                }
            )
            readings.begun = 0
        of_today = SourceClockRow.source.in_(list(fresh)) & (SourceClockRow.day == day)
        conn.execute(delete(SourceClockRow).where(of_today))
        conn.execute(insert(SourceClockRow), rows)


def clocks_between(
    conn: Connection, first: str, last: str, *, sources: Iterable[str] | None = None
) -> list[Clock]:
    """Return how clocks stood on the days from first to last (UTC, both included), by source and day."""
    query = select(SourceClockRow.__table__).where(SourceClockRow.day.between(first, last))
    if sources is not None:
        query = query.where(SourceClockRow.source.in_(list(sources)))
    return [
        Clock(
            source=row.source,
            day=row.day,
            delay=row.delay_ms * _MILLISECOND,
            least=row.least_ms * _MILLISECOND,
            most=row.most_ms * _MILLISECOND,
            readings=row.readings,
            measured_at=row.measured_at,
        )
        for row in conn.execute(query.order_by(SourceClockRow.source, SourceClockRow.day))
    ]


def live_delays(
    chunks: Sequence[Chunk], frames: Collection[pl.DataFrame], now: datetime, *, whole_files: Collection[str]
) -> dict[str, timedelta]:
    """Return how long after its time the newest line of each source arrived, of files that are being written to.

    whole_files: sources whose files are delivered whole; of others the first lines of a file do not count, which may
    have lain there for long.
    """
    live = {
        chunk.before.file: (chunk.source, arrived)
        for chunk in chunks
        if (arrived := chunk.block.written_before) is not None
        and abs(now - arrived) <= LIVE
        and (chunk.before.offset or chunk.source in whole_files)
    }
    delays: dict[str, timedelta] = {}
    for frame in frames if live else ():
        for file, events in _of_files(frame, live):
            source, arrived = live[file]
            newest = _newest_certain(events)
            if newest is not None:
                delays[source] = min(arrived - newest, delays.get(source, timedelta.max))
    return delays


def future_events(frames: Iterable[pl.DataFrame], now: datetime) -> dict[str, int]:
    """Return how many events of each source are dated well after now."""
    found: dict[str, int] = {}
    for frame in frames:
        newest: Any = frame["timestamp"].max()
        if newest is None or newest <= now + FUTURE:
            continue
        ahead = frame.filter(pl.col("timestamp") > now + FUTURE)
        for source, events in ahead["source"].value_counts().rows():
            found[source] = found.get(source, 0) + events
    return found


def _of_files(frame: pl.DataFrame, files: Collection[str]) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield the events of each of these files; they stand file by file."""
    names = frame["log_file"]
    if names[0] == names[-1]:  # nearly every live step reads one file
        runs: list[tuple[int, str]] = [(frame.height, names[0])]
    else:
        runs = list(names.rle().struct.unnest().iter_rows())
    start = 0
    for length, file in runs:
        if file in files:
            yield file, frame if length == frame.height else frame.slice(start, length)
        start += length


def _newest_certain(events: pl.DataFrame) -> datetime | None:
    """Return the time of the newest event that is certain; of a call, when it ended, as it is logged then."""
    uncertain: Any = events["time_uncertainty_seconds"].max()
    if uncertain:
        events = events.filter(pl.col("time_uncertainty_seconds").fill_null(0) == 0)
    times: list[Any] = [events["timestamp"].max()]
    if "call_ended" in events.columns:
        times.append(events["call_ended"].max())
    return max((moment for moment in times if moment is not None), default=None)
