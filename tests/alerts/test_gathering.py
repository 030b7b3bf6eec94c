"""Several detectors that see one misuse make one alert; weights that change score alerts anew."""

from __future__ import annotations

from typing import ClassVar

from judging import HOUR, START, Judge, NightLookup, row
from sqlalchemy import Connection

from alerts.appraisal import Appraiser
from alerts.desk import close, list_alerts
from alerts.forming import Forming
from alerts.identity import alert_id
from alerts.settling import rescore
from alerts.weights import Weights
from detectors.detector import About
from detectors.finding import Severity

ALERT = alert_id("look-ups", "S1", 0)


class FarLookup(NightLookup):
    """Another detector of the same concern."""

    name = "far_lookup"
    about: ClassVar[About] = About(
        "Look-up from afar", "", Severity.HIGH, "infiltration", (), (), concern="look-ups"
    )


class OddCall(NightLookup):
    """A detector of another concern."""

    name = "odd_call"
    about: ClassVar[About] = About("Odd call", "", Severity.LOW, "other", (), (), concern="media")


def judges(conn: Connection) -> tuple[Judge, Judge, Judge]:
    return Judge(conn), Judge(conn, FarLookup()), Judge(conn, OddCall())


def test_detectors_of_one_concern_gather_and_the_gravest_gives_title_and_category(judge: Judge) -> None:
    night, far, odd = judges(judge.conn)
    night.judges(row("a", 2))
    far.judges(row("a", 1, severity=3))
    odd.judges(row("a", 3))
    alerts = {alert.concern: alert for alert in judge.alerts()}
    assert set(alerts) == {"look-ups", "media"}
    one = alerts["look-ups"]
    assert (one.alert_id, one.lead, one.title, one.category) == (
        ALERT,
        "far_lookup",
        "Look-up from afar",
        "infiltration",
    )
    assert (one.finding_count, one.severity) == (2, 3)
    assert (one.first_event_at, one.last_event_at) == (START + HOUR, START + 2 * HOUR)


def test_what_an_alert_amounts_to_does_not_depend_on_which_detector_came_first(judge: Judge) -> None:
    seen = []
    for order in ((0, 1), (1, 0)):
        with judge.conn.begin_nested() as trial:
            two = judges(judge.conn)
            for number in order:
                two[number].judges(row("a", severity=number + 2))
            [alert] = judge.alerts()
            seen.append((alert.lead, alert.severity, alert.score, alert.reasons, alert.actor))
            trial.rollback()
    assert seen[0] == seen[1]


def test_the_title_is_the_next_gravest_when_a_finding_goes(judge: Judge) -> None:
    appraiser = Appraiser(abouts={one.name: one.about for one in (NightLookup, FarLookup)})
    night, far, _ = judges(judge.conn)
    night.forming = far.forming = Forming(appraiser)
    night.judges(row("a"))
    far.judges(row("a", severity=3))
    assert judge.alerts()[0].title == "Look-up from afar"
    far.judges()
    [alert] = judge.alerts()
    assert (alert.title, alert.category, alert.severity, alert.state) == (
        "Look-up at night", "misuse of force systems", 2, "open",
    )  # fmt: skip


def test_two_detectors_on_one_event_score_more_than_one(judge: Judge) -> None:
    night, far, _ = judges(judge.conn)
    night.judges(row("a"))
    alone = judge.alerts()[0].score
    far.judges(row("a"))
    [alert] = judge.alerts()
    assert alert.score == alone + Weights().agreement
    assert [reason["reason"] for reason in alert.reasons] == ["severity", "agreement"]


def test_alerts_are_listed_by_score_and_by_a_detector_that_found_something(judge: Judge) -> None:
    night, far, _ = judges(judge.conn)
    night.judges(row("a"), row("b", staff_id="S2"))
    far.judges(row("b", staff_id="S2"))
    assert [alert.person_key for alert in list_alerts(judge.conn)] == ["S2", "S1"]
    assert [alert.person_key for alert in list_alerts(judge.conn, detector="far_lookup")] == ["S2"]
    assert [alert.person_key for alert in list_alerts(judge.conn, concern="media")] == []


def test_other_weights_score_anew_what_no_person_has_closed(judge: Judge) -> None:
    judge.judges(row("a"), row("b", staff_id="S2"))
    close(judge.conn, ALERT, outcome="continuing", rationale="Passed on.", by="Ann Lee", now=judge.now)
    other = Appraiser(Weights(medium=99))
    before = {alert.person_key: alert for alert in judge.alerts()}
    assert rescore(judge.conn, other) == 1
    assert rescore(judge.conn, other) == 0
    after = {alert.person_key: alert for alert in judge.alerts()}
    assert after["S1"] == before["S1"]
    assert (after["S2"].score, after["S2"].score_basis, after["S2"].version) == (99, other.basis, 1)
