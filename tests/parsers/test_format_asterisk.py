"""Asterisk call records: what holds beside the cases."""

from __future__ import annotations

import csv
import io

import pytest
from call_cases import event, read, reasons
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from parsers.asterisk_fields import LAYOUTS
from parsers.formats.asterisk import Asterisk, AsteriskOptions

RECORD = {
    "accountcode": "", "src": "50009", "dst": "50010", "dcontext": "internal", "clid": '"Briar, J" <50009>',
    "channel": "SIP/50009-0000098e", "dstchannel": "SIP/50010-0000098f", "lastapp": "Dial", "lastdata": "SIP/50010,20",
    "start": "2026-03-03 14:02:00", "answer": "2026-03-03 14:02:05", "end": "2026-03-03 14:02:09", "duration": "9",
    "billsec": "4", "disposition": "ANSWERED", "amaflags": "DOCUMENTATION", "uniqueid": "1772546520.7", "userfield": "",
    "peeraccount": "", "linkedid": "1772546520.6", "sequence": "12",
}  # fmt: skip


def line(width: int = 18, **fields: str) -> str:
    record = {**RECORD, **fields}
    quoted = {name: '"' + value.replace('"', '""') + '"' for name, value in record.items()}
    bare = {"duration", "billsec", "sequence"}
    return ",".join(
        record[name] if name in bare or (name == "answer" and not record[name]) else quoted[name]
        for name in LAYOUTS[width]
    )


def test_a_name_with_quotes_and_commas_shifts_nothing() -> None:
    assert event("asterisk", line(clid='"A, ""B"", C","D" <50009>'))["call_talk_seconds"] == 4


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=("Cs",)), max_size=8),
        min_size=2,
    )
)
@settings(max_examples=60, deadline=None)
def test_whatever_names_hold_fields_are_those_that_a_csv_reader_finds(texts: list[str]) -> None:
    lines = [line(clid=text, src=texts[0], lastdata=text[::-1]) for text in texts]
    found = read("asterisk", *lines).events["call"]
    wanted = list(csv.reader(io.StringIO("\n".join(lines)), strict=True))
    assert [row[1] or None for row in wanted] == found["call_from_raw"].to_list()
    assert [row[14] for row in wanted] == found["event_code"].to_list()


def test_strict_and_loose_quoting_are_read_alike() -> None:
    strict, loose = line(21), line(21).replace('"50009"', "50009")
    one, other = (event("asterisk", text) for text in (strict, loose))
    differ = {name for name in one if one[name] != other[name]}
    assert differ == {"event_id", "event_hash", "event_original", "log_length"}


def test_a_line_is_read_by_its_own_width_whatever_stands_above_it() -> None:
    widths = list(LAYOUTS)
    lines = [line(width) for width in widths if width not in (17, 20)]
    forward = read("asterisk", *lines).events["call"]["call_group_id"].to_list()
    backward = read("asterisk", *lines[::-1]).events["call"]["call_group_id"].to_list()
    assert forward == backward[::-1] == [None, "1772546520.7", "1772546520.6", "1772546520.6"]


def test_legs_of_one_call_share_its_linked_id_and_differ_in_their_own() -> None:
    legs = read("asterisk", line(21, uniqueid="1772546520.6", sequence="11"), line(21)).events["call"]
    assert legs["call_group_id"].n_unique() == 1
    assert legs["call_leg_id"].to_list() == ["1772546520.6/11", "1772546520.7/12"]
    assert legs["event_id"].n_unique() == 2


def test_the_same_record_delivered_twice_has_one_identity() -> None:
    assert read("asterisk", line(), line()).events["call"]["event_id"].n_unique() == 1


@pytest.mark.parametrize(
    ("channel", "device"),
    [
        ("SIP/50009-0000098e", "SIP/50009"),
        ("PJSIP/trunk-endpoint-00000004", "PJSIP/trunk-endpoint"),
        ("Local/501@from-queue-00000009;2", "Local/501@from-queue"),
        ("IAX2/pbx-14597", "IAX2/pbx"),
        ("DAHDI/i1/01632960000-3", "DAHDI/i1/01632960000"),
        ("lcr/439", "lcr/439"),
        ("Console/dsp", "Console/dsp"),
        ("", None),
    ],
)
def test_a_device_is_its_channel_without_the_number_of_the_call(channel: str, device: str | None) -> None:
    assert event("asterisk", line(channel=channel))["call_device_from"] == device


def test_a_trunk_named_like_an_extension_is_not_where_an_outside_call_rang() -> None:
    call = event("asterisk", line(dst="02079460123", dstchannel="SIP/9001-0000098f"))
    assert (call["call_direction"], call["call_to_final"]) == ("outbound", None)
    assert call["call_numbers"] == ["+442079460123", "50009"]


def test_a_call_answered_by_a_menu_only_is_missed() -> None:
    call = event("asterisk", line(disposition="NO ANSWER"))
    assert (call["event_action"], call["event_outcome"]) == ("call-missed", "failure")
    assert call["call_connected"] is not None


def test_negative_seconds_are_no_seconds() -> None:
    assert event("asterisk", line(duration="-1", billsec="-5"))["call_talk_seconds"] is None


def test_a_record_without_its_quotes_is_rejected_alone() -> None:
    assert reasons("asterisk", line(), line()[:-1], line()) == [("unbalanced_quote", None)]


def test_configured_columns_must_hold_what_a_call_needs_and_none_twice() -> None:
    with pytest.raises(ValidationError, match="must name src, dst, start, duration, billsec, disposition"):
        AsteriskOptions(columns=("clid",))
    with pytest.raises(ValidationError, match="names x twice"):
        AsteriskOptions(columns=("src", "dst", "start", "duration", "billsec", "disposition", "x", "x"))


def test_other_separated_lines_are_not_taken_for_call_records() -> None:
    assert Asterisk.recognise(b",".join([b'""'] * 18)) == 0
    assert Asterisk.recognise((line() + "\n" + line(21)).encode()) == 0.95
