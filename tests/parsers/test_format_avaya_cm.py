"""Avaya Communication Manager CDR: what holds beside the cases."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from call_cases import event, read, reader, reasons
from pydantic import ValidationError

from parsers.format import Block
from parsers.formats.avaya_cm import DOCUMENTED, AvayaCm, AvayaCmOptions

DATED = {"written_before": date(2026, 12, 31)}


def line(**columns: str) -> str:
    given = {
        "time": "1402",
        "duration": "0061",
        "condition": "7",
        "dialled": "02079460123",
        "calling": "50009",
        **columns,
    }
    places = [" "] * 112
    for name, value in given.items():
        first = DOCUMENTED[name][0] - 1
        places[first : first + len(value)] = value
    return "".join(places).rstrip()


def call(*lines: str, **options: Any) -> dict[str, Any]:
    return event("avaya_cm", "00:00 03/28", *lines, options={**DATED, **options})


def test_the_time_is_that_of_the_end_and_the_start_follows_from_the_duration() -> None:
    told = call(line())
    assert str(told["call_ended"])[:16] == "2026-03-28 14:02"
    assert (told["call_ended"] - told["timestamp"]).total_seconds() == told["call_talk_seconds"] == 366


def test_a_call_over_midnight_starts_on_the_day_before() -> None:
    assert call(line(time="0001", duration="0100"))["timestamp"].day == 27


def test_a_changed_clock_leaves_the_talk_time_open() -> None:
    told = call(line(duration="9999"))
    assert (told["call_talk_seconds"], told["event_action"]) == (None, "call-outbound")


def test_callers_of_ten_places_get_the_prefix_that_they_lack_and_stay_as_written() -> None:
    told = call(line(calling="7700900123", dialled="50010"), calling_prefix="0")
    assert (told["call_from"], told["call_from_raw"]) == ("+447700900123", "7700900123")


def test_the_day_in_force_is_carried_to_the_next_block() -> None:
    exchange = reader("avaya_cm", options=DATED)
    first = exchange.parse(Block(b"00:00 03/28\n"), "")
    second = exchange.parse(Block(line().encode() + b"\n", offset=12), first.state)
    assert second.events["call"]["call_ended"].dt.date().to_list() == [date(2026, 3, 28)]


@pytest.mark.parametrize("written", ["00:00 03/28", "0000 03/28", "03/28", "  03/28  "])
def test_date_records_may_have_a_time(written: str) -> None:
    assert read("avaya_cm", written, line(), options=DATED).non_records == {"date": 1}


def test_a_day_that_does_not_exist_dates_nothing() -> None:
    assert reasons("avaya_cm", "02/30", line(), options=DATED)[0][0] == "no_header"


def test_places_are_checked_when_they_are_configured() -> None:
    with pytest.raises(ValidationError, match="no such column: colour"):
        AvayaCmOptions(columns={**DOCUMENTED, "colour": (1, 2)})
    with pytest.raises(ValidationError, match="must give the places of dialled, calling"):
        AvayaCmOptions(columns={"time": (1, 4)})
    with pytest.raises(ValidationError, match="places of time: give"):
        AvayaCmOptions(columns={**DOCUMENTED, "time": (4, 1)})


def test_records_below_a_date_are_recognised() -> None:
    assert AvayaCm.recognise(f"00:00 03/28\n{line()}\n".encode()) == 0.9
    assert AvayaCm.recognise(b"00:00 03/28\n") == 0
