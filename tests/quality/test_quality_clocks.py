"""A source's clock is told by how soon after their time its live lines arrive: never by old files, nor by a wrong line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from sqlalchemy import Engine

from auditd.quality.clocks import Clocks, clocks_between, future_events, live_delays
from auditd.tail.chunk import Chunk
from auditd.tail.cursor import Cursor
from parsers.event import Family, conform
from parsers.format import Block

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def frame(
    *moments: datetime, file: str = "f1", source: str = "pnc", family: Family = "access", **more: Any
) -> pl.DataFrame:
    stamps = pl.Series(list(moments), dtype=pl.Datetime("us", "UTC"))
    columns = {
        "source": [source] * len(moments),
        "log_file": [file] * len(moments),
        "timestamp": stamps,
        **more,
    }
    return conform(pl.DataFrame(columns), family)


def chunk(
    written: datetime | None = NOON, *, file: str = "f1", source: str = "pnc", offset: int = 100
) -> Chunk:
    cursor = Cursor(file, source, "/x", 1, 1, offset, 0, "", 0, "", "", finished=False, modified_ns=0)
    return Chunk(source, "/x", Block(b"", file, offset, written_before=written), cursor, cursor)


def delays(
    chunks: list[Chunk], *frames: pl.DataFrame, whole_files: tuple[str, ...] = ()
) -> dict[str, timedelta]:
    return live_delays(chunks, frames, NOON + SECOND, whole_files=whole_files)


def test_the_newest_line_of_a_file_being_written_tells_the_delay() -> None:
    assert delays([chunk()], frame(NOON - 9 * SECOND, NOON - 2 * SECOND)) == {"pnc": 2 * SECOND}


def test_a_clock_that_is_ahead_makes_it_negative() -> None:
    assert delays([chunk()], frame(NOON + 60 * SECOND)) == {"pnc": -60 * SECOND}


def test_what_lay_there_already_does_not_count() -> None:
    assert delays([chunk(NOON - timedelta(minutes=5))], frame(NOON - timedelta(minutes=5))) == {}
    assert delays([chunk(None)], frame(NOON)) == {}
    assert delays([chunk(offset=0)], frame(NOON)) == {}


def test_of_files_delivered_whole_the_first_lines_count() -> None:
    assert delays([chunk(offset=0)], frame(NOON), whole_files=("pnc",)) == {"pnc": timedelta(0)}


def test_each_source_has_its_own_of_all_files_the_least() -> None:
    chunks = [chunk(), chunk(file="f2"), chunk(file="f3", source="mail")]
    rows = pl.concat([frame(NOON - 9 * SECOND), frame(NOON - 4 * SECOND, file="f2")])
    mails = frame(NOON - 3 * SECOND, file="f3", source="mail", family="email")
    assert delays(chunks, rows, mails) == {"pnc": 4 * SECOND, "mail": 3 * SECOND}


def test_uncertain_times_do_not_count() -> None:
    uncertain = frame(
        NOON, NOON - 5 * SECOND, time_uncertainty_seconds=pl.Series([3600, None], dtype=pl.Int32)
    )
    assert delays([chunk()], uncertain) == {"pnc": 5 * SECOND}


def test_a_call_is_logged_when_it_ends() -> None:
    begun = NOON - timedelta(hours=1)
    ended = pl.Series([NOON - SECOND], dtype=pl.Datetime("us", "UTC"))
    assert delays([chunk()], frame(begun, family="call", call_ended=ended)) == {"pnc": SECOND}


def measured(*seconds: float, every: float = 20) -> Clocks:
    clocks = Clocks()
    for n, delay in enumerate(seconds):
        clocks.take({"pnc": timedelta(seconds=delay)}, NOON + timedelta(seconds=n * every))
    return clocks


def test_the_lowest_delays_count_and_a_single_wrong_line_does_not() -> None:
    assert measured(*[5, 2, 90, 3, 2, 400] * 5).delays() == {"pnc": 2 * SECOND}
    assert measured(2, 3, 2, -9999, 2, 4).delays() == {"pnc": 2 * SECOND}


def test_a_few_readings_tell_nothing() -> None:
    assert measured(2, 3, 2, 4).delays() == {}
    assert measured(*[2] * 50, every=0.1).delays() == {}


def test_a_clock_that_is_put_right_is_right_after_the_window() -> None:
    clocks = measured(*[-300] * 30, *[1] * 200)
    assert clocks.delays() == {"pnc": SECOND}


def test_how_it_stood_is_kept_by_day(database: Engine) -> None:
    clocks = measured(*[-40] * 10)
    with database.begin() as conn:
        clocks.store(conn, NOON)
        clocks.store(conn, NOON)
    for n in range(400):
        clocks.take({"pnc": SECOND}, NOON + timedelta(minutes=10, seconds=20 * n))
    with database.begin() as conn:
        clocks.store(conn, NOON + timedelta(hours=3))
        clocks.store(conn, NOON + timedelta(days=1))
        [clock] = clocks_between(conn, "2026-03-03", "2026-03-04")
    assert (clock.delay, clock.least, clock.most) == (SECOND, -40 * SECOND, SECOND)
    assert (clock.readings, clock.is_ahead) == (410, False)


def test_events_in_the_future_are_counted_by_source() -> None:
    rows = pl.concat([frame(NOON, NOON + timedelta(minutes=6)), frame(NOON + timedelta(days=9), source="b")])
    assert future_events([rows, frame(NOON)], NOON) == {"pnc": 1, "b": 1}
    assert future_events([frame(NOON + timedelta(minutes=4))], NOON) == {}
