"""Feed files are loaded when they are whole, once, and none stands in the way of another."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import feed_samples as samples
import pytest
from feed_samples import DAY, NOW
from sqlalchemy import Engine, func, select

from auditd.reference.folder import FeedFolder, FeedSource, FeedStatus
from auditd.reference.store import ReferenceStore
from auditd.reference.tables import ReferenceLoad
from auditd.reference.touched import Touched

STARTED = 1_800_000_000.0


class Drop:
    """A folder of feed files, its watcher, and a clock that stands still until it is moved."""

    def __init__(self, folder: Path, database: Engine) -> None:
        self.folder = folder
        self.database = database
        self.seconds = STARTED
        self.sources = [self.source("staff"), self.source("incidents")]
        self.restart()

    def source(self, feed: str, zone: str = "Europe/London", **columns: str) -> FeedSource:
        return FeedSource(feed, feed, (str(self.folder / f"{feed}*.csv"),), ZoneInfo(zone), columns)

    def restart(self) -> None:
        self.store = ReferenceStore(self.database)
        self.watcher = FeedFolder(self.store, self.sources, clock=lambda: self.seconds)

    def write(self, name: str, text: str, *, age: float = 60.0) -> Path:
        path = self.folder / name
        path.write_text(text, "utf-8")
        os.utime(path, (self.seconds - age, self.seconds - age))
        return path

    def poll(self, *, wait: bool = True) -> Touched:
        with self.database.begin() as conn:
            return self.watcher.poll(conn, NOW, wait=wait)

    def known(self, feed: str = "staff") -> int:
        with self.database.begin() as conn:
            return self.store.snapshot(conn)[feed].height

    def loads(self) -> int:
        with self.database.begin() as conn:
            return conn.execute(select(func.count()).select_from(ReferenceLoad)).scalar_one()

    def status(self, name: str = "staff") -> FeedStatus:
        return next(status for status in self.watcher.statuses(NOW + DAY) if status.name == name)


@pytest.fixture
def drop(tmp_path: Path, database: Engine) -> Drop:
    folder = tmp_path / "feeds"
    folder.mkdir()
    return Drop(folder, database)


def staff(*units: str) -> str:
    return samples.STAFF + "".join(samples.person(n, unit) for n, unit in enumerate(units, start=1))


def test_a_new_file_is_loaded_and_says_what_it_touches(drop: Drop) -> None:
    drop.write("staff.csv", staff("CID", "PSD"))
    assert drop.watcher.ready()
    assert drop.poll().staff == {"S1", "S2"}
    status = drop.status()
    assert (status.rows, status.rejected, status.files, status.waiting, status.problem) == (2, 0, 1, 0, "")
    assert status.age == DAY


def test_a_file_that_has_not_changed_is_not_read_again(drop: Drop) -> None:
    path = drop.write("staff.csv", staff("CID"))
    drop.poll()
    look = path.stat()
    path.write_text(staff("PSD"), "utf-8")  # as long, and made to look as old
    os.utime(path, ns=(look.st_atime_ns, look.st_mtime_ns))
    assert not drop.poll()
    assert not drop.watcher.ready()
    assert drop.loads() == 1


def test_a_changed_file_is_loaded_again(drop: Drop) -> None:
    drop.write("staff.csv", staff("CID"))
    drop.poll()
    drop.write("staff.csv", staff("CID", "PSD"))
    assert drop.poll().staff == {"S2"}


def test_after_a_restart_known_files_are_no_news(drop: Drop) -> None:
    drop.write("staff.csv", staff("CID") + "S2,,,,,,,\n")
    drop.poll()
    before = drop.status()
    drop.restart()
    assert not drop.poll()
    assert drop.loads() == 1
    assert drop.status() == before
    assert before.rejected_by_reason == {"missing_value": 1}


def test_a_file_that_was_just_written_to_waits_until_it_is_quiet(drop: Drop) -> None:
    drop.write("staff.csv", staff("CID"), age=0.2)
    assert not drop.watcher.ready()
    assert not drop.poll()
    assert drop.status().waiting == 1
    drop.write("staff.csv", staff("CID", "PSD"), age=0.2)
    drop.seconds += 0.9
    assert drop.poll().staff == {"S1", "S2"}


def test_a_half_written_line_waits_longer_and_is_then_taken_as_it_is(drop: Drop) -> None:
    drop.write("staff.csv", staff("CID", "PSD").removesuffix("\n"), age=5)
    assert not drop.poll()
    drop.seconds += 10
    assert drop.poll().staff == {"S1", "S2"}


def test_a_file_from_a_machine_whose_clock_is_ahead_is_watched_until_it_is_quiet(drop: Drop) -> None:
    drop.write("staff.csv", staff("CID"), age=-3600)
    assert not drop.poll()
    drop.seconds += 1.5
    assert drop.poll().staff == {"S1"}


def test_without_waiting_files_are_taken_as_they_are(drop: Drop) -> None:
    drop.write("staff.csv", staff("CID").removesuffix("\n"), age=0)
    assert drop.watcher.ready(wait=False)
    assert drop.poll(wait=False).staff == {"S1"}


def test_of_several_files_the_newest_has_the_last_word(drop: Drop) -> None:
    drop.write("staff-b.csv", staff("CID"), age=90)
    drop.write("staff-a.csv", staff("PSD"), age=30)
    drop.poll()
    with drop.database.begin() as conn:
        assert drop.store.snapshot(conn)["staff"]["unit"].to_list() == ["PSD"]


def _not_readable(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda path: path.write_text("who,where\n"), "column `staff_id` is missing"),
        (lambda path: path.write_bytes(b""), "the file is empty"),
        (lambda path: path.write_bytes(b"\x00\x01\xff\n" * 50), "not UTF-8"),
        (_not_readable, "cannot be read"),
    ],
    ids=["columns", "empty", "garbage", "unreadable"],
)
def test_a_broken_file_is_told_and_stops_no_other(
    drop: Drop, spoil: Callable[[Path], object], told: str
) -> None:
    spoil(drop.write("staff.csv", "x\n"))
    drop.write("staff-good.csv", staff("CID"))
    drop.write("incidents.csv", samples.INCIDENTS + samples.incident(1))
    drop.poll(wait=False)
    assert (drop.known("staff"), drop.known("incidents")) == (1, 1)
    assert told in drop.status().problem
    assert drop.status("incidents").problem == ""


def test_a_refused_file_is_recorded_once_and_loaded_when_mended(drop: Drop) -> None:
    drop.write("staff.csv", "who,where\n")
    drop.poll()
    drop.restart()
    drop.poll()
    assert (drop.loads(), drop.status().age) == (1, None)
    drop.write("staff.csv", staff("CID"))
    assert drop.poll().staff == {"S1"}
    assert drop.status().problem == ""


def test_a_file_that_could_not_be_read_is_tried_again_after_a_while(drop: Drop) -> None:
    path = drop.write("staff.csv", "x\n")
    _not_readable(path)
    drop.seconds += 60
    os.utime(path, (drop.seconds - 30, drop.seconds - 30))
    drop.poll()
    assert not drop.watcher.ready()
    drop.seconds += 11
    assert drop.watcher.ready()


def test_a_broken_row_is_told_in_the_status(drop: Drop) -> None:
    drop.write("staff.csv", staff("CID") + "S2,,,,,,,\n")
    drop.poll()
    status = drop.status()
    assert (status.rows, status.rejected) == (2, 1)
    assert "1 of 2 rows were refused" in status.problem


def test_a_delivery_without_files_says_so_until_one_was_loaded(drop: Drop) -> None:
    drop.poll()
    assert "no file matches" in drop.status().problem
    path = drop.write("staff.csv", staff("CID"))
    drop.poll()
    path.unlink()
    drop.poll()
    assert (drop.status().problem, drop.status().files, drop.known()) == ("", 0, 1)


def test_what_was_loaded_in_a_transaction_that_came_to_nothing_is_loaded_again(drop: Drop) -> None:
    drop.write("staff.csv", staff("CID"))
    with drop.database.connect() as conn, conn.begin() as transaction:
        assert drop.watcher.poll(conn, NOW).staff == {"S1"}
        transaction.rollback()
    assert drop.watcher.ready()
    assert drop.poll().staff == {"S1"}
    assert drop.known() == 1
    drop.poll()
    assert not drop.watcher.ready()


def test_with_another_zone_configured_a_file_is_read_again(drop: Drop) -> None:
    drop.write("incidents.csv", samples.INCIDENTS + "INC1,crime,2026-07-01T10:00,2026-07-01T10:00,\n")
    drop.poll()
    drop.sources = [drop.source("incidents", zone="UTC")]
    drop.restart()
    assert drop.poll().feeds == {"incidents"}
    with drop.database.begin() as conn:
        assert drop.store.snapshot(conn)["incidents"]["opened_at"].dt.hour().to_list() == [10]


def test_names_of_other_systems_are_mapped(drop: Drop) -> None:
    drop.sources = [drop.source("staff", staff_id="Payroll No", name="Full Name")]
    drop.restart()
    drop.write("staff.csv", staff("CID").replace("staff_id,name", "Payroll No,Full Name"))
    assert drop.poll().staff == {"S1"}


def test_half_a_complete_file_ends_nothing_and_the_same_file_does_once_it_is_seen_to_be_whole(
    drop: Drop,
) -> None:
    """A single pass takes files as they are; one whose last line has no end, and is young, may be half of it."""
    drop.sources = [replace(source, complete=True) for source in drop.sources]
    drop.restart()
    drop.write("staff.csv", staff("CID", "PSD", "CID"))
    drop.poll(wait=False)
    drop.write("staff.csv", staff("CID", "PSD").rstrip(), age=1)
    drop.poll(wait=False)
    assert drop.known() == 3
    drop.seconds += 60
    drop.restart()
    drop.poll(wait=False)
    assert drop.known() == 2
