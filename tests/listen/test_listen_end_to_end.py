"""From a sender's TLS connection to events whose account balances, through rotation, restarts and sweeping."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest
from certificates import Authority
from listening import Listening, counted, syslog, wait_until

HEADER = "txn_datetime,system,txn_code,user_id,subject_type,subject_key,txn_ref"


def look(number: int) -> str:
    return f"2026-03-03T14:{number // 60 % 60:02}:{number % 60:02},pnc,#VE,auser,vehicle,AB12 CDE,{number}"


@pytest.fixture
def listening(tmp_path: Path) -> Listening:
    authority = Authority(tmp_path / "authority", "ours")
    certificate, key = authority.sign("server")
    sender = authority.sign("sender")
    one = Listening(
        tmp_path,
        f"""
[[listeners]]
name = "soc"
bind = "127.0.0.1:0"
protocol = "tls"
certificate = "{certificate}"
key = "{key}"
client_ca = "{authority.file}"
routes = [{{ folder = "pnc", app_names = ["pnc"] }}]
""",
        f"""
[[sources]]
name = "pnc"
format = "pnc"
envelope = "syslog"
files = ["{tmp_path}/spool/*/pnc/*.log"]
[sources.options]
header = {json.dumps(HEADER.split(","))}
[http]
bind = "127.0.0.1:0"
[run]
settle_seconds = 0.2
""",
        limits="rotate_bytes = 100000\nkeep_hours = 0",
    )
    one.context = authority.trusting(sender)  # type: ignore[attr-defined]
    return one


def accounts(listening: Listening) -> list[dict[str, object]]:
    done = listening.command("accounts", "--json", "--verify")
    assert done.returncode == 0, done.stdout
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found


def total(listening: Listening, what: str) -> int:
    return sum(int(str(one[what])) for one in accounts(listening))


def send(listening: Listening, first: int, number: int) -> None:
    lines = [HEADER] if first == 0 else []
    lines += [look(one) for one in range(first, first + number)]
    data = b"".join(counted(syslog(line)) for line in lines)
    listening.send(data, context=listening.context)  # type: ignore[attr-defined]


def test_lines_sent_over_tls_are_events_with_their_whole_evidence(
    listening: Listening, tmp_path: Path
) -> None:
    with listening:
        send(listening, 0, 500)
        listening.send(counted(syslog("no record")) + b"900 <13>1", context=listening.context)  # type: ignore[attr-defined]
        listening.wait_for(502)
        assert listening.stop() == 0
    done = listening.command("run", "--once", "--json")
    assert json.loads(done.stdout)["events"] == 500, done.stderr
    found = accounts(listening)
    assert sum(int(str(one["event_lines"])) for one in found) == 500
    assert [one["balances"] for one in found] == [True] * len(found)
    events = pl.read_parquet(tmp_path / "archive/family=access/**/*.parquet").sort("log_offset")
    spool = b"".join(path.read_bytes() for path in listening.files("soc/pnc")).split(b"\n")
    assert set(events["event_original"]) <= set(spool)
    assert events["subject_key"].n_unique() == 1
    assert events["event_id"].n_unique() == 500


def test_the_daemon_reads_what_the_listener_takes_while_both_rotate_restart_and_are_killed(
    listening: Listening,
) -> None:
    daemon = [sys.executable, "-m", "auditd", "--config", str(listening.config_file), "run"]
    sent = 0
    for end in (signal.SIGKILL, signal.SIGTERM):
        with listening, running(daemon) as reading:
            send(listening, sent, 2000)
            sent += 2000
            wait_until(lambda sent=sent: len(listening.lines("soc/pnc")) == sent + 1)  # type: ignore[misc]
            wait_until(lambda sent=sent: total(listening, "events") > sent - 2000)  # type: ignore[misc]
            listening.process.send_signal(end)
            listening.process.wait(20)
            reading.send_signal(end)
            reading.wait(20)
    done = listening.command("run", "--once", "--json")
    assert done.returncode == 0, done.stderr
    assert len(listening.files("soc/pnc")) > 3
    assert (total(listening, "lines"), total(listening, "events")) == (sent + 1, sent)
    assert total(listening, "duplicates") == 0


def test_the_spool_is_swept_of_what_was_read_and_of_nothing_else(
    listening: Listening, tmp_path: Path
) -> None:
    with listening:
        for first in range(0, 4000, 500):
            send(listening, first, 500)
        listening.wait_for(4001)
        daemon = [sys.executable, "-m", "auditd", "--config", str(listening.config_file), "run"]
        assert len(listening.files("soc/pnc")) > 3
        with running(daemon) as reading:
            wait_until(lambda: "unread" not in standings(listening))
            reading.terminate()
            reading.wait(20)
        listening.send(counted(syslog("x", "nobody reads this")), context=listening.context)  # type: ignore[attr-defined]
        wait_until(lambda: listening.lines("soc/other"))
        would = json.loads(listening.command("spool", "sweep", "--dry-run", "--json").stdout)
        assert {row["standing"] for row in would} == {"read"}
        assert len(would) >= 3
        gone = json.loads(listening.command("spool", "sweep", "--json").stdout)
        assert gone == would
        assert listening.files("soc/pnc") in ([], [tmp_path / "spool/soc/pnc/current.log"])
        listed = listening.command("spool", "list").stdout
        assert "soc/other" in listed
        send(listening, 4000, 100)
        listening.wait_for(100, "soc/pnc")
    assert listening.command("run", "--once").returncode == 0
    assert total(listening, "events") == 4100


@contextmanager
def running(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def standings(listening: Listening) -> set[str]:
    return {row["standing"] for row in json.loads(listening.command("spool", "list", "--json").stdout)}
