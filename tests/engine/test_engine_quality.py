"""What logs tell, kept over time in a whole installation: exact after duplicates, late data, merges, reparse and restarts."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result
from engine_rig import Rig, at

from auditd.archive.compaction import compact
from auditd.cli import main
from auditd.database import reading
from auditd.demo.formats import Call, Lookup, cucm_line, pnc_line
from auditd.engine.machine import Machine
from auditd.engine.reports import Reports
from auditd.quality import counting, keeper
from auditd.quality.book import days_between
from auditd.quality.profile import Profile
from auditd.telemetry.metrics import Metrics

LATER = at(hours=1)
EVER = ("2000-01-01", "2099-12-31")


def invoke(rig: Rig, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(rig.config_file), *arguments])


def answer(rig: Rig, *arguments: str) -> Any:
    result = invoke(rig, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def look_up(moment: datetime, number: int, *, reason: str = "") -> str:
    return pnc_line(Lookup(moment, "auser", "vehicle", "AB12CDE", f"T{number}", "", reason=reason))


def look_ups(day: float, count: int, *, reason: str = "") -> list[str]:
    return [look_up(at(days=day, seconds=n), int(day * 1000) + n, reason=reason) for n in range(count)]


def read_all(machine: Machine) -> None:
    machine.tailer.reconcile()
    while machine.ingest.step(1 << 20, LATER).anything:
        pass


def count_all(machine: Machine, days: int) -> None:
    """Have the daemon's keeper count until so many days were stored."""
    stored, give_up = 0, time.monotonic() + 30
    while stored < days:
        stored += machine.quality.look(LATER)
        assert time.monotonic() < give_up
        time.sleep(0.001)


def profiles(rig: Rig) -> dict[tuple[str, str], Profile]:
    with reading(rig.engine) as conn:
        return {(one.source, one.day): one.profile for one in days_between(conn, *EVER)}


@pytest.fixture(autouse=True)
def _no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(keeper, "AGAIN_SECONDS", 0.0)


def test_each_day_is_kept_with_what_its_events_tell(rig_on_each: Rig) -> None:
    rig = rig_on_each
    rig.log("pnc", [*look_ups(-1, 30), *look_ups(0, 20)])
    rig.log("cucm", [cucm_line(Call(at(minutes=n), "50001", "50002", 60, n)) for n in range(10)])
    with rig.machine() as machine:
        read_all(machine)
        count_all(machine, 3)
        assert machine.quality.look(LATER) is False
        assert machine.quality.shares(LATER)["pnc", "who"] == 1.0
        assert ("cucm", "why") not in machine.quality.shares(LATER)
    found = profiles(rig)
    assert {place: one.events for place, one in found.items()} == {
        ("pnc", "2026-03-02"): 30, ("pnc", "2026-03-03"): 20, ("cucm", "2026-03-03"): 10,
    }  # fmt: skip
    assert found["pnc", "2026-03-03"].aspects["when"] == 20


def test_duplicates_late_data_and_merged_segments_leave_the_counts_exact(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "PIECE_ROWS", 16)
    rig.log("pnc", look_ups(0, 50))
    with rig.machine() as machine:
        read_all(machine)
        count_all(machine, 1)
        before = profiles(rig)
        rig.log("pnc", look_ups(0, 50), name="pnc-again.csv")
        read_all(machine)
        assert machine.quality.look(LATER) is False
        assert profiles(rig) == before
        for n in range(5):
            rig.log("pnc", [look_up(at(minutes=n), 900 + n)])
            read_all(machine)
            count_all(machine, 1)
        while compact(machine.archive, rig.engine, now=LATER, fan_in=2):
            pass
        assert profiles(rig)["pnc", "2026-03-03"].events == 55
        rig.log("pnc", [look_up(at(minutes=30), 999)])
        read_all(machine)
        count_all(machine, 1)
    found = profiles(rig)
    assert found["pnc", "2026-03-03"].events == 56
    with rig.machine() as machine:
        assert machine.quality.look(LATER) is False
        assert counting.count_day(machine.archive, "access", "2026-03-03") == {
            "pnc": found["pnc", "2026-03-03"]
        }


