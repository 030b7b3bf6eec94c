"""Suppressions on each back end: by two people, until they end, over past and future alerts, undoing nothing people did."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from judging import START, Judge, NightLookup, row
from sqlalchemy import Connection, select, text, update

from alerts.appraisal import Appraiser
from alerts.conditions import ConditionError, Conditions, canonical
from alerts.desk import close, note, show
from alerts.forming import Forming, form_again
from alerts.identity import alert_id
from alerts.suppression_tables import SuppressionHistoryRow, SuppressionRow
from alerts.suppressions import (
    Suppression,
    SuppressionError,
    Suppressor,
    add,
    approve,
    list_suppressions,
    live_suppressions,
    revoke,
    suppressed_counts,
    warnings,
)
from parsers.force import Force

DAY = timedelta(days=1)
NOW = START + 5 * DAY
ALERT = alert_id("look-ups", "S1", 0)
VEHICLE = Conditions(subjects=("vehicle:AB12CDE",))
ABOUTS = Appraiser(abouts={NightLookup.name: NightLookup.about})


def proposed(conn: Connection, wanted: Conditions = VEHICLE, **changes: Any) -> Suppression:
    request: dict[str, Any] = {
        "by": "Ann Lee", "reason": "The pool car of the unit.", "expires_at": NOW + 30 * DAY, "now": NOW,
    }  # fmt: skip
    return add(conn, wanted, **request | changes)


def live(conn: Connection, wanted: Conditions = VEHICLE, **changes: Any) -> Suppression:
    made = proposed(conn, wanted, **changes)
    return approve(conn, made.suppression_id, by="Ben Ode", now=NOW)


def forms(judge: Judge, now: Any = NOW, **members: frozenset[str]) -> int:
    """Form alerts again with what is live, as the daemon does, and judge so from now on."""
    judge.forming = Forming(ABOUTS, Suppressor(live_suppressions(judge.conn, now), members))
    return form_again(judge.conn, judge.forming, now=now)


def actions(judge: Judge, alert: str = ALERT) -> list[str]:
    return [entry.action for entry in show(judge.conn, alert).history]


def test_it_takes_two_people(judge: Judge) -> None:
    made = proposed(judge.conn)
    assert made.state(NOW) == "proposed"
    with pytest.raises(SuppressionError, match="another person"):
        approve(judge.conn, made.suppression_id, by="ann lee ", now=NOW)
    assert live_suppressions(judge.conn, NOW) == ()
    approve(judge.conn, made.suppression_id.lower(), by="Ben Ode", now=NOW)
    assert [one.approved_by for one in live_suppressions(judge.conn, NOW)] == ["Ben Ode"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"by": " "}, "must be a person"), ({"by": "access-auditd"}, "must be a person"), ({"reason": ""}, "no reason"),
     ({"expires_at": NOW}, "must expire"), ({"expires_at": NOW + 400 * DAY}, "must expire")],
)  # fmt: skip
def test_one_that_says_too_little_or_never_ends_is_refused(judge: Judge, changes: Any, why: str) -> None:
    with pytest.raises(SuppressionError, match=why):
        proposed(judge.conn, **changes)


def test_one_that_would_fit_everything_is_refused() -> None:
    for given in ({}, {"detectors": ("night_lookup",)}):
        with pytest.raises(ConditionError, match="at least one"):
            Conditions(**given)


def test_a_new_finding_that_fits_is_stored_marked_and_makes_no_alert(judge: Judge) -> None:
    made = live(judge.conn)
    forms(judge)
    done = judge.judges(row("a"), row("b", staff_id="S2", subject_key="ZZ99ZZZ"))
    assert done.new_alerts == (alert_id("look-ups", "S2", 0),)
    assert judge.findings()["a"].suppressed_by == made.suppression_id
    assert judge.findings()["a"].state == "active"
    alert = {one.person_key: one for one in judge.alerts()}["S1"]
    assert (alert.state, alert.outcome, alert.finding_count, alert.score) == ("closed", "suppressed", 0, 0)
    assert suppressed_counts(judge.conn) == {made.suppression_id: 1}


def test_past_alerts_form_as_they_would_have_and_again_when_it_is_revoked(judge: Judge) -> None:
    judge.judges(row("a"), row("b", 1, subject_key="ZZ99ZZZ"))
    before = judge.alerts()[0]
    made = live(judge.conn)
    assert forms(judge) == 1
    assert forms(judge) == 0
    [alert] = judge.alerts()
    assert (alert.state, alert.finding_count, alert.first_event_at) == ("open", 1, START + timedelta(hours=1))
    revoke(judge.conn, made.suppression_id, by="Ben Ode", reason="The car was sold.", now=NOW)
    assert forms(judge) == 1
    [alert] = judge.alerts()
    assert (alert.finding_count, alert.score, alert.reasons) == (2, before.score, before.reasons)
    assert actions(judge) == ["opened", "suppressed", "no longer suppressed"]


def test_it_ends_by_itself_and_says_so_before_and_after(judge: Judge) -> None:
    made = live(judge.conn)
    judge.judges(row("a"))
    forms(judge)
    assert judge.alerts()[0].outcome == "suppressed"
    assert warnings(judge.conn, NOW) == []
    assert "ends on" in warnings(judge.conn, NOW + 20 * DAY)[0]
    after = made.expires_at
    assert [one.state(after) for one in list_suppressions(judge.conn)] == ["expired"]
    assert "ended on" in warnings(judge.conn, after)[0]
    forms(judge, after)
    assert (judge.alerts()[0].state, actions(judge)[-2:]) == ("open", ["no longer suppressed", "reopened"])


def test_one_that_cannot_be_read_suppresses_nothing_and_is_told(judge: Judge) -> None:
    made = live(judge.conn)
    judge.judges(row("a"))
    forms(judge)
    judge.conn.execute(update(SuppressionRow).values(conditions={"people": "everybody"}))
    forms(judge)
    assert judge.alerts()[0].state == "open"
    [one] = list_suppressions(judge.conn)
    assert one.state(NOW) == "broken"
    assert warnings(judge.conn, NOW) == [
        f"suppression {made.suppression_id} cannot be read: it suppresses nothing"
    ]


def test_what_a_person_closed_or_has_in_hand_is_not_undone(judge: Judge) -> None:
    judge.judges(row("a"), row("b", staff_id="S2"))
    other = alert_id("look-ups", "S2", 0)
    close(judge.conn, ALERT, outcome="continuing", rationale="Passed on.", by="Ann Lee", now=NOW)
    note(judge.conn, other, text="Asked the line manager.", by="Ann Lee", now=NOW)
    live(judge.conn)
    forms(judge)
    one, two = sorted(judge.alerts(), key=lambda alert: str(alert.person_key))
    assert (one.outcome, one.finding_count) == ("continuing", 1)
    assert (two.state, two.finding_count) == ("open", 0)
    assert judge.findings()["a"].suppressed_by is None


def test_whatever_the_order_of_judging_and_approving_the_alerts_are_the_same(judge: Judge) -> None:
    seen = []
    for first in ("judge", "approve"):
        with judge.conn.begin_nested() as trial:
            judge.forming = None
            for step in (first, "approve" if first == "judge" else "judge"):
                if step == "judge":
                    judge.judges(row("a"), row("b", 1, subject_key="ZZ99ZZZ"))
                else:
                    live(judge.conn)
                    forms(judge)
            seen.append([
                (one.alert_id, one.state, one.outcome, one.finding_count, one.score, one.first_event_at)
                for one in judge.alerts()
            ])  # fmt: skip
            trial.rollback()
    assert seen[0] == seen[1]


CONTACT = {"contact": {"other": "+441632960123"}, "look_ups": [{"terminal": "T1"}]}


@pytest.mark.parametrize(
    ("given", "fits"),
    [
        ({"people": ["S1"]}, True),
        ({"people": ["account:jdoe"]}, True),
        ({"people": ["S2"]}, False),
        ({"people": ["S1"], "detectors": ["night_lookup"]}, True),
        ({"people": ["S1"], "detectors": ["self_lookup"]}, False),
        ({"units": ["Vetting "]}, True),
        ({"units": ["Roads"]}, False),
        ({"subjects": ["vehicle:ab12 cde"]}, True),
        ({"subjects": ["vehicle:AB12CDF"]}, False),
        ({"outlets": ["Ashwick Courier"]}, True),
        ({"outlets": ["Another"]}, False),
        ({"numbers": ["01632 960123"]}, True),
        ({"numbers": ["01632 960124"]}, False),
        ({"terminals": ["t1"]}, True),
        ({"terminals": ["t2"]}, False),
        ({"people": ["S1"], "subjects": ["vehicle:ZZ99ZZZ"]}, False),
    ],
)
def test_every_kind_of_condition_has_to_fit(judge: Judge, given: dict[str, list[str]], fits: bool) -> None:
    live(judge.conn, canonical(given, Force()))
    forms(judge, vetting=frozenset({"S1"}))
    judge.judges(row("a", outlet="Ashwick Courier", facts=json.dumps(CONTACT)))
    assert (judge.findings()["a"].suppressed_by is not None) == fits


@pytest.mark.parametrize("given", [{"subjects": ["AB12CDE"]}, {"numbers": ["nobody"]}])
def test_conditions_that_cannot_be_understood_are_refused(given: dict[str, list[str]]) -> None:
    with pytest.raises(ConditionError):
        canonical(given, Force())


def test_every_step_is_kept_by_name_and_cannot_be_changed(judge: Judge) -> None:
    made = live(judge.conn)
    revoke(judge.conn, made.suppression_id, by="Cas Hill", reason="No longer true.", now=NOW)
    with pytest.raises(SuppressionError, match="already revoked"):
        revoke(judge.conn, made.suppression_id, by="Cas Hill", reason="Again.", now=NOW)
    query = select(SuppressionHistoryRow.action, SuppressionHistoryRow.actor).order_by(
        SuppressionHistoryRow.entry
    )
    assert judge.conn.execute(query).all() == [
        ("added", "Ann Lee"), ("approved", "Ben Ode"), ("revoked", "Cas Hill"),
    ]  # fmt: skip
    with pytest.raises(Exception, match="append-only"), judge.conn.begin_nested():
        judge.conn.execute(text("UPDATE suppression_history SET actor = 'nobody'"))
