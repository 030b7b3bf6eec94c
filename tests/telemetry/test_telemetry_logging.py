"""The log: JSON lines with UTC times, and nothing about a person in them, however it got there."""

from __future__ import annotations

import io
import json
import logging as stdlib
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
import structlog

from auditd.telemetry import events, logging
from auditd.telemetry.metrics import Metrics
from parsers.event import SCHEMA


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    out = io.StringIO()
    logging.configure("info", "json", out)
    yield out
    structlog.reset_defaults()
    stdlib.basicConfig(force=True)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def only(stream: io.StringIO) -> dict[str, Any]:
    (line,) = lines(stream)
    return line


def test_a_line_is_json_with_event_level_and_utc_time(stream: io.StringIO) -> None:
    events.rejected(Metrics(), source="pnc", reasons={"bad_time": 2})
    line = only(stream)
    assert (line["event"], line["level"], line["source"]) == ("lines_rejected", "warning", "pnc")
    assert line["reasons"] == {"bad_time": 2}
    assert line["timestamp"].endswith("Z")


def test_lesser_levels_are_not_written(stream: io.StringIO) -> None:
    events.lines_read(Metrics(), source="pnc", lines=1, events={}, non_records={})
    assert stream.getvalue() == ""


def test_a_reload_may_change_the_level(stream: io.StringIO) -> None:
    logging.configure("debug", "json", stream)
    events.lines_read(Metrics(), source="pnc", lines=1, events={}, non_records={})
    assert only(stream)["event"] == "lines_read"


@pytest.mark.parametrize(
    "key", ["user_id", "subject_key", "email_subject", "call_from", "staff_id", "name", "value"]
)
def test_a_key_that_names_a_person_is_stripped_and_said_so(stream: io.StringIO, key: str) -> None:
    structlog.get_logger().info("x", **{key: "Ann Briar", "source": "pnc"})
    assert "Briar" not in stream.getvalue()
    assert only(stream)["stripped"] == [key]
    assert only(stream)["source"] == "pnc"


def test_nested_keys_are_stripped_too(stream: io.StringIO) -> None:
    structlog.get_logger().info("x", detail=[{"user_id": "abriar", "count": 1}])
    assert only(stream)["detail"] == [{"count": 1}]


def test_every_column_of_an_event_that_tells_of_a_person_is_forbidden() -> None:
    """A new column of the schema is forbidden until somebody says that it is harmless."""
    columns = {name for schema in SCHEMA.values() for name in schema}
    assert columns - logging.FORBIDDEN <= logging.HARMLESS


def test_an_exception_is_told_without_its_message(stream: io.StringIO) -> None:
    try:
        pl.Series(["Ann Briar"]).cast(pl.Int64)
    except pl.exceptions.PolarsError:
        events.failed(step="judge")
    line = only(stream)
    assert line["error"] == "InvalidOperationError"
    assert line["where"]
    assert "Briar" not in stream.getvalue()


def test_what_the_operating_system_said_is_told(stream: io.StringIO) -> None:
    try:
        raise PermissionError(13, "Permission denied", "/home/briar")
    except PermissionError:
        events.failed(step="read")
    assert only(stream)["error_detail"] == "Permission denied"
    assert "briar" not in stream.getvalue()


def test_a_library_may_warn_but_not_quote(stream: io.StringIO) -> None:
    stdlib.getLogger("some.library").warning("row %s is odd", "Ann Briar")
    line = only(stream)
    assert (line["event"], line["logger"], line["level"]) == ("library_warning", "some.library", "warning")
    assert "Briar" not in stream.getvalue()


def test_long_values_and_many_keys_are_cut(stream: io.StringIO) -> None:
    structlog.get_logger().info(
        "x", long="y" * 10_000, many=list(range(1000)), **{f"k{n}": n for n in range(100)}
    )
    line = only(stream)
    assert len(line["long"]) == logging.LONGEST_VALUE
    assert len(line["many"]) == len(line) == logging.MOST_KEYS


def test_a_log_line_stays_one_line(stream: io.StringIO) -> None:
    structlog.get_logger().info("x", why="two\nlines\x1b[31m")
    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()


def test_the_console_look_is_readable() -> None:
    out = io.StringIO()
    logging.configure("info", "console", out)
    events.detector_not_authorised(Metrics(), detector="media_contact")
    assert "detector_not_authorised" in out.getvalue()
    assert "detector=media_contact" in out.getvalue()
    structlog.reset_defaults()
    stdlib.basicConfig(force=True)
