"""What verdicts depend on beside the data: when it changes, all is judged again, and a replay shows it beforehand."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner
from engine_rig import Rig, at

from auditd.cli import main
from auditd.demo.formats import Call, Lookup, cucm_line, pnc_line

END = at(days=9)
REPLAY = ("replay", "--from", "2026-03-01", "--to", "2026-03-30", "--json")


def look(number: int, hours: float) -> str:
    return pnc_line(Lookup(at(hours=hours), "auser", "vehicle", "AB12CDE", f"T{number}", ""))


def incident(rig: Rig, ref: str = "I1") -> None:
    """S1 worked on an incident that names the car, for an hour."""
    rig.feed("identifiers", [{"staff_id": "S1", "kind": "account", "value": "auser"}])
    moment, end = at().isoformat(), at(hours=1).isoformat()
    rig.feed(
        "incidents", [{"incident_ref": ref, "kind": "crime", "opened_at": moment, "recorded_at": moment}]
    )
    rig.feed(
        "incident_subjects", [{"incident_ref": ref, "subject_type": "vehicle", "subject_key": "AB12CDE"}]
    )
    row = {
        "incident_ref": ref,
        "staff_id": "S1",
        "unit": "",
        "from": moment,
        "to": end,
        "recorded_at": moment,
    }
    rig.feed("assignments", [row])


def command(rig: Rig, *arguments: str) -> Any:
    result = CliRunner().invoke(main, ["--config", str(rig.config_file), *arguments])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def set_detectors(rig: Rig, text: str) -> None:
    rig.more = text
    rig.write_config()


def test_a_dry_replay_shows_what_other_settings_would_find_and_keeps_nothing(rig: Rig) -> None:
    incident(rig)
    rig.log("pnc", [look(1, 10), look(2, 100)])
    rig.once(END)
    assert len(rig.found("unlinked_lookup")) == 1
    set_detectors(rig, "window_hours = 2\n")
    verdict = command(rig, *REPLAY, "--dry-run")["detectors"]["unlinked_lookup"]
    assert verdict == {"added": 1, "withdrawn": 0, "changed": 1, "same": 0}
    assert len(rig.found("unlinked_lookup")) == 1


def test_other_settings_judge_all_the_past_again(rig: Rig) -> None:
    incident(rig)
    rig.log("pnc", [look(1, 10), look(2, 100)])
    rig.once(END)
    set_detectors(rig, "window_hours = 2\n")
    rig.once(END)
    assert len(rig.found("unlinked_lookup")) == 2
    assert rig.replay(END)["unlinked_lookup"] == (0, 0, 0)


def test_a_replay_that_is_kept_mends_what_is_stored_and_finds_the_same_ever_after(rig: Rig) -> None:
    rig.log("pnc", [look(1, 10)])
    rig.once(END)
    with rig.engine.begin() as conn:
        conn.exec_driver_sql("UPDATE findings SET severity = 4, facts = '{}'")
    changed = {"added": 0, "withdrawn": 0, "changed": 1, "same": 0}
    assert command(rig, *REPLAY)["detectors"]["unlinked_lookup"] == changed
    same = {"added": 0, "withdrawn": 0, "changed": 0, "same": 1}
    assert command(rig, *REPLAY)["detectors"]["unlinked_lookup"] == same


def test_a_replay_of_one_detector_and_of_a_stretch_leaves_the_rest_alone(rig: Rig) -> None:
    rig.log("pnc", [look(1, 10), look(2, 100)])
    rig.once(END)
    report = command(
        rig,
        "replay",
        "--from",
        "2026-03-01",
        "--to",
        "2026-03-04T12:00Z",
        "--detector",
        "unlinked_lookup",
        "--json",
    )
    assert report["detectors"] == {"unlinked_lookup": {"added": 0, "withdrawn": 0, "changed": 0, "same": 1}}


def test_what_came_while_a_detector_was_off_is_judged_when_it_is_on_again(rig: Rig) -> None:
    rig.log("pnc", [look(1, 0)], "pnc1.csv")
    rig.once(END)
    assert len(rig.found("unlinked_lookup")) == 1
    set_detectors(rig, "enabled = false\n")
    incident(rig)
    rig.log("pnc", [look(2, 100)], "pnc2.csv")
    rig.once(END)
    assert len(rig.found("unlinked_lookup")) == 1
    set_detectors(rig, "")
    rig.once(END)
    [key] = rig.found("unlinked_lookup")
    assert key.startswith("pnc:T2-")


def test_other_numbers_of_our_own_judge_all_contacts_again(rig: Rig) -> None:
    """Who is inside and who is outside follows from [force], not from the archive."""
    row = {
        "contact_id": "M1", "outlet": "Herald", "kind": "phone", "value": "+442079460123", "source": "press office",
        "owner": "press office", "review_by": "2030-01-01",
    }  # fmt: skip
    rig.feed("media_contacts", [row])
    rig.grant(at())
    rig.log("cucm", [cucm_line(Call(at(), "01632961001", "902079460123", 60, 1))])
    rig.once(END)
    assert rig.found("media_contact") == []
    config = rig.config_file.read_text().replace('["+441632960"]', '["+441632960", "+441632961"]')
    rig.config_file.write_text(config)
    rig.once(END)
    assert len(rig.found("media_contact")) == 1
