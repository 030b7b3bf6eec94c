"""Feeds in a whole installation: loaded by hand, told in status, counted by source, judged by feed_stale, known as of then."""

from __future__ import annotations

import json
import sqlite3
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from engine_rig import Rig, at
from sqlalchemy import select

from auditd.cli import main
from auditd.database import reading
from auditd.demo.formats import Lookup, pnc_line
from auditd.engine.feeding import inbox
from auditd.engine.handing_in import hand_in, wait_for
from auditd.engine.replay import replay_as_known
from auditd.engine.reports import Reports
from auditd.health import facts, strangers
from auditd.reference.loads import LoadReport
from auditd.reference.tables import ReferenceRow
from auditd.telemetry.metrics import Metrics
from detectors.detector import Span

PERSON = {"staff_id": "S1", "kind": "account", "value": "auser"}
INCIDENT = {
    "incident_ref": "INC1", "kind": "crime", "opened_at": at().isoformat(), "recorded_at": at().isoformat(),
}  # fmt: skip
SUBJECT = {"incident_ref": "INC1", "subject_type": "vehicle", "subject_key": "AB12CDE"}
WORK = {
    "incident_ref": "INC1", "staff_id": "S1", "from": at(hours=-1).isoformat(), "recorded_at": at().isoformat(),
}  # fmt: skip
EVERYTHING = Span(at(days=-400), at(days=400))


def invoke(rig: Rig, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(rig.config_file), *arguments])


def answer(rig: Rig, *arguments: str, exit_code: int = 0) -> Any:
    result = invoke(rig, *arguments, "--json")
    assert result.exit_code == exit_code, result.output
    return json.loads(result.stdout)


def look(number: int, user: str = "auser", **when: float) -> str:
    return pnc_line(Lookup(at(**when), user, "vehicle", "AB12CDE", f"T{number}", ""))


def explained(rig: Rig) -> None:
    rig.feed("identifiers", [PERSON])
    rig.feed("incidents", [INCIDENT])
    rig.feed("incident_subjects", [SUBJECT])
    rig.feed("assignments", [WORK])


def write(rig: Rig, text: str, name: str = "one-off.csv") -> Path:
    path = rig.root / name
    path.write_text(text, "utf-8")
    return path


def rows(rig: Rig, feed: str) -> int:
    current = select(ReferenceRow.id).where(ReferenceRow.feed == feed, ReferenceRow.known_to.is_(None))
    with reading(rig.engine) as conn:
        return len(conn.execute(current).all())


# ---- loaded by hand


def test_a_file_is_loaded_by_hand_and_what_it_changes_is_judged_again(rig_on_each: Rig) -> None:
    rig = rig_on_each
    explained(rig)
    (rig.root / "feeds" / "assignments-0004.csv").unlink()
    rig.log("pnc", [look(1)])
    rig.once(at(days=2))
    assert len(rig.found("unlinked_lookup")) == 1
    start, recorded = at(hours=-1).isoformat(), at().isoformat()
    file = write(rig, f"incident_ref,staff_id,from,recorded_at\nINC1,S1,{start},{recorded}\n")
    report = answer(rig, "feed", "load", "assignments", str(file))
    assert (report["rows"], report["accepted"], report["rejected"]) == (1, 1, 0)
    rig.once(at(days=2))
    assert rig.found("unlinked_lookup") == []


def test_rows_that_are_refused_are_told_by_line_and_reason_with_exit_status_1(rig: Rig) -> None:
    file = write(rig, "staff_id,kind,value\nS1,account,auser\nS2,carrier pigeon,x\nS3,account,\n")
    report = answer(rig, "feed", "load", "identifiers", str(file), exit_code=1)
    told = [(row["line"], row["reason"], row["detail"]) for row in report["rejects"]]
    assert told == [(3, "unknown_choice", "kind"), (4, "missing_value", "value")]
    assert rows(rig, "identifiers") == 1
    shown = invoke(rig, "feed", "rejects", "identifiers")
    assert "unknown_choice" in shown.stdout
    assert "pigeon" not in shown.stdout
    assert [len(load["rejects"]) for load in answer(rig, "feed", "rejects", "identifiers")] == [2]


def test_a_file_that_is_refused_as_a_whole_says_why(rig: Rig) -> None:
    file = write(rig, "person,kind,value\nS1,account,auser\n")
    report = answer(rig, "feed", "load", "identifiers", str(file), exit_code=1)
    assert "`staff_id` is missing" in report["problem"]


