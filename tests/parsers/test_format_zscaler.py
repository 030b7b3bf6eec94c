"""Zscaler's feed: whatever its shape, the same record says the same, and no value is taken for a field."""

from __future__ import annotations

import json
from typing import Any

import pytest
from call_cases import event, read, reasons
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from parsers.formats.zscaler import Zscaler, ZscalerOptions
from parsers.zscaler_fields import DEFAULT_FEED

RECORD = {
    "time": "Tue Mar 3 14:02:11 2026", "login": "jo.briar@police.northmere.example", "proto": "HTTPS",
    "eurl": "www.goods.example/a?b", "action": "Allowed", "appname": "General Browsing", "reqsize": "600",
    "respsize": "14061", "urlcat": "Online Shopping", "location": "Northmere HQ", "dept": "CID", "cip": "10.20.0.7",
    "sip": "192.0.2.80", "reqmethod": "GET", "respcode": "200", "ua": "Mozilla/5.0 (X11)", "rulelabel": "None",
    "devicehostname": "PC-0042",
}  # fmt: skip
EVIDENCE = ("event_id", "log_length", "event_hash", "event_original")


def shapes(record: dict[str, str]) -> dict[str, str]:
    """One record as each kind of feed has it."""
    cells = [record.get(name, "None") for name in DEFAULT_FEED.split()]
    return {
        "json": json.dumps({"sourcetype": "zscalernss-web", "event": record}),
        "bare json": json.dumps(record),
        "csv": ",".join(f'"{cell}"' for cell in cells),
        "tsv": "\t".join(cells),
        "tabbed pairs": "\t".join(f"{name}={value}" for name, value in record.items()),
        "quoted pairs": " ".join(f'{name}="{value}"' for name, value in record.items()),
    }


def meaning(line: str) -> dict[str, Any]:
    return {column: value for column, value in event("zscaler", line).items() if column not in EVIDENCE}


@pytest.mark.parametrize("shape", shapes(RECORD))
def test_every_shape_of_feed_says_the_same_of_a_record(shape: str) -> None:
    line = shapes(RECORD)[shape]
    assert meaning(line) == meaning(shapes(RECORD)["json"])
    assert Zscaler.recognise(line.encode()) > 0.9


@settings(max_examples=60, deadline=None)
@given(
    agent=st.text(alphabet='ab=;"\\%/ {}:,', max_size=20).map(
        lambda text: f"{text}login=mfern action=Blocked"
    ),
    shape=st.sampled_from(sorted(shapes(RECORD))),
)
def test_what_a_program_calls_itself_changes_no_field(agent: str, shape: str) -> None:
    # Feeds escape their separators, quotes and backslashes, as they are told to.
    for mark in ('"', "\\", ","):
        agent = agent.replace(mark, f"%{ord(mark):02X}")
    for found in read("zscaler", shapes({**RECORD, "ua": agent})[shape]).events["web"].to_dicts():
        told = (found["user_id"], found["web_action"], found["url_domain"], found["source_ip"])
        assert told == ("jo.briar@police.northmere.example", "allowed", "www.goods.example", "10.20.0.7")


def test_all_shapes_in_one_block_stay_in_file_order() -> None:
    lines = [*shapes(RECORD).values(), *shapes({**RECORD, "respcode": "404"}).values()]
    events = read("zscaler", *lines).events["web"]
    assert events.height == 12
    assert events["log_offset"].is_sorted()
    assert events["http_response_status_code"].to_list() == [200] * 6 + [404] * 6


def test_a_place_is_no_person() -> None:
    assert event("zscaler", shapes({**RECORD, "login": "Northmere%20HQ"})["csv"])["user_id"] is None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"time": "None"}, ("missing_field", "time")),
        ({"eurl": "NA"}, ("missing_field", "url")),
        ({"time": "Tue Foo 3 14:02:11 2026"}, ("bad_time", "time")),
    ],
)
def test_a_record_that_cannot_be_an_event_says_why(change: dict[str, str], why: tuple[str, str]) -> None:
    for line in shapes({**RECORD, **change}).values():
        assert reasons("zscaler", line) == [why]


@pytest.mark.parametrize("fields", [("time", "eurl"), ("eurl", "action"), ("time", "action")])
def test_columns_without_time_address_or_action_are_refused(fields: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError, match="name at least a time"):
        ZscalerOptions(fields=fields)
