"""Numbers in the names of files: what is missing is told once it cannot come any more, and never where numbers are shared."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from auditd.archive.accounts import Tally, record
from auditd.gaps import sequences
from auditd.gaps.book import Gap, notice
from auditd.gaps.sequences import Sequences
from auditd.tail.cursor import Cursor
from parsers.format import all_formats

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Folder:
    """A source whose files are read one after another, and looked at."""

    def __init__(self, engine: Engine, format_: str) -> None:
        self.engine = engine
        self.known: list[Gap] = []
        self.restart = lambda: Sequences("s", all_formats()[format_])
        self.sequences = self.restart()
        self._files = 0

    def read(self, names: Iterable[str], now: datetime = NOON) -> None:
        with self.engine.begin() as conn:
            for name in names:
                self._files += 1
                cursor = Cursor(
                    f"f{self._files}", "s", f"/logs/{name}", 1, self._files, 0, 0, "", 0, "", "", True
                )
                record(conn, [(cursor, Tally())], now)

    def look(self, now: datetime) -> list[tuple[int, int]]:
        with self.engine.begin() as conn:
            found = self.sequences.look(conn, self.known, now)
            self.known = [gap for gap in self.known if gap not in found.filled]
            self.known += [notice(conn, fact, now) for fact in found.opened]
        return sorted((gap.detail["first"], gap.detail["last"]) for gap in self.known)


def cdr(numbers: Iterable[int], *, node: int = 1, tag: str = "cdr") -> list[str]:
    return [f"{tag}_Cluster-A_0{node}_{NOON + n * MINUTE:%Y%m%d%H%M}_{n}" for n in numbers]


@pytest.fixture
def cucm(database: Engine) -> Folder:
    return Folder(database, "cucm")


@pytest.fixture
def exchange(database: Engine) -> Folder:
    return Folder(database, "exchange")


def test_a_missing_number_may_come_for_ten_minutes(cucm: Folder) -> None:
    cucm.read(cdr([*range(1, 12), *range(13, 20)]))
    assert cucm.look(NOON + 9 * MINUTE) == []
    assert cucm.look(NOON + 10 * MINUTE) == [(12, 12)]
    assert cucm.look(NOON + 60 * MINUTE) == [(12, 12)]


def test_late_files_fill_a_hole_and_what_is_left_is_a_hole_of_its_own(cucm: Folder) -> None:
    cucm.read(cdr([*range(1, 12), *range(20, 40)]))
    assert cucm.look(NOON + 10 * MINUTE) == [(12, 19)]
    cucm.read(cdr([15]), NOON + 11 * MINUTE)
    assert cucm.look(NOON + 30 * MINUTE) == [(12, 14), (16, 19)]
    cucm.read(cdr([12, 13, 14, 16, 17, 18, 19]), NOON + 31 * MINUTE)
    assert cucm.look(NOON + 50 * MINUTE) == []


def test_each_node_has_a_sequence_of_its_own(cucm: Folder) -> None:
    cucm.read([*cdr(range(1, 20)), *cdr(range(500, 520), node=2), *cdr(range(900, 920), tag="cmr")])
    assert cucm.look(NOON + 60 * MINUTE) == []


def test_numbers_shared_with_files_that_are_not_read_are_left_alone(cucm: Folder) -> None:
    cucm.read(cdr(n for n in range(1, 200) if n % 3))
    assert cucm.look(NOON + 60 * MINUTE) == []


def test_a_long_outage_of_one_node_is_told_all_the_same(cucm: Folder) -> None:
    cucm.read(cdr([*range(1, 50), *range(350, 400)]))
    assert cucm.look(NOON + 60 * MINUTE) == [(50, 349)]


def test_a_restart_finds_the_same(cucm: Folder) -> None:
    cucm.read(cdr([*range(1, 12), *range(13, 20)]))
    cucm.look(NOON + 10 * MINUTE)
    cucm.sequences = cucm.restart()
    assert cucm.look(NOON + 11 * MINUTE) == [(12, 12)]
    assert len(cucm.known) == 1


def test_instances_of_exchange_begin_with_one_in_every_hour_and_folder(exchange: Folder) -> None:
    exchange.read(
        ["mbx1/MSGTRK2026030310-1.LOG", "mbx1/MSGTRK2026030311-1.LOG", "mbx1/MSGTRK2026030311-3.LOG",
         "mbx2/MSGTRK2026030311-2.LOG", "mbx2/MSGTRKMS2026030311-1.LOG"]
    )  # fmt: skip
    assert exchange.look(NOON + 10 * MINUTE) == [(1, 1), (2, 2)]
    assert {gap.detail["series"] for gap in exchange.known} == {
        "mbx1/MSGTRK2026030311",
        "mbx2/MSGTRK2026030311",
    }
    assert {(gap.start, gap.end) for gap in exchange.known} == {(NOON - 60 * MINUTE, NOON)}


def test_the_first_files_of_the_oldest_hour_may_have_gone_before_we_came(exchange: Folder) -> None:
    exchange.read(["mbx1/MSGTRK2026030310-4.LOG", "mbx1/MSGTRK2026030311-1.LOG"])
    assert exchange.look(NOON + 60 * MINUTE) == []


def test_names_without_a_number_or_with_an_impossible_time_are_no_fault(cucm: Folder) -> None:
    cucm.read(["cdr_1", "cdr_A_01_202613450000_5", "other.txt", *cdr(range(1, 12))])
    assert cucm.look(NOON + 60 * MINUTE) == []


def test_old_names_are_forgotten(cucm: Folder) -> None:
    cucm.read(cdr(range(1, 100)))
    cucm.look(NOON)
    later = NOON + sequences.REACH + timedelta(days=1)
    cucm.read(cdr(range(100, 140)), later)
    assert cucm.look(later + 60 * MINUTE) == []
    [series] = cucm.sequences._series.values()
    assert len(series.numbers) < 60
