"""What a connection's bytes are cut into, however they arrive, and that nothing of them vanishes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditd.listen.framing import Frame, Framer, Framing

MAX = 500


def frames(*pieces: bytes, framing: Framing = "auto", end: bool = True) -> list[tuple[bytes, str]]:
    framer = Framer(framing=framing, max_bytes=MAX)
    found = [frame for piece in pieces if not framer.broken for frame in framer.feed(piece)]
    return [(frame.data, frame.fault) for frame in found + (framer.end() if end else [])]


def counted(*messages: bytes) -> bytes:
    return b"".join(b"%d %s" % (len(message), message) for message in messages)


def byte_by_byte(data: bytes) -> list[bytes]:
    return [data[place : place + 1] for place in range(len(data))]


def test_lines_are_messages() -> None:
    assert frames(b"<1>one\n<2>two\r\n\n\r\n<3>") == [(b"<1>one", ""), (b"<2>two", ""), (b"<3>", "half")]


def test_counted_octets_are_messages_whatever_is_in_them() -> None:
    assert frames(counted(b"<1>a\nb\0c", b"<2>5 x")) == [(b"<1>a\nb\0c", ""), (b"<2>5 x", "")]


def test_a_newline_that_ends_a_counted_message_as_well_is_no_part_of_it() -> None:
    assert frames(b"5 <1>x\n5 <2>y\n\n4 <3>z") == [(b"<1>x", ""), (b"<2>y", ""), (b"<3>z", "")]


def test_the_first_bytes_tell_which_framing_it_is() -> None:
    assert frames(b"2026 is no count\n7 <x") == [(b"2026 is no count", ""), (b"7 <x", "half")]
    assert frames(b"4", b"2", end=False) == []
    assert frames(b"42") == [(b"42", "half")]


def test_a_length_that_is_none_ends_the_order() -> None:
    assert frames(b"4 <1>xwhat now") == [(b"<1>x", ""), (b"what now", "unframed")]
    assert frames(b"4 <1>x999999999 <y") == [(b"<1>x", ""), (b"999999999 <y", "unframed")]
    assert frames(b"<1>x\n", framing="octet") == [(b"<1>x\n", "unframed")]


def test_framing_can_be_fixed() -> None:
    assert frames(b"4 <1>x\n", framing="newline") == [(b"4 <1>x", "")]
    assert frames(b"3 abc", framing="octet") == [(b"abc", "")]


@pytest.mark.parametrize("cut", [1, 7, 499, 500, 501, 5000])
def test_an_over_long_message_is_cut_alone_and_its_length_told(cut: int) -> None:
    long = b"<1>" + b"x" * 2000
    for framing, data in (("newline", long + b"\n<2>y\n"), ("octet", counted(long, b"<2>y"))):
        framer = Framer(framing=framing, max_bytes=MAX)  # type: ignore[arg-type]
        found = framer.feed(data[:cut]) + framer.feed(data[cut:])
        assert found == [Frame(long[:MAX], "cut", 2003), Frame(b"<2>y", "", 4)]
        assert not framer.pending


def test_memory_stays_bounded_while_an_endless_message_arrives() -> None:
    for start in (b"<1>", b"90000000 <1>"):
        framer = Framer(framing="auto", max_bytes=MAX)
        for _ in range(2000):
            assert framer.feed(start + b"x" * 1000) == []
            start = b""
        held = sum(len(part) for part in (framer._rest, framer._head))
        assert held <= MAX + 9
        assert framer.pending
        [frame] = framer.end()
        assert (len(frame.data), frame.fault) == (MAX, "half")


def test_half_a_message_is_pending_and_a_whole_one_is_not() -> None:
    framer = Framer(framing="auto", max_bytes=MAX)
    for data, pending in ((b"<1", True), (b">x\n", False), (b"<2>y\n<3>", True), (b"\n", False)):
        framer.feed(data)
        assert framer.pending is pending


bodies = st.lists(st.binary(min_size=1, max_size=40).map(lambda body: b"<13>" + body), min_size=1, max_size=8)


@given(bodies, st.integers(1, 60))
def test_counted_messages_come_out_as_they_went_in_however_they_are_cut(
    messages: list[bytes], cut: int
) -> None:
    data = counted(*messages)
    whole = [(message.removesuffix(b"\n").removesuffix(b"\r"), "") for message in messages]
    assert frames(*(data[place : place + cut] for place in range(0, len(data), cut))) == whole


@given(st.binary(max_size=3000), st.sampled_from(["auto", "octet", "newline"]))
def test_any_bytes_give_the_same_frames_at_once_and_one_by_one(data: bytes, framing: Framing) -> None:
    at_once, singly = frames(data, framing=framing), frames(*byte_by_byte(data), framing=framing)
    if at_once and at_once[-1][1] == "unframed":
        assert singly[:-1] == at_once[:-1]
        assert singly[-1][1] == "unframed"
    else:
        assert singly == at_once


@given(st.binary(max_size=3000))
def test_every_byte_of_a_line_is_in_a_frame_or_counted(data: bytes) -> None:
    framer = Framer(framing="newline", max_bytes=MAX)
    found = framer.feed(data) + framer.end()
    ends = data.count(b"\n")
    carried = sum(frame.length for frame in found)
    returns = sum(line.endswith(b"\r") for line in data.split(b"\n")[:-1])
    assert carried == len(data) - ends - returns or any(frame.fault == "cut" for frame in found)
