"""Missing numbers in the sequences of a source's files, told by the names of the files that were read.

It must never call a number missing while its file may still be on its way, nor where a sequence is full of
holes: then other things are numbered with it.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from sqlalchemy import Connection, select

from auditd.archive.tables import FileRow
from auditd.gaps.book import Fact, Gap
from parsers.format import Format
from parsers.numbered import Numbered

KIND: Final = "missing_files"
GRACE: Final = timedelta(minutes=10)
"""How long after a later file an earlier one may still come."""
REACH: Final = timedelta(days=35)
"""How far back names are read at a start."""
_MOST_HOLES: Final = 0.1
_LEAST_FILES: Final = 10


@dataclass(frozen=True, slots=True)
class Missing:
    """What a look found: new holes, and known ones that late files filled."""

    opened: Sequence[Fact] = ()
    filled: Sequence[Gap] = ()


@dataclass(slots=True)
class _Series:
    """The numbers of one sequence, in order, with each file's stretch of time and when it was first read."""

    first: int | None
    numbers: list[int] = field(default_factory=list)
    files: dict[int, tuple[Numbered, datetime]] = field(default_factory=dict)

    def add(self, place: Numbered, read_at: datetime) -> None:
        if place.number not in self.files:
            insort(self.numbers, place.number)
            self.files[place.number] = (place, read_at)

    def forget_before(self, moment: datetime) -> None:
        """Let go of old numbers, but never of the last ones."""
        while len(self.numbers) > 2 * _LEAST_FILES and self.files[self.numbers[0]][1] < moment:
            del self.files[self.numbers.pop(0)]
            self.first = None

    def holes(self, now: datetime) -> Iterator[tuple[int, int, Numbered, Numbered]]:
        """Yield runs of missing numbers (first, last) with the files around them, once those behind are old enough."""
        before = self.first - 1 if self.first is not None else self.numbers[0]
        for number in self.numbers:
            place, read_at = self.files[number]
            if number > before + 1 and read_at <= now - GRACE:
                around = self.files[before][0] if before in self.files else place
                yield before + 1, number - 1, around, place
            before = max(before, number)

    @property
    def is_gapless(self) -> bool:
        """Whether numbers are missing so rarely that a missing one means a missing file."""
        if self.first is not None:
            return True
        runs = sum(later > earlier + 1 for earlier, later in pairwise(self.numbers))
        return len(self.numbers) >= _LEAST_FILES and runs <= max(1, _MOST_HOLES * len(self.numbers))


class Sequences:
    """The sequences of one source, kept up to date from the names of its files."""

    def __init__(self, source: str, format_: type[Format]) -> None:
        self._source = source
        self._format = format_
        self._series: dict[str, _Series] = {}
        self._read_to: datetime | None = None

    def look(self, conn: Connection, known: Sequence[Gap], now: datetime) -> Missing:
        """Return what changed since the last look."""
        self._take_in(self._names(conn, now))
        for name, series in list(self._series.items()):
            series.forget_before(now - REACH)
            if series.files[series.numbers[-1]][1] < now - REACH:
                del self._series[name]
        filled = [gap for gap in known if self._has_any(gap.detail)]
        left = [gap.detail for gap in known if gap not in filled]
        opened = [fact for fact in self._holes(now) if not any(_overlap(fact.detail, one) for one in left)]
        return Missing(opened, filled)

    def _names(self, conn: Connection, now: datetime) -> Iterable[tuple[str, datetime]]:
        since = self._read_to or now - REACH
        chosen = (FileRow.source == self._source) & (FileRow.first_read_at >= since)
        rows = conn.execute(select(FileRow.path, FileRow.first_read_at).where(chosen)).all()
        self._read_to = max((read_at for _, read_at in rows), default=self._read_to)
        return [(path, read_at) for path, read_at in rows]

    def _take_in(self, names: Iterable[tuple[str, datetime]]) -> None:
        for path, read_at in names:
            place = self._format.numbered(path)
            if place is not None:
                self._series.setdefault(place.series, _Series(place.first)).add(place, read_at)

    def _holes(self, now: datetime) -> Iterator[Fact]:
        oldest = min(
            (series.files[series.numbers[0]][0].start for series in self._series.values()), default=None
        )
        for name, series in self._series.items():
            # Of the oldest sequence of those that begin anew, the first files may have been gone before we came.
            cut_off = series.first is not None and series.files[series.numbers[0]][0].start == oldest
            if not series.is_gapless or cut_off:
                continue
            for first, last, before, behind in series.holes(now):
                detail = {"series": _label(name), "first": first, "last": last}
                yield Fact(self._source, KIND, min(before.start, behind.start), behind.end, detail)

    def _has_any(self, detail: Mapping[str, int | str]) -> bool:
        for name, series in self._series.items():
            if _label(name) == detail["series"]:
                place = bisect_left(series.numbers, detail["first"])
                if place < len(series.numbers) and series.numbers[place] <= int(detail["last"]):
                    return True
        return False


def _label(series: str) -> str:
    """Return how a sequence is called in a fact: its name, with the folder it lies in where that tells it from others."""
    return "/".join(series.split("/")[-2:])


def _overlap(one: Mapping[str, int | str], other: Mapping[str, int | str]) -> bool:
    same = one["series"] == other["series"]
    return same and one["first"] <= other["last"] and other["first"] <= one["last"]  # type: ignore[operator]  # both are numbers
