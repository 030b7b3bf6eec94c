"""UK Standard for CDRs: what holds beside the cases."""

from __future__ import annotations

import pytest
from call_cases import event, read, reasons

from parsers.formats.uk_cdr import UkCdr
from parsers.uk_cdr_fields import STANDARD

HEADER = ",".join(STANDARD)
USUAL = {
    "Call Type": "V", "Customer Identifier": "01632960010", "Telephone Number Dialled": "02079460123",
    "Call Date": "03/03/2026", "Call Time": "14:02:00", "Duration": "360", "Record ID": "9001",
}  # fmt: skip


def line(**fields: str) -> str:
    given = {**USUAL, **{name.replace("_", " "): value for name, value in fields.items()}}
    return ",".join(given.get(name, "") for name in STANDARD)


def test_the_standard_has_forty_two_columns() -> None:
    assert len(STANDARD) == len(set(STANDARD)) == 42


def test_a_record_says_the_same_by_name_and_by_position() -> None:
    by_place, by_name = event("uk_cdr", line()), event("uk_cdr", HEADER, line())
    assert {name for name in by_place if by_place[name] != by_name[name]} == {"log_offset"}


@pytest.mark.parametrize(
    ("shown", "caller", "direction"),
    [
        ("", "+441632960010", "outbound"),
        ("01632960010", "+441632960010", "outbound"),
        ("01632960099", "+441632960010", "outbound"),
        ("02079460123", "+442079460123", "inbound"),
        ("07700900123", "+441632960010", "outbound"),
        ("withheld", "+441632960010", "outbound"),
    ],
)
def test_the_number_shown_says_who_called(shown: str, caller: str, direction: str) -> None:
    call = event("uk_cdr", line(Caller_Line_Identity=shown))
    assert (call["call_from"], call["call_direction"]) == (caller, direction)


def test_a_call_that_landed_on_another_number_of_ours_came_from_the_number_shown() -> None:
    call = event("uk_cdr", line(Telephone_Number_Dialled="01632960077", Caller_Line_Identity="07700900123"))
    assert (call["call_from"], call["call_to_final"], call["call_direction"]) == (
        "+447700900123",
        "+441632960077",
        "inbound",
    )


def test_a_text_message_is_neither_missed_nor_a_call() -> None:
    message = event("uk_cdr", line(Call_Type="S", Duration=""))
    assert (message["event_action"], message["event_outcome"]) == ("message-outbound", "success")


def test_data_sessions_are_counted_and_the_supplier_s_codes_can_be_configured() -> None:
    data = line(Call_Type="D", Telephone_Number_Dialled="internet")
    assert read("uk_cdr", data, options={"data_types": ["D"]}).non_records == {"other_record": 1}
    assert read("uk_cdr", data).event_lines == 1


def test_legs_of_one_call_share_its_grouping_id() -> None:
    legs = read("uk_cdr", line(Grouping_ID="G7"), line(Grouping_ID="G7", Record_ID="9002")).events["call"]
    assert legs["call_group_id"].to_list() == ["G7", "G7"]
    assert legs["event_id"].n_unique() == 2


def test_days_come_before_months() -> None:
    assert event("uk_cdr", line(Call_Date="04/03/2026"))["timestamp"].month == 3
    assert reasons("uk_cdr", line(Call_Date="03/13/2026")) == [("bad_time", "call date and time")]


def test_headers_are_recognised_and_records_a_little_less() -> None:
    assert UkCdr.recognise(HEADER.encode()) == 0.95
    assert UkCdr.recognise(line().encode()) == 0.9
    assert UkCdr.recognise(b",".join([b"x"] * 42)) == 0