def test_a_day_that_grows_all_the_time_is_stored_all_the_same(rig: Rig) -> None:
    with rig.machine() as machine:
        stored = number = 0
        while not stored:
            number += 1
            assert number < 20
            rig.log("pnc", [look_up(at(seconds=number), number)])
            read_all(machine)
            stored = machine.quality.look(LATER)
            time.sleep(0.05)
        assert 1 <= profiles(rig)["pnc", "2026-03-03"].events < number
        count_all(machine, 1)
    assert profiles(rig)["pnc", "2026-03-03"].events == number


def test_lines_read_again_after_the_format_was_mended_count(rig: Rig) -> None:
    rig.log("pnc", look_ups(0, 30))
    rig.formats["pnc"] = "cucm"
    rig.write_config()
    with rig.machine() as machine:
        read_all(machine)
    assert answer(rig, "quality", "--from", "2026-03-01")["sources"] == []
    rig.formats["pnc"] = "pnc"
    rig.write_config()
    assert invoke(rig, "reparse").exit_code == 0
    [entry] = answer(rig, "quality", "--from", "2026-03-01")["sources"]
    assert (entry["source"], entry["events"]) == ("pnc", 30)
    with rig.machine() as machine:
        count_all(machine, 1)
    assert profiles(rig)["pnc", "2026-03-03"].events == 30


@pytest.mark.parametrize("gone", [True, False], ids=["gone", "damaged"])
def test_a_lost_file_of_the_archive_is_left_out_and_does_not_stop_the_counting(
    rig: Rig, *, gone: bool
) -> None:
    rig.log("pnc", look_ups(0, 30))
    with rig.machine() as machine:
        read_all(machine)
        rig.log("pnc", look_ups(0.1, 7))
        read_all(machine)
        first = machine.archive.segments("access")[0]
    path = rig.root / "archive" / first.path
    with rig.machine() as machine:
        path.write_bytes(b"PAR1" + bytes(first.bytes - 8) + b"PAR1")
        if gone:
            path.unlink()
        count_all(machine, 1)
        assert profiles(rig)["pnc", "2026-03-03"].events == 7
    [entry] = answer(rig, "quality", "--from", "2026-03-01")["sources"]
    assert entry["events"] == 7


def a_source_that_stops_giving_reasons(rig: Rig) -> None:
    for day in range(-6, 0):
        rig.log("pnc", look_ups(day, 40, reason="01" if day < -1 else ""))
    rig.once(LATER)


def test_the_command_says_who_when_what_why_and_where_and_since_when_that_changed(rig: Rig) -> None:
    a_source_that_stops_giving_reasons(rig)
    [entry] = answer(rig, "quality", "--from", "2026-02-01", "--to", "2026-03-03")["sources"]
    assert (entry["source"], entry["family"], entry["events"]) == ("pnc", "access", 240)
    assert entry["shares"] | {"where": 1} == {
        "who": 1,
        "when": entry["shares"]["when"],
        "what": 1,
        "why": 200 / 240,
        "where": 1,
    }
    assert "user_id" in entry["always_the_same"]
    assert "pnc_justification" in entry["never_filled"]
    changes = {
        change["what"]: (change["before"], change["after"], change["since"]) for change in entry["changes"]
    }
    assert changes["why"] == (1.0, 0.0, "2026-03-02")
    assert [day["events"] for day in entry["days"]] == [40] * 6
    shown = invoke(rig, "quality", "--from", "2026-02-01", "--to", "2026-03-03").stdout
    assert "why: 100.0% -> 0.0% since Mon 2 Mar 2026" in shown
    assert "auser" not in shown
    assert "AB12CDE" not in shown


