"""Since when a source tells more or less than it did: shares of events, day by day, before and after. Pure.

It must never take the ups and downs of single days for a change: every day since has to lie outside all those before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

from auditd.quality.book import Day

LEAST_EVENTS: Final = 20
"""A day with fewer says nothing about a share."""
LEAST_DAYS_BEFORE: Final = 3
MOST_DAYS_BEFORE: Final = 14
LEAST_POINTS: Final = 0.05
"""So much of all events more or less, unless none are left, or none were before."""
LEAST_EXPECTED: Final = 10
SIGMAS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Share:
    """On one UTC day so many of the events."""

    day: str
    events: int
    told: int

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return self.told / self.events


@dataclass(frozen=True, slots=True)
class Change:
    """From one share to another since a UTC day. what: an aspect or the name of a column."""

    what: str
    before: float
    after: float
    since: str


def changes_of(days: Sequence[Day]) -> list[Change]:
    """Return what changed in the days of one source and family, in order of time: first aspects, then columns."""
    enough = [day for day in days if day.profile.events >= LEAST_EVENTS]
    if not enough:
        return []
    found: list[Change | None] = []
    for aspect in enough[0].profile.aspects:
        told = [Share(d.day, d.profile.events, d.profile.aspects.get(aspect, 0)) for d in enough]
        found.append(change_of(aspect, told))
    for name in enough[0].profile.fields:
        fields = [(day, day.profile.fields.get(name)) for day in enough]
        filled = [Share(d.day, d.profile.events, field.events if field else 0) for d, field in fields]
        found.append(change_of(name, filled))
    return [change for change in found if change is not None]


def change_of(what: str, shares: Sequence[Share]) -> Change | None:
    """Return the greatest change that still stands; None where there is none."""
    found: list[Change] = []
    for place in range(LEAST_DAYS_BEFORE, len(shares)):
        before, after = shares[max(0, place - MOST_DAYS_BEFORE) : place], shares[place:]
        if _apart(before, after) and _matters(before, after):
            found.append(Change(what, _pooled(before), _pooled(after), shares[place].day))
    return max(found, key=lambda change: abs(change.after - change.before), default=None)


def _apart(before: Sequence[Share], after: Sequence[Share]) -> bool:
    low, high = min(one.share for one in before), max(one.share for one in before)
    return all(one.share < low for one in after) or all(one.share > high for one in after)


def _matters(before: Sequence[Share], after: Sequence[Share]) -> bool:
    old, new = _pooled(before), _pooled(after)
    events = sum(one.events for one in before), sum(one.events for one in after)
    gone = new == 0 and old * events[1] >= LEAST_EXPECTED
    come = old == 0 and new * events[0] >= LEAST_EXPECTED
    pooled = (old * events[0] + new * events[1]) / sum(events)
    spread = sqrt(pooled * (1 - pooled) * (1 / events[0] + 1 / events[1]))
    sure = spread == 0 or abs(new - old) >= SIGMAS * spread
    return gone or (sure and (come or abs(new - old) >= LEAST_POINTS))


def _pooled(shares: Sequence[Share]) -> float:
    return sum(one.told for one in shares) / sum(one.events for one in shares)
