"""Gaps told by a running daemon: within a minute, in metrics, status, accounts and alerts, and without personal data."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner
from daemon_process import DaemonProcess, ago, wait_until
from engine_rig import Rig

from auditd.cli import main
from auditd.demo.formats import Lookup, pnc_line

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


def answer(rig: Rig, *arguments: str) -> Any:
    result = CliRunner().invoke(main, ["--config", str(rig.config_file), *arguments, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def configure(rig: Rig) -> None:
    rig.formats = {"pnc": "pnc"}
    rig.write_config()
    text = rig.config_file.read_text()
    rig.config_file.write_text(text.replace('name = "pnc"\n', 'name = "pnc"\nquiet_after_minutes = 30\n', 1))


def looks(count: int, **how_long: float) -> list[str]:
    return [
        pnc_line(Lookup(ago(seconds=n, **how_long), "marwood", "vehicle", "AB12CDE", f"T{how_long}{n}", ""))
        for n in range(count)
    ]


def test_a_silent_source_is_told_in_metrics_log_and_an_alert_that_names_no_person(
    rig: Rig, start: Start
) -> None:
    configure(rig)
    rig.log("pnc", looks(100, hours=2))
    daemon = start(rig)
    wait_until(lambda: daemon.metric("gaps_open", kind="silent", source="pnc") == 1)
    assert daemon.metric("gaps_total", kind="silent", source="pnc") == 1
    wait_until(lambda: daemon.metric("findings", detector="source_silent", state="active") == 1)
    [alert] = answer(rig, "alerts", "list", "--detector", "source_silent")
    assert (alert["actor"], alert["staff_id"]) == ("source:pnc", None)
    assert "marwood" not in json.dumps(answer(rig, "alerts", "show", alert["alert_id"]))
    assert answer(rig, "status")["sources"][0]["warnings"] == ["silent"]
    assert [entry["source"] for entry in daemon.log("gap_noticed")] == ["pnc"]
    assert "marwood" not in daemon.log_file.read_text()


def test_lines_that_stop_matching_are_told_in_a_metric_in_the_log_and_in_status_within_a_minute(
    rig: Rig, start: Start
) -> None:
    configure(rig)
    rig.log("pnc", looks(100, minutes=5))
    daemon = start(rig)
    wait_until(lambda: daemon.metric("lines_total", source="pnc") == 101)
    written = time.monotonic()
    rig.log("pnc", ["nothing like it\n"] * 6)  # so few that only their lasting shows that they are no burst
    wait_until(lambda: daemon.metric("source_problem", reason="wrong_format", source="pnc") == 1)
    wait_until(lambda: daemon.metric("gaps_open", kind="wrong_format", source="pnc") == 1)
    wait_until(lambda: answer(rig, "status")["sources"][0]["warnings"] == ["wrong_format"])
    assert time.monotonic() - written < 60
    assert [entry["kind"] for entry in daemon.log("gap_noticed")] == ["wrong_format"]
    assert "wrong_format" in [entry["reason"] for entry in daemon.log("source_problem")]
    rig.log("pnc", looks(150, minutes=1))
    wait_until(lambda: answer(rig, "status")["sources"][0]["warnings"] == [])
    assert daemon.metric("source_problem", reason="wrong_format", source="pnc") == 0


def test_accounts_balance_at_any_moment_while_the_daemon_reads(rig: Rig, start: Start) -> None:
    configure(rig)
    daemon = start(rig)
    read = 0
    for part in range(1, 11):
        rig.log("pnc", [*looks(300, minutes=part), "odd\n", "\n"])
        accounts = answer(rig, "accounts")
        assert all(account["balances"] for account in accounts)
        assert sum(account["lines"] for account in accounts) >= read
        read = sum(account["lines"] for account in accounts)
    wait_until(lambda: sum(account["lines"] for account in answer(rig, "accounts")) == 1 + 10 * 302)
    [account] = answer(rig, "accounts", "--verify")
    assert (account["lines_on_disk"], account["bytes_waiting"]) == (1 + 10 * 302, 0)
    assert daemon.process.poll() is None


def test_the_time_between_two_runs_is_a_gap_of_every_source(rig: Rig, start: Start) -> None:
    configure(rig)
    rig.log("pnc", looks(10, minutes=1))
    first = start(rig)
    wait_until(lambda: first.metric("lines_total", source="pnc") == 11)
    first.send(signal.SIGTERM)
    assert first.process.wait(timeout=30) == 0
    second = start(rig)
    wait_until(lambda: second.metric("gaps_total", kind="down", source="all") == 1)
    [gap] = answer(rig, "gaps")["gaps"]
    assert (gap["kind"], gap["source"], gap["state"], gap["detail"]) == (
        "down",
        "all",
        "ended",
        {"asked": True},
    )
    second.kill()
    third = start(rig)
    wait_until(lambda: third.metric("gaps_total", kind="down", source="all") == 1)
    assert [gap["detail"]["asked"] for gap in answer(rig, "gaps")["gaps"]] == [True, False]
