"""Without a live authority none of the detectors of lists finds anything, whichever way it is asked.

The detectors are found by scanning, so that a new one joins by itself; a Sigma rule that names counterparts is one of them.
One installation has authorities that are revoked, expired, not live yet, or another detector's; the other has live ones, to
show that each detector would find something.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from dense_contacts import WATCH_LIST
from dense_history import FIRST, LAST, make_history
from engine_rig import Rig, at, small_rig
from sqlalchemy import select

from alerts.authority import revoke
from alerts.models import AlertHistoryRow, FindingRow
from alerts.shadow_tables import ShadowFindingRow
from auditd.archive.archive import Archive
from auditd.cli import main
from auditd.database import reading
from auditd.evaluation.trying import Trials
from auditd.evaluation.tuning import variations
from auditd.reference.store import ReferenceStore
from detectors.detector import all_detectors

RULE = """\
title: Calls to numbers of a newsroom
id: 6f3e8a52-0c41-4f0e-9a53-1d2b7c9e0a77
logsource: {category: call}
detection:
  newsroom: {call_numbers|startswith: '+44207946'}
  condition: newsroom
"""
SIGMA = "sigma_6f3e8a520c414f0e9a531d2b7c9e0a77"
LISTED = sorted(name for name, kind in all_detectors().items() if kind.about.needs_authority)
GATED = [*LISTED, SIGMA]
OUTLETS = ("Northmere Herald", "Daily Lantern", WATCH_LIST, "Another list")
WHY = ("--purpose", "integrity_security", "--reason", "does the gate hold?", "--by", "Det Supt R. Example")
BETWEEN = ("--from", "2026-02-20", "--to", "2026-03-20")
CASES = {
    "cases.csv": "case_id,kind,truth,category\nM1,leak,misuse,\n",
    "case_events.csv": "case_id,family,at,identifier\nM1,call,2026-03-03T12:00:00Z,extension:50001\n",
}

every_one = pytest.mark.parametrize("name", GATED)


def installed(root: Path) -> Rig:
    """An installation with everything that would be found, each detector of lists in force and in shadow."""
    tried = "".join(f'[shadows.try_{name}]\ndetector = "{name}"\n' for name in GATED if len(name) < 44)
    rig = small_rig(root, more=f'[sigma]\nfolder = "sigma"\n{tried}')
    (root / "sigma").mkdir()
    (root / "sigma" / "rule.yml").write_text(RULE, "utf-8")
    for delivery in make_history(0, cells=8).deliveries():
        if delivery.what != "grant":
            delivery.arrive(rig)
    return rig


def lists_of(name: str) -> tuple[str, ...]:
    """What an authority of a detector must name: a watch-list opens by its name alone."""
    kind = all_detectors().get(name)
    return (WATCH_LIST,) if kind is not None and "watch_lists" in kind.feeds else ()


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """No authority is live: one each is revoked, expired, and to begin; a live one is of another detector."""
    rig = installed(tmp_path_factory.mktemp("closed"))
    scope = (at(days=-30), at(days=30))
    for name in GATED:
        request = {"scope": scope, "detectors": (name,), "outlets": lists_of(name)}
        rig.grant(FIRST, **request, expires_at=FIRST + timedelta(hours=1))
        rig.grant(LAST + timedelta(days=400), **request)
        ended = rig.grant(FIRST, **request, expires_at=FIRST + timedelta(days=300))
        with rig.engine.begin() as conn:
            revoke(conn, ended.authority_id, by="Det Supt R. Example", reason="ended", now=FIRST)
    rig.grant(FIRST, scope=scope, detectors=("no_such_detector",), expires_at=FIRST + timedelta(days=300))
    rig.once(LAST)
    yield rig
    rig.close()


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """The same, with live authorities."""
    rig = installed(tmp_path_factory.mktemp("opened"))
    for name in GATED:
        rig.grant(FIRST, scope=(at(days=-30), at(days=30)), detectors=(name,), outlets=lists_of(name))
    rig.once(LAST)
    yield rig
    rig.close()


def run(rig: Rig, *arguments: str) -> str:
    result = CliRunner().invoke(main, ["--config", str(rig.config_file), *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def as_json(rig: Rig, *arguments: str) -> Any:
    return json.loads(run(rig, *arguments, "--json"))


def tried_again(rig: Rig, name: str) -> int:
    """How much a detector finds as set, and with each setting changed: what `evaluate --tuning` does."""
    config = rig.config
    detector = next(one for one in config.detectors() if one.name == name)
    archive = Archive(config.storage.archive, rig.engine)
    references = ReferenceStore(rig.engine, config.force)
    trials = Trials(archive, rig.engine, references, config.force, now=LAST)
    every = (detector, *(one for _, _, one in variations(detector)))
    return sum(len(trials.judge(one)[0]) for one in every)


def ever_found(rig: Rig, name: str) -> int:
    """How many findings there ever were, withdrawn ones too, in force and in shadow."""
    with reading(rig.engine) as conn:
        live = conn.scalars(select(FindingRow.finding_id).where(FindingRow.detector == name)).all()
        tried = conn.scalars(
            select(ShadowFindingRow.finding_id).where(ShadowFindingRow.run == f"try_{name}")
        ).all()
    return len(live) + len(tried)


@every_one
def test_each_would_find_something_under_an_authority(opened: Rig, name: str) -> None:
    assert opened.found(name)
    assert tried_again(opened, name)
    with reading(opened.engine) as conn:
        assert conn.scalars(select(ShadowFindingRow.key).where(ShadowFindingRow.run == f"try_{name}")).all()


@every_one
class TestNothingIsFound:
    """Whichever way it is asked."""

    def test_by_running(self, closed: Rig, name: str) -> None:
        assert ever_found(closed, name) == 0
        states = {one["detector"]: one["state"] for one in as_json(closed, "status")["detectors"]}
        assert states[name] == states[f"shadow:try_{name}"] == "not authorised"

    @pytest.mark.parametrize("kept", [False, True], ids=["dry run", "kept"])
    def test_by_a_replay(self, closed: Rig, name: str, kept: bool) -> None:
        told = as_json(closed, "replay", *BETWEEN, "--detector", name, *(() if kept else ("--dry-run",)))
        assert told["not_authorised"] == [name]
        assert told["detectors"] == {}
        assert ever_found(closed, name) == 0

    def test_by_asking_what_was_known_while_an_authority_was_live(self, closed: Rig, name: str) -> None:
        told = as_json(closed, "replay", *BETWEEN, "--detector", name, "--as-known-on", LAST.isoformat())
        assert told["not_authorised"] == [name]
        assert told["findings"] == []

    def test_in_shadow(self, closed: Rig, name: str) -> None:
        told = as_json(closed, "shadow", "report", f"try_{name}", "--findings", *WHY)
        assert (told["state"], told["findings"], told["alerts"], told["sentences"]) == (
            "not authorised",
            0,
            0,
            [],
        )

    def test_by_evaluating(self, closed: Rig, name: str, tmp_path: Path) -> None:
        for file, text in CASES.items():
            (tmp_path / file).write_text(text, "utf-8")
        assert name in as_json(closed, "evaluate", str(tmp_path))["not_found_by"]

    def test_by_judging_the_past_with_other_settings(self, closed: Rig, name: str) -> None:
        assert tried_again(closed, name) == 0

    def test_in_alerts_and_their_history(self, closed: Rig, name: str) -> None:
        assert as_json(closed, "alerts", "list", "--all", "--detector", name) == []
        with reading(closed.engine) as conn:
            entries = conn.scalars(select(AlertHistoryRow.detail)).all()
        assert not any(name in json.dumps(entry) for entry in entries)


class TestNothingOfAListIsTold:
    """What is no detector shows nothing of a list either: no outlet, no entry."""

    def test_by_explaining_look_ups(self, closed: Rig) -> None:
        for event in closed.found("unlinked_lookup")[:5]:
            self.silent(run(closed, "explain", event, "--json"))

    def test_by_exporting_events(self, closed: Rig) -> None:
        self.silent(run(closed, "export", *BETWEEN, *WHY))

    def test_by_the_log_of_uses(self, closed: Rig) -> None:
        self.silent(run(closed, "uses", "--json"))

    def test_by_alerts(self, closed: Rig) -> None:
        for alert in as_json(closed, "alerts", "list", "--all"):
            self.silent(run(closed, "alerts", "show", alert["alert_id"], "--json"))

    def silent(self, told: str) -> None:
        assert told
        assert [outlet for outlet in OUTLETS if outlet in told] == []


def test_the_scan_finds_the_detectors_there_are() -> None:
    assert {"media_contact", "lookup_then_contact"} <= set(LISTED)
