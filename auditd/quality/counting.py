"""Counting what the archive's events of one day tell, piece by piece: what was counted of a segment is not read again.

It must never read more than a piece at once, nor count rows of a segment that is no longer in the manifest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl
from polars.exceptions import PolarsError

from auditd.archive.archive import REJECTS, Archive
from auditd.archive.segment import Segment
from auditd.quality.profile import Profile, columns_of, profiles_of, total
from parsers.event import FAMILIES, SCHEMA, Family

PIECE_ROWS: Final = 1 << 16  # as a row group of the archive has

Place = tuple[Family, str]
"""A family and a UTC day."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows of the archive that are counted at once: several small segments, or a stretch of a large one."""

    segments: tuple[int, ...]
    start: int = 0


@dataclass(slots=True)
class DayCount:
    """What is counted so far of one family and day."""

    family: Family
    day: str
    counted: dict[Piece, Mapping[str, Profile]] = field(default_factory=dict)

    def missing(self, segments: Sequence[Segment]) -> Iterator[tuple[Piece, list[Segment]]]:
        """Yield what is still to count of the day's live segments; what was counted of others is forgotten."""
        live = {segment.segment_id: segment for segment in segments}
        self.counted = {
            piece: found for piece, found in self.counted.items() if live.keys() >= set(piece.segments)
        }
        covered = {name for piece in self.counted for name in piece.segments if len(piece.segments) > 1}
        together: list[Segment] = []
        for segment in live.values():
            if segment.rows > PIECE_ROWS:
                for start in range(0, segment.rows, PIECE_ROWS):
                    if (piece := Piece((segment.segment_id,), start)) not in self.counted:
                        yield piece, [segment]
            elif segment.segment_id not in covered and Piece((segment.segment_id,)) not in self.counted:
                if together and sum(one.rows for one in together) + segment.rows > PIECE_ROWS:
                    yield _piece(together), together
                    together = []
                together.append(segment)
        if together:
            yield _piece(together), together

    def profiles(self) -> dict[str, Profile]:
        """Return what was counted, by source."""
        return total(self.counted.values())


def _piece(segments: Sequence[Segment]) -> Piece:
    return Piece(tuple(segment.segment_id for segment in segments))


def rows_of_days(archive: Archive) -> dict[Place, int]:
    """Return how many rows the manifest has, by family and day: merging leaves them, every new event changes them."""
    rows: dict[Place, int] = defaultdict(int)
    for segment in archive.segments():
        if segment.family != REJECTS:
            rows[_family(segment), segment.day] += segment.rows
    return dict(rows)


def intact_segments(archive: Archive, family: Family, day: str) -> list[Segment]:
    """Return the day's segments that are not known to be lost."""
    lost = {segment.segment_id for segment in archive.damaged()}
    return [s for s in archive.segments(family) if s.day == day and s.segment_id not in lost]


def rows_of(archive: Archive, family: Family, piece: Piece, segments: Sequence[Segment]) -> pl.LazyFrame:
    """Return the rows of a piece, still to be read."""
    rows = archive.read_lazily(segments, SCHEMA[family]).select(columns_of(family))
    return rows.slice(piece.start, PIECE_ROWS) if len(piece.segments) == 1 else rows


def count(rows: pl.LazyFrame, family: Family) -> dict[str, Profile]:
    """Read rows and return what they tell, by source."""
    return profiles_of(rows.collect(), family)


def count_day(archive: Archive, family: Family, day: str) -> dict[str, Profile]:
    """Count a whole day now; what is lost of it is left out."""
    done = DayCount(family, day)
    while todo := next(done.missing(intact_segments(archive, family, day)), None):
        piece, segments = todo
        try:
            done.counted[piece] = count(rows_of(archive, family, piece, segments), family)
        except (PolarsError, OSError):
            if not archive.inspect(segments, thorough=True):
                raise
    return done.profiles()


def _family(segment: Segment) -> Family:
    return next(family for family in FAMILIES if family == segment.family)
