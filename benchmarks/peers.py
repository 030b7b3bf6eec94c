"""The same call logs through what people use today: each only matches numbers; none keeps, explains, judges or accounts.

Tools that are not installed are left out. The ratio in the last column is ours (the whole job) to theirs.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from auditd.force.people import make_people
from benchmarks.backlog import run_once
from benchmarks.force import write_elsewhere

PYTHON_LOOP = """
import csv, sys
listed = set(open(sys.argv[1]).read().split())
hits = 0
with open(sys.argv[2], newline="") as file:
    rows = csv.reader(file)
    where = next(rows).index("finalCalledPartyNumber")
    next(rows)
    for row in rows:
        hits += row[where] in listed
print(hits)
"""


def main(runs: int, lines: int) -> None:
    """Print one line a tool, ours first."""
    with tempfile.TemporaryDirectory(prefix="access-auditd-bench-") as folder:
        root = Path(folder)
        written = write_elsewhere(root, pnc=0, exchange=0, cucm=lines)
        total = written.lines["cucm"]
        log = next((root / "logs" / "cucm").iterdir())
        numbers = root / "numbers.txt"
        numbers.write_text("".join(f"{spelling}\n" for spelling in _spellings()))
        ours = median(total / run_once(root).seconds for _ in range(runs))
        print(f"\n{'calls against listed numbers':<44} {'lines/s':>12} {'ours is':>10}")
        print(f"{'access-auditd, whole job':<44} {ours:>12,.0f} {'':>10}")
        for name, command in _peers(numbers, log):
            theirs = median(total / _seconds(command) for _ in range(runs))
            print(f"{name:<44} {theirs:>12,.0f} {ours / theirs:>9.2f}x", flush=True)


def _spellings() -> list[str]:
    """Return every listed number in the spellings an exchange writes."""
    numbers = [journalist.phone for journalist in make_people(1, 400).journalists]
    return [
        prefix + number.removeprefix("+44") for number in numbers for prefix in ("0", "90", "+44", "0044")
    ]


def _peers(numbers: Path, log: Path) -> list[tuple[str, list[str]]]:
    listed = [
        ("wc -l", ["wc", "-l", str(log)]),
        ("grep -F", ["grep", "-c", "-F", "-f", str(numbers), str(log)]),
        ("ripgrep -F", ["rg", "-c", "-F", "-f", str(numbers), str(log)]),
        ("Python csv and set, match only", [sys.executable, "-c", PYTHON_LOOP, str(numbers), str(log)]),
    ]
    return [(name, command) for name, command in listed if shutil.which(command[0])]


def _seconds(command: Sequence[str]) -> float:
    began = time.monotonic()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    return time.monotonic() - began
