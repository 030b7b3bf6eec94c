"""The daemon as a process: signals, reload, health, and one daemon a state."""

from __future__ import annotations

import json
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from daemon_process import DaemonProcess, ago, wait_until
from engine_rig import Rig, small_rig

from auditd.cli import main
from auditd.demo.formats import Lookup, pnc_line
from auditd.engine.signals import SIGNAL_STATUS

Start = Callable[[Rig], DaemonProcess]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start daemons; whatever happens, none outlives its test."""
    begun: list[DaemonProcess] = []

    def begin(rig: Rig) -> DaemonProcess:
        begun.append(DaemonProcess(rig.config_file))
        return begun[-1].started()

    yield begin
    for one in begun:
        one.kill()


def looks(first: int, count: int) -> list[str]:
    """Look-ups nothing explains, two days ago."""
    return [
        pnc_line(Lookup(ago(days=2, seconds=number), "auser", "vehicle", "AB12CDE", f"T{number}", ""))
        for number in range(first, first + count)
    ]


def test_a_daemon_reads_judges_answers_and_drains_when_asked_to_stop(rig: Rig, start: Start) -> None:
    rig.log("pnc", looks(0, 5))
    daemon = start(rig)
    wait_until(lambda: daemon.metric("findings", detector="unlinked_lookup", state="active") == 5)
    assert daemon.get("/healthz") == (200, "ok\n")
    assert daemon.get("/readyz") == (200, "ok\n")
    assert daemon.metric("lines_total", source="pnc") == 6
    assert daemon.metric("detector_authorised", detector="media_contact") == 0
    assert daemon.metric("bytes_behind", source="pnc") == 0
    rig.log("pnc", looks(5, 2000))
    daemon.send(signal.SIGTERM)
    assert daemon.process.wait(timeout=30) == 0
    assert daemon.log("stopping")
    standing = rig.standing()
    assert len(standing.events) == 2005
    assert len(standing.findings) == 2005
    assert all(account.tally.balances for account in rig.accounts())


def test_a_second_signal_leaves_at_once_even_from_within_a_commit(rig: Rig, start: Start) -> None:
    daemon = start(rig)
    blocker = sqlite3.connect(rig.root / "state.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    rig.log("pnc", looks(0, 5))
    time.sleep(0.5)
    daemon.send(signal.SIGTERM)
    time.sleep(0.5)
    assert daemon.process.poll() is None
    daemon.send(signal.SIGINT)
    assert daemon.process.wait(timeout=3) == SIGNAL_STATUS + signal.SIGINT
    blocker.close()
    rig.once(ago())
    assert len(rig.standing().events) == 5


@pytest.mark.case("T38")
def test_a_second_daemon_on_the_same_state_refuses(rig: Rig, start: Start, tmp_path: Path) -> None:
    daemon = start(rig)
    for arguments in (("run",), ("run", "--once"), ("replay", "--from", "2026-03-01", "--to", "2026-03-02")):
        refused = invoke(rig, *arguments)
        assert refused.exit_code == 2
        assert "another process writes to this archive" in refused.stderr
    other = small_rig(tmp_path / "other")  # another archive, but the same database
    other.config_file.write_text(other.config_file.read_text().replace(str(other.root), str(rig.root)))
    refused = invoke(other, "run")
    assert (refused.exit_code, "writes to this database" in refused.stderr) == (2, True)
    assert json.loads(invoke(rig, "status", "--json").stdout)["daemon"] == "running"
    assert daemon.stop() == 0
    assert json.loads(invoke(rig, "status", "--json").stdout)["daemon"] == "not running"


def invoke(rig: Rig, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(rig.config_file), *arguments])


def test_a_reload_takes_all_of_a_good_file_and_nothing_of_a_bad_one(rig: Rig, start: Start) -> None:
    daemon = start(rig)
    good = rig.config_file.read_text()

    def reload(text: str, event: str) -> None:
        before = len(daemon.log(event))
        rig.config_file.write_text(text)
        daemon.send(signal.SIGHUP)
        wait_until(lambda: len(daemon.log(event)) > before)

    leds = '\n[[sources]]\nname = "leds"\nfiles = ["logs/leds/*.csv"]\nformat = "pnc"\n'
    reload(good + leds + "colour = 'blue'\n", "config_refused")
    assert daemon.metric("config_reload_success") == 0
    rig.formats["leds"] = "pnc"
    rig.log("leds", looks(0, 3))
    rig.log("pnc", looks(100, 3))
    wait_until(lambda: daemon.metric("lines_total", source="pnc") == 4)
    assert daemon.metric("lines_total", source="leds") is None

    reload(good + leds, "config_loaded")
    assert daemon.metric("config_reload_success") == 1
    wait_until(lambda: daemon.metric("lines_total", source="leds") == 4)

    reload(good.replace('"archive"', '"elsewhere"'), "config_refused")
    assert "restart" in daemon.log("config_refused")[-1]["hint"]
    assert daemon.metric("config_reload_success") == 0
    rig.log("leds", looks(10, 1))
    wait_until(lambda: daemon.metric("lines_total", source="leds") == 5)
    assert daemon.stop() == 0
    assert len(rig.standing().events) == 7


def test_a_log_of_the_daemon_names_nobody(rig: Rig, start: Start) -> None:
    rig.log("pnc", [*looks(0, 3), "auser,AB12CDE,not a record\n"])
    rig.feed(
        "identifiers",
        [{"staff_id": "S1", "kind": "account", "value": "auser"}, {"staff_id": "", "kind": "x"}],
    )
    daemon = start(rig)
    wait_until(lambda: daemon.metric("findings", detector="unlinked_lookup", state="active") == 3)
    metrics = daemon.get("/metrics")[1]
    assert daemon.stop() == 0
    said = daemon.log_file.read_text() + metrics
    assert [
        word for word in ("auser", "AB12CDE", "S1", "T1") if f'"{word}"' in said or f" {word}" in said
    ] == []
