"""Patterns from the first count to the last withdrawal: mined, approved, judged by, revoked; live = replay throughout."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result
from engine_rig import Rig, at, small_rig

from auditd.cli import main
from auditd.demo.formats import Lookup, pnc_line

END = at(days=5)
REVIEW = "crime:named.assigned.manager"
BY = ("--by", "Det Supt R. Example", "--reason", "Sergeants review the cases of their officers.")


def call(rig: Rig, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(rig.config_file), *arguments])


def told(rig: Rig, *arguments: str) -> Any:
    result = call(rig, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def person(staff_id: str, **columns: str) -> dict[str, str]:
    return {
        "staff_id": staff_id, "name": f"Invented {staff_id}", "rank": "PC", "role": "officer", "unit": f"Unit {staff_id}",
        "employer": "N", "force": "N", "start_date": "2020-01-01", "line_manager_id": "",
    } | columns  # fmt: skip


def look(ref: str, user: str, key: str, hours: float = 1) -> str:
    return pnc_line(Lookup(at(hours=hours), user, "vehicle", key, ref, ""))


def case(rig: Rig, ref: str, key: str, worker: str) -> None:
    moment = at().isoformat()
    rig.feed(
        "incidents", [{"incident_ref": ref, "kind": "crime", "opened_at": moment, "recorded_at": moment}]
    )
    rig.feed("incident_subjects", [{"incident_ref": ref, "subject_type": "vehicle", "subject_key": key}])
    rig.feed(
        "assignments", [{"incident_ref": ref, "staff_id": worker, "from": moment, "recorded_at": moment}]
    )


def teams(rig: Rig) -> None:
    """Two sergeants, each with an officer whose two crimes they read; one look-up that nothing leads to."""
    rig.feed(
        "staff", [person("G1"), person("G2"), *(person(f"P{n}", line_manager_id=f"G{n}") for n in (1, 2))]
    )
    rig.feed(
        "identifiers",
        [{"staff_id": s, "kind": "account", "value": s.lower()} for s in ("G1", "G2", "P1", "P2")],
    )
    for team in (1, 2):
        for number in (1, 2):
            case(rig, f"NM-{team}{number}", f"ZA{team}{number}AAA", f"P{team}")
            rig.log("pnc", [look(f"T{team}{number}", f"g{team}", f"ZA{team}{number}AAA", number)])
    rig.log("pnc", [look("T9", "g1", "QQ99QQQ")])


def unexplained(rig: Rig) -> int:
    rig.once(END)
    replayed = rig.replay(END)
    assert replayed == dict.fromkeys(replayed, (0, 0, 0))
    return len(rig.found("unlinked_lookup"))


def test_a_pattern_is_mined_approved_judged_by_and_revoked(rig_on_each: Rig) -> None:
    rig = rig_on_each
    teams(rig)
    assert unexplained(rig) == 5
    mined = told(rig, "explain", "mine", "--min-support", "2")
    assert mined["unexplained"] == 5
    [proposal] = [one for one in mined["proposals"] if one["pattern"] == REVIEW]
    assert (proposal["support"], proposal["people"], proposal["share"], proposal["excuses"]) == (
        4,
        2,
        0.8,
        [],
    )
    assert unexplained(rig) == 5, "mining alone changes nothing"

    approval = told(rig, "explain", "approve", REVIEW, *BY)
    assert (approval["version"], approval["support"], approval["approved_by"]) == (
        1,
        4,
        "Det Supt R. Example",
    )
    assert unexplained(rig) == 1
    events = {one["template"]: one for one in told(rig, "explain", proposal["examples"][0])["templates"]}
    assert events["approved"]["held"]
    assert events["approved"]["evidence"][0]["basis"] == approval["approval_id"]
    [alert] = [one for one in told(rig, "alerts", "list", "--all") if one["staff_id"] == "G2"]
    shown = call(rig, "alerts", "show", alert["alert_id"]).stdout
    assert f"explained by incident NM-21 (crime), by the approved pattern {approval['approval_id']}" in shown

    told(rig, "explain", "revoke", approval["approval_id"], *BY)
    assert unexplained(rig) == 5
    [listed] = told(rig, "explain", "list")
    assert listed["revoked_by"] == "Det Supt R. Example"
    assert told(rig, "explain", "list", "--live") == []


def test_while_a_pattern_is_approved_late_news_of_colleagues_is_followed(rig: Rig) -> None:
    rig.feed("identifiers", [{"staff_id": "G1", "kind": "account", "value": "g1"}])
    rig.feed("staff", [person("G1"), person("P1")])
    case(rig, "NM-1", "ZA11AAA", "P1")
    rig.log("pnc", [look("T1", "g1", "ZA11AAA")])
    assert unexplained(rig) == 1
    told(rig, "explain", "approve", REVIEW, *BY)
    assert unexplained(rig) == 1
    rig.feed("staff", [person("P1", line_manager_id="G1")])
    assert unexplained(rig) == 0
    rig.feed("staff", [person("P1", line_manager_id="G7")])
    assert unexplained(rig) == 1


def test_a_neighbouring_incident_that_is_recorded_late_is_followed(rig: Rig) -> None:
    rig.feed("identifiers", [{"staff_id": "G1", "kind": "account", "value": "g1"}])
    rig.feed("staff", [person("G1"), person("P1")])
    case(rig, "NM-1", "ZA11AAA", "P1")
    rig.feed(
        "incident_subjects", [{"incident_ref": "NM-1", "subject_type": "vehicle", "subject_key": "ZA22BBB"}]
    )
    rig.log("pnc", [look("T1", "g1", "ZA11AAA")])
    told(rig, "explain", "approve", "crime:named.beside.assigned", *BY)
    assert unexplained(rig) == 1
    case(rig, "NM-2", "ZA22BBB", "G1")
    assert unexplained(rig) == 0


def test_an_installation_that_had_the_approval_from_the_start_ends_the_same(rig: Rig, tmp_path: Any) -> None:
    other = small_rig(tmp_path / "other")
    teams(other)
    told(other, "explain", "approve", REVIEW, *BY)
    teams(rig)
    assert unexplained(rig) == 5
    told(rig, "explain", "approve", REVIEW, *BY)
    assert unexplained(rig) == unexplained(other) == 1
    assert rig.standing().findings == other.standing().findings
    other.close()


def test_a_proposal_that_would_excuse_known_misuse_says_so_and_is_refused(rig: Rig) -> None:
    teams(rig)
    assert unexplained(rig) == 5
    [alert] = [one for one in told(rig, "alerts", "list") if one["staff_id"] == "G2"]
    closing = (
        "--outcome",
        "misconduct-proceedings",
        "--category",
        "misuse-of-force-systems",
        "--rationale",
        "Admitted.",
    )
    assert call(rig, "alerts", "close", alert["alert_id"], *closing, "--by", "A. N. Alyst").exit_code == 0
    [proposal] = [
        one
        for one in told(rig, "explain", "mine", "--min-support", "2")["proposals"]
        if one["pattern"] == REVIEW
    ]
    assert proposal["excuses"] == [alert["alert_id"]]
    assert (
        f"Would also excuse known misuse: {alert['alert_id']}."
        in call(rig, "explain", "mine", "--min-support", "2").stdout
    )
    refused = call(rig, "explain", "approve", REVIEW, *BY)
    assert refused.exit_code == 1
    assert alert["alert_id"] in refused.stderr
    assert told(rig, "explain", "list") == []
    kept = told(rig, "explain", "approve", REVIEW, *BY, "--despite-misuse")
    assert kept["excuses"] == [alert["alert_id"]]


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("approve", "crime:named", *BY), 1, "is no way to the enquirer"),
        (("approve", REVIEW, "--by", "", "--reason", "x"), 1, "nobody is named"),
        (("revoke", "AX-00000000", *BY), 1, "there is no approval AX-00000000"),
        (("mine", "--from", "2026-03-04", "--to", "2026-03-04"), 2, "--from must come before --to"),
        (("approve", REVIEW), 2, "--reason"),
    ],
)
def test_what_cannot_be_done_is_said_on_standard_error(
    rig: Rig, arguments: tuple[str, ...], status: int, says: str
) -> None:
    result = call(rig, "explain", *arguments)
    assert (result.exit_code, result.stdout) == (status, "")
    assert says in result.stderr


def test_an_empty_installation_has_nothing_to_propose(rig: Rig) -> None:
    assert "0 look-ups are unexplained" in call(rig, "explain", "mine").stdout
