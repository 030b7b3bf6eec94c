"""What is usual for a day: of whole days before, by the middle, and nothing from a few."""

from datetime import date, timedelta

import polars as pl
from history import NOON

from detectors.usual import usual

TODAY = NOON.date()


def asked(*who: str | None) -> pl.DataFrame:
    rows = [(NOON, one, one) for one in who]
    return pl.DataFrame(
        rows,
        schema={"timestamp": pl.Datetime("us", "UTC"), "actor": pl.String, "role_key": pl.String},
        orient="row",
    )


def days(*counts: int, who: str = "a", ending: date = TODAY) -> pl.DataFrame:
    rows = [(who, who, ending - timedelta(days=ago), count) for ago, count in enumerate(counts, 1)]
    return pl.DataFrame(
        rows,
        schema={"actor": pl.String, "role_key": pl.String, "day": pl.Date, "looked": pl.UInt32},
        orient="row",
    )


def test_the_middle_and_some_spreads_more():
    [row] = usual(asked("a"), days(4, 6, 5, 4, 6, 99), by="actor", spread=3).rows()
    assert row == (5.5, 5.5 + 3 * 1.4826 * 1.0)


def test_nothing_is_usual_from_four_days_nor_for_nobody():
    assert usual(asked("a", None, "b"), days(4, 6, 5, 4), by="actor", spread=3).rows() == [(None, None)] * 3


def test_today_and_days_long_ago_do_not_count():
    known = pl.concat(
        (days(50, 50, ending=TODAY + timedelta(days=1)), days(*[3] * 6, ending=TODAY - timedelta(days=4)))
    )
    assert usual(asked("a"), known, by="actor", spread=0).rows() == [(3.0, 3.0)]
    assert usual(asked("a"), known, by="role_key", spread=0).rows() == [(None, None)]


def test_order_is_kept():
    known = pl.concat((days(*[1] * 6, who="a"), days(*[2] * 6, who="b")))
    assert usual(asked("b", "a", "b"), known, by="actor", spread=0)["usual"].to_list() == [2.0, 1.0, 2.0]
