"""What one look after another makes of a source's minutes: a silence begins, lasts, ends, is filled, and is told once."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from auditd.gaps.book import Gap
from auditd.gaps.rhythm import Rhythm
from auditd.gaps.silence import Quiet, active_between, active_minutes
from auditd.gaps.volumes import Hour

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LIMIT = timedelta(minutes=30)


def rhythm(moments: Iterable[datetime]) -> Rhythm:
    bits: dict[datetime, int] = {}
    for moment in sorted(moments):
        hour = moment.replace(minute=0)
        bits[hour] = bits.get(hour, 0) | 1 << moment.minute
    return Rhythm(ZoneInfo("Europe/London"), {h: Hour(1, b, h, 0) for h, b in bits.items()})


def at(minute: float) -> datetime:
    return NOON + minute * MINUTE


class Book:
    """Looks at one source whose longest pause is half an hour, and keeps what it is told."""

    def __init__(self) -> None:
        self.quiet = Quiet("s")
        self.gaps: list[Gap] = []
        self.minutes: set[datetime] = set()

    def look(self, now: float, minutes: Iterable[int] = ()) -> list[tuple[float, float | None]]:
        self.minutes |= {at(minute) for minute in minutes}
        found = self.quiet.look(rhythm(self.minutes), self.gaps, at(now), quiet_after=LIMIT)
        over = [gap for gap, _ in (*found.ended, *found.filled)]
        self.gaps = [gap for gap in self.gaps if gap not in over]
        self.gaps += [_gap(gap.start, end) for gap, end in found.ended]
        self.gaps += [_gap(fact.start, fact.end) for fact in found.opened]
        return sorted(
            ((g.start - NOON) / MINUTE, (g.end - NOON) / MINUTE if g.end else None) for g in self.gaps
        )


def _gap(start: datetime, end: datetime | None) -> Gap:
    return Gap("g", "s", "silent", start, end, "ended" if end else "open", NOON, None, {})


def test_a_silence_begins_lasts_and_ends() -> None:
    book = Book()
    assert book.look(5, range(5)) == []
    assert book.look(35) == []
    assert book.look(36) == [(5, None)]
    assert book.look(90) == [(5, None)]
    assert book.look(100, [99]) == [(5, 99)]
    assert book.look(101) == [(5, 99)]


def test_what_was_only_late_fills_the_silence() -> None:
    book = Book()
    book.look(40, range(5))
    assert book.look(41, range(6, 41)) == []


def test_an_old_silence_is_found_at_the_first_look_only() -> None:
    book = Book()
    assert book.look(200, [*range(5), *range(60, 100, 10), *range(180, 200)]) == [(5, 60), (91, 180)]
    book.gaps = []
    assert book.look(201, [200]) == []


@pytest.mark.parametrize(
    ("late", "left"),
    [(range(5, 60), []), ([20], [(21, 60)]), ([32], []), ([5], [(6, 60)]), ([59], [(5, 59)])],
    ids=["all of it", "near the start", "in the middle", "the first minute", "the last minute"],
)
def test_what_late_data_leaves_of_a_silence_is_one_if_it_is_long_enough(
    late: Iterable[int], left: list[tuple[float, float]]
) -> None:
    book = Book()
    assert book.look(70, [*range(5), *range(60, 70)]) == [(5, 60)]
    assert book.look(71, late) == left


def test_an_event_dated_in_the_future_hides_no_silence() -> None:
    book = Book()
    book.look(5, [*range(5), 5000])
    assert book.look(60) == [(5, None)]


@pytest.mark.parametrize("seed", range(200))
def test_whatever_comes_when_the_gaps_are_the_long_pauses_in_the_end(seed: int) -> None:
    rng = random.Random(seed)
    book = Book()
    spoken = sorted({0, *rng.sample(range(300), rng.randint(1, 25))})
    late = {minute for minute in spoken[1:] if rng.random() < 0.4}
    for now in range(1, 301, rng.choice((1, 7, 40))):
        arrived = {m for m in spoken if m < now and (m not in late or rng.random() < 0.1)}
        book.look(now, arrived)
    last = book.look(301, spoken)
    runs = [*spoken, 301]
    pauses = [(m + 1, n) for m, n in itertools.pairwise(runs) if n - m - 1 > 30]
    assert last == [(start, None if end == 301 else end) for start, end in pauses]


@pytest.mark.parametrize("seed", range(50))
def test_runs_of_minutes_are_those_of_the_bits(seed: int) -> None:
    rng = random.Random(seed)
    minutes = sorted(rng.sample(range(240), rng.randint(1, 240)))
    found = list(active_minutes(rhythm(at(minute) for minute in minutes).hours))
    assert [m for a, b in found for m in range(int((a - NOON) / MINUTE), int((b - NOON) / MINUTE))] == minutes
    assert all(earlier[1] < later[0] for earlier, later in itertools.pairwise(found))
    start, end = sorted(rng.sample(range(-30, 270), 2))
    clipped = active_between(rhythm(at(minute) for minute in minutes).hours, at(start), at(end))
    assert [m for a, b in clipped for m in range(int((a - NOON) / MINUTE), int((b - NOON) / MINUTE))] == [
        minute for minute in minutes if start <= minute < end
    ]
