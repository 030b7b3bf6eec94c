"""Volumes count every event once, in its hour and minute, however few or many come at once and in whatever order."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from sqlalchemy import Engine

from auditd.gaps.volumes import FEW_ROWS, count, hours_of
from parsers.event import conform

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


def events(source: str, moments: list[datetime]) -> pl.DataFrame:
    stamps = pl.Series(moments, dtype=pl.Datetime("us", "UTC"))
    return conform(pl.DataFrame({"source": [source] * len(moments), "timestamp": stamps}), "access")


@pytest.mark.parametrize("rows", [1, FEW_ROWS, FEW_ROWS + 1, 1000])
def test_what_is_counted_is_what_there_is(database: Engine, rows: int) -> None:
    rng = random.Random(rows)
    known: list[datetime] = []
    for _ in range(3):
        moments = [NOON + timedelta(seconds=rng.randint(-9000, 9000), microseconds=5) for _ in range(rows)]
        known += moments
        with database.begin() as conn:
            parts = pl.concat(
                [events("pnc", moments[: rows // 2]), events("pnc", moments[rows // 2 :])], rechunk=False
            )
            count(conn, [parts, events("other", [NOON])], NOON)
    with database.connect() as conn:
        counted = hours_of(conn, "pnc")
        assert hours_of(conn, "other")[NOON].events == 3
    hours = {moment.replace(minute=0, second=0, microsecond=0) for moment in known}
    assert set(counted) == hours
    for hour, found in counted.items():
        mine = [moment for moment in known if hour <= moment < hour + timedelta(hours=1)]
        assert found.events == len(mine)
        assert found.minutes == sum(1 << minute for minute in {moment.minute for moment in mine})


def test_the_delay_is_that_of_the_first_to_come(database: Engine) -> None:
    moment = NOON + timedelta(minutes=10)
    for minutes in (2, 300):
        with database.begin() as conn:
            count(conn, [events("pnc", [moment])], moment + timedelta(minutes=minutes))
    with database.connect() as conn:
        assert hours_of(conn, "pnc")[NOON].delay_seconds == 120
