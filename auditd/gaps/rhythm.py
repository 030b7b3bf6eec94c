"""A source's rhythm: how many minutes of an hour of the week have events at least, learnt from the weeks before. Pure.

It must never guess: with less than three weeks of history it knows nothing, and says so.

Minutes that have an event are counted, not events: bursts then weigh no more than what they are, one busy minute. Of
the same hour in up to eight weeks a low one counts, so that holidays, past outages and quiet nights lower what is
expected, and nothing raises it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from statistics import median
from typing import Final
from zoneinfo import ZoneInfo

from auditd.gaps.holidays import is_quiet_day
from auditd.gaps.volumes import Hour

WEEKS: Final = 8
LEAST_WEEKS: Final = 3
LOW: Final = 0.2
"""The quantile of past weeks that counts: two of eight, one of six, none of three may have been out of the ordinary."""
ENOUGH_MINUTES: Final = 15.0
"""So many minutes with events expected, and none seen: by chance once in three million times."""
ASSUMED_DELAY: Final = timedelta(hours=36)
_HOUR: Final = timedelta(hours=1)
_SHORTEST: Final = timedelta(minutes=ENOUGH_MINUTES)
_SLACK: Final = timedelta(minutes=5)
_DELAY_DAYS: Final = 14
_DELAY_SAMPLES: Final = 3
_LONGEST: Final = timedelta(days=60)


@dataclass(frozen=True)
class Rhythm:
    """The rhythm of one source in its zone, from its hours that hold events."""

    zone: ZoneInfo
    hours: Mapping[datetime, Hour]

    @cached_property
    def first(self) -> datetime | None:
        """The first hour that is known."""
        return min(self.hours, default=None)

    @cached_property
    def _first_read_at(self) -> datetime:
        return min(hour.first_read_at for hour in self.hours.values())

    def days_known(self, at: datetime) -> int:
        """Return how many whole days of history there are before a moment."""
        return max(0, (at - self.first).days) if self.first else 0

    def knows(self, at: datetime) -> bool:
        """Whether there is history enough before a moment to say what is usual then."""
        return self.days_known(at) >= 7 * LEAST_WEEKS

    def is_silence(self, start: datetime, end: datetime, *, arrived_by: datetime | None = None) -> bool:
        """Whether a stretch without an event is longer than chance and the rhythm allow.

        arrived_by: for a stretch after which nothing has come yet: only what would be here by then counts, by the
        delay that is usual for each hour.
        """
        if not self.knows(start):
            return False
        end = min(end, start + _LONGEST)
        if end - start < _SHORTEST:
            return False
        expected = 0.0
        for hour, begin, until in _hours(start, end):
            here = until if arrived_by is None else min(until, arrived_by - self.delay(hour))
            if here > begin:
                expected += (here - begin) / _HOUR * self._usual_minutes(hour, start)
                if expected >= ENOUGH_MINUTES:
                    return True
        return self._days_missing(start, end, arrived_by) >= ENOUGH_MINUTES

    def usual_events(self, start: datetime, end: datetime) -> int:
        """Return how many events are usual in a stretch: the median of the weeks before it."""
        end = min(end, start + _LONGEST)
        total = 0.0
        for hour, begin, until in _hours(start, end):
            counts = [known.events if known else 0 for known in self._same_hours(hour, start)]
            total += (until - begin) / _HOUR * (median(counts) if counts else 0)
        return round(total)

    def ever_speaks(self, at: datetime) -> bool:
        """Whether a silence of a week before a moment would be noticed at all."""
        return self.is_silence(at, at + timedelta(days=7))

    def delay(self, hour: datetime) -> timedelta:
        """Return how long after the hour its events are here, as that hour of the last days was; a day and a half if unknown."""
        local = hour.astimezone(self.zone)
        delays = [
            known.delay_seconds
            for days in range(1, _DELAY_DAYS + 1)
            if (known := self.hours.get(_utc(local, days))) and _utc(local, days) >= self._first_read_at
        ]
        if len(delays) < _DELAY_SAMPLES:
            return ASSUMED_DELAY
        # The longest is left out: a day on which the daemon or the delivery stood still.
        return timedelta(seconds=1.25 * sorted(delays)[-2]) + _SLACK

    def _usual_minutes(self, hour: datetime, before: datetime) -> float:
        local = hour.astimezone(self.zone)
        usual = [_low([_minutes(known) for known in self._same_hours(hour, before)])]
        if is_quiet_day(local.date()):
            for back in ((local.weekday() - day) % 7 for day in (5, 6)):
                weekend = _utc(local, back)
                usual.append(_low([_minutes(known) for known in self._same_hours(weekend, before)]))
        return min(usual)

    def _same_hours(self, hour: datetime, before: datetime) -> Iterator[Hour | None]:
        """Yield the same hour of up to eight weeks that lie before the stretch in question, as far as history goes."""
        local = hour.astimezone(self.zone)
        found = 0
        for week in range(WEEKS + 1 + int((hour - before) / timedelta(days=7))):
            earlier = _utc(local, 7 * week)
            if earlier + _HOUR > before:
                continue
            if self.first is None or earlier < self.first or found == WEEKS:
                return
            found += 1
            yield self.hours.get(earlier)

    @cached_property
    def _by_day(self) -> Mapping[date, int]:
        days: dict[date, int] = {}
        for hour, known in self.hours.items():
            day = hour.astimezone(self.zone).date()
            days[day] = days.get(day, 0) + _minutes(known)
        return days

    def _days_missing(self, start: datetime, end: datetime, arrived_by: datetime | None) -> float:
        """Return the minutes expected in the whole local days of a stretch: for sources that say little each hour."""
        day = start.astimezone(self.zone).date() + timedelta(days=1)
        first = self.first.astimezone(self.zone).date() if self.first else day
        expected = 0.0
        while (midnight := self._midnight(day + timedelta(days=1))) <= end:
            if arrived_by is None or midnight + self.delay(midnight - _HOUR) <= arrived_by:
                weekdays = [day]
                if is_quiet_day(day):
                    weekdays += [day - timedelta(days=(day.weekday() - other) % 7) for other in (5, 6)]
                expected += min(self._usual_day(weekday, start, first) for weekday in weekdays)
            day += timedelta(days=1)
        return expected

    def _usual_day(self, day: date, before: datetime, first: date) -> float:
        limit = before.astimezone(self.zone).date()
        weeks = (day - timedelta(days=7 * week) for week in range(2 * WEEKS + 8))
        earlier = [self._by_day.get(one, 0) for one in weeks if first < one < limit]
        return _low(earlier[:WEEKS])

    def _midnight(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC)


def _hours(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, datetime]]:
    """Yield each hour a stretch touches, with where in it the stretch begins and ends."""
    hour = start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while hour < end:
        yield hour, max(start, hour), min(end, hour + _HOUR)
        hour += _HOUR


def _utc(local: datetime, days_back: int) -> datetime:
    """Return the hour (UTC) in which the same wall-clock hour began some days before."""
    earlier = (local - timedelta(days=days_back)).astimezone(UTC)
    return earlier.replace(minute=0, second=0, microsecond=0)


def _minutes(hour: Hour | None) -> int:
    return hour.minutes.bit_count() if hour else 0


def _low(samples: list[int]) -> float:
    if len(samples) < LEAST_WEEKS:
        return 0.0
    return float(sorted(samples)[int(LOW * (len(samples) - 1))])
