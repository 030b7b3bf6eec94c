"""Silences of one source: stretches without an event beyond its rhythm, and what became of those already noticed. Pure.

It must never move a silence that was noticed: it ends, or late data fills it, and what is left of it is a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from auditd.gaps.book import Fact, Gap
from auditd.gaps.rhythm import Rhythm
from auditd.gaps.volumes import Hour

KIND: Final = "silent"
SHORTEST: Final = timedelta(minutes=1)
_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_FULL: Final = (1 << 60) - 1

Judges = Callable[[datetime, datetime, bool], bool]
"""Whether [start, end) without an event is a silence; the last argument: it reaches up to now."""


@dataclass(frozen=True, slots=True)
class Silences:
    """What a look found: new silences, ends of open ones, and those that late data filled (with where it begins)."""

    opened: Sequence[Fact] = ()
    ended: Sequence[tuple[Gap, datetime]] = ()
    filled: Sequence[tuple[Gap, datetime]] = ()


@dataclass
class Quiet:
    """Looks at one source again and again; what lies before the newest minute of the last look is only looked at for gaps."""

    source: str
    seen: datetime | None = field(default=None)

    def look(
        self, rhythm: Rhythm, known: Sequence[Gap], now: datetime, *, quiet_after: timedelta | None
    ) -> Silences:
        """Return what changed since the last look. quiet_after: the longest silence allowed, instead of the rhythm."""
        judges = _judge(rhythm, now, quiet_after)
        if not rhythm.hours:
            return Silences()
        opened: list[Fact] = []
        ended: list[tuple[Gap, datetime]] = []
        filled: list[tuple[Gap, datetime]] = []
        covered: list[tuple[datetime, datetime]] = []
        for gap in known:
            inside = active_between(rhythm.hours, gap.start, gap.end or now)
            if not inside:
                covered.append((gap.start, gap.end or now))
            elif gap.end is None and judges(gap.start, inside[0][0], False):
                ended.append((gap, inside[0][0]))
                covered.append((gap.start, inside[0][0]))
            else:
                filled.append((gap, inside[0][0]))
                if gap.end is not None:
                    opened += self._left_of(gap.start, gap.end, inside, judges, rhythm)
                    covered.append((gap.start, gap.end))
        since = self.seen - _MINUTE if self.seen else min(rhythm.hours)
        recent = active_between(rhythm.hours, since, now)
        for start, end in _pauses(recent, now):
            is_last = start == recent[-1][1]
            if not _covers(covered, start) and judges(start, end, is_last):
                opened.append(self._fact(rhythm, start, None if is_last else end, now))
        if recent:
            self.seen = recent[-1][1]
        return Silences(opened, ended, filled)

    def _left_of(
        self,
        start: datetime,
        end: datetime,
        inside: Sequence[tuple[datetime, datetime]],
        judges: Judges,
        rhythm: Rhythm,
    ) -> Iterator[Fact]:
        """Yield what is left of a silence that ended and was filled in part."""
        for since, until in _pauses([(start, start), *inside], end):
            if judges(since, until, False):
                yield self._fact(rhythm, since, until, until)

    def _fact(self, rhythm: Rhythm, start: datetime, end: datetime | None, now: datetime) -> Fact:
        return Fact(self.source, KIND, start, end, {"usual_events": rhythm.usual_events(start, end or now)})


def active_between(
    hours: Mapping[datetime, Hour], start: datetime, end: datetime
) -> list[tuple[datetime, datetime]]:
    """Return the parts within [start, end) of the stretches in which every minute has an event, in order."""
    first = start.replace(minute=0, second=0, microsecond=0)
    touched = ceil((end - first) / _HOUR)
    if touched < len(hours):
        steps = (first + n * _HOUR for n in range(touched))
        chosen = {hour: hours[hour] for hour in steps if hour in hours}
    else:
        chosen = {hour: known for hour, known in hours.items() if first <= hour < end}
    runs = active_minutes(chosen)
    return [(max(since, start), min(until, end)) for since, until in runs if until > start and since < end]


def active_minutes(hours: Mapping[datetime, Hour]) -> Iterator[tuple[datetime, datetime]]:
    """Yield the stretches in which every minute has an event, in order, neighbouring hours joined."""
    begin: datetime | None = None
    until: datetime | None = None
    for hour, known in hours.items():
        for start, end in _runs(hour, known.minutes):
            if begin is not None and until is not None and start > until:
                yield begin, until
                begin = None
            begin = start if begin is None else begin
            until = end
    if begin is not None and until is not None:
        yield begin, until


def _runs(hour: datetime, minutes: int) -> Iterator[tuple[datetime, datetime]]:
    if minutes == _FULL:
        yield hour, hour + _HOUR
        return
    minute = 0
    while minutes:
        skipped = (minutes & -minutes).bit_length() - 1
        minute, minutes = minute + skipped, minutes >> skipped
        length = (~minutes & (minutes + 1)).bit_length() - 1
        yield hour + minute * _MINUTE, hour + (minute + length) * _MINUTE
        minute, minutes = minute + length, minutes >> length


def _pauses(
    active: Sequence[tuple[datetime, datetime]], until: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Yield the stretches without an event after the first: between others, and up to `until`."""
    for place, (_, end) in enumerate(active):
        following = active[place + 1][0] if place + 1 < len(active) else until
        if following - end >= SHORTEST:
            yield end, following


def _judge(rhythm: Rhythm, now: datetime, quiet_after: timedelta | None) -> Judges:
    def judge(start: datetime, end: datetime, is_last: bool) -> bool:
        if quiet_after is not None:
            return end - start > quiet_after
        return rhythm.is_silence(start, end, arrived_by=now if is_last else None)

    return judge


def _covers(stretches: Sequence[tuple[datetime, datetime]], moment: datetime) -> bool:
    return any(start <= moment < end for start, end in stretches)
