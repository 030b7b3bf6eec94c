"""The course of each log file: how far its events have come in time, so that new lines far behind earlier ones are noticed.

What is late is told by each file's own habits. It must never take lines for a step back that were already there when
the file was first read: exports are sorted as they please.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection, delete, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from auditd.archive.tables import FileRow
from auditd.gaps.book import Fact
from auditd.gaps.tables import FileCourseRow
from auditd.tail.chunk import Chunk
from parsers.event import Family

KIND: Final = "backwards"
LEAST_LINES: Final = 3
"""So many late lines in a row at least, and TIMES_USUAL times the longest row of them the file had before."""
TIMES_USUAL: Final = 3
LEAST_IN_ORDER: Final = 5
"""Lines a file must have had in order, and IN_ORDER_SHARE times as many as came late, before it is judged."""
IN_ORDER_SHARE: Final = 9
TIDY_EVERY: Final = 360
"""Of so many times of storing one looks for files that ended without a last line: once an hour."""
TOLD_FOR: Final = timedelta(days=1)
"""A file whose times go to and fro is told of once in so long."""

Key = tuple[str, Family]


@dataclass(frozen=True, slots=True)
class Course:
    """How the events of one family in one file have come so far. Times are UTC.

    newest: how far in time they reach. in_order, late: how many lay there or before it by no more than the source
    allows, and how many further back. longest: most late ones in a row after which the file went on where it was.
    streak, since: the late ones at its end, and the earliest of them. told: they were told of; told_at: when that last was.
    modified_at: when the file was last written to, when it was last read.
    """

    file: str
    family: Family
    newest: datetime
    in_order: int = 0
    late: int = 0
    longest: int = 0
    streak: int = 0
    since: datetime | None = None
    told: bool = False
    told_at: datetime | None = None
    modified_at: datetime | None = None

    def steps_back(self, now: datetime) -> bool:
        """Whether the late lines at its end are more than the file's habit, and to be told of."""
        told = self.told or (self.told_at is not None and now - self.told_at < TOLD_FOR)
        in_order = self.in_order >= max(LEAST_IN_ORDER, IN_ORDER_SHARE * self.late)
        return not told and in_order and self.streak >= max(LEAST_LINES, TIMES_USUAL * self.longest)


class Courses:
    """Follows every file of the sources in `allowed`: how far back in time a new line may lie, per source."""

    def __init__(self, allowed: Mapping[str, timedelta]) -> None:
        self._allowed = allowed
        self._known: dict[Key, Course] | None = None
        self._pending: dict[Key, Course] = {}
        self._ended: set[str] = set()
        self._unstored: set[Key] = set()
        self._stores = 0

    def follow(
        self, conn: Connection, chunks: Sequence[Chunk], frames: Mapping[Family, pl.DataFrame], now: datetime
    ) -> list[Fact]:
        """Take in the new events of a step, file by file as they were read; return steps back. If it fails: `forget`."""
        if not self._allowed or not frames:
            return []
        known = self._settled(conn)
        last = {chunk.before.file: chunk for chunk in chunks}
        facts: list[Fact] = []
        for family, frame in frames.items():
            files = _by_file(frame) if len(last) > 1 else [(next(iter(last)), frame)]
            for file, events in files:
                chunk = last[file]
                allowed = self._allowed.get(chunk.source)
                if allowed is None:
                    continue
                written = chunk.block.written_before
                old = known.get((file, family)) or Course(file, family, newest=_EARLIEST, modified_at=written)
                grown = old.modified_at is not None and written is not None and written > old.modified_at
                course, told = _on(old, events, allowed, now, judge=grown)
                facts += [_fact(chunk.source, one) for one in told]
                self._pending[file, family] = replace(course, modified_at=written)
        self._ended |= {chunk.before.file for chunk in chunks if chunk.after.finished}
        return facts

    def forget(self) -> None:
        """Learn that what was taken in last may not have been committed."""
        self._pending.clear()

    def store(self, conn: Connection) -> None:
        """Keep how far the files have come, so that a restart goes on from there; late by seconds does no harm."""
        known = self._settled(conn)
        if self._stores % TIDY_EVERY == 0:
            self._ended |= _finished(conn)
        self._stores += 1
        ended = [key for key in known if key[0] in self._ended]
        for key in ended:
            del known[key]
            self._unstored.discard(key)
        if ended:
            rows = tuple_(FileCourseRow.file, FileCourseRow.family)
            conn.execute(delete(FileCourseRow).where(rows.in_(ended)))
        if self._unstored:
            changed = [{name: getattr(known[key], name) for name in _COLUMNS} for key in self._unstored]
            conn.execute(_upsert(conn.dialect.name), changed)
        self._unstored.clear()
        self._ended.clear()

    def _settled(self, conn: Connection) -> dict[Key, Course]:
        """Return what is known, now that the last step is known to have been committed."""
        if self._known is None:
            columns = [getattr(FileCourseRow, name) for name in _COLUMNS]
            found = (Course(*row) for row in conn.execute(select(*columns)))
            self._known = {(one.file, one.family): one for one in found}
        self._known.update(self._pending)
        self._unstored |= self._pending.keys()
        self._pending.clear()
        return self._known


