"""Killed at each of its commit boundaries, the daemon ends exactly like one that was never disturbed.

Two installations read the same growing, rotating logs and the same feeds, batch by batch, as of the same moments: one
dies on the way again and again, the other never. Events, findings, alerts, their histories and the line accounts must
be the same. `dying_process.py` says what the moments are.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from dying import KILLED, Launcher, deaths
from engine_rig import HEADERS, Rig, at, database_text, small_rig
from sqlalchemy import select, text, update
from sqlalchemy.engine import URL
from test_engine_kill import UNORDERED, Force, opened, undisturbed

from alerts.models import AlertHistoryRow
from auditd.archive.archive import Archive
from auditd.archive.tables import SegmentRow
from auditd.database import reading
from auditd.demo.formats import Lookup, pnc_line

FILES = [
    "before open of a part",
    "before fsync of a file",
    "after fsync of a file",
    "before rename",
    "before fsync of a folder",
    "after fsync of a folder",
]


def of_transaction(what: str) -> list[str]:
    return [
        f"{when} {what}"
        for when in ("within a transaction, after writing", "before commit of", "after commit of")
    ]


# In the order in which one pass comes by them.
EVERY_MOMENT = [
    *of_transaction("reference_loads"),
    *FILES,
    *of_transaction("segments"),
    *of_transaction("findings"),
    *of_transaction("judged"),
]
MERGE = of_transaction("retired segments")


@pytest.fixture(scope="module")
def launcher() -> Iterator[Launcher]:
    with Launcher() as one:
        yield one


class Pair:
    """A daemon that dies and one that does not, over the same logs and feeds."""

    def __init__(self, folder: Path, seed: int, database: str = "") -> None:
        self.rng = random.Random(seed)
        self.force = Force(folder / "killed", seed)
        self.killed = self.force.rig
        if database:
            self.killed = Rig(
                self.killed.root,
                database=database,
                patterns=self.killed.patterns,
                source_settings=UNORDERED,
            )
        self.calm = undisturbed(self.killed, folder / "calm")
        granted_at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
        for rig in (self.killed, self.calm):
            rig.grant(granted_at, scope=(granted_at - timedelta(days=9), granted_at + timedelta(days=9)))
        self.as_of = datetime.now(UTC).replace(microsecond=0)

    def batch(self) -> None:
        """Something more has happened: in every log, and on record."""
        self.force.happen(self.rng.randint(3, 6))
        if self.rng.random() < 0.5:
            self.force.rotate()
            self.force.happen(1)
        self.force.record_something()
        self.as_of += timedelta(seconds=1)

    def die(self, launcher: Launcher, moment: str, nth: int = 1) -> None:
        status = launcher.live(
            self.killed, "run", "--once", "--as-of", self.as_of.isoformat(), die_at=(moment, nth)
        )
        assert status in (KILLED, 0), (self.killed.root / "dying.log").read_text()[-4000:]

    def catch_up(self) -> None:
        self.killed.once(self.as_of)
        self.calm.once(self.as_of)

    def check(self, *, histories: bool = True) -> None:
        killed, calm = told(self.killed), told(self.calm)
        for part, expected in calm.items():
            assert killed[part] == expected or (part == "histories" and not histories), part
        assert set(opened(self.killed).values()) <= {1}
        archive = Archive(self.killed.root / "archive", self.killed.engine)
        assert archive.missing() == []

    def close(self) -> None:
        self.killed.close()
        self.calm.close()


def told(rig: Rig) -> dict[str, Any]:
    """All that must be the same, however often one was killed. What carries a clock or a random name is left out."""
    standing = rig.standing()
    with reading(rig.engine) as conn:
        columns = (
            AlertHistoryRow.alert_id,
            AlertHistoryRow.actor,
            AlertHistoryRow.action,
            AlertHistoryRow.detail,
        )
        history = conn.execute(select(*columns).order_by(AlertHistoryRow.entry)).all()
    by_alert: dict[str, list[Any]] = {}
    for alert, actor, action, detail in history:
        by_alert.setdefault(alert, []).append((actor, action, json.dumps(detail, sort_keys=True)))
    return {
        "events": standing.events,
        "findings": standing.findings,
        "alerts": standing.alerts,
        "histories": by_alert,
        "accounts": Counter((a.source, a.offset, repr(a.tally)) for a in rig.accounts()),
        "balances": {a.tally.balances for a in rig.accounts()},
        "loads": loads(rig),
    }


def loads(rig: Rig) -> list[Any]:
    with reading(rig.engine) as conn:
        return list(
            conn.execute(text("SELECT feed, count(*) FROM reference_rows GROUP BY feed ORDER BY feed"))
        )


def check_moments(
    folder: Path, launcher: Launcher, moments: list[str], *, seed: int, database: str = ""
) -> None:
    """Three deaths a batch, at the moments given, each in its turn."""
    pair = Pair(folder, seed, database)
    pair.batch()
    pair.catch_up()
    left = list(moments)
    for number in count():
        pair.batch()
        for moment in sorted(left[:3], key=EVERY_MOMENT.index):
            pair.die(launcher, moment)
        del left[:3]
        pair.catch_up()
        if number % 4 == 3 or not left:
            pair.check()
        if not left:
            break
    pair.close()
    assert set(moments) - set(deaths(pair.killed)) == set()


@pytest.mark.case("T20")
def test_killed_at_every_boundary_it_ends_like_an_undisturbed_run(tmp_path: Path, launcher: Launcher) -> None:
    moments = list(EVERY_MOMENT)
    random.Random(1).shuffle(moments)
    check_moments(tmp_path, launcher, moments, seed=1)


@pytest.mark.case("T20")
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_killed_at_every_commit_on_a_server_it_ends_like_an_undisturbed_run(
    tmp_path: Path, launcher: Launcher, database_url: URL
) -> None:
    moments = [name for name in EVERY_MOMENT if "commit" in name]
    check_moments(tmp_path, launcher, moments, seed=2, database=database_text(database_url))


@pytest.mark.case("T20")
def test_killed_while_it_merges_and_sweeps_no_row_is_lost_or_doubled(
    tmp_path: Path, launcher: Launcher
) -> None:
    pair = Pair(tmp_path, seed=3)
    for _ in range(16):
        pair.force.happen(1)
        pair.catch_up()
        if len(Archive(pair.killed.root / "archive", pair.killed.engine).segments("access")) == 15:
            break
    pair.batch()
    for moment in MERGE:
        pair.die(launcher, moment)
    assert deaths(pair.killed) == MERGE
    pair.catch_up()
    pair.check()
    with pair.killed.engine.begin() as conn:
        an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
        conn.execute(
            update(SegmentRow).where(SegmentRow.retired_at.is_not(None)).values(retired_at=an_hour_ago)
        )
    for nth in (1, 5):
        launcher.live(pair.killed, "run", die_at=("before remove", nth), kill_after=20)
    assert deaths(pair.killed) == [*MERGE, "before remove", "before remove"]
    pair.catch_up()
    pair.check()
    pair.close()


@pytest.mark.case("T20")
@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)
@pytest.mark.parametrize("seed", range(100, 105))
def test_killed_hundreds_of_times_at_its_boundaries_it_ends_like_an_undisturbed_run(
    tmp_path: Path, launcher: Launcher, database_url: URL, seed: int
) -> None:
    """Now and then more happens before it has caught up: then what an alert says in steps depends on who judged when."""
    moments = random.Random(seed).choices([*EVERY_MOMENT, *MERGE], k=25)
    pair = Pair(
        tmp_path, seed, database_text(database_url) if database_url.get_backend_name() != "sqlite" else ""
    )
    in_step = seed % 2 == 0
    for moment in moments:
        if pair.rng.random() < 0.6:
            pair.catch_up()
            pair.batch()
        elif not in_step:
            pair.batch()
        pair.die(launcher, moment, nth=pair.rng.choice([1, 1, 2, 3]))
    pair.catch_up()
    pair.check(histories=in_step)
    pair.close()


REPARSE = ["before rename", *of_transaction("retired segments")]


@pytest.mark.case("T20")
@pytest.mark.parametrize("moment", REPARSE)
def test_reparse_killed_on_its_way_does_it_once_when_it_is_run_again(
    tmp_path: Path, launcher: Launcher, moment: str
) -> None:
    """Lines that were set aside become events once, and the account moves with them, or nothing has moved."""
    rig = small_rig(tmp_path, formats={"pnc": "cucm"}, patterns={"pnc": "pnc*.csv"})
    lines = [pnc_line(Lookup(at(seconds=n), "auser", "vehicle", "AB12CDE", f"T{n}", "")) for n in range(20)]
    (tmp_path / "logs" / "pnc" / "pnc1.csv").write_text(HEADERS["pnc"] + "".join(lines) + "no,record\n")
    rig.once(at(days=2))
    rig.formats["pnc"] = "pnc"
    rig.write_config()
    assert launcher.live(rig, "reparse", "--source", "pnc", die_at=(moment, 1)) == KILLED
    assert deaths(rig) == [moment]
    assert launcher.live(rig, "reparse", "--source", "pnc") == 0
    assert len(rig.standing().events) == 20
    [account] = rig.accounts()
    assert account.tally.balances
    assert (account.tally.lines, account.tally.event_lines, account.tally.events) == (22, 20, 20)
    assert sum(account.tally.rejects.values()) == 1
    archive = Archive(tmp_path / "archive", rig.engine)
    assert archive.missing() == []
    assert sum(segment.rows for segment in archive.segments("rejects")) == 1
    rig.close()
