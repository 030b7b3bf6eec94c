"""New lines of a file that lie well behind its earlier ones are noticed; what a file is used to is not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from sqlalchemy import Engine, select

from auditd.gaps.book import Fact
from auditd.gaps.courses import Courses
from auditd.gaps.tables import FileCourseRow
from auditd.tail.chunk import Chunk
from auditd.tail.cursor import Cursor
from parsers.event import Family, conform
from parsers.format import Block

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
NOW = NOON + timedelta(days=1)


class Log:
    """A file that grows, and what is said of its course."""

    def __init__(self, engine: Engine, *, allowed: timedelta = HOUR, file: str = "f1") -> None:
        self.engine = engine
        self.courses = Courses({"pnc": allowed})
        self.file = file
        self.written = 0

    def read(
        self,
        moments: Sequence[datetime],
        *,
        rewritten: bool = True,
        family: Family = "access",
        now: datetime = NOW,
        finished: bool = False,
        **columns: object,
    ) -> list[Fact]:
        self.written += rewritten
        stamps = pl.Series(moments, dtype=pl.Datetime("us", "UTC"))
        frame = conform(
            pl.DataFrame(
                {"source": ["pnc"] * len(moments), "log_file": self.file, "timestamp": stamps, **columns}
            ),
            family,
        )
        cursor = Cursor(
            self.file, "pnc", "/logs/pnc.csv", 1, 1, 0, 0, "", 0, "", "", finished=False, modified_ns=0
        )
        after = Cursor(
            self.file, "pnc", "/logs/pnc.csv", 1, 1, 9, 0, "", 0, "", "", finished=finished, modified_ns=0
        )
        block = Block(b"", self.file, written_before=NOON + self.written * MINUTE)
        with self.engine.begin() as conn:
            chunk = Chunk("pnc", "/logs/pnc.csv", block, cursor, after)
            return self.courses.follow(conn, [chunk], {family: frame}, now)

    def restart(self) -> None:
        with self.engine.begin() as conn:
            self.courses.store(conn)
        self.courses = Courses({"pnc": HOUR})


@pytest.fixture
def log(database: Engine) -> Log:
    return Log(database)


def minutes(start: datetime, count: int, step: timedelta = MINUTE) -> list[datetime]:
    return [start + n * step for n in range(count)]


def test_new_lines_well_behind_the_earlier_ones_are_told_with_the_time_lived_through_twice(log: Log) -> None:
    assert log.read(minutes(NOON, 30)) == []
    [fact] = log.read(minutes(NOON - 3 * HOUR, 4))
    assert (fact.kind, fact.source) == ("backwards", "pnc")
    assert (fact.start, fact.end) == (NOON - 3 * HOUR, NOON + 29 * MINUTE)
    assert fact.detail == {"file": "f1", "lines": 4}


def test_a_step_back_is_told_though_its_lines_come_one_at_a_time_and_once(log: Log) -> None:
    log.read(minutes(NOON, 30))
    told = [log.read([moment]) for moment in minutes(NOON - 3 * HOUR, 10)]
    assert [len(facts) for facts in told] == [0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
    assert told[2][0].start == NOON - 3 * HOUR


def test_one_or_two_late_lines_are_nothing(log: Log) -> None:
    log.read(minutes(NOON, 30))
    assert log.read([NOON - 3 * HOUR, NOON - 3 * HOUR, NOON + 31 * MINUTE]) == []
    assert log.read([NOON - 3 * HOUR]) == []


def test_lines_behind_by_no_more_than_allowed_are_nothing(log: Log) -> None:
    log.read(minutes(NOON, 30))
    assert log.read(minutes(NOON - 30 * MINUTE, 100, timedelta(seconds=1))) == []


def test_what_lay_in_the_file_when_it_was_first_read_is_its_own_affair(log: Log) -> None:
    assert log.read(minutes(NOON, 30), rewritten=True) == []
    assert log.read(minutes(NOON - 5 * HOUR, 30), rewritten=False) == []


def test_an_export_with_the_newest_first_is_no_step_back_though_it_grows(log: Log) -> None:
    log.read(minutes(NOON, 300, -MINUTE))
    assert log.read(minutes(NOON - 300 * MINUTE, 300, -MINUTE)) == []


def test_late_lines_a_file_is_used_to_are_nothing_and_more_of_them_are(log: Log) -> None:
    late = NOON - 3 * HOUR
    log.read([*minutes(NOON, 60), *[late] * 4, NOON + HOUR])
    assert log.read([*minutes(NOON + HOUR, 10), *[late] * 11]) == []
    assert log.read([*minutes(NOON + 2 * HOUR, 200)]) == []
    [fact] = log.read([late] * 33)
    assert fact.detail["lines"] == 33


def test_a_file_with_little_in_it_is_not_judged(log: Log) -> None:
    log.read(minutes(NOON, 4))
    assert log.read(minutes(NOON - 3 * HOUR, 4)) == []


def test_times_that_go_to_and_fro_are_told_of_once_and_then_are_a_habit(log: Log) -> None:
    log.read(minutes(NOON, 100))
    turns = [log.read([*[NOON - 3 * HOUR] * 5, NOON + 2 * HOUR], now=NOW + n * HOUR) for n in range(30)]
    assert [n for n, facts in enumerate(turns) if facts] == [0]


def test_a_second_step_back_of_a_file_is_told_on_another_day(log: Log) -> None:
    log.read(minutes(NOON, 500))
    back = [*[NOON - 3 * HOUR] * 5, *minutes(NOON + 9 * HOUR, 100)]
    told = [len(log.read(back, now=NOW + timedelta(hours=hours))) for hours in (0, 25)]
    assert told == [1, 1]


def test_a_step_back_and_forth_within_one_step_is_told(log: Log) -> None:
    log.read(minutes(NOON, 100))
    [fact] = log.read([*minutes(NOON + 2 * HOUR, 5), *minutes(NOON - HOUR, 5), *minutes(NOON + 3 * HOUR, 5)])
    assert (fact.start, fact.end) == (NOON - HOUR, NOON + 2 * HOUR + 4 * MINUTE)


def test_a_time_in_the_future_makes_no_other_late(log: Log) -> None:
    log.read(minutes(NOON, 30), now=NOON + 30 * MINUTE)
    log.read([NOON + timedelta(days=365)], now=NOON + 30 * MINUTE)
    assert log.read(minutes(NOON + 30 * MINUTE, 30), now=NOON + HOUR) == []


def test_the_hour_that_comes_twice_is_no_step_back(log: Log) -> None:
    log.read(minutes(NOON, 30))
    moments = minutes(NOON - 90 * MINUTE, 30)
    assert log.read(moments, time_uncertainty_seconds=3600) == []


def test_calls_stand_in_the_order_of_their_ends(log: Log) -> None:
    stamps = pl.Series([NOON - 5 * HOUR] * 4, dtype=pl.Datetime("us", "UTC"))
    log.read(minutes(NOON, 30), family="call")
    assert log.read(list(stamps), family="call", call_ended=stamps + 6 * HOUR) == []
    [fact] = log.read(list(stamps), family="call", call_ended=stamps + MINUTE)
    assert fact.end == NOON + HOUR


def test_what_was_not_committed_is_forgotten(log: Log) -> None:
    log.read(minutes(NOON, 30))
    for _ in range(2):
        assert len(log.read(minutes(NOON - 3 * HOUR, 4))) == 1
        log.courses.forget()


def test_a_restart_goes_on_where_the_file_was(log: Log) -> None:
    log.read(minutes(NOON, 30))
    log.read(minutes(NOON - 3 * HOUR, 2))
    log.restart()
    [fact] = log.read([NOON - 2 * HOUR])
    assert (fact.start, fact.detail["lines"]) == (NOON - 3 * HOUR, 3)
    log.restart()
    assert log.read(minutes(NOON - 3 * HOUR, 4)) == []


def test_nothing_is_kept_of_a_file_that_has_ended(log: Log) -> None:
    log.read(minutes(NOON, 30))
    log.restart()
    log.read([NOON + HOUR], finished=True)
    log.restart()
    with log.engine.connect() as conn:
        assert conn.execute(select(FileCourseRow.file)).all() == []
