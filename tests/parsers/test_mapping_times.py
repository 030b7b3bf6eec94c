"""Times in the notations of exports: read exactly, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.mapping_times import read_dates, read_times

LONDON = ZoneInfo("Europe/London")
FIRST, LAST = (datetime(year, 1, 1) for year in (1971, 2199))  # noqa: DTZ001 - hypothesis adds the zone itself
MOMENTS = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
PATTERNS = [
    "%Y-%m-%d %H:%M:%S",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%d-%b-%Y %H:%M:%S",
    "%A, %d %B %Y %H:%M:%S",
    "%Y%m%d%H%M%S",
    "%Y %j %H.%M.%S",
    "%a %b %d %H:%M:%S %Z %Y",
    "%Y-%m-%dT%H:%M:%S%z",
]


def read(
    text: str | None, *notations: str, zone: ZoneInfo = LONDON
) -> tuple[datetime | None, int | None, str | None]:
    return read_times(pl.Series("t", [text], dtype=pl.String), notations, zone).row(0)  # type: ignore[return-value]


@pytest.mark.parametrize("pattern", PATTERNS)
@given(moment=MOMENTS)
def test_what_strftime_writes_is_read_back(pattern: str, moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    assert read(moment.strftime(pattern), pattern, zone=ZoneInfo("UTC"))[0] == moment


@given(moment=MOMENTS)
def test_fractions_are_kept_to_the_microsecond(moment: datetime) -> None:
    assert (
        read(moment.strftime("%H:%M:%S,%f %d.%m.%Y"), "%H:%M:%S,%f %d.%m.%Y", zone=ZoneInfo("UTC"))[0]
        == moment
    )


@given(micro=st.integers(0, 4_000_000_000_000_000))
def test_counts_since_1970_are_exact_whatever_the_unit(micro: int) -> None:
    moment = pl.Series([micro]).cast(pl.Datetime("us", "UTC"))[0]
    assert read(str(micro), "epoch_microseconds")[0] == moment
    assert read(f"{micro // 1000}.{micro % 1000:03}", "epoch_milliseconds")[0] == moment
    assert read(f"{micro // 10**6}.{micro % 10**6:06}", "epoch_seconds")[0] == moment


@pytest.mark.parametrize(
    "text",
    ["03/03/26 14:02", "3/3/2026 14:02 ", "+3/03/2026 14:02", "31/02/2026 14:02", "03/13/2026 14:02", "03/03/2026 25:02",
     "03/03/2026", "03/03/2026 14:02:11", "x03/03/2026 14:02", "٣/03/2026 14:02", ""],
)  # fmt: skip
def test_what_does_not_look_like_the_pattern_is_not_read(text: str) -> None:
    assert read(text, "%d/%m/%Y %H:%M") == (None, None, None)


@pytest.mark.parametrize(
    "text", ["-1", "+1", "1e9", "0x10", "99999999999999999999", "1.", ".5", "17725 46531", ""]
)
def test_what_is_no_count_is_not_read(text: str) -> None:
    assert read(text, "epoch_seconds") == (None, None, None)


def test_a_local_time_is_of_the_zone_and_the_repeated_hour_is_marked() -> None:
    pattern = "%d/%m/%Y %H:%M"
    assert read("03/07/2026 14:02", pattern) == (datetime(2026, 7, 3, 13, 2, tzinfo=UTC), 0, "config")
    assert read("25/10/2026 01:30", pattern) == (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), 3600, "config")
    assert read("29/03/2026 01:30", pattern) == (datetime(2026, 3, 29, 1, 30, tzinfo=UTC), 3600, "config")


def test_a_zone_in_the_record_counts_more() -> None:
    pattern = "%d/%m/%Y %H:%M %Z"
    for text in (
        "03/07/2026 14:02 BST",
        "03/07/2026 13:02 GMT",
        "03/07/2026 08:02 -05:00",
        "03/07/2026 14:02 +0100",
    ):
        assert read(text, pattern) == (datetime(2026, 7, 3, 13, 2, tzinfo=UTC), 0, "record")


def test_the_first_notation_that_fits_holds_for_each_time() -> None:
    texts = pl.Series("t", ["03/04/2026 14:02", "1772546531", "2026-03-03T14:02Z", "never", None])
    found = read_times(texts, ["%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "epoch_seconds", "iso"], LONDON)[
        "timestamp"
    ]
    assert found.to_list() == [
        datetime(2026, 4, 3, 13, 2, tzinfo=UTC),
        datetime(2026, 3, 3, 14, 2, 11, tzinfo=UTC),
        datetime(2026, 3, 3, 14, 2, tzinfo=UTC),
        None,
        None,
    ]


def test_dates_become_iso_or_nothing() -> None:
    texts = pl.Series(
        "d", ["1990-04-01", "1990-04-01T00:00:00", "1/4/1990", "31/02/1990", "1990-02-30", "x", None]
    )
    assert read_dates(texts, ["iso", "%d/%m/%Y"]).to_list() == ["1990-04-01"] * 3 + [None] * 4
