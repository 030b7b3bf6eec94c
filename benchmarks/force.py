"""Logs and feeds of the invented force at benchmark size, written once a run from a seed."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from auditd.force.feeds import FeedFiles
from auditd.force.happenings import Call, Happening, Lookup, Mail
from auditd.force.lines.cucm import cucm_header, cucm_line
from auditd.force.lines.exchange import exchange_header, exchange_lines
from auditd.force.lines.pnc import pnc_header, pnc_line
from auditd.force.logs import USUAL
from auditd.force.people import make_people
from auditd.force.settings import configuration
from auditd.force.steady import Steady

DAYS: Final = 7
BEGIN: Final = datetime(2026, 3, 2, tzinfo=UTC)
PLANT_EVERY: Final = 5_000
FEEDS: Final = (
    "staff", "identifiers", "incidents", "incident_subjects", "assignments", "media_contacts", "protected_contacts",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: lines per source, headers included, and bytes."""

    lines: dict[str, int]
    bytes: int

    @property
    def total(self) -> int:
        """All lines."""
        return sum(self.lines.values())


def write_force(root: Path, *, pnc: int, exchange: int, cucm: int, malformed_every: int = 0) -> Written:
    """Write about so many lines of each log, spread over a week, with a plant in every few thousand."""
    people = make_people(1, 400)
    story = Steady(people, random.Random(2), BEGIN + timedelta(hours=9))
    happenings = _happenings(story, pnc=pnc, mails=exchange // 3, calls=cucm)
    feeds = FeedFiles(root / "feeds")
    feeds.drop_standing(people)
    feeds.drop_incidents(story.incidents)
    logs = {
        "pnc": (root / "logs" / "pnc" / "pnc.log", [pnc_header()]),
        "exchange": (root / "logs" / "exchange" / "MSGTRK2026030200-1.LOG", [exchange_header(BEGIN)]),
        "cucm": (root / "logs" / "cucm" / "cdr_NorthmereCluster_01_202603020000_1", [cucm_header()]),
    }
    for happening in happenings:
        match happening:
            case Lookup():
                logs["pnc"][1].append(pnc_line(happening))
            case Mail():
                logs["exchange"][1].extend(exchange_lines(happening))
            case Call():
                logs["cucm"][1].append(cucm_line(happening))
    lines, size = {}, 0
    for name, (path, parts) in logs.items():
        if malformed_every:
            parts[1 : len(parts) : malformed_every] = [
                'broken,"line\n' for _ in parts[1 : len(parts) : malformed_every]
            ]
        path.parent.mkdir(parents=True)
        data = "".join(parts).encode()
        path.write_bytes(data)
        lines[name] = data.count(b"\n")
        size += len(data)
    return Written(lines, size)


def write_elsewhere(root: Path, *, pnc: int, exchange: int, cucm: int, malformed_every: int = 0) -> Written:
    """Write the force in a process of its own: a measured process must not inherit the size of this one."""
    sizes = [str(number) for number in (pnc, exchange, cucm, malformed_every)]
    command = [sys.executable, "-m", "benchmarks.force", str(root), *sizes]
    report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return Written(**report)


def write_config(root: Path, *, port: int = 0, tick_seconds: float = 0.1) -> Path:
    """Write a configuration with all three sources, all feeds and every detector on."""
    # Latency is measured on contacts: without the wait for the rest of bulk mail, which is a setting, not work.
    more = f"[run]\ntick_seconds = {tick_seconds}\n\n[contacts]\nbulk_wait_minutes = 0\n\n"
    text = configuration(root, sources=USUAL, feeds=FEEDS, bind=f"127.0.0.1:{port}", more=more)
    text = text.replace('format = "json"', 'level = "error"\nformat = "json"', 1)
    path = root / "access-auditd.toml"
    path.write_text(text, encoding="utf-8")
    return path


def _happenings(story: Steady, *, pnc: int, mails: int, calls: int) -> list[Happening]:
    """Return ordinary work in the proportions asked for, with plants, in order of time."""
    week = DAYS * 24 * 3600.0
    kinds: dict[type, int] = {Lookup: pnc, Mail: mails, Call: calls}
    kept: list[Happening] = []
    rng = random.Random(3)
    make = {Lookup: story.explained, Mail: story.mail, Call: story.call}
    for kind, count in kinds.items():
        kept += [make[kind](BEGIN + timedelta(seconds=rng.uniform(0, week))) for _ in range(count)]
    for _ in range(max(1, (pnc + calls) // PLANT_EVERY)):
        at = BEGIN + timedelta(seconds=rng.uniform(0, week))
        kept += story.look_up_then_call(at, timedelta(minutes=20)).happenings
    return sorted(kept, key=lambda happening: happening.at)


if __name__ == "__main__":
    folder, *numbers = sys.argv[1:]
    of_pnc, of_exchange, of_cucm, every = map(int, numbers)
    done = write_force(Path(folder), pnc=of_pnc, exchange=of_exchange, cucm=of_cucm, malformed_every=every)
    print(json.dumps(asdict(done)))
