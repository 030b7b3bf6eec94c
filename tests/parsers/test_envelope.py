"""The syslog envelope: what is taken off, what is refused, and that listener and parsers read it alike."""

from __future__ import annotations

import re

import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from parsers.envelope import take_off
from parsers.format import Block
from parsers.lines import cut_lines
from parsers.syslog import RECEIPT as ANY_RECEIPT
from parsers.syslog import Header, escape, read_header, receipt, unescape

RECORD = "2026-03-03T14:02:11,pnc,#VE,jbriar,T0417"
RECEIPT = receipt(
    received="2026-03-03T14:02:12.000001Z", peer="192.0.2.7:514", identity="-", flags="-"
).decode()
HEADERS = {
    "RFC 5424": ("<134>1 2026-03-03T14:02:11.003Z pncgw pnc 812 ID47 - ", "pncgw", "pnc"),
    "nothing but dashes": ("<13>1 - - - - - - ", "", ""),
    "structured data": (r'<13>1 - gw app - - [a@1 x="1" y="\"\]"][b] ', "gw", "app"),
    "RFC 3164": ("<134>Mar  3 14:02:11 pncgw pnc[812]: ", "pncgw", "pnc"),
    "no process id": ("<134>Mar 13 14:02:11 pncgw pnc: ", "pncgw", "pnc"),
    "no host": ("<134>Mar  3 14:02:11 pnc[8]: ", "", "pnc"),
    "no tag": ("<134>Mar  3 14:02:11 pncgw ", "pncgw", ""),
    "time as rsyslog forwards it": ("<134>2026-03-03T14:02:11.123456+00:00 pncgw pnc: ", "pncgw", "pnc"),
    "no priority, as in files": ("Mar  3 14:02:11 pncgw pnc: ", "pncgw", "pnc"),
    "address for a host": ("<134>Mar  3 14:02:11 2001:db8::7 pnc: ", "2001:db8::7", "pnc"),
}  # fmt: skip
NO_HEADER = (
    "", "hello", RECORD, "<134>", "<192>1 - - - - - - x", "<13>2 - - - - - - x", "<13>1 - - - - - x",
    '<13>1 - - - - - [a x="1] y', "<13>1 yesterday - - - - - x", "<13>Mar 3 x", "12 <13>1 - - - - - - x",
)  # fmt: skip
headers = pytest.mark.parametrize(("header", "host", "app"), HEADERS.values(), ids=HEADERS.keys())


def opened(*lines: str) -> tuple[list[str], list[str], int]:
    """The messages, the reasons of those refused, and how many lines were blank."""
    cut = cut_lines(Block("".join(f"{line}\n" for line in lines).encode(), envelope="syslog"))
    assert cut.total == cut.text.height + cut.rejects.height + cut.blank
    return cut.text["line"].to_list(), cut.rejects["reason"].to_list(), cut.blank


@headers
def test_the_message_is_what_follows_the_header(header: str, host: str, app: str) -> None:
    assert opened(header + RECORD, RECEIPT + header + RECORD) == ([RECORD, RECORD], [], 0)
    assert read_header((header + RECORD).encode()) == Header(host, app)


@headers
def test_the_evidence_is_the_whole_line(header: str, host: str, app: str) -> None:
    line = (RECEIPT + header + RECORD).encode()
    row = cut_lines(Block(line + b"\n", offset=7, envelope="syslog")).text.row(0, named=True)
    assert (row["event_original"], row["log_length"], row["log_offset"]) == (line, len(line), 7)


@pytest.mark.parametrize("line", NO_HEADER)
def test_a_line_without_a_header_is_refused_not_guessed_at(line: str) -> None:
    assert read_header(line.encode()) is None
    assert opened(RECEIPT + line)[:2] == ([], ["no_envelope"])


def test_a_record_with_colons_is_not_taken_for_a_tag() -> None:
    assert opened(f"<134>Mar  3 14:02:11 pncgw {RECORD}")[0] == [RECORD]


def test_a_message_may_be_empty_and_counts_as_blank() -> None:
    assert opened("<13>1 - - - - - -", "<13>1 - - - - - - ", "", " ") == ([], [], 4)


def test_a_byte_order_mark_before_the_message_is_dropped() -> None:
    assert opened("<13>1 - - - - - - \ufeffü") == (["ü"], [], 0)


def test_what_did_not_arrive_whole_is_never_read_as_a_record() -> None:
    lines = [RECEIPT.replace(" - - ", f" - {flag} ") + "<13>1 - - - - - - x" for flag in ("cut=70000", "half", "unframed", "half,escaped")]  # fmt: skip
    assert opened(*lines) == ([], ["cut_short"] * 4, 0)


def test_newlines_inside_a_message_are_spaces_to_the_format_and_exact_in_the_raw_line() -> None:
    message = b"<13>1 - - - - - - C:\\new\\\nsecond\\0"
    line = RECEIPT.replace(" - - ", " - escaped ").encode() + escape(message)
    assert opened(line.decode())[0] == ["C:\\new\\ second\\0"]
    assert unescape(escape(message)) == message


def test_a_receipt_inside_a_message_does_not_count() -> None:
    """A sender that writes a receipt of its own into its message must not be believed."""
    assert opened(RECEIPT + RECEIPT + "<13>1 - - - - - - x") == ([], ["no_envelope"], 0)


def test_lines_keep_their_order_and_each_its_own_reason() -> None:
    data = b"<13>1 - - - - - - one\nstray\n\xff\n<13>1 - - - - - - two\n"
    cut = cut_lines(Block(data, envelope="syslog"))
    assert cut.text["line"].to_list() == ["one", "two"]
    assert cut.rejects.select("log_offset", "reason").rows() == [(22, "no_envelope"), (28, "not_text")]


def test_without_an_envelope_nothing_is_taken_off() -> None:
    assert cut_lines(Block(b"<13>1 - - - - - - x\n")).text["line"].to_list() == ["<13>1 - - - - - - x"]


@given(st.binary(max_size=300))
def test_any_bytes_are_escaped_to_one_line_and_back(message: bytes) -> None:
    line = escape(message)
    assert b"\n" not in line
    assert b"\0" not in line
    assert unescape(line) == message


pieces = st.lists(
    st.one_of(
        st.sampled_from(["<13>", "1 ", "- ", "Mar  3 14:02:11 ", "2026-03-03T14:02:11Z ", "gw ", "app: ", "app[1]: ", '[a x="1"]', "@", "\\", "\r", "\x0b", "\u2028"]),
        st.text(st.characters(exclude_characters="\n\0", codec="utf-8"), max_size=8),
    ),
    max_size=12,
).map("".join)  # fmt: skip


@given(pieces)
def test_listener_and_parsers_agree_on_what_a_header_is(line: str) -> None:
    assume(
        not re.match(ANY_RECEIPT, line)
    )  # the listener writes one of its own before a message that begins so
    _, reasons = take_off(pl.Series("line", [line]))
    assert (reasons is None) == (read_header(line.encode()) is not None)


@given(
    st.sampled_from([header for header, _, _ in HEADERS.values() if header not in HEADERS["no tag"]]), pieces
)
def test_whatever_the_message_it_comes_back_as_it_was(header: str, message: str) -> None:
    messages, reasons = take_off(pl.Series("line", [header + message]))
    assert reasons is None
    assert messages[0] == message.removeprefix("\ufeff")


@given(st.binary(max_size=200))
def test_any_bytes_whatever_make_an_answer_not_an_error(data: bytes) -> None:
    read_header(data)
    cut = cut_lines(Block(data, envelope="syslog"))
    assert cut.total == cut.text.height + cut.rejects.height + cut.blank
