"""Which cases the alerts of each day would have shown, had only the first N been looked at.

It must never count an alert for a case because the person is the same: one of the case's own events must be evidence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from alerts.score import contributions, total
from alerts.weights import Weights
from auditd.evaluation.found import Found
from auditd.evaluation.labels import Labels
from auditd.evaluation.ranking import DaysAlert, Order, queue_order
from detectors.detector import Detector

LONDON: Final = ZoneInfo("Europe/London")


@dataclass(frozen=True, slots=True)
class AtBudget:
    """With so many alerts a day looked at: cases caught, alerts shown, those of them that show a case of misuse."""

    per_day: int
    caught: int
    cases: int
    shown: int
    right: int

    @property
    def recall(self) -> float | None:
        """Cases caught, of all."""
        return self.caught / self.cases if self.cases else None

    @property
    def precision(self) -> float | None:
        """Alerts that show misuse, of those looked at."""
        return self.right / self.shown if self.shown else None


@dataclass(frozen=True, slots=True)
class KindReport:
    """Cases of one kind: how many, how many some alert shows at all, and within the budget told."""

    kind: str
    truth: str
    cases: int
    alerted: int
    within: int


@dataclass(frozen=True, slots=True)
class QueueReport:
    """One detector's alerts, or all: how many, on how many days, what budgets catch, hours to the first alert of a case."""

    name: str
    alerts: int
    alerts_a_day: float
    budgets: list[AtBudget]
    median_hours_to_alert: float | None
    longest_hours_to_alert: float | None


@dataclass(frozen=True, slots=True)
class CaughtReport:
    """All detectors together, each alone, every kind of case, and the curve over budgets."""

    overall: QueueReport
    detectors: list[QueueReport] = field(default_factory=list)
    kinds: list[KindReport] = field(default_factory=list)
    curve: list[AtBudget] = field(default_factory=list)
    cases_without_events: int = 0


@dataclass(frozen=True, slots=True)
class Gathering:
    """What becomes of findings, by detector. due_after: how long after its event it is raised; concerns: where it gathers."""

    due_after: Mapping[str, timedelta]
    concerns: Mapping[str, str] = field(default_factory=dict)
    weights: Weights = field(default_factory=Weights)

    @classmethod
    def of(cls, detectors: Sequence[Detector], weights: Weights) -> Gathering:
        """Return how the findings of these detectors gather."""
        due_after = {detector.name: detector.waits for detector in detectors}
        return cls(due_after, {one.name: one.about.concern for one in detectors}, weights)

    def due(self, finding: Found) -> datetime:
        """Return when a finding would have been raised live."""
        return finding.timestamp + self.due_after.get(finding.detector, timedelta())

    def score(self, findings: Iterable[Found]) -> int:
        """Return the points of an alert with these findings."""
        return total(contributions([finding.scored for finding in findings], self.weights))


@dataclass(frozen=True, slots=True)
class Measure:
    """Everything counting needs. hits: finding id to the cases it shows; began: case id to its first event.

    without_events: cases of which the archive has no event.
    """

    hits: Mapping[str, frozenset[str]]
    misuse: frozenset[str]
    began: Mapping[str, datetime]
    days: int
    without_events: int

    def cases_in(self, findings: Iterable[str]) -> set[str]:
        """Return the cases that some findings show, misuse and innocent ones."""
        return {case for finding in findings for case in self.hits[finding]}

    def misuse_in(self, findings: Iterable[str]) -> set[str]:
        """Return the cases of misuse that some findings show."""
        return self.cases_in(findings) & self.misuse


def measure_caught(
    findings: Sequence[Found],
    measure: Measure,
    labels: Labels,
    *,
    gathering: Gathering,
    budgets: Sequence[int],
    curve: Sequence[int] = (),
    order: Order = queue_order,
) -> CaughtReport:
    """Return what the findings are worth against the cases.

    findings: active ones. measure: see `measure_of`. gathering: what becomes of findings, as live. The queue of a day holds what fell due on it (London's days), in
    `order`; nothing is carried over.
    """
    queue = days_alerts(findings, gathering)
    names = sorted({finding.detector for finding in findings})
    within = max(budgets)
    return CaughtReport(
        overall=_queue_report("all detectors", queue, measure, budgets, order),
        detectors=[
            _queue_report(name, days_alerts(theirs, gathering), measure, budgets, order)
            for name in names
            for theirs in ([finding for finding in findings if finding.detector == name],)
        ],
        kinds=_kinds(labels, queue, measure, within, order),
        curve=_at_budgets(queue, measure, curve, order),
        cases_without_events=measure.without_events,
    )


