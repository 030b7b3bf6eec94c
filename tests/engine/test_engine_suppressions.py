"""Suppressions and scores in a whole installation: over past and future, by unit, told, the same whatever came first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from engine_rig import Rig, small_rig
from test_engine_approvals import END, call, look, person, told

from auditd.engine.daemon import run_once
from auditd.engine.reports import Reports
from auditd.telemetry.metrics import Metrics

EXPIRES = (datetime.now(UTC) + timedelta(days=5)).isoformat()
WHY = ("--reason", "The pool car.", "--expires", EXPIRES, "--by", "Ann Lee")


def people(rig: Rig, **ranks: str) -> None:
    rig.feed("staff", [person(name, rank=rank, unit="Roads") for name, rank in ranks.items()])
    rig.feed("identifiers", [{"staff_id": name, "kind": "account", "value": name.lower()} for name in ranks])


def judged(rig: Rig) -> dict[str, Any]:
    """Judge all there is, make sure that a replay finds the same, and return the alerts by person.

    By the real clock, as commands act by it.
    """
    with rig.machine(once=True) as machine:
        run_once(machine, Reports(Metrics()), as_of=END)
    replayed = rig.replay(datetime.now(UTC))
    assert replayed == dict.fromkeys(replayed, (0, 0, 0))
    return {alert["staff_id"]: alert for alert in told(rig, "alerts", "list", "--all")}


def suppressed(rig: Rig, *conditions: str) -> str:
    made = told(rig, "suppress", "add", *conditions, *WHY)
    assert made["state"] == "proposed"
    approved = told(rig, "suppress", "approve", made["suppression_id"], "--by", "Ben Ode")
    assert approved["state"] == "live"
    return str(made["suppression_id"])


def test_a_suppression_is_approved_works_on_the_past_is_told_and_revoked(rig_on_each: Rig) -> None:
    rig = rig_on_each
    people(rig, G1="PC", G2="PC")
    rig.log("pnc", [look("T1", "g1", "ZA11AAA"), look("T2", "g2", "ZA22BBB", 2)])
    before = judged(rig)
    assert {alert["state"] for alert in before.values()} == {"open"}

    made = told(rig, "suppress", "add", "--subject", "vehicle:za11 aaa", *WHY)["suppression_id"]
    assert judged(rig) == before, "a proposal alone changes nothing"
    refused = call(rig, "suppress", "approve", made, "--by", "Ann Lee")
    assert (refused.exit_code, "another person" in refused.stderr) == (1, True)
    told(rig, "suppress", "approve", made, "--by", "Ben Ode")
    after = judged(rig)
    assert (after["G1"]["state"], after["G1"]["outcome"], after["G2"]) == (
        "closed",
        "suppressed",
        before["G2"],
    )
    shown = call(rig, "alerts", "show", after["G1"]["alert_id"]).stdout
    assert f"Kept back by suppression {made}." in shown

    [listed] = told(rig, "suppress", "list")
    assert (listed["findings"], listed["approved_by"]) == (1, "Ben Ode")
    status = told(rig, "status")
    assert status["suppressions"] == [{"state": "live", "suppressions": 1, "end_soon": 1, "findings": 1}]
    assert f"suppression {made} ends on" in call(rig, "status").stdout
    assert f"warning: suppression {made} ends on" in call(rig, "check").stdout

    told(rig, "suppress", "revoke", made, "--reason", "Sold.", "--by", "Ann Lee")
    again = judged(rig)
    same = ("alert_id", "state", "finding_count", "score", "reasons", "first_event_at")
    assert [again["G1"][name] for name in same] == [before["G1"][name] for name in same]
    assert told(rig, "suppress", "list", "--live") == []


def test_a_condition_on_a_unit_follows_the_staff_feed(rig: Rig) -> None:
    people(rig, G1="PC")
    rig.log("pnc", [look("T1", "g1", "ZA11AAA")])
    suppressed(rig, "--unit", "Roads", "--detector", "unlinked_lookup")
    assert judged(rig)["G1"]["outcome"] == "suppressed"
    rig.feed("staff", [person("G1", unit="Custody")])
    assert judged(rig)["G1"]["state"] == "open"


def test_an_installation_that_had_the_suppression_from_the_start_ends_the_same(
    rig: Rig, tmp_path: Any
) -> None:
    other = small_rig(tmp_path / "other")
    for one in (rig, other):
        people(one, G1="PC")
        if one is other:
            suppressed(other, "--subject", "vehicle:ZA11AAA")
        one.log("pnc", [look("T1", "g1", "ZA11AAA"), look("T2", "g1", "ZA22BBB", 2)])
        judged(one)
    suppressed(rig, "--subject", "vehicle:ZA11AAA")
    judged(rig)
    assert rig.standing() == other.standing()
    other.close()


def test_a_detector_nobody_knows_and_a_condition_that_fits_all_are_refused(rig: Rig) -> None:
    unknown = call(rig, "suppress", "add", "--detector", "nothing", "--person", "G1", *WHY)
    assert "no such detector" in unknown.stderr
    whole = call(rig, "suppress", "add", "--detector", "unlinked_lookup", *WHY)
    assert (whole.exit_code, "at least one" in whole.stderr) == (1, True)
    assert told(rig, "suppress", "list") == []


def test_the_same_deed_scores_the_same_whatever_the_rank(rig: Rig) -> None:
    people(rig, G1="Chief Constable", G2="PC")
    rig.log("pnc", [look("T1", "g1", "ZA11AAA"), look("T2", "g2", "ZA22BBB")])
    alerts = judged(rig)
    assert alerts["G1"]["reasons"] == alerts["G2"]["reasons"]
    assert alerts["G1"]["score"] == alerts["G2"]["score"] > 0


def test_other_weights_score_anew_at_the_next_start(rig: Rig) -> None:
    people(rig, G1="PC")
    rig.log("pnc", [look("T1", "g1", "ZA11AAA")])
    before = judged(rig)["G1"]
    rig.more += "\n[score]\nlow = 17\n"
    rig.write_config()
    after = judged(rig)["G1"]
    assert after["score"] == before["score"] + 7
    assert after["score_basis"] != before["score_basis"]
    assert (
        "  +17  The gravest finding is of low severity."
        in call(rig, "alerts", "show", after["alert_id"]).stdout
    )


def test_a_budget_is_tested_on_the_past_and_verdicts_are_shown(rig: Rig) -> None:
    people(rig, G1="PC", G2="PC")
    rig.log("pnc", [look("T1", "g1", "ZA11AAA"), look("T2", "g2", "ZA22BBB", 2)])
    alerts = judged(rig)
    closing = ("--outcome", "misconduct-proceedings", "--rationale", "Admitted.", "--by", "Ann Lee")
    assert call(rig, "alerts", "close", alerts["G2"]["alert_id"], *closing).exit_code == 0
    report = told(rig, "alerts", "backtest", "--budget", "1")
    assert (report["right"], report["right_shown"], report["never_shown"]) == (1, 1, 1)
    assert (
        "of 1 alerts that people found right, 1 shown"
        in call(rig, "alerts", "backtest", "--budget", "1").stdout
    )
    [verdict] = told(rig, "alerts", "verdicts")
    assert (verdict["detector"], verdict["right"], verdict["precision"]) == ("unlinked_lookup", 1, 1.0)
    assert told(rig, "status")["verdicts"][0]["right"] == 1
