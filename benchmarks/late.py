"""A late incident: from its rows lying in the feed folder to the finding it explains being withdrawn, with weeks of archive behind.

In one process, without the daemon's waits between two looks: what is timed is the work.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Final

from sqlalchemy import Engine, select

from alerts.models import FindingRow
from auditd.config import load
from auditd.database import open_database, reading
from auditd.engine.daemon import run_once
from auditd.engine.machine import Machine
from auditd.engine.reports import Reports
from auditd.force.feeds import FeedFiles
from auditd.force.story import Story
from auditd.force.write import write_force
from auditd.migrations import upgrade
from auditd.telemetry.metrics import Metrics
from benchmarks.backlog import authorise

STAFF: Final = 400
DETECTOR: Final = "unlinked_lookup"


@dataclass(frozen=True, slots=True)
class LookUp:
    """A look-up that nothing explained so far, and the finding on it."""

    finding_id: str
    at: datetime
    staff_id: str
    subject_type: str
    subject_key: str


@dataclass(frozen=True, slots=True)
class Late:
    """Seconds to load the rows and note what they touch, and to judge that again."""

    load: float
    judge: float


def main(days: int = 60, incidents: int = 21) -> None:
    """Print medians and the longest."""
    with tempfile.TemporaryDirectory(prefix="access-auditd-bench-") as folder:
        root = Path(folder) / "force"
        written = write_force(root, Story(staff=STAFF, days=days, seed=77, start=date(2026, 3, 2)))
        authorise(root / "access-auditd.toml")
        config = load(root / "access-auditd.toml")
        engine = open_database(config.storage.database)
        upgrade(engine)
        with Machine(config, engine, once=True) as machine:
            done = run_once(machine, Reports(Metrics()), as_of=datetime.now(UTC))
            drops = FeedFiles(root / "feeds" / "late")
            taken = [
                _late(machine, engine, root, drops, number, look_up)
                for number, look_up in enumerate(_unexplained(engine, incidents))
            ]
    totals = sorted(one.load + one.judge for one in taken)
    print(
        f"late incident, {days} days and {done.events:,} events of {written.staff} people behind it: "
        f"median {median(totals) * 1000:.0f} ms, longest {totals[-1] * 1000:.0f} ms of {len(totals)} "
        f"(loading {median(one.load for one in taken) * 1000:.0f} ms, "
        f"judging again {median(one.judge for one in taken) * 1000:.0f} ms)"
    )


def _unexplained(engine: Engine, count: int) -> list[LookUp]:
    """Return look-ups that nothing explains, evenly from the whole stretch, no two of one person."""
    query = (
        select(
            FindingRow.finding_id, FindingRow.timestamp, FindingRow.staff_id, FindingRow.subject_type, FindingRow.subject_key
        )
        .where(FindingRow.detector == DETECTOR, FindingRow.state == "active", FindingRow.staff_id.is_not(None))
        .order_by(FindingRow.timestamp)
    )  # fmt: skip
    with reading(engine) as conn:
        first = {row.staff_id: LookUp(*row) for row in conn.execute(query)}
    found = sorted(first.values(), key=lambda one: one.at)
    return found[:: max(1, len(found) // count)][:count]


def _late(
    machine: Machine, engine: Engine, root: Path, drops: FeedFiles, number: int, look_up: LookUp
) -> Late:
    """Drop an incident that names a look-up's subject and is its enquirer's; return how long it took to be withdrawn."""
    ref = f"LATE{number:06d}"
    opened = (look_up.at - timedelta(minutes=30)).isoformat()
    recorded = (look_up.at + timedelta(days=2)).isoformat()
    drops.drop(
        "incident_subjects",
        [{"incident_ref": ref, "subject_type": look_up.subject_type, "subject_key": look_up.subject_key}],
    )
    drops.drop(
        "assignments",
        [{"incident_ref": ref, "staff_id": look_up.staff_id, "from": opened, "recorded_at": recorded}],
    )
    drops.drop(
        "incidents",
        [{"incident_ref": ref, "kind": "incident", "opened_at": opened, "recorded_at": recorded}],
    )
    for path in (root / "feeds" / "late").iterdir():
        path.rename(root / "feeds" / path.name.replace("-", "-late-"))
    now = datetime.now(UTC)
    begun = time.perf_counter()
    machine.feeding.poll(now, settle=False)
    loaded = time.perf_counter()
    machine.judge.catch_up(now, now)
    judged = time.perf_counter()
    with reading(engine) as conn:
        state = conn.execute(
            select(FindingRow.state).where(FindingRow.finding_id == look_up.finding_id)
        ).scalar()
    if state != "withdrawn":
        raise SystemExit(f"the late incident {ref} did not withdraw the finding it explains")
    return Late(loaded - begun, judged - loaded)
