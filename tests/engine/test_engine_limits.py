"""Where the machine ends: lines too long for memory, and a disk that is full."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engine_rig import HEADERS, Rig, at, small_rig
from structlog.testing import capture_logs

from auditd.demo.formats import Lookup, pnc_line
from auditd.engine.daemon import Daemon
from auditd.engine.machine import Machine
from auditd.engine.reports import Reports
from auditd.telemetry.metrics import Metrics

END = at(days=3)
LONG = 100 << 20
DISK_BYTES = 4 << 20


def looks(first: int, count: int) -> list[str]:
    """Look-ups, each with a text of its own that does not compress away."""
    return [
        pnc_line(Lookup(at(seconds=n), "auser", "vehicle", "AB12CDE", f"T{n}-{os.urandom(40).hex()}", ""))
        for n in range(first, first + count)
    ]


# ---- a line of 100 MB


def peak_megabytes_of_one_pass(rig: Rig) -> float:
    command = [sys.executable, "-m", "auditd", "--config", str(rig.config_file), "run", "--once", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0
    return usage.ru_maxrss / 1024


@pytest.mark.case("T15")
def test_a_line_of_100_megabytes_loses_only_itself_and_is_never_held_in_memory(tmp_path: Path) -> None:
    plain, rig = small_rig(tmp_path / "plain"), small_rig(tmp_path / "long")
    for one in (plain, rig):
        one.log("pnc", looks(0, 3))
        one.log("cucm", [])
    with (rig.root / "logs" / "pnc" / "pnc1.csv").open("a") as out:
        for _ in range(LONG >> 20):
            out.write("x" * (1 << 20))
        out.write("\n" + "".join(looks(3, 2)))
    usual = peak_megabytes_of_one_pass(plain)
    assert peak_megabytes_of_one_pass(rig) < usual + 50
    assert len(rig.standing().events) == 5
    [account] = [account for account in rig.accounts() if account.source == "pnc"]
    assert account.tally.balances
    assert (account.tally.lines, dict(account.tally.rejects)) == (7, {"too_long": 1})
    rig.close()


# ---- a full disk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes, as a folder."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=0777", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if done.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


class Turning:
    """The daemon, turned by hand, with what it says."""

    def __init__(self, machine: Machine) -> None:
        self.metrics = Metrics()
        self.reports = Reports(self.metrics)
        self._daemon = Daemon(machine, self.reports, clock=lambda: END)
        self.said: list[Any] = []

    def turn(self, times: int = 1) -> list[str]:
        """Turn, without waiting for what is due later; return the events logged."""
        with capture_logs() as logs:
            for _ in range(times):
                self._daemon._reconcile.last = self._daemon._housekeeping.last = float("-inf")
                self._daemon.turn()
        self.said += logs
        return [entry["event"] for entry in logs if entry["log_level"] in ("warning", "error")]

    def failures(self) -> float:
        return (
            self.metrics.registry.get_sample_value(
                "access_auditd_commit_failures_total", {"reason": "disk_full"}
            )
            or 0.0
        )


def fill(folder: Path) -> Path:
    """Leave no room on a disk; return the file that takes it."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as out:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while out.write(b"\0" * size) == size:
                    pass
            except OSError:
                continue
    return ballast


def everything(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.mark.case("T30")
def test_a_full_disk_under_the_archive_stops_reading_until_there_is_room(
    small_disk: Path, tmp_path: Path
) -> None:
    rig = small_rig(tmp_path / "rig")
    rig.config_file.write_text(rig.config_file.read_text().replace('"archive"', f'"{small_disk}/archive"'))
    rig.log("pnc", looks(0, 50))
    with rig.machine() as machine:
        daemon = Turning(machine)
        daemon.turn()
        assert daemon.reports.ready
        ballast = fill(small_disk)
        before = everything(small_disk)
        rig.log("pnc", looks(50, 2000))
        assert daemon.turn(3).count("commit_failed") == 1
        assert "free space" in daemon.said[-1]["hint"]
        assert (daemon.reports.store_trouble, daemon.failures()) == ("disk_full", 3)
        assert everything(small_disk) == before
        [account] = rig.accounts()
        assert account.tally.lines == 51
        ballast.unlink()
        daemon.turn()
        assert daemon.reports.store_trouble == ""
        assert any(entry["event"] == "store_recovered" for entry in daemon.said)
    [account] = rig.accounts()
    assert (account.tally.lines, account.tally.events, account.tally.balances) == (2051, 2050, True)
    rig.close()


@pytest.mark.case("T30")
def test_a_full_disk_stops_merging_and_nothing_else(small_disk: Path, tmp_path: Path) -> None:
    """Merging writes before it frees: a disk with room for the next lines may have none for a merge."""
    rig = small_rig(tmp_path / "rig")
    rig.config_file.write_text(rig.config_file.read_text().replace('"archive"', f'"{small_disk}/archive"'))
    with rig.machine() as machine:
        for first in range(0, 16 * 300, 300):
            rig.log("pnc", looks(first, 300))
            machine.tailer.reconcile()
            machine.ingest.step(1 << 20, END)
        ballast = fill(small_disk)
        daemon = Turning(machine)
        before = everything(small_disk)
        daemon.turn(2)
        assert daemon.reports.store_trouble == "disk_full"
        assert everything(small_disk) == before
        ballast.unlink()
        daemon.turn()
        assert daemon.reports.store_trouble == ""
        assert len(machine.archive.segments("access")) == 1
    assert len(rig.found("unlinked_lookup")) == 16 * 300
    rig.close()


@pytest.mark.case("T30")
def test_a_full_disk_under_the_database_stops_reading_until_there_is_room(
    small_disk: Path, tmp_path: Path
) -> None:
    rig = small_rig(small_disk / "rig")
    rig.config_file.write_text(rig.config_file.read_text().replace('"archive"', f'"{tmp_path}/archive"'))
    log = tmp_path / "pnc1.csv"
    rig.config_file.write_text(rig.config_file.read_text().replace("logs/pnc/pnc*.csv", str(log)))
    log.write_text(HEADERS["pnc"])
    with rig.machine() as machine:
        daemon = Turning(machine)
        daemon.turn()
        ballast = fill(small_disk)
        with log.open("a") as out:
            out.writelines(looks(0, 500))
        daemon.turn(3)
        assert daemon.reports.store_trouble == "disk_full"
        ballast.unlink()
        daemon.turn(2)
        assert daemon.reports.store_trouble == ""
    assert len(rig.found("unlinked_lookup")) == 500
    [account] = rig.accounts()
    assert (account.tally.events, account.tally.duplicates, account.tally.balances) == (500, 0, True)
    assert everything(tmp_path / "archive") != []
    rig.close()
