"""The year of stamps that have none (`Mar  3 14:02:11`): the last year in which such a day is not too late.

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
# Clocks and zones of the writer and of the file system may differ by so much.
_SLACK: Final = timedelta(days=1)
# Without any date to go by, a file is taken to be shorter than a year, and to start in this one (a leap year).
_NO_YEAR: Final = 2000
_SHORTER_THAN_A_YEAR: Final = timedelta(days=335)
_DAY: Final = r"^([A-Z][a-z]{2} [ 0-9]?[0-9]) "


def with_years(stamps: pl.Series, until: datetime) -> pl.Series:
    """Return stamps as `2026-03-03T14:02:11`: each day in the last year in which it does not lie after `until`.

    A fraction is kept. Null where it is no such stamp, or no day of the calendar.
    """
    days = stamps.str.extract(_DAY)
    last = (until.astimezone(UTC) + _SLACK).date()
    dates = {day: _latest(day, last) for day in days.drop_nulls().unique()}
    written = days.replace_strict(dates, default=None, return_dtype=pl.String)
    clock = stamps.str.replace(_DAY, "")
    return pl.select(pl.concat_str(written, clock, separator="T")).to_series()


def until_by_first(stamps: pl.Series) -> datetime | None:
    """Return a limit by which the first stamp with a day of the calendar lies in the year 2000 and later ones behind it."""
    for day in stamps.str.extract(_DAY).drop_nulls().unique(maintain_order=True):
        found = _latest(day, date(_NO_YEAR, 12, 31))
        if found is not None and found.startswith(str(_NO_YEAR)):
            first = datetime.fromisoformat(found).replace(tzinfo=UTC)
            return first + _SHORTER_THAN_A_YEAR
    return None


@lru_cache(maxsize=4096)
def _latest(day: str, last: date) -> str | None:
    """Return the latest date on such a day (`Mar  3`) that is not after `last`; None where there is none in 8 years."""
    month, number = _MONTHS.index(day[:3]) + 1 if day[:3] in _MONTHS else 0, int(day[3:])
    for year in range(last.year, last.year - 9, -1):
        try:
            found = date(year, month, number)
        except ValueError:
            continue
        if found <= last:
            return found.isoformat()
    return None
