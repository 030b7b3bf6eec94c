"""Days on which the country works as on a Sunday, whatever the weekday. Pure arithmetic.

It must never be asked whether somebody was on duty: it only says which days must not be taken for quiet ones.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache


def is_quiet_day(day: date) -> bool:
    """Whether a day is a bank holiday somewhere in the United Kingdom, or lies between 24 December and 2 January."""
    return day in _of_year(day.year)


@cache
def _of_year(year: int) -> frozenset[date]:
    easter = _easter(year)
    turn_of_year = {date(year, 12, 24) + timedelta(days=n) for n in range(8)}
    turn_of_year |= {_worked_off(date(year, 1, n)) for n in (1, 2)} | {date(year, 1, 1), date(year, 1, 2)}
    return frozenset(
        {
            *turn_of_year,
            _worked_off(date(year, 3, 17)),  # Northern Ireland
            easter - timedelta(days=2),
            easter + timedelta(days=1),
            _monday(year, 5, first=True),
            _monday(year, 5, first=False),
            _worked_off(date(year, 7, 12)),  # Northern Ireland
            _monday(year, 8, first=True),  # Scotland
            _monday(year, 8, first=False),
            _worked_off(date(year, 11, 30)),  # Scotland
        }
    ) | {_worked_off(date(year, 1, 2)) + timedelta(days=n) for n in (0, 1) if date(year, 1, 1).weekday() >= 5}


def _worked_off(day: date) -> date:
    """Return the day, or the Monday after it when it falls on a weekend."""
    return day + timedelta(days=(7 - day.weekday()) if day.weekday() >= 5 else 0)


def _monday(year: int, month: int, *, first: bool) -> date:
    day = date(year, month, 1 if first else 31)
    return day + timedelta(days=(-day.weekday()) % 7) if first else day - timedelta(days=day.weekday())


def _easter(year: int) -> date:
    """Return Easter Sunday (the anonymous Gregorian computus)."""
    century, rest = divmod(year, 100)
    golden = year % 19
    shift = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    to_sunday = (32 + 2 * (century % 4) + 2 * (rest // 4) - shift - rest % 4) % 7
    late = (golden + 11 * shift + 22 * to_sunday) // 451
    month, day = divmod(shift + to_sunday - 7 * late + 114, 31)
    return date(year, month, day + 1)
