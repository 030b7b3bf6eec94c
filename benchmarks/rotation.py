"""Rotation: the same lines read live by the real daemon, from one growing log and from one that is rotated and compressed.

Both in one run, in turns; the ratio is what counts. Lines are written as fast as they are read, a few megabytes ahead.
"""

from __future__ import annotations

import gzip
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Final

from auditd.demo.formats import PNC_COLUMNS, Lookup, csv_line, pnc_line
from benchmarks.backlog import authorise
from benchmarks.force import write_config

BLOCK_LINES: Final = 5_000
ROTATE_LINES: Final = 50_000
AHEAD_LINES: Final = 50_000
POLL_SECONDS: Final = 0.02
PLACEHOLDER: Final = b"REFERENCE"


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading: lines a second of the clock, and of the daemon's CPU."""

    per_second: float
    per_cpu_second: float


class Log:
    """A log that is written block by block; rotated by renaming, the copy before the last compressed."""

    def __init__(self, path: Path, *, rotates: bool) -> None:
        self._path = path
        self._rotates = rotates
        self._copies: list[Path] = []
        self._since_rotation = 0
        self.lines = 0
        began = datetime.now(UTC) - timedelta(hours=2)
        self._block = "".join(
            pnc_line(
                Lookup(
                    began + timedelta(milliseconds=n),
                    f"user{n % 50}",
                    "vehicle",
                    f"AB{n:05}",
                    f"REFERENCE-{n}",
                    "",
                )
            )
            for n in range(BLOCK_LINES)
        ).encode()
        self._header = csv_line(PNC_COLUMNS).encode()

    def write(self) -> None:
        """Write a block, no two alike; rotate first when it is time."""
        if self._rotates and self._since_rotation >= ROTATE_LINES:
            self._rotate()
        with self._path.open("ab") as log:
            if not log.tell():
                log.write(self._header)
                self.lines += 1
            log.write(self._block.replace(PLACEHOLDER, b"R%d" % self.lines))
        self.lines += BLOCK_LINES
        self._since_rotation += BLOCK_LINES

    def _rotate(self) -> None:
        self._since_rotation = 0
        away = self._path.with_name(f"{self._path.name}-{20_000_000 + self.lines}")
        self._path.rename(away)
        self._copies.append(away)
        if len(self._copies) > 1:
            plain = self._copies.pop(0)
            status = plain.stat()
            packed = plain.with_name(f"{plain.name}.gz")
            packed.write_bytes(gzip.compress(plain.read_bytes(), 1))
            os.utime(packed, ns=(status.st_atime_ns, status.st_mtime_ns))
            plain.unlink()


def read_live(lines: int, *, rotates: bool) -> Reading:
    """Have a daemon read so many lines while they are written."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        config_file = write_config(root)
        authorise(config_file)
        (root / "logs" / "pnc").mkdir(parents=True, exist_ok=True)
        log = Log(root / "logs" / "pnc" / "pnc.log", rotates=rotates)
        log.write()
        process = subprocess.Popen(
            [sys.executable, "-m", "auditd", "--config", str(config_file), "run"], stderr=subprocess.DEVNULL
        )
        try:
            _wait_for(root, log.lines)
            first, began, cpu_before = log.lines, time.monotonic(), _cpu_seconds(process.pid)
            while log.lines < first + lines:
                log.write()
                _wait_for(root, log.lines - AHEAD_LINES)
            _wait_for(root, log.lines)
            seconds, cpu = time.monotonic() - began, _cpu_seconds(process.pid) - cpu_before
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()
        return Reading((log.lines - first) / seconds, (log.lines - first) / cpu)


def _wait_for(root: Path, lines: int) -> None:
    while _lines_read(root) < lines:
        time.sleep(POLL_SECONDS)


def _lines_read(root: Path) -> int:
    database = sqlite3.connect(f"file:{root / 'state.db'}?mode=ro", uri=True)
    try:
        return int(database.execute("SELECT coalesce(sum(lines), 0) FROM files").fetchone()[0])
    finally:
        database.close()


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(runs: int, lines: int) -> None:
    """Read in turns without and with rotation, and print the median of each and their ratio."""
    found = [(read_live(lines, rotates=False), read_live(lines, rotates=True)) for _ in range(runs)]
    still, rotated = zip(*found, strict=True)
    for name, readings in (("one growing log", still), (f"rotated every {ROTATE_LINES:,} lines", rotated)):
        print(
            f"  {name:<32} {median(one.per_second for one in readings):>9,.0f} lines/s "
            f"{median(one.per_cpu_second for one in readings):>9,.0f} lines per CPU second"
        )
    print(
        f"  with rotation / without: {median(b.per_second / a.per_second for a, b in found):.2f} by the clock, "
        f"{median(b.per_cpu_second / a.per_cpu_second for a, b in found):.2f} by CPU"
    )