def test_a_delivery_there_is_not_is_an_error_that_names_those_there_are(rig: Rig) -> None:
    result = invoke(rig, "feed", "load", "nonsense", str(write(rig, "a\n")))
    assert result.exit_code == 2
    assert "there is no delivery 'nonsense'" in result.stderr
    assert "identifiers" in result.stderr


def test_a_file_there_is_not_is_an_error(rig: Rig) -> None:
    result = invoke(rig, "feed", "load", "identifiers", str(rig.root / "absent.csv"))
    assert (result.exit_code, "is no file that can be read" in result.stderr) == (2, True)


def test_nothing_of_a_file_handed_in_is_left_behind(rig: Rig) -> None:
    invoke(rig, "feed", "load", "identifiers", str(write(rig, "staff_id,kind,value\nS1,account,auser\n")))
    assert list(inbox(rig.config.storage.archive, "identifiers").iterdir()) == []


def test_where_a_daemon_runs_it_loads_the_file(rig: Rig) -> None:
    """The file is handed in while another has the state; the answer is the daemon's."""
    file = write(rig, "staff_id,kind,value\nS1,account,auser\nS2,telepathy,x\n")
    answered: list[LoadReport] = []

    def ask() -> None:
        with hand_in(rig.config, "identifiers", file) as handed:
            answered.append(wait_for(rig.engine, handed, 30))

    with rig.machine() as machine:
        asking = threading.Thread(target=ask)
        asking.start()
        while not answered:
            machine.feeding.poll(at(days=1), settle=False)
        asking.join(10)
    assert (answered[0].accepted, answered[0].rejects.height) == (1, 1)


def test_a_daemon_that_does_not_take_the_file_is_told(rig: Rig) -> None:
    with rig.machine():
        file = write(rig, "staff_id,kind,value\n")
        result = invoke(rig, "feed", "load", "identifiers", str(file), "--wait", "0.2")
    assert result.exit_code == 2
    assert "has not taken the file within 0.2 seconds" in result.stderr


# ---- a query


def test_a_query_feeds_an_installation_and_its_failure_stops_nothing(rig: Rig) -> None:
    with sqlite3.connect(rig.root / "hr.db") as hr:
        hr.execute("CREATE TABLE accounts (person, login)")
        hr.execute("INSERT INTO accounts VALUES ('S1', 'auser')")
    rig.more = (
        '[[feeds]]\nname = "logins"\nfeed = "identifiers"\ndatabase = "sqlite:///hr.db"\n'
        "query = \"SELECT person AS staff_id, 'account' AS kind, login AS value FROM accounts\"\n"
        '[[feeds]]\nname = "broken"\nfeed = "identifiers"\ndatabase = "sqlite:///gone.db"\nquery = "SELECT 1"\n'
    )
    rig.write_config()
    rig.feed("staff", [])
    metrics = Metrics()
    rig.once(at(days=1), Reports(metrics))
    assert rows(rig, "identifiers") == 1
    listed = {one["name"]: one for one in answer(rig, "feed", "list")}
    assert (listed["logins"]["from"], listed["logins"]["rows"], listed["logins"]["problem"]) == (
        "query",
        1,
        "",
    )
    assert "the query failed" in listed["broken"]["problem"]
    assert (
        metrics.registry.get_sample_value("access_auditd_feed_query_failures_total", {"feed": "broken"}) == 1
    )
    assert metrics.registry.get_sample_value("access_auditd_feed_refused", {"feed": "broken"}) == 1


# ---- health


def test_status_and_metrics_tell_age_rows_rejects_and_unknown_people(rig_on_each: Rig) -> None:
    rig = rig_on_each
    rig.feed("identifiers", [PERSON, {"staff_id": "S2", "kind": "telepathy", "value": "x"}])
    rig.log("pnc", [look(n, "auser" if n % 4 else "nobody", minutes=n) for n in range(100)])
    metrics = Metrics()
    rig.once(at(days=1), Reports(metrics))
    status = answer(rig, "status")
    [feed] = [one for one in status["feeds"] if one["name"] == "identifiers"]
    assert (feed["rows"], feed["delivered_rows"], feed["rejected_rows"]) == (1, 2, 1)
    assert feed["age_seconds"] > 0
    [source] = [one for one in status["sources"] if one["source"] == "pnc"]
    assert source["unknown_people"] == 0.25
    value = metrics.registry.get_sample_value
    assert value("access_auditd_feed_rejected_ratio", {"feed": "identifiers"}) == 0.5
    assert value("access_auditd_feed_age_seconds", {"feed": "identifiers"}) == 0
    assert value("access_auditd_unknown_people_ratio", {"source": "pnc"}) == 0.25
    assert "25.0%" in invoke(rig, "status").stdout


