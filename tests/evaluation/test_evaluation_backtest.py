"""A budget is tested on the past: what is looked at is done with, what is not waits and grows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from auditd.evaluation.backtest import backtest, carried_over
from auditd.evaluation.caught import Gathering, Measure
from auditd.evaluation.found import Found

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
PLAIN = Gathering({}, {"a": "look-ups", "b": "look-ups"})


def found(name: str, person: str = "S1", *, day: int = 0, severity: int = 1, detector: str = "a") -> Found:
    return Found(name, detector, NOON + day * DAY, person, severity, (name,))


def test_each_day_the_first_of_the_queue_are_shown_and_the_others_grow_older() -> None:
    report = backtest(
        [found("f", "S1", severity=3), found("g", "S2"), found("h", "S3", day=1)], PLAIN, budget=1
    )
    assert [(one.person_key, one.waited) for one in report.shown] == [("S1", 0), ("S3", 0)]
    assert [(day.new, day.shown, day.waiting, day.oldest) for day in report.days] == [
        (2, 1, 1, 0),
        (1, 1, 1, 1),
    ]
    assert report.never_shown == 1


def test_what_waits_gathers_and_is_shown_when_it_weighs_enough() -> None:
    some = [found("f", "S1"), found("g", "S2", severity=2), found("h", "S1", day=1, severity=3, detector="b")]
    report = backtest([*some, found("i", "S3", day=1, severity=2)], PLAIN, budget=1)
    assert [(one.person_key, one.findings, one.waited) for one in report.shown] == [
        ("S2", ("g",), 0),
        ("S1", ("f", "h"), 1),
    ]


def test_an_alert_that_was_looked_at_is_done_with_and_the_next_is_new() -> None:
    report = backtest([found("f"), found("g", day=1)], PLAIN, budget=5)
    assert [one.findings for one in report.shown] == [("f",), ("g",)]


def test_people_look_on_days_on_which_nothing_comes_up() -> None:
    report = backtest([found("f", "S1"), found("g", "S2"), found("h", "S3", day=3)], PLAIN, budget=1)
    assert [day.waiting for day in report.days] == [1, 0, 0, 0]
    assert (report.median_waited, report.longest_waited) == (0, 1)


def test_what_people_decided_says_how_much_of_the_right_would_have_been_seen() -> None:
    two = [found("f", "S1", severity=3), found("g", "S2")]
    report = backtest(two, PLAIN, budget=1, verdicts={"f": "wrong", "g": "right"})
    assert (report.right, report.right_shown) == (1, 0)
    assert [one.verdict for one in report.shown] == ["wrong"]


def test_no_findings_are_no_days() -> None:
    report = backtest([], PLAIN, budget=20)
    assert (report.days, report.shown, report.never_shown, report.median_waited) == ([], [], 0, None)


def test_with_carrying_over_a_case_that_waits_is_caught_a_day_later() -> None:
    some = [found("f", "S1", severity=3), found("g", "S2"), found("h", "S1", day=2)]
    hits = {"f": frozenset[str](), "g": frozenset({"M1"}), "h": frozenset[str]()}
    measure = Measure(hits, frozenset({"M1"}), {"M1": NOON}, 3, 0)
    [point] = carried_over(some, PLAIN, measure, (1,))
    assert (point.caught, point.shown, point.right) == (1, 3, 1)
