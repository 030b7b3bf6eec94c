"""The gate: contact lists are looked at under a live authority and not otherwise, and everybody can see which it is."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from engine_rig import LIST_DETECTORS, Rig, at
from structlog.testing import capture_logs

from alerts.authority import Authority, revoke
from auditd.cli import main
from auditd.demo.formats import Call, Lookup, cucm_line, pnc_line
from auditd.engine.reports import Reports
from auditd.telemetry.metrics import Metrics
from detectors.detector import all_detectors

DESK, OTHER_DESK = "+442079460123", "+442079460188"
END = at(days=3)


def listed(number: str, outlet: str = "Herald", contact_id: str = "M1") -> dict[str, str]:
    return {
        "contact_id": contact_id, "outlet": outlet, "kind": "phone", "value": number, "source": "press office",
        "owner": "press office", "review_by": "2030-01-01",
    }  # fmt: skip


def call(moment: datetime, number: str = DESK, caller: str = "50001", call_id: int = 1) -> str:
    return cucm_line(Call(moment, caller, "90" + number.removeprefix("+44"), 60, call_id))


def hold(rig: Rig) -> None:
    """S1 has an account and an extension, looked a car up and an hour later called a news desk."""
    rig.feed("media_contacts", [listed(DESK), listed(OTHER_DESK, "Lantern", "M2")])
    pairs = (("S1", "account", "auser"), ("S1", "extension", "50001"), ("S2", "extension", "50002"))
    rig.feed("identifiers", [{"staff_id": s, "kind": k, "value": v} for s, k, v in pairs])
    rig.log("pnc", [pnc_line(Lookup(at(), "auser", "vehicle", "AB12CDE", "T1", ""))])
    rig.log("cucm", [call(at(hours=1))])


def found(rig: Rig) -> dict[str, int]:
    """How many findings there are; no register is kept here, so that nothing is held against one."""
    assert rig.found("unregistered_media_contact") == []
    return {name: len(rig.found(name)) for name in ("lookup_then_contact", "media_contact")}


def end_authority(rig: Rig, authority: Authority, now: datetime) -> None:
    with rig.engine.begin() as conn:
        revoke(conn, authority.authority_id, by="Det Supt R. Example", reason="no longer necessary", now=now)


GATED_DETECTORS = (*LIST_DETECTORS, "listed_number_contact")
NOTHING = {"lookup_then_contact": 0, "media_contact": 0}
BOTH = {"lookup_then_contact": 1, "media_contact": 1}


def test_without_an_authority_list_detectors_find_nothing_and_say_so(rig: Rig) -> None:
    hold(rig)
    metrics = Metrics()
    with capture_logs() as logs:
        rig.once(END, Reports(metrics))
    assert found(rig) == NOTHING
    assert rig.found("unlinked_lookup")
    said = {entry["detector"] for entry in logs if entry["event"] == "detector_not_authorised"}
    assert said == set(GATED_DETECTORS)
    for name in GATED_DETECTORS:
        for metric in ("authority_live", "detector_authorised"):
            labels = {"detector": name}
            assert metrics.registry.get_sample_value(f"access_auditd_{metric}", labels) == 0
    free = {"detector": "unlinked_lookup"}
    assert metrics.registry.get_sample_value("access_auditd_detector_authorised", free) == 1


def test_status_and_replay_say_which_detectors_are_not_authorised(rig: Rig) -> None:
    hold(rig)
    rig.once(END)
    states = {row["detector"]: row["state"] for row in command(rig, "status")["detectors"]}
    assert states == dict.fromkeys(all_detectors(), "on") | dict.fromkeys(GATED_DETECTORS, "not authorised")
    replayed = command(rig, "replay", "--from", "2026-03-01", "--to", "2026-03-09", "--dry-run")
    assert replayed["not_authorised"] == sorted(GATED_DETECTORS)


def test_an_authority_granted_later_judges_the_past_it_covers(rig_on_each: Rig) -> None:
    rig = rig_on_each
    hold(rig)
    rig.log("cucm", [call(at(hours=2), call_id=2), call(at(hours=3), call_id=3)])
    rig.once(END)
    rig.grant(END, scope=(at(hours=2), at(hours=3)))
    rig.once(END)
    assert found(rig) == BOTH
    [key] = rig.found("media_contact")
    assert "T14:00:00Z" in key


@pytest.mark.parametrize(
    ("scope", "calls"),
    [({"outlets": ("Lantern",)}, ["188"]), ({"people": ("S2",)}, ["123"]), ({}, ["123", "123", "188"])],
    ids=["one outlet", "one person", "everything"],
)
def test_an_authority_opens_what_its_scope_names(rig: Rig, scope: dict[str, Any], calls: list[str]) -> None:
    hold(rig)
    rig.log("cucm", [call(at(hours=2), OTHER_DESK, call_id=2), call(at(hours=3), caller="50002", call_id=3)])
    rig.grant(at(), **scope)
    rig.once(END)
    assert sorted(key.split("|")[3][-3:] for key in rig.found("media_contact")) == calls


def test_an_authority_of_one_detector_is_none_of_another(rig: Rig) -> None:
    hold(rig)
    rig.grant(at(), detectors=("media_contact",))
    rig.once(END)
    assert found(rig) == BOTH | {"lookup_then_contact": 0}


@pytest.mark.parametrize("ending", ["expired", "revoked"])
def test_what_was_found_stays_when_the_authority_ends(rig: Rig, ending: str) -> None:
    """And nothing new is found: not even in the time it covered."""
    hold(rig)
    authority = rig.grant(at(), expires_at=END + timedelta(hours=1))
    rig.once(END)
    if ending == "revoked":
        end_authority(rig, authority, END)
    rig.log("cucm", [call(at(hours=2), call_id=2)])
    rig.feed("protected_contacts", [{"kind": "phone", "value": DESK, "category": "mp"}])
    rig.once(END + timedelta(days=1))
    assert found(rig) == BOTH
    assert rig.withdrawn() == 0


def test_a_new_authority_takes_up_what_was_missed_without_one(rig: Rig) -> None:
    hold(rig)
    authority = rig.grant(at())
    rig.once(END)
    end_authority(rig, authority, END)
    rig.log("cucm", [call(at(hours=2), call_id=2)])
    rig.feed("media_contacts", [listed(OTHER_DESK, "Lantern", "M9")])
    rig.once(END)
    rig.grant(END)
    rig.once(END)
    assert len(rig.found("media_contact")) == 2
    assert rig.replay(END)["media_contact"] == (0, 0, 0)


def test_a_protected_contact_is_never_seen_and_one_protected_late_is_withdrawn(rig: Rig) -> None:
    hold(rig)
    rig.feed("protected_contacts", [{"kind": "phone", "value": OTHER_DESK, "category": "helpline"}])
    rig.log("cucm", [call(at(hours=2), OTHER_DESK, call_id=2)])
    rig.grant(at())
    metrics = Metrics()
    rig.once(END, Reports(metrics))
    assert found(rig) == BOTH
    assert metrics.registry.get_sample_value("access_auditd_protected_contacts_stripped") == 1
    rig.feed("protected_contacts", [{"kind": "phone", "value": DESK, "category": "legal"}])
    rig.once(END)
    assert found(rig) == NOTHING


def command(rig: Rig, *arguments: str) -> Any:
    """Run a command that prints JSON."""
    result = CliRunner().invoke(main, ["--config", str(rig.config_file), *arguments, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_watch_list_is_used_only_under_an_authority_that_names_it(rig: Rig) -> None:
    hold(rig)
    row = {"list": "Known associates", "kind": "phone", "value": DESK, "source": "s", "owner": "o"}
    rig.feed("watch_lists", [row | {"review_by": "2030-01-01"}])
    rig.once(END)
    assert rig.found("listed_number_contact") == []
    rig.grant(at(), detectors=("listed_number_contact",), outlets=("Another list",))
    rig.once(END)
    assert rig.found("listed_number_contact") == []
    rig.grant(at(), detectors=("listed_number_contact",), outlets=("Known associates",))
    rig.once(END)
    assert len(rig.found("listed_number_contact")) == 1
