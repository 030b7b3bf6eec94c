"""Backlog: a million mixed lines through `run --once` - tail, parse, archive, judge, alert - in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from alerts.authority import grant
from auditd.config import load
from auditd.database import open_database
from auditd.migrations import upgrade
from benchmarks.force import BEGIN, Written, write_config, write_elsewhere


@dataclass(frozen=True, slots=True)
class Run:
    """One run: seconds on the clock, CPU seconds, peak memory in bytes, findings."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    findings: int


def authorise(config_file: Path) -> None:
    """Grant the list detectors the whole period."""
    engine = open_database(load(config_file).storage.database)
    upgrade(engine)
    now = datetime.now(UTC)
    with engine.begin() as conn:
        grant(
            conn,
            purpose="integrity_security",
            reason="benchmark on invented data",
            detectors=("media_contact", "lookup_then_contact"),
            events_from=BEGIN - timedelta(days=1),
            events_to=now + timedelta(days=1),
            granted_by="benchmark",
            granted_at=now,
            expires_at=now + timedelta(days=1),
            review_by=now.date(),
        )
    engine.dispose()


def run_once(root: Path) -> Run:
    """Run the real command over fresh state; the process's own accounting gives CPU and memory."""
    for old in (*root.glob("state.db*"), *root.glob("archive/**/*.parquet")):
        old.unlink()
    config_file = write_config(root)
    authorise(config_file)
    command = [sys.executable, "-m", "auditd", "--config", str(config_file), "run", "--once", "--json"]
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    if status:
        raise SystemExit(f"run --once failed with status {status}")
    report = json.loads(out)
    return Run(
        seconds=seconds,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_bytes=usage.ru_maxrss * 1024,
        findings=sum(detector["added"] for detector in report["detectors"].values()),
    )


def measure(
    name: str, *, runs: int, pnc: int = 0, exchange: int = 0, cucm: int = 0, malformed_every: int = 0
) -> Run:
    """Write the logs once, run several times; print and return the median run by the clock."""
    with tempfile.TemporaryDirectory(prefix="access-auditd-bench-") as folder:
        root = Path(folder)
        written: Written = write_elsewhere(
            root, pnc=pnc, exchange=exchange, cucm=cucm, malformed_every=malformed_every
        )
        results = [run_once(root) for _ in range(runs)]
    middle = sorted(results, key=lambda run: run.seconds)[len(results) // 2]
    rates = [written.total / run.seconds for run in results]
    print(
        f"{name:<34} {written.total:>10,} {written.bytes / 1e6:>7.0f} MB "
        f"{median(rates):>10,.0f} {min(rates):>10,.0f} {max(rates):>10,.0f} "
        f"{written.total / middle.cpu_seconds:>12,.0f} {middle.peak_bytes / 1e6:>8.0f} MB {middle.findings:>8}",
        flush=True,
    )
    return middle


def main(runs: int, lines: int) -> None:
    """Print the table."""
    print(
        f"{'backlog, whole process':<34} {'lines':>10} {'size':>10} {'lines/s':>10} {'min':>10} {'max':>10} "
        f"{'lines/CPU s':>12} {'peak':>11} {'findings':>8}"
    )
    mixed = {"pnc": lines // 2, "exchange": lines * 3 // 10, "cucm": lines // 5}
    measure("mixed, 50% PNC 30% mail 20% calls", runs=runs, **mixed)
    measure("mixed, 1 in 1,500 malformed", runs=runs, malformed_every=1_500, **mixed)
    measure("PNC", runs=runs, pnc=lines)
    measure("Exchange", runs=runs, exchange=lines // 2)
    measure("CUCM", runs=runs, cucm=lines // 2)
