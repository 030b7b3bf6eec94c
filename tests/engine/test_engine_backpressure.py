"""Backlogs: memory that does not grow with them, sources that take turns, a database that is away for a while."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from engine_rig import HEADERS, NOON, Rig, at, small_rig
from sqlalchemy.engine import URL

from auditd.demo.formats import Lookup, Mail, exchange_lines, pnc_line
from auditd.engine.daemon import Daemon
from auditd.engine.reports import Reports
from auditd.telemetry.metrics import Metrics

END = at(days=3)
BEFORE = "2026-03-01T00:00Z"
MB = 1 << 20


# ---- memory


def block_of_lines(count: int = 10_000) -> bytes:
    """Look-ups whose references hold REFTAG, to be replaced: so the same block is other records every time."""
    lines = (
        pnc_line(Lookup(at(seconds=2 * n), f"user{n % 50}", "vehicle", f"AB{n:05}", f"REFTAG-{n}", ""))
        for n in range(count)
    )
    return "".join(lines).encode()


def backlog(rig: Rig, files: int, megabytes: int) -> int:
    """Write so many log files of so many megabytes, a day each ten thousand records, no two alike; return the number of records."""
    block, records = block_of_lines(), 0
    for number in range(files):
        with (rig.root / "logs" / "pnc" / f"pnc{number:04}.csv").open("wb") as log:
            log.write(HEADERS["pnc"].encode())
            while log.tell() < megabytes * MB:
                day = (NOON + timedelta(days=records // 10_000)).strftime("%Y-%m-%d").encode()
                log.write(
                    block.replace(b"REFTAG", b"%d-%d" % (number, log.tell())).replace(b"2026-03-03", day)
                )
                records += block.count(b"\n")
    return records


def peak_megabytes(rig: Rig) -> float:
    """Read everything there is in a process of its own; return the most memory it ever held."""
    command = [
        sys.executable,
        "-m",
        "auditd",
        "--config",
        str(rig.config_file),
        "run",
        "--once",
        "--as-of",
        BEFORE,
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0
    return usage.ru_maxrss / 1024


def test_memory_does_not_grow_with_the_backlog(tmp_path: Path) -> None:
    peaks = []
    for name, files in (("little", 2), ("much", 6)):
        rig = small_rig(tmp_path / name, block_bytes=2 * MB)
        records = backlog(rig, files, megabytes=6)
        peaks.append(peak_megabytes(rig))
        assert sum(account.tally.events for account in rig.accounts()) == records
        rig.close()
    assert peaks[1] - peaks[0] < 100, peaks


@pytest.mark.soak
def test_ten_gigabytes_of_backlog_are_read_in_bounded_memory(tmp_path: Path) -> None:
    if shutil.disk_usage(tmp_path).free < 25 << 30:
        pytest.skip("needs 25 GB of disk")
    rig = small_rig(tmp_path, block_bytes=2 * MB)
    records = backlog(rig, 100, megabytes=103)
    assert peak_megabytes(rig) < 1024
    accounts = rig.accounts()
    assert sum(account.tally.events for account in accounts) == records
    assert all(account.tally.balances for account in accounts)
    rig.close()
    shutil.rmtree(tmp_path)


# ---- fairness


def test_a_source_with_a_backlog_keeps_no_other_waiting(rig: Rig) -> None:
    """What came to the others is committed with the first step, however much lies in the one."""
    backlog(rig, 4, megabytes=12)
    mail = Mail(at(), "a@x.example", ("b@y.example",), "m1", "x", ours=False)
    rig.log("exchange", exchange_lines(mail))
    with rig.machine() as machine:
        machine.tailer.reconcile()
        step = machine.ingest.step(8 * MB, END)
    assert set(step.sources) == {"pnc", "exchange"}
    behind = {account.source: account.tally.lines for account in rig.accounts()}
    assert behind["exchange"] == HEADERS["exchange"].count("\n") + len(exchange_lines(mail))


# ---- a database that is away


class Gate:
    """A way to a server that can be shut: connections are cut, new ones refused."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._open = True
        self._connections: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def shut(self) -> None:
        self._open = False
        for connection in self._connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self._connections.clear()

    def open(self) -> None:
        self._open = True

    def close(self) -> None:
        self.shut()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                inner, _ = self._listener.accept()
            except OSError:
                return
            if not self._open:
                inner.close()
                continue
            outer = socket.create_connection(self._server)
            self._connections += [inner, outer]
            for source, target in ((inner, outer), (outer, inner)):
                threading.Thread(target=self._pump, args=(source, target), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(1 << 16):
                target.sendall(data)
        except OSError:
            pass
        for one in (source, target):
            one.close()


@pytest.fixture
def gate(postgres_server: URL) -> Iterator[Gate]:
    made = Gate(postgres_server.host or "127.0.0.1", postgres_server.port or 5432)
    yield made
    made.close()


@pytest.mark.case("T29", "T40")
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_t29_a_database_that_is_away_through_a_hundred_rotations(
    gate: Gate, database_url: URL, tmp_path: Path
) -> None:
    """Reading waits, descriptors stay few, nothing is lost or doubled, and it goes on by itself."""
    through = database_url.set(host="127.0.0.1", port=gate.port).render_as_string(hide_password=False)
    rig = Rig(tmp_path, database=through, settle_seconds=0)
    written = 0

    def write(count: int) -> Path:
        nonlocal written
        lines = [
            pnc_line(Lookup(at(seconds=n), "auser", "vehicle", "AB12CDE", f"T{n}", ""))
            for n in range(written, written + count)
        ]
        written += count
        return rig.log("pnc", lines)

    log = write(50)
    with rig.machine() as machine:
        reports = Reports(Metrics())
        daemon = Daemon(machine, reports, clock=lambda: END)
        daemon.turn()
        held = len(list(Path("/proc/self/fd").iterdir()))
        gate.shut()
        for step in range(100):
            write(20)
            log.rename(log.with_name(f"pnc1.csv.{step:03}"))
            if step % 20:
                continue
            daemon._reconcile.last = float("-inf")
            daemon.turn()
            assert reports.store_trouble
        assert len(list(Path("/proc/self/fd").iterdir())) - held < 256
        write(20)
        gate.open()
        for _ in range(10):
            daemon._reconcile.last = float("-inf")
            daemon.turn()
        assert reports.store_trouble == ""
    accounts = rig.accounts()
    assert sum(account.tally.events for account in accounts) == written == len(rig.standing().events)
    assert all(account.tally.balances and not account.tally.lost_bytes for account in accounts)
    assert sum(account.tally.duplicates for account in accounts) == 0
    rig.close()
