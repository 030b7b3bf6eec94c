"""Live latency: from a line being written to its alert being visible in the database, at steady rates, with the real daemon."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

from auditd.force.feeds import FeedFiles
from auditd.force.happenings import Call, Mail
from auditd.force.lines.cucm import cucm_header, cucm_line
from auditd.force.lines.exchange import exchange_header, exchange_lines
from auditd.force.lines.pnc import pnc_header, pnc_line
from auditd.force.names import DOMAIN
from auditd.force.people import make_people
from auditd.force.steady import Steady
from benchmarks.backlog import authorise
from benchmarks.force import write_config

BATCH_SECONDS: Final = 0.01
PLANT_SECONDS: Final = 0.2
WARM_UP_SECONDS: Final = 4.0
LEAD_SECONDS: Final = 6.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines due at one moment, by log; `planted` is the message id of a plant among them."""

    due: float
    lines: dict[str, str]
    planted: str


class Load:
    """Pre-made lines, written when they are due."""

    def __init__(self, root: Path, *, rate: int, seconds: float) -> None:
        self._root = root
        self.people = make_people(1, 400)
        self._story = Steady(self.people, random.Random(2), datetime.now(UTC))
        self._rate = rate
        self._seconds = seconds
        self.written_at: dict[str, float] = {}
        self.lines = 0

    def prepare(self) -> None:
        """Drop the feeds, begin the logs."""
        feeds = FeedFiles(self._root / "feeds")
        feeds.drop_standing(self.people)
        feeds.drop_incidents(self._story.incidents)
        self._files: dict[str, IO[str]] = {}
        for name, path, header in (
            ("pnc", "pnc/pnc.log", pnc_header()),
            ("exchange", "exchange/MSGTRK2026030200-1.LOG", exchange_header(datetime.now(UTC))),
            ("cucm", "cucm/cdr_NorthmereCluster_01_202603020000_1", cucm_header()),
        ):
            file = self._root / "logs" / path
            file.parent.mkdir(parents=True)
            self._files[name] = file.open("a", encoding="utf-8")
            self._files[name].write(header)
            self._files[name].flush()

    def make(self, start: float) -> list[Batch]:
        """Return the batches of the whole run, the first due at `start` (seconds since the epoch)."""
        per_batch = self._rate * BATCH_SECONDS
        batches, owed, next_plant = [], 0.0, 0.0
        for number in range(int(self._seconds / BATCH_SECONDS)):
            due = start + number * BATCH_SECONDS
            at = datetime.fromtimestamp(due, UTC)
            owed += per_batch
            count, owed = int(owed), owed % 1
            texts = self._background(at, count)
            planted = ""
            if number * BATCH_SECONDS >= next_plant:
                next_plant += PLANT_SECONDS
                mail = self._plant(at, number)
                planted = mail.message_id
                texts["exchange"] += "".join(exchange_lines(mail)[-1:])
            batches.append(Batch(due, texts, planted))
        return batches

    def write(self, batches: list[Batch]) -> None:
        """Write every batch when it is due."""
        for batch in batches:
            time.sleep(max(0.0, batch.due - time.time()))
            for name, text in batch.lines.items():
                if text:
                    self._files[name].write(text)
                    self._files[name].flush()
                    self.lines += text.count("\n")
            if batch.planted:
                self.written_at[batch.planted] = time.time()

    def _background(self, at: datetime, count: int) -> dict[str, str]:
        texts = {"pnc": [], "exchange": [], "cucm": []}  # type: dict[str, list[str]]
        left = count
        while left > 0:
            turn = left % 10
            if turn < 6:
                texts["pnc"].append(pnc_line(self._story.explained(at)))
            elif turn < 8:
                texts["exchange"] += exchange_lines(self._story.mail(at))
                left -= 2
            else:
                texts["cucm"].append(cucm_line(self._call(at)))
            left -= 1
        return {name: "".join(lines) for name, lines in texts.items()}

    def _call(self, at: datetime) -> Call:
        return self._story.call(at)

    def _plant(self, at: datetime, number: int) -> Mail:
        sender = self.people.staff[number % len(self.people.staff)]
        journalist = self.people.journalists[number % len(self.people.journalists)]
        return Mail(
            at=at,
            sender=sender.email,
            recipients=(journalist.email,),
            message_id=f"plant{number}@mail01.{DOMAIN}",
            subject="x",
            ours=True,
        )


def watch(database: Path, expected: set[str], seen: dict[str, float], stop: threading.Event) -> None:
    """Note when each plant's finding becomes visible to another connection."""
    conn = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    last = -1
    query = "SELECT rowid, key FROM findings WHERE detector = 'media_contact' AND rowid > ?"
    while not stop.is_set() and len(seen) < len(expected):
        for rowid, key in conn.execute(query, (last,)).fetchall():
            last = max(last, rowid)
            for plant in expected:
                if plant in key and plant not in seen:
                    seen[plant] = time.time()
        time.sleep(0.002)


def measure(rate: int, *, seconds: float = 20.0) -> None:
    """Run the daemon at `rate` lines a second; print the latency percentiles and its share of a core."""
    with tempfile.TemporaryDirectory(prefix="access-auditd-bench-") as folder:
        root = Path(folder)
        load = Load(root, rate=rate, seconds=seconds)
        load.prepare()
        config_file = write_config(root, port=0)
        authorise(config_file)
        batches = load.make(time.time() + LEAD_SECONDS + rate * seconds / 25_000)
        daemon = subprocess.Popen([sys.executable, "-m", "auditd", "--config", str(config_file), "run"])
        time.sleep(max(0.0, batches[0].due - time.time() - 0.5))
        used = _cpu_seconds(daemon.pid)
        seen: dict[str, float] = {}
        stop = threading.Event()
        plants = {batch.planted for batch in batches if batch.planted}
        watcher = threading.Thread(target=watch, args=(root / "state.db", plants, seen, stop))
        watcher.start()
        load.write(batches)
        used = _cpu_seconds(daemon.pid) - used
        watcher.join(timeout=5)
        stop.set()
        watcher.join()
        daemon.send_signal(signal.SIGTERM)
        _, _, usage = os.wait4(daemon.pid, 0)
    _report(rate, load, batches[0].due, seen, used / seconds, usage.ru_maxrss * 1024)


def _report(
    rate: int, load: Load, start: float, seen: dict[str, float], cores: float, peak_bytes: int
) -> None:
    counted = {p: at for p, at in load.written_at.items() if at >= start + WARM_UP_SECONDS}
    delays = sorted(seen[plant] - at for plant, at in counted.items() if plant in seen)
    if not delays:
        raise SystemExit(f"at {rate} lines/s no alert became visible")
    missing = len(counted) - len(delays)
    p50, p99 = (delays[min(len(delays) - 1, int(len(delays) * share))] for share in (0.50, 0.99))
    print(
        f"live at {rate:>6,} lines/s {len(delays):>6} alerts, {missing} unseen   "
        f"p50 {p50 * 1000:>5.0f} ms   p99 {p99 * 1000:>5.0f} ms   max {delays[-1] * 1000:>5.0f} ms   "
        f"{cores * 100:>4.0f}% of a core   peak {peak_bytes / 1e6:.0f} MB",
        flush=True,
    )


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(rates: tuple[int, ...] = (1_000, 10_000)) -> None:
    """Print one line a rate."""
    for rate in rates:
        measure(rate)
