"""Facts about deliveries: each lasts until the next, a file that is looked at again is none, and the past stays known."""

import os
from datetime import datetime, timedelta
from pathlib import Path

import feed_samples as samples
import pytest
from feed_samples import DAY, HOUR, NOW
from sqlalchemy import Engine

from auditd.health import facts
from auditd.reference.folder import FeedFolder
from auditd.reference.source import FeedSource
from auditd.reference.store import ReferenceStore
from detectors.feed_facts import FACT_SCHEMA

CHANGED = 1_800_000_000


class Drop:
    """A folder of staff files, taken down as facts."""

    def __init__(self, folder: Path, database: Engine) -> None:
        self.folder = folder
        self.database = database
        self.source = FeedSource("hr", "staff", (str(folder / "staff*.csv"),))
        self.restart()

    def restart(self) -> None:
        self.watcher = FeedFolder(ReferenceStore(self.database), [self.source])

    def write(self, text: str, name: str = "staff.csv", *, changed: int = 0) -> None:
        path = self.folder / name
        path.write_text(text, "utf-8")
        os.utime(path, (CHANGED + changed, CHANGED + changed))

    def poll(self, now: datetime = NOW, *, commit: bool = True) -> None:
        with self.database.connect() as conn, conn.begin() as transaction:
            self.watcher.poll(conn, now, wait=False)
            facts.note_taken(conn, self.watcher.taken, now)
            if not commit:
                transaction.rollback()

    def look(self, now: datetime, *sources: FeedSource) -> int:
        with self.database.begin() as conn:
            return len(facts.look(conn, sources or [self.source], now))

    def facts(self, *, known_on: datetime | None = None) -> list[tuple[object, ...]]:
        with self.database.begin() as conn:
            found = facts.facts_between(conn, NOW - 30 * DAY, NOW + 30 * DAY)
        assert found.schema == FACT_SCHEMA
        if known_on is not None:
            found = facts.as_known(found, known_on)
        return found.select("kind", "start", "seen_until", "end", "rows", "bad_rows").rows()


@pytest.fixture
def drop(tmp_path: Path, database: Engine) -> Drop:
    folder = tmp_path / "feeds"
    folder.mkdir()
    return Drop(folder, database)


def staff(*units: str) -> str:
    return samples.STAFF + "".join(samples.person(n, unit) for n, unit in enumerate(units, start=1))


def test_a_delivery_lasts_until_the_next(drop: Drop) -> None:
    drop.write(staff("CID", "PSD"))
    drop.poll()
    drop.write(staff("CID") + "S2,no more\n", changed=60)
    drop.poll(NOW + DAY)
    assert drop.facts() == [
        ("delivered", NOW, NOW + DAY, NOW + DAY, 2, 0),
        ("delivered", NOW + DAY, NOW + DAY, None, 2, 1),
    ]


def test_files_that_come_together_are_one_delivery(drop: Drop) -> None:
    drop.write(staff("CID"), "staff-1.csv")
    drop.write(samples.STAFF + samples.person(7), "staff-2.csv")
    drop.poll()
    assert [(fact[0], fact[4]) for fact in drop.facts()] == [("delivered", 2)]


def test_the_same_file_delivered_again_is_a_delivery_though_it_says_nothing_new(drop: Drop) -> None:
    drop.write(staff("CID"))
    drop.poll()
    drop.write(staff("CID"), changed=60)
    drop.poll(NOW + DAY)
    assert [fact[1] for fact in drop.facts()] == [NOW, NOW + DAY]


def test_a_restart_is_no_delivery(drop: Drop) -> None:
    drop.write(staff("CID"))
    drop.poll()
    drop.restart()
    drop.poll(NOW + DAY)
    assert [fact[1] for fact in drop.facts()] == [NOW]


def test_a_delivery_whose_transaction_failed_is_none_until_it_is_taken_again(drop: Drop) -> None:
    drop.write(staff("CID"))
    drop.poll(commit=False)
    assert drop.facts() == []
    drop.poll(NOW + HOUR)
    assert [fact[:2] for fact in drop.facts()] == [("delivered", NOW + HOUR)]


def test_a_refusal_leaves_the_last_delivery_lasting_and_ends_with_the_next_good_one(drop: Drop) -> None:
    drop.write(staff("CID"))
    drop.poll()
    drop.write(staff("CID").replace("start_date", "started"), changed=60)
    drop.poll(NOW + HOUR)
    assert [(fact[0], fact[3]) for fact in drop.facts()] == [("delivered", None), ("refused", None)]
    drop.write(staff("PSD"), changed=120)
    drop.poll(NOW + 2 * HOUR)
    assert [(fact[0], fact[3]) for fact in drop.facts()] == [
        ("delivered", NOW + 2 * HOUR), ("refused", NOW + 2 * HOUR), ("delivered", None),
    ]  # fmt: skip


def test_what_never_came_is_awaited_until_it_comes(drop: Drop) -> None:
    assert drop.look(NOW) == 1
    assert drop.look(NOW) == 0
    drop.write(staff("CID"))
    drop.poll(NOW + DAY)
    assert [(fact[0], fact[3]) for fact in drop.facts()] == [("awaited", NOW + DAY), ("delivered", None)]


def test_a_look_brings_what_lasts_up_to_now_but_not_all_the_time(drop: Drop) -> None:
    drop.write(staff("CID"))
    drop.poll()
    assert drop.look(NOW + timedelta(minutes=1)) == 0
    assert drop.look(NOW + DAY) == 1
    assert drop.facts() == [("delivered", NOW, NOW + DAY, None, 1, 0)]


def test_a_delivery_that_is_no_longer_configured_ends(drop: Drop) -> None:
    drop.look(NOW)
    drop.look(NOW + DAY, FeedSource("other", "staff", ()))
    assert [(fact[0], fact[3]) for fact in drop.facts()] == [("awaited", NOW + DAY), ("awaited", None)]


def test_facts_as_known_on_a_day_hold_nothing_of_what_came_later(drop: Drop) -> None:
    drop.write(staff("CID"))
    drop.poll()
    drop.look(NOW + 12 * HOUR)
    before = drop.facts()
    drop.write(staff("PSD"), changed=60)
    drop.poll(NOW + DAY)
    assert drop.facts(known_on=NOW + 12 * HOUR) == before
