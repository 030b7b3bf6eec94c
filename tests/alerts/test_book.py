"""Findings gather into alerts, change, and are withdrawn, and every step stays in the history."""

import json

import pytest
from judging import HOUR, START, Judge, row
from sqlalchemy import func, select

from alerts.book import Applied
from alerts.desk import close, note, reopen
from alerts.identity import alert_id
from alerts.models import AlertHistoryRow

ALERT = alert_id("look-ups", "S1", 0)
SECOND = alert_id("look-ups", "S1", 1)


def test_findings_about_one_person_gather_in_one_alert(judge: Judge) -> None:
    done = judge.judges(row("a", 2, severity=1), row("b", 1, severity=3), row("c", 3, staff_id="S2"))
    first, second = sorted(judge.alerts(), key=lambda alert: alert.person_key)
    assert done.new_alerts == tuple(sorted([first.alert_id, second.alert_id]))
    assert (first.person_key, first.finding_count, first.severity) == ("S1", 2, 3)
    assert (first.first_event_at, first.last_event_at) == (START + HOUR, START + 2 * HOUR)
    assert (first.state, first.title, first.category) == (
        "open",
        "Look-up at night",
        "misuse of force systems",
    )


def test_a_person_who_is_not_known_is_keyed_by_the_identifier_that_acted(judge: Judge) -> None:
    judge.judges(row("a", staff_id=None), row("b", staff_id=None, actor="account:asmith"))
    assert {alert.person_key for alert in judge.alerts()} == {"account:jdoe", "account:asmith"}


def test_judging_the_same_again_changes_nothing(judge: Judge) -> None:
    judge.judges(row("a"), row("b"))
    before = (judge.alerts(), judge.findings(), judge.history())
    assert judge.judges(row("a"), row("b")) == Applied()
    assert (judge.alerts(), judge.findings(), judge.history()) == before


def test_a_later_finding_grows_the_open_alert(judge: Judge) -> None:
    judge.judges(row("a", 1))
    done = judge.judges(row("b", 30, severity=4), span=(24, 48))
    (alert,) = judge.alerts()
    assert done.grown_alerts == (alert.alert_id,)
    assert (alert.severity, alert.finding_count, alert.version) == (4, 2, 2)
    assert judge.history() == ["opened", "found"]


def test_a_span_is_judged_from_its_start_up_to_but_not_including_its_end(judge: Judge) -> None:
    judge.judges(row("before", 0), row("start", 1), row("end", 2))
    done = judge.judges(span=(1, 2))
    assert done.withdrawn_findings == (judge.findings()["start"].finding_id,)


def test_an_alert_whose_findings_are_all_gone_closes_as_explained_late(judge: Judge) -> None:
    judge.judges(row("a"), row("b", 1))
    done = judge.judges(reasons={"a": "incident 1234 names it, recorded 3 h later"})
    (alert,) = judge.alerts()
    assert done.closed_alerts == (alert.alert_id,)
    assert (alert.state, alert.outcome, alert.closed_at) == ("closed", "explained late", judge.now)
    assert {key: finding.withdrawn_reason for key, finding in judge.findings().items()} == {
        "a": "incident 1234 names it, recorded 3 h later",
        "b": "it no longer follows from the data",
    }
    assert judge.history() == ["opened", "withdrawn", "closed"]


def test_an_alert_left_with_a_finding_stays_open_and_counts_only_that(judge: Judge) -> None:
    judge.judges(row("a", 1, severity=4), row("b", 2, severity=1))
    judge.judges(row("b", 2, severity=1))
    (alert,) = judge.alerts()
    assert (alert.state, alert.severity, alert.finding_count) == ("open", 1, 1)
    assert alert.first_event_at == START + 2 * HOUR


def test_an_alert_on_which_somebody_acted_stays_open_and_says_what_was_withdrawn(judge: Judge) -> None:
    judge.judges(row("a"))
    note(judge.conn, ALERT, text="Asked the line manager.", by="Ann Lee", now=judge.now)
    judge.judges(reasons={"a": "incident 1234"})
    (alert,) = judge.alerts()
    assert (alert.state, alert.finding_count) == ("open", 0)
    assert judge.history() == ["opened", "noted", "withdrawn"]


def test_a_finding_that_follows_again_reopens_the_alert_that_closed_by_itself(judge: Judge) -> None:
    judge.judges(row("a"))
    judge.judges()
    done = judge.judges(row("a"))
    (alert,) = judge.alerts()
    assert done.reopened_alerts == (alert.alert_id,)
    assert (alert.state, alert.outcome, alert.closed_at) == ("open", None, None)
    assert judge.findings()["a"].withdrawn_reason is None
    assert judge.history()[3:] == ["found again", "reopened"]


