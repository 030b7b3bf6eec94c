"""What so many alerts a day would have shown of the past: which on what day, and how old the others grow meanwhile.

It must never need labels: where people have closed alerts, what they decided is the only truth.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median
from typing import Final

from alerts.verdicts import Word
from auditd.evaluation.caught import LONDON, AtBudget, Gathering, Measure
from auditd.evaluation.found import Found
from auditd.evaluation.ranking import DaysAlert, Order, queue_order

DAY: Final = timedelta(days=1)
_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """An alert as it would have been looked at. on: the day; waited: days since it came up. verdict: people's, where any.

    findings: their ids.
    """

    on: date
    concern: str
    person_key: str
    score: int
    findings: tuple[str, ...]
    waited: int
    verdict: Word | None


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the queue: alerts that came up or grew, shown, and left at its end; oldest: days the oldest of those waits."""

    day: date
    new: int
    shown: int
    waiting: int
    oldest: int


@dataclass(frozen=True, slots=True)
class Backtest:
    """What a budget would have done. never_shown: alerts still waiting at the end. right: alerts people found right."""

    budget: int
    days: list[Day]
    shown: list[Shown]
    never_shown: int
    right: int
    right_shown: int
    median_waited: float | None
    longest_waited: int | None


@dataclass(slots=True)
class _Waiting:
    """An alert nobody has looked at yet. scored: of how many findings the score is."""

    since: date
    findings: list[Found] = field(default_factory=list)
    scored: int = 0
    score: int = 0


def backtest(
    findings: Sequence[Found],
    gathering: Gathering,
    *,
    budget: int,
    verdicts: Mapping[str, Word] | None = None,
    order: Order = queue_order,
) -> Backtest:
    """Go through the days of the findings as people would have: each day the first `budget` of what waits, in `order`.

    findings: those that stand. An alert that is looked at is done with: what comes later opens another. verdicts: what
    people said of findings, by id. Days are London's, and of the day on which a finding would have been raised live.
    """
    judged = verdicts or {}
    by_day: dict[date, list[Found]] = defaultdict(list)
    for finding in findings:
        by_day[gathering.due(finding).astimezone(LONDON).date()].append(finding)
    waiting: dict[_Key, _Waiting] = {}
    days, shown = [], []
    for day in _days(by_day):
        fresh = _take_in(waiting, by_day.get(day, []), gathering, day)
        looked = order(_queue(waiting, gathering, day))[:budget]
        for alert in looked:
            done = waiting.pop((alert.concern, alert.person_key))
            said = _verdict(done.findings, judged)
            waited = (day - done.since).days
            shown.append(
                Shown(day, alert.concern, alert.person_key, alert.score, alert.findings, waited, said)
            )
        oldest = max(((day - one.since).days for one in waiting.values()), default=0)
        days.append(Day(day, fresh, len(looked), len(waiting), oldest))
    left = [_verdict(one.findings, judged) for one in waiting.values()]
    right_shown = sum(one.verdict == "right" for one in shown)
    waits = [one.waited for one in shown]
    return Backtest(
        budget=budget,
        days=days,
        shown=shown,
        never_shown=len(waiting),
        right=right_shown + left.count("right"),
        right_shown=right_shown,
        median_waited=median(waits) if waits else None,
        longest_waited=max(waits, default=None),
    )


def carried_over(
    findings: Sequence[Found], gathering: Gathering, measure: Measure, budgets: Sequence[int]
) -> list[AtBudget]:
    """Return what budgets catch where what is not looked at waits for the next day, and gathers meanwhile."""
    reports = []
    for budget in budgets:
        shown = backtest(findings, gathering, budget=budget).shown
        cases = [measure.misuse_in(one.findings) for one in shown]
        caught = set().union(*cases)
        reports.append(
            AtBudget(budget, len(caught), len(measure.misuse), len(shown), sum(bool(one) for one in cases))
        )
    return reports


def _days(by_day: Mapping[date, object]) -> Iterator[date]:
    """Yield every day from the first to the last, those on which nothing came up too: people look on those as well."""
    if not by_day:
        return
    day, last = min(by_day), max(by_day)
    while day <= last:
        yield day
        day += DAY


def _take_in(
    waiting: dict[_Key, _Waiting], findings: Sequence[Found], gathering: Gathering, day: date
) -> int:
    touched = set()
    for finding in findings:
        key = (gathering.concerns.get(finding.detector, finding.detector), finding.person_key)
        waiting.setdefault(key, _Waiting(day)).findings.append(finding)
        touched.add(key)
    return len(touched)


def _queue(waiting: Mapping[_Key, _Waiting], gathering: Gathering, day: date) -> list[DaysAlert]:
    for one in waiting.values():
        if one.scored != len(one.findings):
            one.scored, one.score = len(one.findings), gathering.score(one.findings)
    return [
        DaysAlert(
            day=day,
            concern=concern,
            person_key=person,
            severity=max(finding.severity for finding in one.findings),
            score=one.score,
            last_event_at=max(finding.timestamp for finding in one.findings),
            due_at=_first(one.findings, gathering.due),
            findings=tuple(finding.finding_id for finding in one.findings),
        )
        for (concern, person), one in waiting.items()
    ]


def _first(findings: Sequence[Found], due: Callable[[Found], datetime]) -> datetime:
    return min(due(finding) for finding in findings)


def _verdict(findings: Sequence[Found], judged: Mapping[str, Word]) -> Word | None:
    """Return what people said of any of the findings: one that was right makes the alert right."""
    said = {judged[finding.finding_id] for finding in findings if finding.finding_id in judged}
    return next((word for word in ("right", "undecided", "wrong") if word in said), None)
