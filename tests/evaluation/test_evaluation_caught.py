"""Recall, precision and time to alert are counted as the page says: by evidence, per day, within a budget."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
from sqlalchemy import Engine, insert

from alerts.models import AlertRow, FindingRow
from auditd.evaluation.caught import CaughtReport, Gathering, days_alerts, measure_caught, measure_of
from auditd.evaluation.found import Found, standing_findings
from auditd.evaluation.labels import CASES_SCHEMA, EVENTS_SCHEMA, LOOK_UPS_SCHEMA, Labels
from auditd.evaluation.picture import save_curve
from auditd.evaluation.ranking import DaysAlert, queue_order

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def found(
    name: str, *events: str, person: str = "S1", at: datetime = NOON, severity: int = 1, detector: str = "d"
) -> Found:
    return Found(name, detector, at, person, severity, events)


def labels(**cases: tuple[str, str]) -> Labels:
    """Labels of cases by id: (truth, kind); each has one event at noon."""
    rows = [(case, kind, truth, None) for case, (truth, kind) in cases.items()]
    events = [(case, "access", NOON, None) for case in cases]
    return Labels(
        LOOK_UPS_SCHEMA.to_frame(),
        pl.DataFrame(rows, CASES_SCHEMA, orient="row"),
        pl.DataFrame(events, EVENTS_SCHEMA, orient="row"),
    )


def measured(
    findings: list[Found],
    events: dict[str, str],
    told: Labels,
    *,
    after: timedelta = timedelta(),
    **options: object,
) -> CaughtReport:
    """Measure; events: event id to case."""
    frame = pl.DataFrame(
        [(case, event) for event, case in events.items()],
        {"case_id": pl.String, "event_id": pl.String},
        orient="row",
    )
    return measure_caught(
        findings,
        measure_of(findings, frame, told),
        told,
        gathering=Gathering({"d": after}),
        budgets=(1, 2),
        **options,
    )  # type: ignore[arg-type]


M1 = labels(M1=("misuse", "leak"))


def test_a_case_is_caught_by_an_alert_whose_evidence_is_an_event_of_it() -> None:
    report = measured([found("f", "e1", "e9")], {"e1": "M1"}, M1)
    assert (report.overall.budgets[0].recall, report.overall.budgets[0].precision) == (1.0, 1.0)


def test_the_same_person_without_an_event_of_the_case_does_not_count() -> None:
    report = measured([found("f", "e9")], {"e1": "M1"}, M1)
    assert (report.overall.budgets[0].recall, report.overall.budgets[0].precision) == (0.0, 0.0)


def test_an_innocent_case_that_is_alerted_costs_precision_and_is_told_by_kind() -> None:
    told = labels(M1=("misuse", "leak"), I1=("innocent", "press_office"))
    report = measured([found("f", "e1"), found("g", "e2", person="S2")], {"e1": "M1", "e2": "I1"}, told)
    assert report.overall.budgets[1].precision == 0.5
    assert [(one.kind, one.alerted) for one in report.kinds] == [("leak", 1), ("press_office", 1)]


def test_only_the_first_of_a_days_queue_are_looked_at() -> None:
    findings = [found("f", "e1", severity=1), found("g", "e9", person="S2", severity=3)]
    budgets = measured(findings, {"e1": "M1"}, M1).overall.budgets
    assert [(point.per_day, point.caught, point.shown) for point in budgets] == [(1, 0, 1), (2, 1, 2)]


def test_every_day_has_its_own_budget() -> None:
    findings = [found("f", "e9", severity=3), found("g", "e1", person="S2", at=NOON + DAY)]
    assert measured(findings, {"e1": "M1"}, M1).overall.budgets[0].caught == 1


def test_findings_of_a_day_about_one_person_and_concern_are_one_alert() -> None:
    findings = [
        found("f", "e1"),
        found("g", "e2", at=NOON + HOUR, severity=4),
        found("h", "e3", detector="x"),
    ]
    gathered = {alert.concern: alert for alert in days_alerts(findings, Gathering({}))}
    assert (gathered["d"].severity, gathered["d"].findings) == (4, ("f", "g"))
    assert gathered["x"].findings == ("h",)


def test_an_alert_is_of_the_day_of_london_on_which_the_finding_would_have_been_raised() -> None:
    late = datetime(2026, 7, 2, 22, 30, tzinfo=UTC)
    [alert] = days_alerts([found("f", at=late)], Gathering({"d": HOUR}))
    assert alert.day.isoformat() == "2026-07-03"
    assert alert.due_at == late + HOUR


def test_time_to_alert_runs_from_the_first_event_of_the_case_to_its_first_alert() -> None:
    findings = [found("f", "e1", at=NOON + 5 * HOUR), found("g", "e1", at=NOON + 9 * HOUR)]
    overall = measured(findings, {"e1": "M1"}, M1, after=HOUR).overall
    assert (overall.median_hours_to_alert, overall.longest_hours_to_alert) == (6.0, 6.0)


def test_what_nobody_found_is_missed_and_has_no_time() -> None:
    overall = measured([], {"e1": "M1"}, M1).overall
    assert (overall.budgets[0].recall, overall.budgets[0].precision, overall.median_hours_to_alert) == (
        0.0,
        None,
        None,
    )


def test_a_case_of_which_the_archive_has_nothing_is_counted() -> None:
    assert measured([], {}, M1).cases_without_events == 1


def test_each_detector_is_measured_alone_against_all_cases() -> None:
    findings = [found("f", "e1"), found("g", "e9", detector="x")]
    report = measured(findings, {"e1": "M1"}, M1)
    assert [(one.name, one.budgets[0].caught) for one in report.detectors] == [("d", 1), ("x", 0)]


def test_another_order_gives_another_result() -> None:
    findings = [found("f", "e1", severity=1), found("g", "e9", person="S2", severity=3)]

    def mildest_first(alerts: object) -> list[DaysAlert]:
        return list(reversed(queue_order(alerts)))  # type: ignore[arg-type]

    report = measured(findings, {"e1": "M1"}, M1, order=mildest_first)
    assert report.overall.budgets[0].caught == 1


def test_the_queue_has_the_gravest_first_then_the_latest() -> None:
    alerts = days_alerts(
        [
            found("a", person="S1"),
            found("b", person="S2", at=NOON + HOUR),
            found("c", person="S3", severity=2),
        ],
        Gathering({}),
    )
    assert [alert.person_key for alert in queue_order(alerts)] == ["S3", "S2", "S1"]


def test_findings_that_stand_are_read_and_withdrawn_ones_are_not(database: Engine) -> None:
    alert = {
        "alert_id": "A-1", "concern": "d", "person_key": "S1", "ordinal": 0, "staff_id": "S1", "actor": "account:a",
        "lead": "d", "title": "t", "category": "other", "severity": 1, "score": 10, "reasons": [], "score_basis": "none",
        "finding_count": 1, "first_event_at": NOON,
        "last_event_at": NOON, "state": "open", "opened_at": NOON, "version": 1,
    }  # fmt: skip
    finding = {
        "detector": "d", "version": 1, "timestamp": NOON, "actor": "account:a", "severity": 1, "event_ids": ["e1"],
        "facts": "{}", "first_found_at": NOON, "changed_at": NOON, "alert_id": "A-1",
    }  # fmt: skip
    with database.begin() as conn:
        conn.execute(insert(AlertRow), alert)
        for name, state in (("f1", "active"), ("f2", "withdrawn")):
            conn.execute(insert(FindingRow), finding | {"finding_id": name, "key": name, "state": state})
        assert standing_findings(conn, ["d"]) == [found("f1", "e1", person="account:a")]
        assert standing_findings(conn, ["other"]) == []


def test_the_curve_is_drawn_the_same_each_time(tmp_path: Path) -> None:
    report = measured([found("f", "e1")], {"e1": "M1"}, M1, curve=(1, 2, 50))
    for name in ("one.svg", "two.svg"):
        save_curve(tmp_path / name, report.curve, title="A curve")
    text = (tmp_path / "one.svg").read_text()
    assert text == (tmp_path / "two.svg").read_text()
    assert "A curve" in text
    assert "alerts looked at a day" in text
