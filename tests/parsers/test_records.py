"""Records of several lines: joined where they are one record for certain, and never at another line's cost."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.format import Block, Context, Parsed
from parsers.formats.pnc import Pnc
from parsers.pnc_options import PncOptions
from parsers.records import MOST_LINES, closed_end

HEADER = "txn_datetime,user_id,justification,subject_key\n"


def record(minute: int, justification: str = "routine", user: str = "jbriar") -> str:
    return f"2026-03-03T14:{minute:02},{user},{justification},AB12 CDE\n"


def read(log: str, *, quoted_newlines: bool = True, offset: int = 0, state: str = "") -> Parsed:
    context = Context(source="records", zone=ZoneInfo("Europe/London"))
    format_ = Pnc(context, PncOptions(quoted_newlines=quoted_newlines))
    return format_.parse(Block(log.encode(), file="f", offset=offset), state)


def minutes(parsed: Parsed) -> list[int]:
    return parsed.events["access"]["timestamp"].dt.minute().to_list()


def said(parsed: Parsed) -> list[str | None]:
    return parsed.events["access"]["pnc_justification"].to_list()


@pytest.mark.case("T13")
def test_t13_a_quoted_newline_neither_splits_nor_merges_records() -> None:
    text = '"seen at 14:05\nnear ""The Anchor"",\n\n# no comment\nthen gone"'
    log = HEADER + record(1) + record(2, text) + record(3)
    parsed = read(log, offset=1000)
    assert minutes(parsed) == [1, 2, 3]
    assert said(parsed)[1] == 'seen at 14:05\nnear "The Anchor",\n\n# no comment\nthen gone'
    assert (parsed.lines, parsed.event_lines, parsed.rejects.height) == (8, 7, 0)
    row = parsed.events["access"].row(1, named=True)
    raw = log.encode()[row["log_offset"] - 1000 :][: row["log_length"]]
    assert raw == row["event_original"] == record(2, text).rstrip("\n").encode()


@pytest.mark.case("T13")
def test_t13_several_fields_with_newlines_and_carriage_returns() -> None:
    log = HEADER + '2026-03-03T14:01,jbriar,"one\r\ntwo","AB12\r\nCDE"\r\n' + record(2)
    parsed = read(log)
    assert minutes(parsed) == [1, 2]
    assert said(parsed)[0] == "one\ntwo"


@pytest.mark.case("T13")
def test_t13_without_the_option_each_line_stands_alone() -> None:
    parsed = read(HEADER + record(1) + record(2, '"one\ntwo"') + record(3), quoted_newlines=False)
    assert minutes(parsed) == [1, 3]
    assert parsed.rejects.height == 2


@pytest.mark.case("T13", "T41")
def test_t41_two_planted_quotes_swallow_no_record_between_them() -> None:
    """Together the lines would be one record of the right width; but those between are records, and stay so."""
    log = HEADER + record(1, '"evil') + record(2) + record(3) + record(4, 'evil"') + record(5)
    parsed = read(log)
    assert minutes(parsed) == [2, 3, 5]
    assert parsed.rejects["reason"].to_list() == ["unbalanced_quote"] * 2


@pytest.mark.case("T13", "T41")
def test_t41_a_planted_quote_does_not_keep_a_later_record_of_several_lines_from_being_read() -> None:
    parsed = read(HEADER + record(1, '"evil') + record(2) + record(3, '"one\ntwo"') + record(4))
    assert minutes(parsed) == [2, 3, 4]
    assert said(parsed)[1] == "one\ntwo"


@pytest.mark.case("T13", "T41")
@pytest.mark.parametrize(("more", "joined"), [(MOST_LINES - 1, True), (MOST_LINES, False)])
def test_t41_a_record_has_so_many_lines_at_most(more: int, joined: bool) -> None:
    parsed = read(HEADER + record(1, '"' + "a\n" * more + '"') + record(2))
    assert minutes(parsed) == ([1, 2] if joined else [2])
    assert parsed.lines == more + 3


@pytest.mark.case("T13", "T41")
def test_t41_a_record_has_so_many_bytes_at_most() -> None:
    assert minutes(read(HEADER + record(1, '"' + f"{'a' * 40_000}\n" * 2 + '"') + record(2))) == [2]


@pytest.mark.case("T13")
def test_t13_a_joined_record_that_is_none_after_all_is_rejected_line_by_line() -> None:
    """Its lines stand in quarantine one by one, with their own places, so that they can be read again together."""
    log = HEADER + record(1) + record(2, '"one\n\ntwo"', user="") + record(3)
    parsed = read(log, offset=50)
    assert minutes(parsed) == [1, 3]
    assert parsed.rejects["reason"].to_list() == ["missing_field"] * 3
    for place, length, raw in parsed.rejects.select("log_offset", "log_length", "event_original").iter_rows():
        assert log.encode()[place - 50 :][:length] == raw


@pytest.mark.case("T13")
def test_t13_a_header_typed_into_a_field_is_text() -> None:
    parsed = read(HEADER + record(1, f'"{HEADER}"') + record(2))
    assert minutes(parsed) == [1, 2]
    assert parsed.state == HEADER.rstrip("\n")


@pytest.mark.case("T13")
def test_t13_a_line_that_is_no_text_is_part_of_no_record() -> None:
    context = Context(source="records", zone=ZoneInfo("Europe/London"))
    data = HEADER.encode() + b'2026-03-03T14:01,jbriar,"a\n\xff\nb",X\n' + record(2).encode()
    parsed = Pnc(context, PncOptions(quoted_newlines=True)).parse(Block(data), "")
    assert minutes(parsed) == [2]
    assert sorted(parsed.rejects["reason"]) == ["not_text", "unbalanced_quote", "unbalanced_quote"]


@pytest.mark.case("T13", "T31")
def test_t13_in_utf16() -> None:
    context = Context(source="records", zone=ZoneInfo("Europe/London"))
    data = (HEADER + record(1, '"one\r\n\nŁ"') + record(2)).encode("utf-16le")
    parsed = Pnc(context, PncOptions(quoted_newlines=True)).parse(Block(data, encoding="utf-16le"), "")
    assert minutes(parsed) == [1, 2]
    assert said(parsed)[0] == "one\n\nŁ"


TEXTS = st.lists(st.sampled_from(["a", "b c", "", '""', ",", "#", "2026-03-03T14:01,x"]), max_size=5).map(
    lambda parts: '"' + "\n".join(parts) + '"'
)
PLANTED = st.sampled_from(['x"\n', '"\n', 'a,"b\n', '",",\n', '2026-03-03T14:59,eve,"evil,X\n', '","\n'])


@pytest.mark.case("T13", "T41")
@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(TEXTS, st.none()), max_size=30), st.data())
def test_t41_whatever_is_planted_between_records_every_record_of_one_line_is_read(
    justifications: list[str | None], data: st.DataObject
) -> None:
    log, single = HEADER, []
    for minute, justification in enumerate(justifications):
        if data.draw(st.integers(0, 4)) == 0:
            log += data.draw(PLANTED)
        log += record(minute, justification or "routine")
        if justification is None:
            single.append(minute)
    parsed = read(log)
    assert set(single) <= set(minutes(parsed))


@pytest.mark.case("T13")
@settings(max_examples=60, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=30))
def test_t13_records_without_strays_all_come_wherever_a_block_may_end(justifications: list[str]) -> None:
    records = [record(minute, text) for minute, text in enumerate(justifications)]
    whole = read(HEADER + "".join(records))
    assert minutes(whole) == list(range(len(records)))
    data = "".join(records).encode()
    ends: set[int] = set()
    place = 0
    for one in records:
        place += len(one.encode())
        ends.add(place)
    for cut in [at + 1 for at, byte in enumerate(data) if byte == 10]:
        assert closed_end(data[:cut], "utf-8") in ends | {0}
        assert (closed_end(data[:cut], "utf-8") == cut) == (cut in ends)


@pytest.mark.case("T13", "T41")
def test_t41_a_quote_open_for_too_long_holds_no_block_back() -> None:
    lines = b"a,b\n" * MOST_LINES
    assert closed_end(b'a,"b\n' + lines[:8], "utf-8") == 0
    assert closed_end(b'a,"b\n' + lines, "utf-8") == len(lines) + 5
    assert closed_end(b'a,"b\n' + b"x" * 70_000 + b"\n", "utf-8") == 70_006


def test_many_records_of_several_lines_among_many_of_one() -> None:
    log = HEADER + "".join(
        record(minute % 60, '"one\ntwo, ""three"""' if minute % 3 else "routine") for minute in range(6000)
    )
    parsed = read(log)
    assert minutes(parsed) == [minute % 60 for minute in range(6000)]
    assert set(said(parsed)) == {"routine", 'one\ntwo, "three"'}
