"""Rows that were written down in the future: the sign of a clock, or a zone, that is not right. It must never drop one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from auditd.reference.reading import LINE, Reading
from detectors.reference import FEEDS

# Clocks that are kept are right to the second; what is written minutes ahead was written by another clock.
MOST_AHEAD: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Ahead:
    """How many rows lie ahead of our clock, by how much at most, and on which line the first of them stands."""

    rows: int = 0
    seconds: int = 0
    line: int = 0
    column: str = ""

    @property
    def hint(self) -> str:
        """The sentence for whoever delivers the feed; "" where no row lies ahead."""
        if not self.rows:
            return ""
        hours, minutes = divmod(self.seconds // 60, 60)
        return (
            f"{self.rows} {'row has' if self.rows == 1 else 'rows have'} `{self.column}` in the future, up to {hours} h {minutes} min ahead (the first on line "
            f"{self.line}): is the clock of the export right, is `zone` the one it writes?"
        )


NONE_AHEAD: Final = Ahead()


def ahead_of(reading: Reading, now: datetime) -> Ahead:
    """Return which rows of a reading say they were written down later than now."""
    columns = FEEDS[reading.feed].past
    if not columns or reading.rows.is_empty():
        return NONE_AHEAD
    latest = pl.max_horizontal(columns)
    found = reading.rows.filter(latest > now + MOST_AHEAD).select(LINE, latest.alias("latest"), *columns)
    if found.is_empty():
        return NONE_AHEAD
    furthest = found["latest"].max()
    seconds = int((furthest - now).total_seconds()) if isinstance(furthest, datetime) else 0
    first = found.sort(LINE).row(0, named=True)
    column = next(name for name in columns if first[name] == first["latest"])
    return Ahead(found.height, seconds, first[LINE], column)
