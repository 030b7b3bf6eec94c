"""Alerts and authorities are handled from the command line: readable, by name, errors that say what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result
from judging import START, Judge, row
from sqlalchemy import Engine

from alerts.identity import alert_id
from auditd.archive.archive import Archive
from auditd.cli import alerts, authority
from auditd.cli.context import State
from detectors.detector import all_detectors
from detectors.rules.unlinked_lookup import UnlinkedLookup
from parsers.event import conform

ALERT = alert_id("look-ups", "S1", 0)
FACTS = {
    "at": "2026-03-03T14:02:00+00:00", "actor": "account:jdoe", "staff_id": "S1", "certainty": "certain",
    "subject_type": "vehicle", "subject_key": "AB12CDE", "system": "PNC", "originator_collar": None,
    "reason_code": None, "claimed_ref": None, "window_hours": 24.0,
}  # fmt: skip
RAW = "2026-03-03 14:02:00,pnc,VE,jdoe,\x1b[2JAB12CDE"

Run = Callable[..., Result]


@pytest.fixture
def run(database: Engine, tmp_path: Path) -> Run:
    """Runs a command on an installation with one alert, whose evidence is in the archive."""
    config = tmp_path / "a.toml"
    config.write_text(f'[storage]\narchive = "{tmp_path / "archive"}"\n')
    event = {
        "event_id": "e1", "timestamp": START, "source": "pnc-hq", "log_file": "/logs/pnc.csv", "log_offset": 120,
        "event_original": RAW.encode(),
    }  # fmt: skip
    archive = Archive(tmp_path / "archive", database)
    written = archive.write("access", conform(pl.DataFrame([event]), "access"), source="pnc-hq")
    with database.begin() as conn:
        archive.register(conn, [segment for segment, _ in written], START)
        found = row("e1", event_ids=["e1"], facts=json.dumps(FACTS), severity=3)
        Judge(conn, UnlinkedLookup()).judges(found)

    def run(*args: str) -> Result:
        state = State(config)
        state.engine = database  # as opened by the fixture
        group = {"alerts": alerts, "authority": authority}[args[0]].command
        return CliRunner().invoke(group, args[1:], obj=state)

    return run


def output(result: Result) -> Any:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_an_alert_reads_as_sentences_with_the_raw_line_behind_them_and_its_history(run: Run) -> None:
    shown = run("alerts", "show", ALERT).stdout
    assert (
        "account jdoe (S1, not in the staff feed) queried vehicle AB12CDE on PNC at 14:02 on 3 Mar 2026; no incident"
        in shown
    )
    assert "pnc-hq, /logs/pnc.csv at byte 120, event " in shown
    assert "access-auditd: opened (1 finding)" in shown
    assert f"{ALERT}  {UnlinkedLookup.about.title}\nhigh, open\n" in shown


def test_a_log_line_cannot_write_the_screen(run: Run) -> None:
    shown = run("alerts", "show", ALERT).stdout
    assert "\x1b" not in shown
    assert r"\x1b[2JAB12CDE" in shown


def test_an_alert_as_json_has_sentences_facts_raw_lines_and_history(run: Run) -> None:
    shown = output(run("alerts", "show", ALERT, "--json"))
    (finding,) = shown["findings"]
    assert (shown["detector"], shown["severity"], shown["state"]) == ("unlinked_lookup", "high", "open")
    assert finding["facts"] == FACTS
    assert finding["raw_lines"] == [
        {
            "event_id": "e1",
            "source": "pnc-hq",
            "path": "",
            "log_file": "/logs/pnc.csv",
            "log_offset": 120,
            "text": RAW,
        }
    ]
    assert "AB12CDE" in finding["sentences"][0]
    assert [entry["action"] for entry in shown["history"]] == ["opened"]


def test_findings_beyond_the_most_asked_for_are_counted(run: Run) -> None:
    shown = run("alerts", "show", ALERT, "--most", "0").stdout
    assert "1 more findings: --most 1 shows them." in shown
    assert "queried" not in shown


def test_an_alert_is_handled_to_its_end_and_every_step_kept_by_name(run: Run) -> None:
    assert run("alerts", "assign", ALERT, "--to", "Ben Ode", "--by", "Ann Lee").exit_code == 0
    assert (
        run("alerts", "review", ALERT, "--by", "Ben Ode").stdout
        == f"{ALERT} is in review, assigned to Ben Ode\n"
    )
    assert run("alerts", "note", ALERT, "Roster asked for.", "--by", "Ben Ode").exit_code == 0
    decided = (
        "--outcome",
        "no-further-action",
        "--category",
        "commit-incite-or-aid-crime",
        "--rationale",
        "On duty.",
    )
    closed = output(run("alerts", "close", ALERT, *decided, "--by", "Ben Ode", "--json"))
    assert (closed["outcome"], closed["category_closed"]) == (
        "no further action",
        "commit, incite or aid crime",
    )
    assert output(run("alerts", "list", "--json")) == []
    assert [alert["state"] for alert in output(run("alerts", "list", "--all", "--json"))] == ["closed"]
    assert run("alerts", "reopen", ALERT, "--reason", "New statement.", "--by", "Ann Lee").exit_code == 0
    shown = run("alerts", "show", ALERT).stdout
    assert "Ben Ode: noted: Roster asked for." in shown
    assert "Ann Lee: reopened: New statement.; no further action" in shown


def test_who_acts_is_the_user_of_the_operating_system_unless_told(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "alee")
    assert output(run("alerts", "assign", ALERT, "--json"))["assignee"] == "alee"


def test_a_refused_action_says_what_to_do_and_exits_with_1(run: Run) -> None:
    refused = run("alerts", "note", ALERT, "x", "--version", "7", "--by", "Ann Lee")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "has changed since you looked (version 7 is now 1)" in refused.stderr
    unknown = run("alerts", "show", "A-NONE")
    assert unknown.exit_code == 1
    assert "`alerts list --all` shows every one" in unknown.stderr


def test_a_word_outside_the_vocabulary_exits_with_2(run: Run) -> None:
    assert run("alerts", "close", ALERT, "--outcome", "fine", "--rationale", "x").exit_code == 2


def test_alerts_are_listed_with_whom_and_what(run: Run) -> None:
    listed = run("alerts", "list").stdout
    assert all(
        words in listed for words in (ALERT, "high", "open", "S1", "3 Mar 2026", UnlinkedLookup.about.title)
    )


GRANT = (
    "authority", "grant", "--purpose", "self_monitoring", "--reason", "Suspected disclosure.", "--by", "Ruth Alder",
    "--detector", "media_contact",
)  # fmt: skip


def test_an_authority_is_granted_listed_and_revoked(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(State, "now", lambda _: START)
    granted = output(
        run(*GRANT, "--expires", "2026-06-01", "--review-by", "2026-04-01", "--person", "S1", "--json")
    )
    assert (granted["state"], granted["people"]) == ("live", ["S1"])
    assert (granted["events_from"], granted["events_to"]) == (
        "2026-03-03T00:00:00+00:00",
        granted["expires_at"],
    )
    listed = run("authority", "list", "--live").stdout
    assert granted["authority_id"] in listed
    assert "S1; all outlets" in listed
    ended = run("authority", "revoke", granted["authority_id"], "--reason", "Done.", "--by", "Ruth Alder")
    assert ended.stdout == f"{granted['authority_id']} revoked\n"
    assert output(run("authority", "list", "--live", "--json")) == []


def test_every_fault_of_a_grant_is_told_at_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(State, "now", lambda _: START)
    wrong = ("--detector", "unlinked_lookup", "--expires", "2028-06-01", "--review-by", "2026-01-01")
    refused = run(*GRANT, *wrong)
    assert refused.exit_code == 1
    faults = [line for line in refused.stderr.splitlines() if line.startswith("error: ")]
    assert len(faults) == 3
    listed = ", ".join(name for name, kind in all_detectors().items() if kind.about.needs_authority)
    assert f"'unlinked_lookup' needs no authority or does not exist (one of {listed})" in refused.stderr