def test_a_source_or_a_time_can_be_chosen_and_a_wrong_one_is_told(rig: Rig) -> None:
    a_source_that_stops_giving_reasons(rig)
    one_day = answer(rig, "quality", "--source", "pnc", "--from", "2026-03-01", "--to", "2026-03-02")
    assert [day["day"] for day in one_day["sources"][0]["days"]] == ["2026-03-01"]
    assert answer(rig, "quality", "--source", "cucm", "--from", "2026-03-01")["sources"] == []
    assert "no events" in invoke(rig, "quality", "--from", "2020-01-01", "--to", "2020-01-02").stdout
    for arguments in (["--source", "pmc"], ["--from", "2026-03-02", "--to", "2026-03-01"]):
        refused = invoke(rig, "quality", *arguments)
        assert refused.exit_code == 2
        assert "hint:" in refused.stderr


def ahead(rig: Rig, machine: Machine, reports: Reports, seconds: Iterable[float]) -> None:
    """Lines that arrive today, a minute apart, written by a clock that is ahead."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    now = max(today, datetime.now(UTC) - timedelta(minutes=15))
    for n, second in enumerate(seconds):
        moment = now + timedelta(minutes=n)
        path = rig.log("pnc", [look_up(moment + timedelta(seconds=second), n)])
        os.utime(path, (moment.timestamp(), moment.timestamp()))
        machine.tailer.reconcile()
        step = machine.ingest.step(1 << 20, moment)
        reports.ingested(step)
        machine.clocks.take(step.delays, moment)
    with rig.engine.begin() as conn:
        machine.clocks.store(conn, now)
    reports.standing(machine, now, limited="")


def test_a_clock_that_is_ahead_is_told_in_the_metrics_in_status_and_in_quality(rig: Rig) -> None:
    metrics = Metrics()
    with rig.machine() as machine:
        ahead(rig, machine, Reports(metrics), [120] * 10)
    delay = metrics.registry.get_sample_value("access_auditd_source_clock_delay_seconds", {"source": "pnc"})
    assert delay == pytest.approx(-120, abs=1.5)
    labels = {"source": "pnc", "reason": "clock_ahead"}
    assert metrics.registry.get_sample_value("access_auditd_source_problem", labels) == 1
    [source] = [one for one in answer(rig, "status")["sources"] if one["source"] == "pnc"]
    assert source["clock_seconds"] == pytest.approx(-120, abs=1.5)
    assert "WARNING: pnc: its clock is 1" in invoke(rig, "status").stdout
    [entry] = answer(rig, "quality")["sources"]
    assert entry["clock"][0]["delay_seconds"] == pytest.approx(-120, abs=1.5)
    assert "s ahead of ours" in invoke(rig, "quality").stdout


def test_events_in_the_future_are_counted_told_and_kept(rig: Rig) -> None:
    metrics = Metrics()
    with rig.machine() as machine:
        ahead(rig, machine, Reports(metrics), [0, 0, 0, 86_400])
        count_all(machine, 2)
    assert metrics.registry.get_sample_value("access_auditd_future_events_total", {"source": "pnc"}) == 1
    [source] = [one for one in answer(rig, "status")["sources"] if one["source"] == "pnc"]
    assert source["future_events"] == 1
    assert "1 events are dated after they were read" in invoke(rig, "status").stdout
    [entry] = answer(rig, "quality", "--source", "pnc")["sources"]
    assert (entry["events"], entry["future_events"]) == (3, 1)
    assert "1 events are dated more than 5 minutes after they were read" in invoke(rig, "quality").stdout


def test_old_files_say_nothing_of_a_clock(rig: Rig) -> None:
    rig.log("pnc", look_ups(0, 30))
    with rig.machine() as machine:
        machine.tailer.reconcile()
        assert machine.ingest.step(1 << 20, LATER).delays == {}