def days_alerts(findings: Iterable[Found], gathering: Gathering) -> list[DaysAlert]:
    """Gather findings by day, concern and person, as alerts gather them."""
    gathered: dict[tuple[object, str, str], list[tuple[datetime, Found]]] = defaultdict(list)
    for finding in findings:
        due = gathering.due(finding)
        concern = gathering.concerns.get(finding.detector, finding.detector)
        gathered[due.astimezone(LONDON).date(), concern, finding.person_key].append((due, finding))
    return [
        DaysAlert(
            day=min(due for due, _ in group).astimezone(LONDON).date(),
            concern=concern,
            person_key=person,
            severity=max(finding.severity for _, finding in group),
            score=gathering.score(finding for _, finding in group),
            last_event_at=max(finding.timestamp for _, finding in group),
            due_at=min(due for due, _ in group),
            findings=tuple(finding.finding_id for _, finding in group),
        )
        for (_, concern, person), group in gathered.items()
    ]


def measure_of(findings: Sequence[Found], case_events: pl.DataFrame, labels: Labels) -> Measure:
    """Return which case each finding shows. case_events: see `events_of_cases`."""
    cases_of: dict[str, set[str]] = defaultdict(set)
    for case_id, event_id in case_events.iter_rows():
        cases_of[event_id].add(case_id)
    hits = {
        finding.finding_id: frozenset(case for event in finding.event_ids for case in cases_of.get(event, ()))
        for finding in findings
    }
    began = dict(labels.events.group_by("case_id").agg(pl.col("at").min()).iter_rows())
    stretch = pl.concat((labels.events["at"], labels.look_ups["at"]))
    first, last = stretch.min(), stretch.max()
    days = (last - first).days + 1 if isinstance(first, datetime) and isinstance(last, datetime) else 1
    without = labels.cases.join(case_events, on="case_id", how="anti").height
    return Measure(hits, frozenset(labels.cases.filter(truth="misuse")["case_id"]), began, days, without)


def _ranked(queue: Sequence[DaysAlert], order: Order) -> list[tuple[int, DaysAlert]]:
    """Return every alert with its place in its day's queue, from 1."""
    by_day: dict[object, list[DaysAlert]] = defaultdict(list)
    for alert in queue:
        by_day[alert.day].append(alert)
    return [(place, alert) for day in by_day.values() for place, alert in enumerate(order(day), 1)]


def _at_budgets(
    queue: Sequence[DaysAlert], measure: Measure, budgets: Iterable[int], order: Order
) -> list[AtBudget]:
    placed = [(place, measure.misuse_in(alert.findings)) for place, alert in _ranked(queue, order)]
    reports = []
    for budget in budgets:
        shown = [cases for place, cases in placed if place <= budget]
        caught = set().union(*shown)
        reports.append(
            AtBudget(
                budget, len(caught), len(measure.misuse), len(shown), sum(bool(cases) for cases in shown)
            )
        )
    return reports


def _queue_report(
    name: str, queue: Sequence[DaysAlert], measure: Measure, budgets: Sequence[int], order: Order
) -> QueueReport:
    first: dict[str, datetime] = {}
    for alert in queue:
        for case in measure.misuse_in(alert.findings):
            first[case] = min(alert.due_at, first.get(case, alert.due_at))
    hours = [(due - measure.began[case]).total_seconds() / 3600 for case, due in first.items()]
    return QueueReport(
        name=name,
        alerts=len(queue),
        alerts_a_day=round(len(queue) / measure.days, 2),
        budgets=_at_budgets(queue, measure, budgets, order),
        median_hours_to_alert=round(median(hours), 2) if hours else None,
        longest_hours_to_alert=round(max(hours), 2) if hours else None,
    )


def _kinds(
    labels: Labels, queue: Sequence[DaysAlert], measure: Measure, within: int, order: Order
) -> list[KindReport]:
    best: dict[str, int] = {}
    for place, alert in _ranked(queue, order):
        for case in measure.cases_in(alert.findings):
            best[case] = min(place, best.get(case, place))
    by_kind: dict[tuple[str, str], list[str]] = defaultdict(list)
    for case_id, kind, truth in labels.cases.select("case_id", "kind", "truth").iter_rows():
        by_kind[truth, kind].append(case_id)
    return [
        KindReport(
            kind=kind,
            truth=truth,
            cases=len(cases),
            alerted=sum(case in best for case in cases),
            within=sum(best.get(case, within + 1) <= within for case in cases),
        )
        for (truth, kind), cases in sorted(by_kind.items(), reverse=True)
    ]
