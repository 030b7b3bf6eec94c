"""Reading ahead: a second chunk of a file while the first is not committed yet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from auditd.tail.source import TailSource
from auditd.tail.tailer import Tailer

LINES = [b"%05d %s" % (number, b"x" * 94) for number in range(40_000)]


@pytest.fixture
def tailer(tmp_path: Path) -> Tailer:
    (tmp_path / "app.log").write_bytes(b"".join(line + b"\n" for line in LINES))
    tailer = Tailer([TailSource("app", (f"{tmp_path}/app.log",))], [], block_bytes=1 << 20)
    tailer.reconcile()
    return tailer


def test_without_reading_ahead_a_file_gives_one_chunk_at_a_time(tailer: Tailer) -> None:
    assert len(tailer.read(1 << 21)) == 1
    assert tailer.read(1 << 21) == []


def test_a_second_chunk_goes_on_where_the_first_ends(tailer: Tailer) -> None:
    [first] = tailer.read(1 << 21, ahead=2)
    [second] = tailer.read(1 << 21, ahead=2)
    assert tailer.read(1 << 21, ahead=2) == []
    assert second.before.offset == first.after.offset == len(first.block.data)
    both = (first.block.data + second.block.data).splitlines()
    assert both == LINES[: len(both)]


def test_chunks_are_accepted_in_order_only(tailer: Tailer) -> None:
    [first] = tailer.read(1 << 21, ahead=2)
    [second] = tailer.read(1 << 21, ahead=2)
    with pytest.raises(ValueError, match="oldest"):
        tailer.accept(second, "")
    tailer.accept(first, "one")
    tailer.accept(second, "two")


def test_refusing_the_first_brings_both_again_in_order(tailer: Tailer) -> None:
    first, second = (tailer.read(1 << 21, ahead=2)[0] for _ in range(2))
    tailer.refuse(first)
    tailer.refuse(second)
    again = [tailer.read(1 << 21, ahead=2)[0] for _ in range(2)]
    assert [chunk.block for chunk in again] == [first.block, second.block]


def test_a_chunk_read_ahead_and_refused_knows_the_state_once_the_one_before_it_is_committed(
    tailer: Tailer,
) -> None:
    first, second = (tailer.read(1 << 21, ahead=2)[0] for _ in range(2))
    tailer.refuse(second)
    tailer.accept(first, "header")
    [again] = tailer.read(1 << 21, ahead=2)
    assert again.block == second.block
    assert again.before == replace(second.before, state="header")


def test_everything_is_read_once_however_far_ahead(tailer: Tailer) -> None:
    lines: list[bytes] = []
    waiting = tailer.read(1 << 21, ahead=2)
    while waiting:
        waiting += tailer.read(1 << 21, ahead=2)
        chunk = waiting.pop(0)
        lines += chunk.block.data.splitlines()
        tailer.accept(chunk, "")
    assert lines == LINES
