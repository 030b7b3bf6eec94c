"""Times: what is read as what, and how far it may be off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.times import (
    TIMES_SCHEMA,
    iso_times,
    iso_to_utc,
    local_to_utc,
    local_uncertainty_seconds,
)

# Naive on purpose: what a clock on a wall shows.
EARLIEST, LATEST = (datetime.fromisoformat(text) for text in ("0001-01-02", "9999-12-30"))
EPOCH, CLOCK_RULES_END = (datetime.fromisoformat(text) for text in ("1970-01-02", "2037-12-30"))
LONDON = ZoneInfo("Europe/London")


def read(text: str | None, zone: ZoneInfo = LONDON) -> tuple[datetime | None, int | None, str | None]:
    row = iso_times(pl.Series([text], dtype=pl.String), zone).row(0)
    return row[0], row[1], row[2]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-07-01T12:00:00Z", utc(2026, 7, 1, 12)),
        ("2026-07-01T12:00:00z", utc(2026, 7, 1, 12)),
        ("2026-07-01 12:00:00Z", utc(2026, 7, 1, 12)),
        ("2026-07-01T12:00Z", utc(2026, 7, 1, 12)),
        ("2026-07-01T12:00:00 +0100", utc(2026, 7, 1, 11)),
        ("2026-07-01T12:00:00+01:00", utc(2026, 7, 1, 11)),
        ("2026-07-01T12:00:00+01", utc(2026, 7, 1, 11)),
        ("2026-07-01T12:00:00-05:30", utc(2026, 7, 1, 17, 30)),
        ("2026-07-01T00:30:00+14:00", utc(2026, 6, 30, 10, 30)),
        ("2026-07-01T12:00:00.5Z", utc(2026, 7, 1, 12, 0, 0, 500_000)),
        ("2026-07-01T12:00:00,25Z", utc(2026, 7, 1, 12, 0, 0, 250_000)),
        ("2026-07-01T12:00:00.1234567+01:00", utc(2026, 7, 1, 11, 0, 0, 123_456)),
        ("  2026-07-01T12:00:00Z\t", utc(2026, 7, 1, 12)),
    ],
)
def test_a_time_with_a_zone_is_exact_and_known_from_the_record(text: str, expected: datetime) -> None:
    assert read(text) == (expected, 0, "record")


@pytest.mark.case("T32")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-07-01T12:00:00", utc(2026, 7, 1, 11)),
        ("2026-01-01T12:00:00", utc(2026, 1, 1, 12)),
        ("2026-07-01 12:00", utc(2026, 7, 1, 11)),
        ("2026-07-01T12:00:00.000001", utc(2026, 7, 1, 11, 0, 0, 1)),
    ],
)
def test_a_time_without_zone_is_read_in_the_configured_one(text: str, expected: datetime) -> None:
    assert read(text) == (expected, 0, "config")


def test_the_configured_zone_decides() -> None:
    assert read("2026-07-01T12:00:00", ZoneInfo("UTC"))[0] == utc(2026, 7, 1, 12)
    assert read("2026-07-01T12:00:00", ZoneInfo("America/New_York"))[0] == utc(2026, 7, 1, 16)


@pytest.mark.case("T32")
@pytest.mark.parametrize(
    ("text", "expected", "doubt"),
    [
        ("2026-10-25T00:59:59", utc(2026, 10, 24, 23, 59, 59), 0),
        ("2026-10-25T01:00:00", utc(2026, 10, 25, 0), 3600),
        ("2026-10-25T01:59:59", utc(2026, 10, 25, 0, 59, 59), 3600),
        ("2026-10-25T02:00:00", utc(2026, 10, 25, 2), 0),
    ],
)
def test_the_repeated_hour_is_taken_as_the_first_and_marked(
    text: str, expected: datetime, doubt: int
) -> None:
    assert read(text) == (expected, doubt, "config")


@pytest.mark.case("T32")
@pytest.mark.parametrize(
    ("text", "expected", "doubt"),
    [
        ("2026-03-29T00:59:59", utc(2026, 3, 29, 0, 59, 59), 0),
        ("2026-03-29T01:00:00", utc(2026, 3, 29, 1), 3600),
        ("2026-03-29T01:59:59", utc(2026, 3, 29, 1, 59, 59), 3600),
        ("2026-03-29T02:00:00", utc(2026, 3, 29, 1), 0),
    ],
)
def test_the_skipped_hour_is_read_as_if_the_clock_had_not_moved_and_marked(
    text: str, expected: datetime, doubt: int
) -> None:
    assert read(text) == (expected, doubt, "config")


@pytest.mark.case("T32")
def test_a_zone_in_the_record_leaves_no_doubt_in_the_repeated_hour() -> None:
    assert read("2026-10-25T01:30:00+01:00") == (utc(2026, 10, 25, 0, 30), 0, "record")
    assert read("2026-10-25T01:30:00+00:00") == (utc(2026, 10, 25, 1, 30), 0, "record")


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        " ",
        "2026-07-01",
        "2026-13-01T12:00:00",
        "2026-02-30T12:00:00",
        "2026-07-01T24:00:00",
        "2026-07-01T12:60:00",
        "2026-7-1T1:2:3",
        "2026-07-01  12:00:00",
        "20260701T120000Z",
        "01/07/2026 12:00:00",
        "+2026-07-01T12:00:00",
        "-2026-07-01T12:00:00",
        "12026-07-01T12:00:00",
        "26-07-01T12:00:00",
        "2026-07-01T12:00:00.",
        "2026-07-01T12:00:00.5.5",
        "2026-07-01T12:00:00+01:00Z",
        "2026-07-01T12:00:00+25:00",
        "2026-07-01T12:00:00+01:75",
        "2026-07-01T12:00:00 GMT",
        "2026-07-01T12:00:00 BST Z",
        "٢٠٢٦-07-01T12:00:00",
        "yesterday",
    ],
)
def test_what_is_no_such_time_is_null_in_all_three(text: str | None) -> None:
    assert read(text) == (None, None, None)


def test_a_time_that_its_zone_moves_out_of_the_calendar_is_unreadable_not_a_crash() -> None:
    assert read("9999-12-31T23:59:59-05:00") == (None, None, None)
    assert read("0001-01-01T00:00:00+05:00") == (None, None, None)


def test_an_empty_column_gives_an_empty_frame_of_the_schema() -> None:
    assert iso_times(pl.Series([], dtype=pl.String), LONDON).schema == TIMES_SCHEMA


def test_a_verdict_on_a_time_does_not_depend_on_its_neighbours() -> None:
    texts = [
        "2026-07-01T12:00:00",
        "2026-10-25T01:30:00",
        "2026-03-29T01:30:00",
        "2026-07-01T12:00:00.25Z",
        "2026-07-01 12:00+02",
        "nonsense",
        None,
    ]
    together = iso_times(pl.Series(texts, dtype=pl.String), LONDON)
    assert together.rows() == [read(text) for text in texts]


def test_the_expressions_say_what_the_frame_says() -> None:
    frame = pl.DataFrame({"text": ["2026-10-25T01:30:00", "2026-07-01T12:00:00.25Z", "nonsense", None]})
    expressions = dict(zip(TIMES_SCHEMA, iso_to_utc(pl.col("text"), LONDON), strict=True))
    assert frame.select(**expressions).equals(iso_times(frame["text"], LONDON))
    assert frame.lazy().select(**expressions).collect().equals(iso_times(frame["text"], LONDON))
    assert frame.clear().select(**expressions).schema == TIMES_SCHEMA


@settings(max_examples=150, deadline=None)
@given(
    st.datetimes(min_value=EPOCH, max_value=CLOCK_RULES_END),
    st.sampled_from(["Europe/London", "America/New_York", "Australia/Lord_Howe", "UTC", "Asia/Kathmandu"]),
)
def test_local_times_are_those_of_the_standard_library(naive: datetime, zone_name: str) -> None:
    zone = ZoneInfo(zone_name)
    aware = naive.replace(tzinfo=zone)
    back = aware.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    repeated = aware.utcoffset() != naive.replace(tzinfo=zone, fold=1).utcoffset()
    row = pl.DataFrame({"t": [naive]}).select(
        local_to_utc(pl.col("t"), zone).alias("utc"),
        local_uncertainty_seconds(pl.col("t"), zone).alias("doubt"),
    )
    if back == naive:
        assert row["utc"].item() == aware.astimezone(UTC)
    assert row["doubt"].item() == (3600 if repeated else 0)
    assert read(naive.isoformat(), zone) == (row["utc"].item(), row["doubt"].item(), "config")


@settings(max_examples=100, deadline=None)
@given(
    st.datetimes(min_value=EARLIEST, max_value=LATEST),
    st.integers(min_value=-14 * 60, max_value=14 * 60),
)
def test_every_time_with_an_offset_is_read_back_exactly(naive: datetime, minutes: int) -> None:
    aware = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert read(aware.isoformat()) == (aware.astimezone(UTC), 0, "record")


@given(
    st.lists(st.datetimes(EPOCH, CLOCK_RULES_END), min_size=1, max_size=5),
    st.sampled_from(
        ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.678Z"]
    ),
    st.sampled_from(["", "2026-02-30T10:00:00", "0000-01-01T00:00:00", "2026-13-01 00:00:00"]),
)
def test_a_column_of_one_shape_reads_as_its_times_do_among_others(moments, shape, impossible):
    """Columns whose times all look alike take a short cut: what stands beside a time must not change it."""
    alike = [moment.strftime(shape) for moment in moments] + [impossible] * bool(impossible)
    among_others = iso_times(pl.Series([*alike, "2026-03-03 14:02"]), LONDON)
    assert iso_times(pl.Series(alike), LONDON).equals(among_others.head(len(alike)))


def test_a_column_of_one_shape_knows_the_repeated_and_the_skipped_hour():
    alike = ["2026-10-25T01:30:00", "2026-03-29T01:30:00", "2026-07-01T12:00:00"]
    among_others = iso_times(pl.Series([*alike, "2026-03-03 14:02"]), LONDON)
    assert iso_times(pl.Series(alike), LONDON).equals(among_others.head(3))
    assert among_others["time_uncertainty_seconds"].to_list() == [3600, 3600, 0, 0]
