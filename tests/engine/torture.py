"""Two logs written at a steady rate while they are rotated by renaming, copied and truncated, and compressed, and while the
daemon that reads them is killed and started again. Every line has a reference of its own.

It must never destroy a line that nobody could have read: copies are whole before their original is truncated.
"""

from __future__ import annotations

import os
import random
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from daemon_process import DaemonProcess, ago, wait_until
from engine_rig import HEADERS, Rig
from squeezing import SQUEEZERS, squeeze

from auditd.archive.archive import Archive
from auditd.demo.formats import Lookup, pnc_line

TICK_SECONDS = 0.02
PATIENCE_SECONDS = 60.0
PLACEHOLDER = "REFERENCE"


@dataclass(slots=True)
class Log:
    """One log and its rotations; `keep` newer copies are left uncompressed."""

    path: Path
    rng: random.Random
    copies: bool
    keep: int
    rotations: int = 0
    compressed: int = 0
    plain: list[Path] = field(default_factory=list)

    def write(self, lines: bytes) -> None:
        fresh = not self.path.exists() or not self.path.stat().st_size
        with self.path.open("ab") as file:
            file.write((HEADERS["pnc"].encode() if fresh else b"") + lines)

    def rotate(self) -> None:
        """Rename the log, or copy and truncate it; then compress what is old enough."""
        if not self.path.exists():
            return
        self.rotations += 1
        away = self.path.with_name(f"{self.path.name}-{20_000_000 + self.rotations}")
        if self.copies:
            away.write_bytes(self.path.read_bytes())
            os.truncate(self.path, 0)
        else:
            self.path.rename(away)
        self.plain.append(away)
        while len(self.plain) > self.keep:
            squeeze(self.plain.pop(0), self.rng.choice(sorted(SQUEEZERS)))
            self.compressed += 1


class Torture:
    """Writes, rotates, kills; then tells what became of the lines. Call `run` once."""

    def __init__(self, root: Path, *, seed: int, lines_per_second: int, database: str = "") -> None:
        self.rng = random.Random(seed)
        self.rig = Rig(
            root,
            database=database,
            settle_seconds=1.0,
            formats={"renamed": "pnc", "copied": "pnc"},
            patterns={"renamed": "app.log*", "copied": "app.log"},
        )
        self.rate = lines_per_second
        self.kills = 0
        self.written: dict[str, int] = {"renamed": 0, "copied": 0}
        self.logs = {
            name: Log(root / "logs" / name / "app.log", self.rng, copies=name == "copied", keep=keep)
            for name, keep in (("renamed", 0), ("copied", 1))
        }
        start = ago(hours=2)  # too young to be judged: this is about reading
        self._template = [
            pnc_line(
                Lookup(start + timedelta(seconds=n), "auser", "vehicle", "AB12CDE", PLACEHOLDER, "")
            ).encode()
            for n in range(1000)
        ]

    def run(self, seconds: float) -> None:
        """Do it for so long; at the end a daemon reads what is left and stops."""
        self._write(1)
        daemon = DaemonProcess(self.rig.config_file)
        try:
            wait_until(lambda: self._events() == 2)  # what was rotated before the first start is history
            began = time.monotonic()
            due_kill, due_rotation = began + 1.0, dict.fromkeys(self.logs, began + 0.5)
            written = 0
            while (now := time.monotonic()) - began < seconds:
                owed = int((now - began) * self.rate / 2) - written
                self._write(owed)
                written += owed
                for name, due in due_rotation.items():
                    if now >= due:
                        self.logs[name].rotate()
                        due_rotation[name] = now + self.rng.uniform(0.05, 2.0)
                if now >= due_kill:
                    daemon.kill()
                    self.kills += 1
                    daemon = DaemonProcess(self.rig.config_file)
                    due_kill = now + self.rng.uniform(0.3, 4.0)
                time.sleep(TICK_SECONDS)
            self._finish(daemon.started())
        finally:
            daemon.kill()

    def _write(self, count: int) -> None:
        """Write so many lines to each log."""
        for name, log in self.logs.items():
            first = self.written[name]
            log.write(
                b"".join(
                    self._template[n % 1000].replace(PLACEHOLDER.encode(), b"%s-%d" % (name.encode(), n))
                    for n in range(first, first + count)
                )
            )
            self.written[name] = first + count

    def _finish(self, daemon: DaemonProcess) -> None:
        """Let it read on as long as it gets anywhere."""
        total, events, since = sum(self.written.values()), -1, time.monotonic()
        while events < total and time.monotonic() - since < PATIENCE_SECONDS:
            if (now := self._events()) > events:
                events, since = now, time.monotonic()
        time.sleep(2 * self.rig.settle_seconds)  # whatever would be read twice is read by then
        assert daemon.stop() == 0

    def _events(self) -> int:
        time.sleep(0.3)
        return sum(account.tally.events for account in self.rig.accounts())

    def check(self) -> None:
        """Nothing is lost, nothing doubled, every account balances."""
        found = Archive(self.rig.root / "archive", self.rig.engine).scan("access")
        refs = found.select("pnc_txn_ref").collect()["pnc_txn_ref"]
        expected = {f"{name}-{n}" for name, count in self.written.items() for n in range(count)}
        missing = expected - set(refs)
        assert not missing, f"{len(missing)} lost: {sorted(missing)[:3]}"
        assert refs.len() == len(expected), f"{refs.len() - len(expected)} doubled"
        tallies = [account.tally for account in self.rig.accounts()]
        assert all(tally.balances for tally in tallies)
        assert sum(tally.lost_bytes for tally in tallies) == 0
        assert sum(sum(tally.rejects.values()) for tally in tallies) == 0
        assert sum(tally.events for tally in tallies) == len(expected)
        renamed = [account.tally for account in self.rig.accounts() if account.source == "renamed"]
        assert sum(tally.duplicates for tally in renamed) == 0

    def report(self) -> str:
        """Say what was done."""
        done = {name: (log.rotations, log.compressed) for name, log in self.logs.items()}
        again = sum(account.tally.duplicates for account in self.rig.accounts())
        return f"{self.written} lines, {self.kills} kills, (rotations, compressed) {done}, {again} read twice and folded"
