"""The year of days written without one (`03/28`, `Mar  3`): the last year in which such a day is not too late.

It must never read the clock: what is too late follows from when the file was last written, or from what the
configuration says; and that the year was inferred always shows, as an uncertainty of one year.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

import polars as pl

YEAR_SECONDS: Final = 366 * 86_400
STAMP: Final = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ 0-9]?[0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}"

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAY: Final = r"^([A-Z][a-z]{2} [ 0-9]?[0-9]) "
# Clocks and zones of the writer and of the file system may differ by so much.
_SLACK: Final = timedelta(days=1)
# Without any date to go by, a file is taken to be shorter than a year, and to start in this one (a leap year).
_NO_YEAR: Final = 2000
_SHORTER_THAN_A_YEAR: Final = timedelta(days=335)
_LONGEST_WAIT: Final = 9  # Years until 29 February comes round again, at most.


def with_year(days: pl.Series, until: date) -> pl.Series:
    """Return days as `yyyy-mm-dd`, each in the last year in which it is not after `until`; null where no day."""
    dates = {day: _latest(day, until) for day in days.drop_nulls().unique()}
    return days.replace_strict(dates, default=None, return_dtype=pl.String)


def until_by_first(days: pl.Series) -> date | None:
    """Return a limit by which the first real day of `days` is of the year 2000, and later ones follow it; None without any."""
    for day in days.drop_nulls().unique(maintain_order=True):
        found = _latest(day, date(_NO_YEAR, 12, 31))
        if found is not None and found.startswith(str(_NO_YEAR)):
            return date.fromisoformat(found) + _SHORTER_THAN_A_YEAR
    return None


def limit(configured: date | None, written: datetime | None, state: str) -> str:
    """Return, as ISO text, the last day a file can tell of; "" where nothing says so yet.

    configured: in the options. written: when the file was last changed. state: what this returned for the block before.
    """
    if configured is not None:
        return configured.isoformat()
    if written is not None:
        return (written + _SLACK).date().isoformat()
    return state


def stamps_with_years(stamps: pl.Series, until: datetime) -> pl.Series:
    """Return stamps as `2026-03-03T14:02:11`: each day in the last year in which it does not lie after `until`.

    A fraction is kept. Null where it is no such stamp, or no day of the calendar.
    """
    written = with_year(stamps.str.extract(_DAY), (until.astimezone(UTC) + _SLACK).date())
    clock = stamps.str.replace(_DAY, "")
    return pl.select(pl.concat_str(written, clock, separator="T")).to_series()


def until_by_first_stamp(stamps: pl.Series) -> datetime | None:
    """Return the same limit as `until_by_first`, of stamps."""
    until = until_by_first(stamps.str.extract(_DAY))
    return None if until is None else datetime(until.year, until.month, until.day, tzinfo=UTC)


@lru_cache(maxsize=4096)
def _latest(day: str, until: date) -> str | None:
    """Return the last day `03/28` or `Mar 28` that is not after `until`, as ISO text; None where it is none."""
    month, number = _month_and_number(day)
    for year in range(until.year, max(until.year - _LONGEST_WAIT, 0), -1):
        try:
            found = date(year, month, number)
        except ValueError:
            continue
        if found <= until:
            return found.isoformat()
    return None


def _month_and_number(day: str) -> tuple[int, int]:
    """Return month and day as numbers, (0, 0) where they are none."""
    month, slash, number = day.partition("/")
    if slash:
        return (int(month), int(number)) if month.isdecimal() and number.isdecimal() else (0, 0)
    return (_MONTHS.index(day[:3]) + 1, int(day[3:])) if day[:3] in _MONTHS else (0, 0)
