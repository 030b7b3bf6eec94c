"""`explain EVENT`: what explains one look-up of the archive, and why everything else does not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result
from engine_rig import Rig, at, event_ids

from alerts.uses import list_uses
from auditd.archive.archive import Archive
from auditd.cli import main
from auditd.database import reading
from auditd.demo.formats import Lookup, pnc_line
from detectors.explanations import all_templates


def look(ref: str, hours: float = 0, user: str = "auser", key: str = "AB12CDE") -> str:
    return pnc_line(Lookup(at(hours=hours), user, "vehicle", key, ref, ""))


def call(rig: Rig, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(rig.config_file), "explain", *arguments])


def explained(rig: Rig, *arguments: str) -> Any:
    result = call(rig, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def incident(rig: Rig, **changes: str) -> None:
    """S1 is assigned from noon to an incident that names the vehicle."""
    moment = at().isoformat()
    person = {"staff_id": "S1", "name": "Ann Briar", "rank": "PC", "role": "officer", "unit": "Response A"}
    rig.feed("staff", [person | {"employer": "N", "force": "N", "start_date": "2020-01-01"}])
    rig.feed("identifiers", [{"staff_id": "S1", "kind": "account", "value": "auser"}])
    rig.feed(
        "incidents", [{"incident_ref": "NM-1", "kind": "crime", "opened_at": moment, "recorded_at": moment}]
    )
    rig.feed(
        "incident_subjects", [{"incident_ref": "NM-1", "subject_type": "vehicle", "subject_key": "AB12CDE"}]
    )
    row = {"incident_ref": "NM-1", "staff_id": "S1", "from": moment, "recorded_at": moment} | changes
    rig.feed("assignments", [row])


def only_event(rig: Rig) -> str:
    [event_id] = event_ids(Archive(rig.root / "archive", rig.engine))
    return event_id


def test_a_look_up_is_explained_with_its_evidence(rig: Rig) -> None:
    incident(rig)
    rig.log("pnc", [look("T1")])
    rig.once(at(days=3))
    event_id = only_event(rig)
    answer = explained(rig, event_id)
    assert answer["explained_by"] == "assigned"
    assert (answer["staff_id"], answer["person"], answer["subject_key"]) == ("S1", "PC Ann Briar", "AB12CDE")
    assert [one["template"] for one in answer["templates"]] == [template.name for template in all_templates()]
    [why] = answer["templates"][0]["evidence"]
    assert (why["incident_ref"], why["kind"], why["lateness_hours"]) == ("NM-1", "crime", 0.0)
    assert explained(rig, "event", event_id) == answer
    text = call(rig, event_id).stdout
    assert "PC Ann Briar queried vehicle AB12CDE on PNC at Tue 3 Mar 2026 12:00:00." in text
    assert "assigned: holds\n  Incident NM-1 (crime); on record since 12:00 on 3 Mar 2026." in text


def test_the_question_is_recorded_before_it_is_answered(rig: Rig) -> None:
    incident(rig)
    rig.log("pnc", [look("T1")])
    rig.once(at(days=3))
    event_id = only_event(rig)
    assert call(rig, event_id, "--by", "Alex Tarn").exit_code == 0
    assert (
        call(
            rig, event_id, "--by", "Kit Orme", "--purpose", "criminal_proceedings", "--reason", "Op Teal"
        ).exit_code
        == 0
    )
    assert call(rig, event_id, "--by", "").exit_code == 1
    assert call(rig, "no-such-event", "--by", "Kit Orme").exit_code == 1
    with reading(rig.engine) as conn:
        uses = list_uses(conn)
    assert {(use.actor, use.action, use.purpose, use.reason, use.detail["event_id"]) for use in uses} == {
        ("Alex Tarn", "explain", "self_monitoring", "what explains this look-up", event_id),
        ("Kit Orme", "explain", "criminal_proceedings", "Op Teal", event_id),
    }


def test_what_does_not_explain_it_says_which_bound_was_missed(rig: Rig) -> None:
    moment = at(hours=22).isoformat()
    incident(rig, **{"from": moment, "recorded_at": moment})
    rig.log("pnc", [look("T1")])
    rig.once(at(days=3))
    text = call(rig, only_event(rig)).stdout
    assert "Nothing explains it." in text
    assert (
        "assigned: does not hold\n  Crime NM-1 names vehicle AB12CDE, but PC Ann Briar was assigned to it only from 10:00 on "
        "4 Mar 2026, 22 h after the look-up."
    ) in text


def test_a_look_up_of_nobody_known_is_answered_too(rig: Rig) -> None:
    rig.log("pnc", [look("T1", user="ghost")])
    rig.once(at(days=3))
    answer = explained(rig, only_event(rig))
    assert (answer["explained_by"], answer["staff_id"]) == (None, None)
    assert answer["person"] == "account ghost (nobody known)"


@pytest.mark.parametrize(
    ("key", "event", "says"),
    [
        ("AB12CDE", "nonsense", "there is no access with this event id"),
        ("", None, "this access has no subject"),
    ],
)
def test_what_is_no_look_up_is_refused_with_what_to_do(
    rig: Rig, key: str, event: str | None, says: str
) -> None:
    rig.log("pnc", [look("T1", key=key)])
    rig.once(at(days=3))
    result = call(rig, event or only_event(rig), "--json")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert says in result.stderr
    assert "hint:" in result.stderr
