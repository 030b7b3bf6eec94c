"""A stream of any shape is cut into whole lines, in bounded memory, without losing a byte."""

from __future__ import annotations

import io
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from auditd.cli.trial import LongLine, Trial, pieces
from parsers.format import Block, Context, all_formats


@given(
    st.lists(st.integers(0, 30), max_size=30),
    st.booleans(),
    st.integers(1, 20),
    st.integers(1, 50),
    st.integers(0, 40),
)
def test_every_line_comes_out_once_at_its_place(
    lengths: list[int], ended: bool, longest: int, block_bytes: int, ahead: int
) -> None:
    """Whatever the line lengths, the limit, the block size and how much was read ahead."""
    data = b"\n".join(b"%c" % (97 + n % 26) * length for n, length in enumerate(lengths)) + b"\n" * ended
    stream = io.BytesIO(data)
    head = stream.read(ahead)
    expected = data.split(b"\n")
    if expected[-1] == b"":
        expected.pop()
    found: list[tuple[int, int]] = []
    for piece in pieces(stream, longest=longest, head=head, block_bytes=block_bytes):
        if isinstance(piece, LongLine):
            assert piece.length > longest
            assert data[piece.offset : piece.offset + piece.length].count(b"\n") == 0
            found.append((piece.offset, piece.length))
            continue
        assert data[piece.offset :].startswith(piece.data)
        at = piece.offset
        for line in piece.data.removesuffix(b"\n").split(b"\n"):
            assert len(line) <= longest
            found.append((at, len(line)))
            at += len(line) + 1
    places = [sum(len(line) + 1 for line in expected[:n]) for n in range(len(expected))]
    assert found == list(zip(places, map(len, expected), strict=True))


def test_a_block_holds_no_more_than_was_asked_for() -> None:
    stream = io.BytesIO(b"0123456789\n" * 1000)
    blocks = [p for p in pieces(stream, longest=100, block_bytes=256) if isinstance(p, Block)]
    assert max(len(block.data) for block in blocks) <= 256 + 11
    assert sum(len(block.data) for block in blocks) == 11_000


def test_a_header_is_carried_over_blocks_and_long_lines() -> None:
    header = b"txn_datetime,user_id,subject_type,subject_key\n"
    row = b"2026-03-03T14:02:11,ann,vehicle,AB12CDE\n"
    data = header + row + b"x" * 5000 + b"\n" + row * 3 + b"y" * 200
    trial = Trial(limit=2)
    parser = all_formats()["pnc"](Context("try", ZoneInfo("UTC")))
    trial.run(io.BytesIO(data), parser, longest=100)
    assert trial.balances
    assert (trial.lines, trial.event_lines, dict(trial.rejects)) == (7, 4, {"too_long": 2})
    assert [line for line, _ in trial.shown_events["access"]] == [2, 4]
    assert [(reject.line, reject.offset) for reject in trial.shown_rejects] == [
        (3, len(header + row)),
        (7, len(data) - 200),
    ]
