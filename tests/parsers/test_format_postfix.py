"""Postfix mail logs: the cases of cases/postfix, and what holds of joins and years wherever a file is cut."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from golden import case_names, check_case
from polars.testing import assert_frame_equal
from pydantic import ValidationError

from parsers.force import Force
from parsers.format import Block, Context, Parsed
from parsers.formats.postfix import Postfix, PostfixOptions
from parsers.maillog import stamp_times
from parsers.times import iso_times

OURS = "police.northmere.example"


def postfix(**options: Any) -> Postfix:
    context = Context(source="mx", zone=ZoneInfo("Europe/London"), force=Force(domains=(OURS,)))
    return Postfix(context, PostfixOptions(**options))


def read(*lines: str, written_before: datetime | None = None, **options: Any) -> Parsed:
    block = Block("\n".join(lines).encode() + b"\n", written_before=written_before)
    return postfix(**options).parse(block, "")


def said(queue_id: str, text: str, *, stamp: str = "2026-03-03T14:00:00Z", program: str = "qmgr") -> str:
    return f"{stamp} mx1 postfix/{program}[1]: {queue_id}: {text}"


def sent(queue_id: str, to: str = "a@paper.example", **how: str) -> str:
    return said(
        queue_id,
        f"to=<{to}>, relay=mx[192.0.2.1]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)",
        program="smtp",
        **how,
    )


def queued(queue_id: str, sender: str) -> str:
    return said(queue_id, f"from=<{sender}>, size=10, nrcpt=1 (queue active)")


@pytest.mark.parametrize("name", case_names("postfix"))
def test_every_line_of_a_case_ends_where_it_must(name: str) -> None:
    check_case("postfix", name)


def test_a_join_over_many_messages_is_the_same_wherever_the_log_is_cut() -> None:
    """Ids are used again, lines of other messages lie between, and little is remembered, so that some is forgotten."""
    drawn = random.Random(3)
    lines = []
    for number in range(150):
        key = f"{drawn.randrange(12):06X}"
        kinds = (
            queued(key, f"s{number}@{OURS}"),
            said(key, f"message-id=<{number}@x.example>"),
            sent(key, f"r{number}@paper.example"),
            said(key, "removed"),
        )
        lines.append(drawn.choices(kinds, (4, 4, 4, 1))[0])
    data = "\n".join(lines).encode() + b"\n"
    reader = postfix(remember=16)
    whole = reader.parse(Block(data), "")
    assert 0 < whole.events["email"]["email_from_address"].null_count() < whole.event_lines
    for cut in range(1, len(lines)):
        at = len("\n".join(lines[:cut])) + 1
        first = reader.parse(Block(data[:at]), "")
        second = reader.parse(Block(data[at:], offset=at), first.state)
        assert_frame_equal(pl.concat([first.events["email"], second.events["email"]]), whole.events["email"])
        assert second.state == whole.state


def test_what_was_said_is_forgotten_after_so_many_other_lines_and_not_before() -> None:
    others = [queued(f"{number:08X}", "x@y.example") for number in range(16)]
    early = read(queued("ABCDEF", f"jo@{OURS}"), *others[:15], sent("ABCDEF"), remember=16)
    late = read(queued("ABCDEF", f"jo@{OURS}"), *others, sent("ABCDEF"), remember=16)
    assert early.events["email"]["email_from_address"].to_list() == [f"jo@{OURS}"]
    assert late.events["email"]["email_from_address"].to_list() == [None]


def test_the_state_stays_bounded_when_nothing_is_ever_removed() -> None:
    parsed = read(*(queued(f"{number:08X}", "x@y.example") for number in range(500)), remember=20)
    assert parsed.state.count("from=<") == 20


def test_nothing_is_carried_for_messages_that_left_the_queue() -> None:
    assert read(queued("ABCDEF", f"jo@{OURS}"), sent("ABCDEF"), said("ABCDEF", "removed")).state == ""


def test_a_line_too_long_to_remember_is_not_used_in_its_own_block_either() -> None:
    events = read(queued("ABCDEF", "x" * 2000 + "@y.example"), sent("ABCDEF")).events["email"]
    assert events["email_from_address"].to_list() == [None]


@pytest.mark.parametrize(
    ("written", "stamp", "year"),
    [
        (datetime(2026, 1, 1, 0, 5, tzinfo=UTC), "Dec 31 23:59:59", 2025),
        (datetime(2026, 1, 1, 0, 5, tzinfo=UTC), "Jan  1 00:00:01", 2026),
        (datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC), "Jan  1 00:00:01", 2026),
        (datetime(2026, 7, 1, tzinfo=UTC), "Jul  1 12:00:00", 2026),
        (datetime(2026, 7, 1, tzinfo=UTC), "Jul  3 12:00:00", 2025),
        (datetime(2026, 7, 1, tzinfo=UTC), "Feb 29 12:00:00", 2024),
    ],
)
def test_the_year_is_the_last_one_in_which_the_stamp_is_not_after_the_file(
    written: datetime, stamp: str, year: int
) -> None:
    event = read(sent("ABCDEF", stamp=stamp), written_before=written).events["email"].row(0, named=True)
    assert event["timestamp"].year == year
    assert event["time_uncertainty_seconds"] == 366 * 86_400


def test_with_nothing_to_go_by_the_records_of_a_file_stay_in_order_over_new_year() -> None:
    data = [sent("ABCDEF", stamp=stamp) for stamp in ("Dec 31 23:59:59", "Jan  1 00:00:01")]
    before, after = read(*data).events["email"]["timestamp"]
    assert (after - before).total_seconds() == 2


def test_the_year_found_in_one_block_is_kept_for_a_block_that_comes_without_a_date() -> None:
    first = read(sent("ABCDEF", stamp="Dec 31 23:59:59"), written_before=datetime(2026, 1, 2, tzinfo=UTC))
    second = postfix().parse(Block(sent("ABCDEF", stamp="Jan  1 00:00:01").encode()), first.state)
    assert second.events["email"]["timestamp"][0].year == 2026


@pytest.mark.parametrize("offset", ["+00:00", "+01:00", "-05:30", "Z"])
def test_stamps_of_one_shape_are_read_as_any_others_are(offset: str) -> None:
    stamps = [f"2026-{day}T23:59:58.000123{offset}" for day in ("03-03", "12-31", "02-30", "10-25")]
    zone = ZoneInfo("Europe/London")
    assert_frame_equal(stamp_times(pl.Series(stamps), zone), iso_times(pl.Series(stamps), zone))


def test_the_same_line_delivered_twice_is_one_event_and_two_recipients_are_two() -> None:
    ids = read(sent("ABCDEF"), sent("ABCDEF"), sent("ABCDEF", "b@paper.example")).events["email"]["event_id"]
    assert ids.n_unique() == 2


def test_a_login_makes_mail_leave_from_us_whatever_sender_it_claims() -> None:
    events = read(
        said("ABCDEF", "client=h[192.0.2.1], sasl_method=LOGIN, sasl_username=jbriar", program="smtpd"),
        queued("ABCDEF", "someone@private.example"),
        sent("ABCDEF"),
    ).events["email"]
    assert events.select("user_id", "email_direction").row(0) == ("jbriar", "outbound")


def test_an_address_may_hold_what_ends_one() -> None:
    event = read(queued("ABCDEF", '"a>b"@paper.example'), sent("ABCDEF", '"x>, y"@paper.example'))
    row = event.events["email"].row(0, named=True)
    assert row["email_from_address_raw"] == '"a>b"@paper.example'
    assert row["email_to_address_raw"] == ['"x>, y"@paper.example']


@pytest.mark.parametrize("remember", [0, -1, 10**9])
def test_what_is_remembered_is_bounded_by_the_configuration_too(remember: int) -> None:
    with pytest.raises(ValidationError):
        PostfixOptions(remember=remember)
