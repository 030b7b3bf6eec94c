"""BT call lists: what holds beside the cases."""

from __future__ import annotations

import pytest
from call_cases import event, read, reasons

from parsers.formats.bt_calls import BtCalls

HEADER = "ChargeCode,InstallationNo,LineNo,ChargeCardNo,Date,Time,Destination,CalledNo,Duration,TxtDirectRebate,Cost"


def line(called: str = "02079460123", time: str = "14:02", duration: str = "0000:06:00") -> str:
    return f"Local,01632960018  ,,,03/03/2026,{time},London,{called}      ,{duration},           0.000,           0.100"


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("07700 XXYYZZ", "+447700*"),
        ("020 7946 0123", "+442079460123"),
        ("1471", "1471"),
        ("00353 1 234 5678", "+35312345678"),
    ],
)
def test_called_numbers_lose_their_padding_and_keep_their_masks(written: str, compared: str) -> None:
    call = event("bt_calls", HEADER, line(written))
    assert (call["call_to_dialled_raw"], call["call_to_dialled"]) == (written, compared)


def test_times_without_seconds_may_be_a_minute_off() -> None:
    calls = read("bt_calls", HEADER, line(), line(time="14:02:09")).events["call"]
    assert calls["time_uncertainty_seconds"].to_list() == [60, 0]


def test_hours_have_four_digits() -> None:
    assert event("bt_calls", HEADER, line(duration="0101:00:01"))["call_talk_seconds"] == 363_601


def test_records_above_any_header_are_kept_for_later() -> None:
    assert reasons("bt_calls", line())[0][0] == "no_header"


def test_lists_are_recognised_by_their_header_even_below_blank_lines() -> None:
    assert BtCalls.recognise(b"\r\n\r\n\r\n" + HEADER.encode()) == 0.95
    assert BtCalls.recognise(line().encode()) == 0
