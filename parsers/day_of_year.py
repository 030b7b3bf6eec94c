"""The year of days written without one (`03/28`): the last year in which such a day is not too late.

It must never read the clock: what is too late follows from when the file was written, or from the configuration.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

import polars as pl

YEAR_SECONDS: Final = 366 * 86_400
# Without any date to go by, a file is taken to start in this year (a leap year), and to be shorter than a year.
NO_YEAR: Final = 2000
_SHORTER_THAN_A_YEAR: Final = timedelta(days=335)
_SLACK: Final = timedelta(
    days=1
)  # Clocks and zones of the exchange and of the file system may differ by so much.
_LONGEST_WAIT: Final = 9  # Years until 29 February comes round again, at most.


def with_year(days: pl.Series, until: date) -> pl.Series:
    """Return days `mm/dd` as `yyyy-mm-dd`, each in the last year in which it is not after `until`; null where no day."""
    dates = {day: latest(day, until) for day in days.drop_nulls().unique()}
    return days.replace_strict(dates, default=None, return_dtype=pl.String)


def until_by_first(days: pl.Series) -> date | None:
    """Return a limit by which the first real day of `days` is of NO_YEAR, and later ones follow it; None without any."""
    for day in days.drop_nulls().unique(maintain_order=True):
        found = latest(day, date(NO_YEAR, 12, 31))
        if found is not None and found.startswith(str(NO_YEAR)):
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


def latest(day: str, until: date) -> str | None:
    """Return the last day `mm/dd` that is not after `until`, as ISO text; None where it is none."""
    month, _, number = day.partition("/")
    if not (month.isdecimal() and number.isdecimal()):
        return None
    for year in range(until.year, max(until.year - _LONGEST_WAIT, 0), -1):
        try:
            found = date(year, int(month), int(number))
        except ValueError:
            continue
        if found <= until:
            return found.isoformat()
    return None
