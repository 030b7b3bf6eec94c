"""Avaya IP Office SMDR: what holds beside the cases."""

from __future__ import annotations

import pytest
from call_cases import event, read, reasons

from parsers.formats.avaya_ipoffice import AvayaIpOffice
from parsers.ipoffice_fields import BASE

RECORD = {
    **dict.fromkeys(BASE, ""),
    "start": "2026/03/03 14:02:00", "connected": "00:06:00", "ring": "7", "caller": "209", "direction": "O",
    "called": "203", "dialled": "203", "internal": "1", "call_id": "1000014", "continuation": "0",
    "device1": "E209", "name1": "JBriar", "device2": "E203", "name2": "RKell", "hold": "0", "park": "0",
}  # fmt: skip


def line(width: int = 30, **fields: str) -> str:
    values = list({**RECORD, **fields}.values())
    return ",".join((values + [""] * width)[:width])


@pytest.mark.parametrize("width", [17, 30, 31, 35, 37, 45])
def test_a_record_says_the_same_whatever_is_left_out_or_added_at_its_end(width: int) -> None:
    usual, other = (event("avaya_ipoffice", line(each)) for each in (30, width))
    same = ("timestamp", "call_from", "call_to_final", "call_talk_seconds", "call_to_user", "call_group_id")
    assert [usual[name] for name in same] == [other[name] for name in same]


def test_records_of_any_width_may_stand_next_to_each_other() -> None:
    lines = [line(width, call_id=str(width)) for width in (35, 30, 17, 37, 31)]
    assert read("avaya_ipoffice", *lines).events["call"]["call_group_id"].to_list() == [
        "35",
        "30",
        "17",
        "37",
        "31",
    ]


def test_a_record_too_short_or_too_long_is_rejected_alone() -> None:
    assert reasons("avaya_ipoffice", line(16), line(), line(46)) == [
        ("too_few_fields", None),
        ("too_many_fields", None),
    ]


def test_segments_of_one_call_share_its_id_and_stay_apart() -> None:
    first, second = line(continuation="1"), line(device2="E204")
    segments = read("avaya_ipoffice", first, second).events["call"]
    assert segments["call_group_id"].to_list() == ["1000014"] * 2
    assert segments["event_id"].n_unique() == 2


def test_the_same_record_delivered_twice_has_one_identity() -> None:
    assert read("avaya_ipoffice", line(), line()).events["call"]["event_id"].n_unique() == 1


def test_where_a_call_was_sent_on_to_is_among_its_numbers() -> None:
    call = event("avaya_ipoffice", line(cause="U fu", targeter="RKell", targeted="07700 900123"))
    assert call["call_numbers"] == ["+447700900123", "203", "209"]
    assert call["event_reason"] == "U fu"


def test_the_words_of_the_system_do_not_make_an_outside_number_internal() -> None:
    assert (
        event("avaya_ipoffice", line(dialled="02079460123", device2="T9001"))["call_direction"] == "outbound"
    )


def test_times_in_summer_are_an_hour_ahead() -> None:
    assert event("avaya_ipoffice", line(start="2026/07/03 14:02"))["timestamp"].hour == 13


def test_other_separated_lines_are_not_taken_for_call_records() -> None:
    assert AvayaIpOffice.recognise(line().encode()) == 0.95
    assert AvayaIpOffice.recognise(b"2026/03/03 14:02:00,a,b,c\n") == 0