def test_late_events_of_an_hour_are_counted_again(rig: Rig) -> None:
    rig.feed("identifiers", [PERSON])
    rig.log("pnc", [look(1)])
    rig.once(at(days=1))
    rig.log("pnc", [look(2, "nobody", minutes=1)])
    rig.once(at(days=1))
    with reading(rig.engine) as conn:
        assert strangers.last_day_shares(conn, {"pnc"}) == {"pnc": (2, 1)}


def test_people_whom_a_later_feed_names_are_known_after_all(rig: Rig) -> None:
    rig.log("pnc", [look(1)])
    rig.once(at(hours=2))
    rig.feed("identifiers", [PERSON])
    rig.once(at(hours=3))
    with reading(rig.engine) as conn:
        assert strangers.last_day_shares(conn, {"pnc"}) == {"pnc": (1, 0)}


def test_a_feed_that_stays_away_is_found_and_a_replay_finds_the_same(rig_on_each: Rig) -> None:
    rig = rig_on_each
    rig.feed("incidents", [INCIDENT])
    rig.log("pnc", [look(1)])
    rig.once(at(hours=1))
    assert rig.found("feed_stale") == []
    rig.once(at(days=2))
    late = [key for key in rig.found("feed_stale") if key.endswith(":late")]
    assert len(late) == 3, "incidents, and two feeds about them that never came"
    assert rig.replay(at(days=2))["feed_stale"] == (0, 0, 0)
    rig.feed("incidents", [INCIDENT | {"incident_ref": "INC2"}])
    rig.once(at(days=2, hours=1))
    assert set(late) <= set(rig.found("feed_stale")), "that it was late stays true"


def test_a_renamed_column_is_found_at_once(rig: Rig) -> None:
    rig.feed("identifiers", [{"person": "S1", "kind": "account", "value": "auser"}])
    rig.once(at(days=1))
    assert [key.rpartition(":")[2] for key in rig.found("feed_stale")] == ["refused"]


def test_alerts_about_feeds_are_about_feeds(rig: Rig) -> None:
    rig.feed("identifiers", [{"person": "S1", "kind": "account", "value": "auser"}])
    rig.once(at(days=1))
    [alert] = answer(rig, "alerts", "list", "--detector", "feed_stale")
    shown = invoke(rig, "alerts", "show", alert["alert_id"]).stdout
    assert "feed identifiers" in shown
    assert "was refused as a whole" in shown


def test_facts_survive_a_restart_and_are_not_taken_twice(rig: Rig) -> None:
    rig.feed("identifiers", [PERSON])
    for hour in range(3):
        rig.once(at(hours=hour))
    with reading(rig.engine) as conn:
        found = facts.facts_between(conn, at(days=-1), at(days=1))
    assert found.filter(name="identifiers")["kind"].to_list() == ["delivered"]


# ---- as known on


def then(rig: Rig, moment: datetime, now: datetime) -> list[str]:
    with rig.machine() as machine:
        report = replay_as_known(
            machine.judge, EVERYTHING, known_on=moment, now=now, only=["unlinked_lookup"]
        )
    return sorted(report["unlinked_lookup"][1]["key"])


def test_every_past_verdict_is_reproduced_after_corrections_withdrawals_and_late_events(
    rig_on_each: Rig,
) -> None:
    """Each step changes the verdicts; in the end each is what it was at its time, and nothing stored has changed."""
    rig = rig_on_each
    rig.more = '[[feeds]]\nname = "whole"\nfeed = "incident_subjects"\nfiles = ["feeds/whole-*.csv"]\ncomplete = true\n'
    rig.write_config()
    rig.log("pnc", [look(1), look(2, hours=2)])
    steps = []

    def step(day: int) -> None:
        rig.once(at(days=day))
        steps.append((at(days=day), rig.found("unlinked_lookup")))

    long_ago = WORK | {"from": at(days=-20).isoformat()}
    step(2)
    explained(rig)
    rig.feed("assignments", [long_ago])
    step(3)
    for day, end in ((4, at(days=-10)), (5, at(days=10))):  # corrected: it had ended long ago; it had not
        rig.feed("assignments", [WORK | {"to": at().isoformat()}, long_ago | {"to": end.isoformat()}])
        rig.feed("assignments", [WORK | {"from": at(hours=-1).isoformat(), "to": at(hours=-0.5).isoformat()}])
        step(day)
    rig.feed("whole", [SUBJECT | {"subject_key": "XY99ZZZ"}])  # withdrawn: it never named that vehicle
    step(6)
    rig.log("pnc", [look(3, minutes=30)], "pnc2.csv")  # late
    step(7)
    assert len({tuple(found) for _, found in steps}) >= 3, "the steps change something"
    standing = rig.standing()
    for moment, found in steps:
        assert then(rig, moment, at(days=8)) == found
    assert rig.standing() == standing


