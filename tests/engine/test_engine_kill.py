"""Killed at any moment, again and again, the real daemon ends where an undisturbed run ends."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from daemon_process import DaemonProcess, ago
from engine_rig import Rig, database_text, small_rig
from sqlalchemy import select
from sqlalchemy.engine import URL

from alerts.models import AlertHistoryRow
from auditd.cli import main
from auditd.database import reading
from auditd.force.feeds import identifier_rows, media_rows, protected_rows, staff_rows
from auditd.force.incident_rows import assignment_rows, incident_row, subject_rows
from auditd.force.logs import Logs
from auditd.force.people import make_people
from auditd.force.records import Incident
from auditd.force.steady import Steady

PATTERNS = {"pnc": "pnc.log*", "exchange": "MSGTRK*.LOG", "cucm": "cdr_*"}


UNORDERED = "backwards_after_minutes = 0\n"
"""Steps back are told of by file, and the undisturbed installation has files of its own."""


class Force:
    """An invented force that writes and rotates its logs and records its incidents while nobody knows who reads."""

    def __init__(self, root: Path, seed: int) -> None:
        self._rng = random.Random(seed)
        self._logs = Logs(root / "logs")
        self.rig = small_rig(root, patterns=PATTERNS, source_settings=UNORDERED)
        self.start = ago(days=2)
        people = make_people(seed, 30)
        self._story = Steady(people, self._rng, self.start)
        self._late: list[Incident] = []
        for feed, rows in (
            ("staff", staff_rows(people.staff)),
            ("identifiers", identifier_rows(people.staff)),
            ("media_contacts", media_rows(people)),
            ("protected_contacts", protected_rows()),
        ):
            self.rig.feed(feed, rows)
        self._record(self._story.incidents)

    def live(self, seconds: float) -> None:
        """Go on for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._happen()
            if self._rng.random() < 0.1:
                self._logs.rotate()
            if self._late and self._rng.random() < 0.1:
                self._record(self._late)
                self._late = []
            time.sleep(0.02)

    def happen(self, times: int) -> None:
        """Let things happen at once."""
        for _ in range(times):
            self._happen()

    def rotate(self) -> None:
        """Rotate the logs."""
        self._logs.rotate()

    def end(self) -> None:
        """The last incidents come on record."""
        self._record(self._late)
        self._late = []

    def record_something(self) -> None:
        """Something happens that is explained only now, with all that waits for it."""
        self._late += self._story.late_incident(self.start, timedelta(minutes=5)).incidents
        self.end()

    def _happen(self) -> None:
        moment = self.start + timedelta(minutes=self._rng.uniform(0, 600))
        gap = timedelta(minutes=self._rng.uniform(1, 90))
        told = self._rng.choice(
            (
                lambda: self._story.unlinked_look_ups(moment, gap),
                lambda: self._story.look_up_then_call(moment, gap),
                lambda: self._story.look_up_then_mail(moment, gap),
                lambda: self._story.media_call(moment),
                lambda: self._story.protected_call(moment),
                lambda: self._story.late_incident(moment, gap),
            )
        )()
        self._late += told.incidents
        self._logs.write([*told.happenings, *self._story.background(moment, 60, per_second=0.3)])

    def _record(self, incidents: list[Incident]) -> None:
        if incidents:
            self.rig.feed("incident_subjects", [row for one in incidents for row in subject_rows(one)])
            self.rig.feed("assignments", [row for one in incidents for row in assignment_rows(one)])
            self.rig.feed("incidents", [incident_row(one) for one in incidents])


def undisturbed(rig: Rig, folder: Path) -> Rig:
    """An installation of its own that reads the same files."""
    calm = small_rig(folder)
    text = rig.config_file.read_text().replace(rig.database, calm.database)
    for part in ("logs", "feeds"):
        text = text.replace(f'["{part}/', f'["{rig.root}/{part}/')
    calm.config_file.write_text(text)
    return calm


def opened(rig: Rig) -> Counter[str]:
    """How often each alert was opened."""
    query = select(AlertHistoryRow.alert_id).where(AlertHistoryRow.action == "opened")
    with reading(rig.engine) as conn:
        return Counter(conn.execute(query).scalars())


def check_kills(folder: Path, seed: int, kills: int, database: str = "") -> None:
    rng = random.Random(seed)
    force = Force(folder / "killed", seed)
    rig = Rig(force.rig.root, database=database, patterns=PATTERNS)
    granted_at = ago(hours=1)
    rig.grant(granted_at, scope=(ago(days=9), ago(days=-9)))
    for _ in range(kills):
        daemon = DaemonProcess(rig.config_file)
        if rng.random() < 0.8:
            daemon.started()
        force.live(rng.uniform(0.05, 0.8))
        daemon.kill()
        if rng.random() < 0.5:
            force.live(0.1)
    force.end()
    end = ago()
    rig.once(end)

    calm = undisturbed(rig, folder / "calm")
    calm.grant(granted_at, scope=(ago(days=9), ago(days=-9)))
    calm.once(end)
    killed, expected = rig.standing(), calm.standing()
    assert killed.events == expected.events
    assert killed.findings == expected.findings
    assert killed.alerts == expected.alerts
    assert {finding[1] for finding in expected.findings} >= {
        "unlinked_lookup", "media_contact", "lookup_then_contact",
    }  # fmt: skip
    assert set(opened(rig).values()) == {1}
    lines, duplicates = balance(rig)
    assert (lines, duplicates) == balance(calm)
    assert (lines, duplicates) == (lines_on_disk(rig), 0)
    verified = CliRunner().invoke(main, ["--config", str(rig.config_file), "accounts", "--verify", "--json"])
    assert verified.exit_code == 0, [
        e for e in json.loads(verified.stdout) if e["lines"] != e["lines_on_disk"]
    ]


def balance(rig: Rig) -> tuple[int, int]:
    """Lines and duplicates over all files; every account balances."""
    tallies = [account.tally for account in rig.accounts()]
    assert all(tally.balances for tally in tallies)
    assert sum(tally.lost_bytes for tally in tallies) == 0
    return sum(tally.lines for tally in tallies), sum(tally.duplicates for tally in tallies)


def lines_on_disk(rig: Rig) -> int:
    files = [path for path in (rig.root / "logs").rglob("*") if path.is_file()]
    return sum(path.read_bytes().count(b"\n") for path in files)


@pytest.mark.case("T20")
def test_killed_and_started_again_it_ends_like_an_undisturbed_run(tmp_path: Path) -> None:
    check_kills(tmp_path, seed=1, kills=5)


@pytest.mark.case("T20")
@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(100, 110))
def test_killed_dozens_of_times_it_ends_like_an_undisturbed_run(
    tmp_path: Path, database_url: URL, seed: int
) -> None:
    check_kills(tmp_path, seed, kills=15, database=database_text(database_url))