_COLUMNS: Final = [field.name for field in fields(Course)]
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _finished(conn: Connection) -> set[str]:
    """Return the files that have ended, of those whose course is stored."""
    query = (
        select(FileCourseRow.file).join(FileRow, FileRow.file == FileCourseRow.file).where(FileRow.finished)
    )
    return set(conn.execute(query).scalars())


def _by_file(frame: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield each file's events; they stand file by file."""
    start = 0
    for length, file in frame["log_file"].rle().struct.unnest().rows():
        yield file, frame if length == frame.height else frame.slice(start, length)
        start += length


def _on(
    course: Course, events: pl.DataFrame, allowed: timedelta, now: datetime, *, judge: bool
) -> tuple[Course, list[Course]]:
    """Return the course with more events, and as it stood wherever it has stepped back."""
    first, last = _ends(events)
    newest = max(course.newest, min(last, now))  # what lies in the future tells nothing of the others
    if first >= newest - allowed:
        return _went_on(replace(course, newest=newest), events.height), []
    times = _times(events)
    reached = pl.max_horizontal(times.clip(upper_bound=now).cum_max(), pl.lit(course.newest))
    late = events.select(reached - allowed > times + _UNCERTAIN).to_series()
    rows = late.rle().struct.unnest().rows()
    if not judge:
        return _learnt(replace(course, newest=newest), rows), []
    told: list[Course] = []
    start = 0
    for length, is_late in rows:
        if is_late:
            earliest = events.slice(start, length).select(times.min()).item()
            since = min(course.since or earliest, earliest)
            course = replace(course, streak=course.streak + length, since=since)
            if course.steps_back(now):
                course = replace(course, told=True, told_at=now)
                told.append(replace(course, newest=max(course.newest, _reached(events, times, start, now))))
        else:
            course = _went_on(course, length)
        start += length
    return replace(course, newest=newest), told


def _went_on(course: Course, events: int) -> Course:
    """Return the course after events in order: late ones before them were a habit, if they were not told of."""
    if not course.streak:
        return replace(course, in_order=course.in_order + events)
    return replace(
        course,
        in_order=course.in_order + events,
        late=course.late + (0 if course.told else course.streak),
        longest=course.longest if course.told else max(course.longest, course.streak),
        streak=0,
        since=None,
        told=False,
    )


def _learnt(course: Course, rows: Sequence[tuple[int, bool]]) -> Course:
    """Return the course after events that were there already: their disorder is a habit."""
    late = [length for length, is_late in rows if is_late]
    in_order = sum(length for length, is_late in rows if not is_late)
    habit = max([course.longest, *late])
    course = replace(course, in_order=course.in_order + in_order, late=course.late + sum(late))
    return replace(course, longest=habit, streak=0, since=None, told=False)


def _fact(source: str, course: Course) -> Fact:
    """Return a step back: from the earliest of the late lines to the time the file had reached, lived through twice."""
    since = course.since or course.newest
    detail = {"file": course.file, "lines": course.streak}
    return Fact(source, KIND, since, max(since, course.newest), detail)


def _ends(events: pl.DataFrame) -> tuple[datetime, datetime]:
    """Return the first and last time in the order in which lines are written: of calls, when they ended."""
    first: Any = events["timestamp"].min()
    last: Any = events["timestamp"].max()
    ended: Any = events["call_ended"].max() if "call_ended" in events.columns else None
    return first, last if ended is None else max(last, ended)


def _times(events: pl.DataFrame) -> pl.Expr:
    begun = pl.col("timestamp")
    return pl.max_horizontal(begun, "call_ended") if "call_ended" in events.columns else begun


def _reached(events: pl.DataFrame, times: pl.Expr, start: int, now: datetime) -> datetime:
    """Return how far the events before a place reach."""
    reached = events.head(start).select(times.clip(upper_bound=now).max()).item()
    return _EARLIEST if reached is None else reached


_UNCERTAIN: Final = pl.duration(seconds=pl.col("time_uncertainty_seconds").fill_null(0))


def _upsert(dialect: str) -> Any:
    insert: Any = {"sqlite": sqlite, "postgresql": postgresql}[dialect].insert(FileCourseRow)
    again = {name: getattr(insert.excluded, name) for name in _COLUMNS if name not in ("file", "family")}
    return insert.on_conflict_do_update(index_elements=["file", "family"], set_=again)