def test_a_new_finding_reopens_the_alert_that_closed_by_itself(judge: Judge) -> None:
    judge.judges(row("a"))
    judge.judges()
    judge.judges(row("b"))
    (alert,) = judge.alerts()
    assert (alert.alert_id, alert.state, alert.finding_count) == (ALERT, "open", 1)


def test_a_finding_after_a_person_closed_the_alert_opens_the_next_one(judge: Judge) -> None:
    judge.judges(row("a"))
    close(judge.conn, ALERT, outcome="no further action", rationale="On duty.", by="Ann Lee", now=judge.now)
    judge.judges(row("a"), row("b", 2))
    assert [(alert.alert_id, alert.state) for alert in judge.alerts()] == [
        (ALERT, "closed"),
        (SECOND, "open"),
    ]
    assert judge.findings()["a"].alert_id == ALERT
    assert judge.findings()["b"].alert_id == SECOND


def test_what_a_person_closed_stays_closed_when_its_finding_goes_and_returns(judge: Judge) -> None:
    judge.judges(row("a"))
    close(judge.conn, ALERT, outcome="no further action", rationale="On duty.", by="Ann Lee", now=judge.now)
    judge.judges()
    judge.judges(row("a"))
    (alert,) = judge.alerts()
    assert (alert.state, alert.outcome) == ("closed", "no further action")
    assert judge.history() == ["opened", "closed", "withdrawn", "found again"]


def test_a_finding_the_closing_person_could_not_see_is_news(judge: Judge) -> None:
    judge.judges(row("a"), row("b"))
    judge.judges(row("a"))
    close(judge.conn, ALERT, outcome="no further action", rationale="On duty.", by="Ann Lee", now=judge.now)
    judge.judges(row("a"), row("b"))
    assert judge.findings()["b"].alert_id == SECOND


def test_an_alert_a_person_reopened_gathers_again(judge: Judge) -> None:
    judge.judges(row("a"))
    close(judge.conn, ALERT, outcome="no further action", rationale="On duty.", by="Ann Lee", now=judge.now)
    reopen(judge.conn, ALERT, reason="New statement.", by="Ann Lee", now=judge.now)
    judge.judges(row("a"), row("b"))
    (alert,) = judge.alerts()
    assert (alert.state, alert.finding_count) == ("open", 2)


def test_changed_facts_update_the_finding_and_leave_what_was_in_the_history(judge: Judge) -> None:
    judge.judges(row("a"))
    done = judge.judges(row("a", severity=4, facts=json.dumps({"minutes": 6})))
    (alert,) = judge.alerts()
    assert done.changed_findings == (judge.findings()["a"].finding_id,)
    assert (alert.severity, judge.findings()["a"].facts) == (4, '{"minutes": 6}')
    detail = judge.conn.scalar(select(AlertHistoryRow.detail).where(AlertHistoryRow.action == "changed"))
    assert detail["findings"][0]["was"] == {"severity": 2, "facts": '{"key": "a"}'}


def test_a_finding_that_turns_out_to_concern_someone_else_moves_to_their_alert(judge: Judge) -> None:
    judge.judges(row("a", staff_id=None))
    done = judge.judges(row("a", staff_id="S1"))
    opened, closed = sorted(judge.alerts(), key=lambda alert: alert.person_key)
    assert (closed.state, closed.outcome) == ("closed", "found to concern someone else")
    assert (opened.alert_id, opened.state, opened.staff_id) == (ALERT, "open", "S1")
    assert done.closed_alerts == (closed.alert_id,)
    assert judge.findings()["a"].alert_id == ALERT


def test_a_finding_that_was_not_judged_is_not_withdrawn(judge: Judge) -> None:
    judge.judges(row("a"), row("b", outlet="Ashwick Courier"))
    done = judge.judges(in_scope=lambda record: record.outlet is not None)
    assert done.withdrawn_findings == (judge.findings()["b"].finding_id,)


def test_one_key_given_twice_is_the_detectors_fault(judge: Judge) -> None:
    with pytest.raises(ValueError, match=r"night_lookup.*one key twice"):
        judge.judges(row("a"), row("a", 2))


def test_more_findings_and_people_than_fit_one_query_are_stored_whole(judge: Judge) -> None:
    rows = [row(f"k{n}", n % 24, staff_id=f"S{n}") for n in range(6_000)]
    assert len(judge.judges(*rows).new_alerts) == 6_000
    assert judge.judges(*rows) == Applied()
    assert len(judge.judges(*rows[:100]).withdrawn_findings) == 5_900
    assert judge.conn.scalar(select(func.count()).select_from(AlertHistoryRow)) == 6_000 + 2 * 5_900