def test_a_verdict_of_before_its_grace_had_passed_was_none(rig: Rig) -> None:
    rig.log("pnc", [look(1)])
    rig.once(at(days=3))
    assert then(rig, at(hours=23), at(days=3)) == []
    assert len(then(rig, at(hours=25), at(days=3))) == 0, "the line had not been read by then"
    assert len(then(rig, at(days=3), at(days=3))) == 1


def test_the_command_shows_the_verdicts_of_then_and_what_became_of_them(rig: Rig) -> None:
    rig.log("pnc", [look(1)])
    rig.once(at(days=2))
    explained(rig)
    rig.once(at(days=3))
    stretch = ("--from", "2026-03-01", "--to", "2026-03-10", "--detector", "unlinked_lookup")
    past = answer(rig, "replay", *stretch, "--as-known-on", at(days=2).isoformat())
    counts = past["detectors"]["unlinked_lookup"]
    assert (counts["found_then"], counts["withdrawn_since"], counts["same_now"]) == (1, 1, 0)
    assert [finding["detector"] for finding in past["findings"]] == ["unlinked_lookup"]
    assert rig.found("unlinked_lookup") == []
    assert (
        "withdrawn since" in invoke(rig, "replay", *stretch, "--as-known-on", at(days=2).isoformat()).stdout
    )
    future = invoke(rig, "replay", *stretch, "--as-known-on", "2999-01-01")
    assert (future.exit_code, "lies in the future" in future.stderr) == (2, True)


def test_contact_lists_of_the_past_need_an_authority_that_is_live_now(rig: Rig) -> None:
    rig.once(at(days=1))
    with rig.machine() as machine:
        report = replay_as_known(machine.judge, EVERYTHING, known_on=at(days=1), now=at(days=2))
    assert {"media_contact", "lookup_then_contact"}.isdisjoint(report)


def test_gaps_are_as_they_were_known(rig: Rig) -> None:
    from auditd.gaps.book import Fact, as_known, end, fill, gaps_between, notice

    with rig.engine.begin() as conn:
        first = notice(conn, Fact("pnc", "silent", at(), None), at(hours=1))
        end(conn, first, at=at(hours=2), now=at(hours=3))
        second = notice(conn, Fact("pnc", "silent", at(hours=4), None), at(hours=5))
        fill(conn, second, at=at(hours=6), now=at(hours=7))
    with reading(rig.engine) as conn:
        stored = gaps_between(conn, None, None, None, filled=True)
        told = {
            hour: [(gap.state, gap.end) for gap in as_known(conn, stored, at(hours=hour))]
            for hour in (0, 1, 3, 5, 8)
        }
    assert told == {
        0: [],
        1: [("open", None)],
        3: [("ended", at(hours=2))],
        5: [("ended", at(hours=2)), ("open", None)],
        8: [("ended", at(hours=2)), ("filled", at(hours=6))],
    }


def test_limits_name_deliveries_or_feeds_there_are(rig: Rig) -> None:
    rig.more = "[detectors.feed_stale.max_age_hours]\nincident = 5\n"
    rig.write_config()
    result = invoke(rig, "check", str(rig.config_file))
    assert result.exit_code == 1
    assert "did you mean 'incidents'?" in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ('query = "SELECT 1"', "is missing"),
        ('database = "sqlite:///x.db"', "is missing"),
        ('database = "sqlite:///x.db"\nquery = "SELECT 1"\nfiles = ["a.csv"]', "not both"),
        ('database = "sqlite:///x.db"\nquery = "DELETE FROM a"', "this is no query"),
        ('database = "nonsense://u:hush@h/d"\nquery = "SELECT 1"', "no such kind of database"),
        (
            'database = "mssql+pyodbc://u:hush@h/d"\nquery = "SELECT 1"',
            "driver of this database is not installed",
        ),
        ('database = "u:hush"\nquery = "SELECT 1"', "not a database URL"),
        ("every_seconds = 5.0", "no meaning without a query"),
    ],
)
def test_a_query_that_cannot_be_asked_is_a_fault_of_the_configuration(rig: Rig, table: str, why: str) -> None:
    rig.more = f'[[feeds]]\nname = "asked"\nfeed = "staff"\n{table}\n'
    rig.write_config()
    result = invoke(rig, "check", str(rig.config_file))
    assert result.exit_code == 1
    assert why in result.stdout + result.stderr
    assert "hush" not in result.stdout + result.stderr
