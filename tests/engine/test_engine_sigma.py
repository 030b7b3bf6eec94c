"""Sigma rules under the engine: live = one replay, authority, settings and shadow as for every other detector."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from engine_rig import Rig, at, small_rig
from sqlalchemy import select
from test_engine_authority import DESK, call, end_authority, hold
from test_engine_invariant import check_invariant
from test_engine_settings import END, look

from alerts.models import FindingRow
from auditd.cli import main
from auditd.database import reading

RULES = """\
title: Look-up of a vehicle
id: 6f3e8a52-0c41-4f0e-9a53-1d2b7c9e0a01
name: vehicle
level: low
logsource: {category: access, product: pnc}
detection:
  selection: {subject_type: vehicle}
  condition: selection
---
title: Look-up of a person
id: 6f3e8a52-0c41-4f0e-9a53-1d2b7c9e0a02
name: person
level: low
logsource: {category: access}
detection:
  selection: {subject_type: person}
  ours: {user.id|startswith: user0}
  condition: selection and not ours
---
title: Mail that left
id: 6f3e8a52-0c41-4f0e-9a53-1d2b7c9e0a03
name: mail
logsource: {category: email}
detection:
  selection: {email.direction: outbound}
  condition: selection
---
title: Long call
id: 6f3e8a52-0c41-4f0e-9a53-1d2b7c9e0a04
name: call
logsource: {category: call}
detection:
  selection: {call_talk_seconds|gt: 10}
  condition: selection
---
title: Two look-ups of one subject
id: 6f3e8a52-0c41-4f0e-9a53-1d2b7c9e0a05
level: high
correlation: {type: event_count, rules: [vehicle, person], generate: true, group-by: subject_key, timespan: 2h, condition: {gte: 2}}
---
title: Two subjects
id: 6f3e8a52-0c41-4f0e-9a53-1d2b7c9e0a06
correlation: {type: value_count, rules: vehicle, generate: true, group-by: user.id, timespan: 1h, condition: {gte: 2, field: subject_key}}
---
title: Vehicle and person
id: 6f3e8a52-0c41-4f0e-9a53-1d2b7c9e0a07
correlation: {type: temporal, rules: [vehicle, person], generate: true, group-by: user.id, timespan: 1h}
---
title: Vehicle, then person
id: 6f3e8a52-0c41-4f0e-9a53-1d2b7c9e0a08
correlation: {type: temporal_ordered, rules: [vehicle, person], generate: true, group-by: [user.id], timespan: 1d}
---
title: Anybody's look-up, then anybody's mail
id: 6f3e8a52-0c41-4f0e-9a53-1d2b7c9e0a09
correlation: {type: temporal_ordered, rules: [person, mail, call], generate: true, timespan: 12h}
"""
NAMING = """\
title: Calls to a desk
id: 6f3e8a52-0c41-4f0e-9a53-1d2b7c9e0a20
level: high
logsource: {category: call}
detection:
  desk: {call_to_final: '%s'}
  condition: desk
