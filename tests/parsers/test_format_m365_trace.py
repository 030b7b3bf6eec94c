"""Microsoft 365 message traces: the cases of cases/m365_trace, and what tells two rows apart."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from golden import case_names, check_case

from parsers.format import Block, Context, Parsed
from parsers.formats.m365_trace import M365Trace

SUMMARY = '{{"MessageTraceId":"{}","Received":"2026-03-03T14:02:11","SenderAddress":"{}","RecipientAddress":"{}","Status":"{}"}}'


def read(*lines: str) -> Parsed:
    context = Context(source="trace", zone=ZoneInfo("Europe/London"))
    return M365Trace(context).parse(Block("\n".join(lines).encode() + b"\n"), "")


@pytest.mark.parametrize("name", case_names("m365_trace"))
def test_every_line_of_a_case_ends_where_it_must(name: str) -> None:
    check_case("m365_trace", name)


def test_a_row_exported_again_with_other_search_dates_is_the_same_event() -> None:
    line = SUMMARY.format("t1", "a@x.example", "b@y.example", "Delivered")
    again = line.removesuffix("}") + ',"StartDate":"2026-03-01","Index":7}'
    assert read(line, again).events["email"]["event_id"].n_unique() == 1


@pytest.mark.parametrize(
    "other",
    [
        ("t2", "a@x.example", "b@y.example", "Delivered"),
        ("t1", "a@x.example", "c@y.example", "Delivered"),
        ("t1", "a@x.example", "b@y.example", "Failed"),
    ],
)
def test_another_message_recipient_or_status_is_another_event(other: tuple[str, ...]) -> None:
    lines = SUMMARY.format("t1", "a@x.example", "b@y.example", "Delivered"), SUMMARY.format(*other)
    assert read(*lines).events["email"]["event_id"].n_unique() == 2


def test_rows_without_an_id_of_their_message_are_told_apart_by_place() -> None:
    row = "2026-03-03T14:02:11,a@x.example,b@y.example,,Delivered"
    assert read("Date,Sender,Recipient,Subject,Status", row, row).events["email"]["event_id"].n_unique() == 2


def test_a_header_without_a_time_names_nothing() -> None:
    assert read("Sender,Recipient", "a,b").rejects["reason"].to_list() == ["no_header"]
