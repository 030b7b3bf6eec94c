"""Mitel SMDR: what holds beside the cases."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from call_cases import event, read, reader
from pydantic import ValidationError

from parsers.format import Block
from parsers.formats.mitel import DOCUMENTED, Mitel, MitelOptions

DATED = {"written_before": date(2026, 12, 31)}


def line(*, day: str = "03/28", time: str = "14:02:00 ", answer: str = "0007", **parties: str) -> str:
    given = {"calling": "7411", "digits": "902079460123", "called": "T3", **parties}
    head = f" {day} {time} 0000:06:00 {given['calling']:<7} {answer:<4} "
    return f"{head}{given['digits']:<26}A {given['called']:<7}"


def call(text: str, **options: Any) -> dict[str, Any]:
    return event("mitel", text, options={**DATED, **options})


@pytest.mark.parametrize(
    ("time", "hour"),
    [
        ("14:02:00 ", 14),
        ("02:02:00p", 14),
        ("12:02:00p", 12),
        ("00:02:00 ", 0),
        ("02:02p   ", 14),
        ("14:02    ", 14),
    ],
)
def test_clocks_of_twelve_hours_say_p_in_the_afternoon(time: str, hour: int) -> None:
    assert call(line(time=time))["timestamp"].hour == hour


def test_a_trunk_is_a_device_and_no_number() -> None:
    went_out, came_in = call(line()), call(line(calling="X12", digits="7406", called="7406"))
    assert (went_out["call_to_final"], went_out["call_device_to"]) == (None, "T3")
    assert (came_in["call_from"], came_in["call_device_from"], came_in["call_direction"]) == (
        None,
        "X12",
        "inbound",
    )


def test_a_call_nobody_answered_is_missed_however_long_it_rang() -> None:
    assert call(line(answer="****"))["event_action"] == "call-missed"


def test_a_line_whose_first_place_was_trimmed_is_read_like_any_other() -> None:
    whole, trimmed = call(line()), call(line().strip())
    same = ("timestamp", "call_from", "call_to_dialled", "call_talk_seconds", "call_device_to")
    assert [whole[name] for name in same] == [trimmed[name] for name in same]


def test_days_are_of_the_last_year_in_which_they_are_not_too_late() -> None:
    lines = [line(day=day) for day in ("12/31", "01/01", "03/28")]
    years = (
        read("mitel", *lines, options={"written_before": date(2026, 3, 1)})
        .events["call"]["timestamp"]
        .dt.year()
    )
    assert years.to_list() == [2025, 2026, 2025]


def test_without_any_date_the_year_is_carried_from_block_to_block() -> None:
    exchange = reader("mitel")
    first = exchange.parse(Block(f"{line(day='12/31')}\n".encode()), "")
    second = exchange.parse(Block(f"{line(day='01/01')}\n".encode(), offset=99), first.state)
    years = [part.events["call"]["timestamp"].dt.year().item() for part in (first, second)]
    assert years == [2000, 2001]


def test_that_the_year_was_inferred_shows() -> None:
    assert call(line())["time_uncertainty_seconds"] == 366 * 86_400


def test_places_are_checked_when_they_are_configured() -> None:
    with pytest.raises(ValidationError, match="no such column: colour"):
        MitelOptions(columns={**DOCUMENTED, "colour": (1, 2)})


def test_records_are_recognised_by_how_they_begin() -> None:
    assert Mitel.recognise(line().encode()) == 0.9
    assert Mitel.recognise(b" 03/28 lunch\n") == 0
