"""A rhythm is learnt from the weeks before, never guessed; nights, holidays, bursts and late deliveries raise no alarm."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from auditd.gaps.holidays import is_quiet_day
from auditd.gaps.rhythm import ASSUMED_DELAY, Rhythm
from auditd.gaps.silence import Quiet
from auditd.gaps.volumes import Hour

LONDON = ZoneInfo("Europe/London")
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)

Pace = Callable[[datetime], float]
"""The chance that a minute (local time) has an event."""


def office(local: datetime) -> float:
    """Busy from eight to six on working days, nearly nothing else."""
    return 0.6 if local.weekday() < 5 and 8 <= local.hour < 18 else 0.004


def always(local: datetime) -> float:
    """Day and night, less at night."""
    return 0.9 if 7 <= local.hour < 22 else 0.35


def minutes_of(
    pace: Pace,
    start: datetime,
    end: datetime,
    *,
    seed: int = 1,
    quiet: Iterable[tuple[datetime, datetime]] = (),
) -> list[datetime]:
    """Return the minutes that have an event, drawn at the pace, none in the quiet stretches."""
    rng = random.Random(seed)
    stretches = list(quiet)
    found = []
    moment = start
    while moment < end:
        drawn = rng.random() < pace(moment.astimezone(LONDON))
        if drawn and not any(since <= moment < until for since, until in stretches):
            found.append(moment)
        moment += MINUTE
    return found


def hours_of(
    moments: Iterable[datetime], *, read_at: datetime | None = None, delay: int = 2
) -> dict[datetime, Hour]:
    """Return the hours as counted; read_at: everything was read at once then, else an hour after `delay` seconds."""
    hours: dict[datetime, Hour] = {}
    for moment in sorted(moments):
        hour = moment.replace(minute=0)
        known = hours.get(hour, Hour(0, 0, read_at or hour + timedelta(seconds=delay), delay))
        hours[hour] = Hour(
            known.events + 3, known.minutes | 1 << moment.minute, known.first_read_at, known.delay_seconds
        )
    return hours


def rhythm(pace: Pace, *, days: int = 60, until: datetime = MONDAY, **options: object) -> Rhythm:
    return Rhythm(LONDON, hours_of(minutes_of(pace, until - days * DAY, until, **options)))  # type: ignore[arg-type]


def silences(
    pace: Pace, start: datetime, end: datetime, **options: object
) -> list[tuple[datetime, datetime | None]]:
    hours = hours_of(minutes_of(pace, start, end, **options))  # type: ignore[arg-type]
    found = Quiet("s").look(Rhythm(LONDON, hours), [], end, quiet_after=None)
    return [(fact.start, fact.end) for fact in found.opened]


@pytest.mark.parametrize("pace", [office, always])
@pytest.mark.parametrize("seed", range(3))
def test_five_months_of_ordinary_life_raise_no_alarm(pace: Pace, seed: int) -> None:
    """Over Christmas, Easter and the change to summer time; an office that is closed on bank holidays."""

    def with_holidays(local: datetime) -> float:
        return 0.004 if pace is office and is_quiet_day(local.date()) else pace(local)

    assert (
        silences(
            with_holidays, datetime(2025, 12, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC), seed=seed
        )
        == []
    )


@pytest.mark.parametrize(
    ("start", "length", "pace"),
    [
        (MONDAY + timedelta(days=1, hours=10), 45 * MINUTE, office),
        (MONDAY + timedelta(days=1, hours=2), 60 * MINUTE, always),
        (MONDAY + timedelta(days=5, hours=12), 30 * MINUTE, always),
    ],
    ids=["an office in the morning", "a service at night", "a service at the weekend"],
)
def test_an_outage_is_a_silence_with_its_exact_minutes(
    start: datetime, length: timedelta, pace: Pace
) -> None:
    [(since, until)] = silences(pace, MONDAY - 60 * DAY, MONDAY + 7 * DAY, quiet=[(start, start + length)])
    assert since <= start
    assert until is not None
    assert until >= start + length
    assert until - since < length + 20 * MINUTE


def test_an_office_that_does_not_speak_at_night_is_not_silent_then() -> None:
    known = rhythm(office)
    assert not known.is_silence(MONDAY + 18 * HOUR, MONDAY + 32 * HOUR)
    assert known.is_silence(MONDAY + 18 * HOUR, MONDAY + 34 * HOUR)


def test_a_bank_holiday_is_expected_to_be_like_a_weekend() -> None:
    easter_monday = datetime(2026, 4, 6, tzinfo=UTC)
    known = rhythm(office, until=easter_monday)
    assert not known.is_silence(easter_monday, easter_monday + DAY)
    assert known.is_silence(easter_monday + DAY, easter_monday + 2 * DAY)
    assert rhythm(always, until=easter_monday).is_silence(easter_monday, easter_monday + DAY)


def test_hours_are_those_of_the_wall_clock_on_both_sides_of_the_change_to_summer_time() -> None:
    after = datetime(2026, 3, 30, tzinfo=UTC)  # the Monday after; 08:00 is 07:00 UTC now
    known = rhythm(office, until=after)
    assert known.is_silence(after + 7 * HOUR, after + 7 * HOUR + 40 * MINUTE)
    assert not known.is_silence(after + 17 * HOUR, after + 20 * HOUR)


@pytest.mark.parametrize("days", [0, 6, 20])
def test_nothing_is_known_before_three_weeks(days: int) -> None:
    known = rhythm(always, days=days)
    assert not known.knows(MONDAY)
    assert not known.is_silence(MONDAY, MONDAY + 3 * DAY)


def test_outages_of_the_past_do_not_become_the_rule_nor_the_alarm() -> None:
    outage, noon = (MONDAY - 14 * DAY, MONDAY - 13 * DAY), MONDAY + 12 * HOUR
    assert rhythm(always, quiet=[outage]).is_silence(noon, noon + 30 * MINUTE)
    one_of_three = rhythm(always, days=25, quiet=[outage])
    assert not one_of_three.is_silence(noon, noon + 30 * MINUTE)


def test_a_source_that_says_little_each_hour_is_found_silent_over_whole_days() -> None:
    def sparse(local: datetime) -> float:
        return 0.015

    known = rhythm(sparse)
    assert not known.is_silence(MONDAY, MONDAY + 20 * HOUR)
    assert known.is_silence(MONDAY, MONDAY + 4 * DAY)


def test_a_source_that_hardly_speaks_is_said_to_be_so() -> None:
    assert not rhythm(lambda _: 0.0005).ever_speaks(MONDAY)
    assert rhythm(office).ever_speaks(MONDAY)


class TestWhereNothingHasComeSince:
    """At the end of a log, what is on its way is not missing."""

    def test_a_live_log_is_silent_minutes_after_it_should_have_spoken(self) -> None:
        known = rhythm(always)
        noon = MONDAY + 12 * HOUR
        assert not known.is_silence(noon, noon + 15 * MINUTE, arrived_by=noon + 15 * MINUTE)
        assert known.is_silence(noon, noon + 30 * MINUTE, arrived_by=noon + 30 * MINUTE)

    def test_history_that_was_read_at_once_says_nothing_of_the_delay(self) -> None:
        hours = hours_of(minutes_of(always, MONDAY - 60 * DAY, MONDAY), read_at=MONDAY)
        known = Rhythm(LONDON, hours)
        assert known.delay(MONDAY) == ASSUMED_DELAY
        assert not known.is_silence(MONDAY, MONDAY + DAY, arrived_by=MONDAY + DAY)
        assert known.is_silence(MONDAY, MONDAY + 2 * DAY, arrived_by=MONDAY + 2 * DAY)

    def test_a_daily_extract_is_not_silent_before_the_next_is_due(self) -> None:
        hours: dict[datetime, Hour] = {}
        for hour, known in hours_of(minutes_of(always, MONDAY - 60 * DAY, MONDAY)).items():
            comes = hour.replace(hour=0) + DAY + 3 * HOUR  # at three in the night, all of the day before
            hours[hour] = Hour(known.events, known.minutes, comes, int((comes - hour).total_seconds()))
        daily = Rhythm(LONDON, hours)
        for waited in (3 * HOUR, 12 * HOUR, 27 * HOUR):
            assert not daily.is_silence(MONDAY, MONDAY + waited, arrived_by=MONDAY + waited)
        assert daily.is_silence(MONDAY, MONDAY + 40 * HOUR, arrived_by=MONDAY + 40 * HOUR)

    def test_one_day_on_which_everything_came_late_changes_nothing(self) -> None:
        hours = hours_of(minutes_of(always, MONDAY - 60 * DAY, MONDAY))
        late = {
            hour: Hour(h.events, h.minutes, h.first_read_at, 80_000)
            for hour, h in hours.items()
            if hour >= MONDAY - DAY
        }
        noon = MONDAY + 12 * HOUR
        assert Rhythm(LONDON, hours | late).is_silence(
            noon, noon + 30 * MINUTE, arrived_by=noon + 30 * MINUTE
        )


@pytest.mark.parametrize(
    "day",
    ["2026-01-01", "2026-04-03", "2026-04-06", "2026-05-04", "2026-05-25", "2026-08-31", "2026-12-25", "2026-12-28",
     "2027-03-26", "2027-12-27", "2028-01-03", "2028-01-04", "2022-01-03", "2023-01-02", "2024-04-01", "2026-11-30"],
)  # fmt: skip
def test_bank_holidays_are_quiet_days(day: str) -> None:
    assert is_quiet_day(date.fromisoformat(day))


@pytest.mark.parametrize(
    "day", ["2026-01-05", "2026-04-07", "2026-06-15", "2026-05-05", "2026-12-23", "2026-08-24"]
)
def test_other_days_are_not(day: str) -> None:
    assert not is_quiet_day(date.fromisoformat(day))


def test_what_is_usual_is_the_median_of_the_weeks_before() -> None:
    known = rhythm(lambda _: 1.0)
    assert known.usual_events(MONDAY, MONDAY + 30 * MINUTE) == 90
