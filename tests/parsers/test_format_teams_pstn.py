"""Teams PSTN calls: what holds beside the cases."""

from __future__ import annotations

import json

import pytest
from call_cases import event, read, reasons

from parsers.formats.teams_pstn import TeamsPstn

HEADER = "UsageId,Call ID,UPN,Caller ID,Call Type,Destination Number,Start Time,End Time,Duration Seconds"
OURS, THEIRS = "+441632960010", "+442079460123"


def row(**members: object) -> str:
    usual = {
        "id": "r-1", "callId": "c-1", "userPrincipalName": "j.briar@force.example", "callType": "user_out",
        "callerNumber": OURS, "calleeNumber": THEIRS, "startDateTime": "2026-03-03T14:02:00Z",
        "endDateTime": "2026-03-03T14:03:00Z", "duration": 60,
    }  # fmt: skip
    return json.dumps({**usual, **members})


def line(caller: str = OURS, kind: str = "user_out", callee: str = THEIRS) -> str:
    return (
        f"r-1,c-1,j.briar@force.example,{caller},{kind},{callee},2026-03-03T14:02:00Z,2026-03-03T14:03:00Z,60"
    )


def test_the_export_and_graph_say_the_same_of_a_call() -> None:
    exported, asked = event("teams_pstn", HEADER, line()), event("teams_pstn", row())
    differ = {name for name in exported if exported[name] != asked[name]}
    assert differ == {"event_hash", "event_original", "log_length", "log_offset"}


@pytest.mark.parametrize(
    ("kind", "caller", "callee", "says"),
    [
        ("user_out", OURS, THEIRS, (OURS, THEIRS, "outbound")),
        ("user_out", THEIRS, OURS, (OURS, THEIRS, "outbound")),
        ("user_out", THEIRS, THEIRS, (None, THEIRS, "unknown")),
        ("user_in", THEIRS, OURS, (THEIRS, OURS, "inbound")),
        ("user_in", OURS, THEIRS, (THEIRS, OURS, "inbound")),
        ("user_in", OURS, OURS, (None, OURS, "inbound")),
        ("user_in", "", OURS, (None, OURS, "inbound")),
        ("dr_out", OURS, "+441632960011", (OURS, "+441632960011", "internal")),
    ],
)
def test_whatever_the_columns_are_called_our_ranges_say_who_called(
    kind: str, caller: str, callee: str, says: tuple[str | None, str, str]
) -> None:
    call = event("teams_pstn", row(callType=kind, callerNumber=caller, calleeNumber=callee))
    assert (call["call_from"], call["call_to_dialled"], call["call_direction"]) == says


def test_a_line_that_is_no_object_changes_nothing_about_its_neighbours() -> None:
    bad = [
        '{"id":',
        '{"id":1}{"id":2}',
        '{"id":1} {"id":2}',
        '{"id":"x"} y',
        "{" * 300 + "}" * 300,
        '{"a":01}',
    ]
    alone = [read("teams_pstn", one).rejects.height for one in bad]
    mixed = read("teams_pstn", *[text for one in bad for text in (row(), one)], row())
    assert alone == [1] * len(bad)
    assert (mixed.event_lines, mixed.rejects.height) == (len(bad) + 1, len(bad))


def test_a_name_may_hold_braces() -> None:
    assert event("teams_pstn", row(userDisplayName="Briar } { J"))["call_leg_id"] == "r-1"


def test_exports_that_overlap_fold_by_their_identity() -> None:
    assert read("teams_pstn", row(), row(duration=61)).events["call"]["event_id"].n_unique() == 1


def test_columns_may_stand_in_any_order_and_change_with_a_new_header() -> None:
    other = "Start Time,Destination Number,Call Type,Caller ID"
    calls = read(
        "teams_pstn", HEADER, line(), other, f"2026-03-03T14:02:00Z,{THEIRS},user_out,{OURS}"
    ).events["call"]
    assert calls["call_to_dialled"].to_list() == [THEIRS, THEIRS]


def test_a_record_without_header_is_kept_for_later() -> None:
    assert reasons("teams_pstn", line())[0][0] == "no_header"


def test_times_are_utc_even_where_the_source_has_another_zone() -> None:
    summer = line().replace("2026-03-03T14:02:00Z", "2026-07-03 14:02:00")
    assert event("teams_pstn", HEADER, summer)["timestamp"].hour == 14


def test_headers_and_rows_are_recognised() -> None:
    assert TeamsPstn.recognise(b"\xef\xbb\xbf" + HEADER.encode()) == 0.95
    assert TeamsPstn.recognise(row().encode()) == 0.95
    assert TeamsPstn.recognise(b'{"a": 1}\n[1]\n{') == 0