"""
VEHICLE, DESK_CALLS = ("sigma_6f3e8a520c414f0e9a531d2b7c9e0a" + end for end in ("01", "20"))
FOLDER = '[sigma]\nfolder = "sigma"\n'


def with_rules(rig: Rig, text: str = RULES, more: str = FOLDER) -> Rig:
    (rig.root / "sigma").mkdir(exist_ok=True)
    (rig.root / "sigma" / "rules.yml").write_text(text, "utf-8")
    rig.more = more
    rig.write_config()
    return rig


def run(rig: Rig, *arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(main, ["--config", str(rig.config_file), *arguments])
    assert result.exit_code == status, result.output
    return result.output


@pytest.mark.case("T36", "T37")
@pytest.mark.parametrize("seed", range(4))
def test_any_order_batching_lateness_and_restarts_end_like_everything_at_once(
    tmp_path: Path, seed: int
) -> None:
    live, at_once = (with_rules(small_rig(tmp_path / name)) for name in ("live", "once"))
    check_invariant(live, at_once, seed)


def test_the_histories_make_every_rule_fire(tmp_path: Path) -> None:
    found: set[str] = set()
    for seed in range(3):
        live, at_once = (with_rules(small_rig(tmp_path / f"{name}{seed}")) for name in ("live", "once"))
        check_invariant(live, at_once, seed)
        found |= {one[1] for one in at_once.standing().findings}
    assert {f"sigma_6f3e8a520c414f0e9a531d2b7c9e0a{n:02}" for n in range(1, 10)} <= found


def test_a_rule_that_has_changed_judges_everything_again(rig_on_each: Rig) -> None:
    rig = with_rules(rig_on_each)
    rig.log("pnc", [look(1, 0)])
    rig.once(END)
    assert len(rig.found(VEHICLE)) == 1
    with_rules(
        rig, RULES.replace("subject_type: vehicle", "subject_type: vehicle, subject_key|startswith: ZZ")
    )
    rig.once(END)
    assert rig.found(VEHICLE) == []


def test_rules_can_be_tried_in_shadow(rig: Rig) -> None:
    with_rules(rig, more=FOLDER + 'mode = "shadow"\n')
    rig.log("pnc", [look(1, 0)])
    rig.once(END)
    assert rig.found(VEHICLE) == []
    entries = json.loads(run(rig, "shadow", "list", "--json"))
    assert {one["run"]: one["findings"] for one in entries}[VEHICLE] == 1


def test_one_rule_has_a_mode_of_its_own_and_can_be_switched_off(rig: Rig) -> None:
    with_rules(rig, more=f'{FOLDER}mode = "shadow"\n[detectors.{VEHICLE}]\nmode = "live"\n')
    rig.log("pnc", [look(1, 0)])
    rig.once(END)
    assert len(rig.found(VEHICLE)) == 1
    with_rules(rig, more=f"{FOLDER}[detectors.{VEHICLE}]\nenabled = false\n")
    assert VEHICLE not in {one.name for one in rig.config.detectors()}


def test_an_alert_of_a_rule_reads_like_any_other(rig: Rig) -> None:
    with_rules(rig)
    rig.log("pnc", [look(1, 0)])
    rig.once(END)
    entries = json.loads(run(rig, "alerts", "list", "--detector", VEHICLE, "--json"))
    [alert] = entries
    shown = run(rig, "alerts", "show", alert["alert_id"])
    assert "matched the rule 'Look-up of a vehicle'" in shown


class TestNamingCounterparts:
    """A rule that gives numbers or addresses of counterparts is a list, and is held to the rules for lists."""

    def rig_with(self, rig: Rig) -> Rig:
        with_rules(rig, NAMING % DESK)
        hold(rig)
        rig.log("cucm", [call(at(hours=2), call_id=2)])
        return rig

    def test_finds_nothing_without_an_authority_and_says_so(self, rig: Rig) -> None:
        self.rig_with(rig).once(at(days=3))
        assert rig.found(DESK_CALLS) == []
        states = {
            one["detector"]: one["state"] for one in json.loads(run(rig, "status", "--json"))["detectors"]
        }
        assert states[DESK_CALLS] == "not authorised"

    def test_finds_what_an_authority_covers(self, rig: Rig) -> None:
        self.rig_with(rig)
        rig.grant(at(), detectors=(DESK_CALLS,), scope=(at(hours=2), at(hours=3)))
        rig.once(at(days=3))
        assert self.times(rig) == [at(hours=2)]
        assert rig.replay(at(days=3))[DESK_CALLS] == (0, 0, 0)

    @pytest.mark.parametrize(
        "scope", [{"people": ("S2",)}, {"outlets": ("Herald",)}], ids=["people", "outlets"]
    )
    def test_finds_nobody_else_and_nothing_under_one_for_outlets(
        self, rig: Rig, scope: dict[str, Any]
    ) -> None:
        self.rig_with(rig)
        rig.grant(at(), detectors=(DESK_CALLS,), **scope)
        rig.once(at(days=3))
        assert self.times(rig) == []

    def test_keeps_what_it_found_when_the_authority_ends_and_finds_nothing_more(self, rig: Rig) -> None:
        self.rig_with(rig)
        authority = rig.grant(at(), detectors=(DESK_CALLS,))
        rig.once(at(days=3))
        end_authority(rig, authority, at(days=3))
        rig.log("cucm", [call(at(hours=4), call_id=3)])
        rig.once(at(days=3))
        assert self.times(rig) == [at(hours=1), at(hours=2)]

    def test_a_counterpart_protected_late_is_withdrawn(self, rig: Rig) -> None:
        self.rig_with(rig)
        rig.grant(at(), detectors=(DESK_CALLS,))
        rig.once(at(days=3))
        rig.feed("protected_contacts", [{"kind": "phone", "value": DESK, "category": "mp"}])
        rig.once(at(days=3))
        assert self.times(rig) == []

    def test_the_command_grants_it_by_its_name(self, rig: Rig) -> None:
        self.rig_with(rig)
        run(
            rig, "authority", "grant", "--purpose", "integrity_security", "--reason", "a leak", "--detector", DESK_CALLS,
            "--from", "2026-03-01", "--expires", "2027-01-01", "--review-by", "2026-12-31", "--by", "Det Supt R. Example",
        )  # fmt: skip

    def times(self, rig: Rig) -> list[Any]:
        chosen = (FindingRow.detector == DESK_CALLS) & (FindingRow.state == "active")
        with reading(rig.engine) as conn:
            return list(
                conn.scalars(select(FindingRow.timestamp).where(chosen).order_by(FindingRow.timestamp))
            )


class TestCheck:
    """What is wrong with a rule is told before anything runs."""

    def test_a_fault_of_a_rule_is_a_fault_of_the_configuration_with_its_file_and_line(self, rig: Rig) -> None:
        with_rules(rig, RULES.replace("subject_type: vehicle", "no_such_field: vehicle"))
        told = run(rig, "check", status=1)
        assert "rules.yml:7: Look-up of a vehicle: access events have no field 'no_such_field'" in told

    def test_a_folder_that_is_not_there_is_a_fault(self, rig: Rig) -> None:
        rig.more = '[sigma]\nfolder = "nosuch"\n'
        rig.write_config()
        assert "is no folder" in run(rig, "check", status=1)

    def test_without_pysigma_the_fault_says_what_to_install(
        self, rig: Rig, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with_rules(rig)
        monkeypatch.setitem(sys.modules, "detectors.sigma.reading", None)
        assert "access-auditd[sigma]" in run(rig, "check", status=1)

    def test_a_rule_can_be_checked_by_itself(self, rig: Rig) -> None:
        with_rules(rig, NAMING % DESK)
        told = run(rig, "sigma", "check", str(rig.root / "sigma"))
        assert DESK_CALLS in told
        assert "needs an authority" in told
        (rig.root / "bad.yml").write_text("title: x\n", "utf-8")
        entry = json.loads(run(rig, "sigma", "check", "--json", str(rig.root / "bad.yml"), status=1))
        assert entry["rules"] == []
        assert entry["faults"][0]["line"] == 1

    def test_a_configuration_without_rules_does_not_import_pysigma(
        self, rig: Rig, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "sigma", None)
        run(rig, "check")
