"""Since when a source tells less, or more: told once it is sure, and not for the ups and downs of single days."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from auditd.quality.book import Day
from auditd.quality.changes import Change, Share, change_of, changes_of
from auditd.quality.profile import Filled, Profile

FIRST = date(2026, 3, 3)


def day(number: int) -> str:
    return (FIRST + timedelta(days=number)).isoformat()


def shares(*told: int, events: int = 1000) -> list[Share]:
    return [Share(day(n), events, count) for n, count in enumerate(told)]


def test_what_is_no_longer_filled_is_told_with_its_day() -> None:
    found = change_of("pnc_justification", shares(118, 125, 121, 116, 0, 0, 0))
    assert found == Change("pnc_justification", 0.12, 0.0, day(4))


def test_the_first_day_without_is_enough() -> None:
    assert change_of("why", shares(118, 125, 121, 0)) == Change("why", 364 / 3000, 0.0, day(3))


def test_what_begins_to_be_filled_is_told() -> None:
    assert change_of("why", shares(0, 0, 0, 0, 30)) == Change("why", 0.0, 0.03, day(4))


@pytest.mark.parametrize(
    "told",
    [
        (500, 480, 520, 490, 515, 530, 495),  # ups and downs
        (500, 100, 480, 520, 490),  # one odd day that is over
        (1000, 1000, 1000, 990, 985),  # less than five points
        (500, 520, 0),  # two days before are too few
        (0, 0, 0, 0),
        (1000, 1000, 1000, 1000),
    ],
)
def test_what_is_no_lasting_change_is_not_told(told: tuple[int, ...]) -> None:
    assert change_of("why", shares(*told)) is None


def test_a_few_events_prove_nothing() -> None:
    assert change_of("why", shares(3, 5, 4, 0, events=25)) is None


def test_chance_alone_makes_no_change() -> None:
    rng = random.Random(1)
    for _ in range(200):
        told = [sum(rng.random() < 0.3 for _ in range(40)) for _ in range(10)]
        assert change_of("why", shares(*told, events=40)) is None


def test_aspects_and_columns_of_a_source_are_told_and_small_days_passed_over() -> None:
    def one(number: int, events: int, why: int, filled: int) -> Day:
        told = Profile(events, {"who": events, "why": why}, {"pnc_justification": Filled(filled, None)})
        return Day("pnc", "access", day(number), told)

    days = [one(n, 1000, 900, 120) for n in range(4)]
    days += [one(4, 5, 5, 5), one(5, 1000, 500, 0)]
    assert changes_of(days) == [
        Change("why", 0.9, 0.5, day(5)),
        Change("pnc_justification", 0.12, 0.0, day(5)),
    ]
    assert changes_of([]) == []
