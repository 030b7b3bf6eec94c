"""Lines: whole ones only, over-long ones skipped and counted, holes passed over, in bounded memory."""

from __future__ import annotations

import os
import tracemalloc
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from tail_reading import append, lines_of, numbered, text

from auditd.tail.compressed import content_of
from auditd.tail.scan import Scan


def test_t10_half_a_line_waits_until_it_is_whole(reading, log: Path) -> None:
    reader = reading(log)
    for piece in (b"on", b"e", b""):
        append(log, piece)
        assert reader.tick() == []
    append(log, b"\ntw")
    assert reader.tick() == [b"one"]
    assert reader.chunks[-1].after.offset == 4
    append(log, b"o\n")
    assert reader.tick() == [b"two"]


def test_t14_hole_after_copytruncate_under_a_writer_that_keeps_its_position(reading, log: Path) -> None:
    """A terabyte of NULs is hopped over, counted, and takes no memory."""
    with log.open("r+b" if log.exists() else "w+b", buffering=0) as writer:
        writer.write(text(numbered(0, 40)))
        reader = reading(log)
        reader.tick()
        os.truncate(log, 0)
        reader.tick()
        writer.seek(1 << 40)
        writer.write(b"after\n")
        tracemalloc.start()
        assert reader.tick() == [b"after"]
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    chunk = reader.chunks[-1]
    assert (chunk.nul_bytes, chunk.block.offset) == (1 << 40, 1 << 40)
    assert peak < 20 << 20


def test_t14_nuls_that_nothing_follows_are_not_consumed(reading, log: Path) -> None:
    """A writer that reserves space fills it later."""
    log.write_bytes(b"one\ntw" + bytes(5000))
    reader = reading(log)
    assert reader.tick() == [b"one"]
    with log.open("r+b") as writer:
        writer.seek(4)
        writer.write(b"two\nthree\n")
    assert reader.tick() == [b"two", b"three"]


@pytest.mark.parametrize("size", [3 << 20, 100 << 20])
def test_t15_an_over_long_line_loses_only_itself(reading, log: Path, size: int) -> None:
    """It is counted with its length, hash and first bytes; its neighbours come as always; memory stays bounded."""
    append(log, b"before\n")
    with log.open("ab") as file:
        for _ in range(size >> 20):
            file.write(b"L" * (1 << 20))
    reader = reading(log)
    tracemalloc.start()
    assert reader.tick() == [b"before"]
    append(log, b"\nafter\n")
    assert reader.tick() == [b"after"]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    (line,) = [line for chunk in reader.chunks for line in chunk.too_long]
    digest = sha256()
    for _ in range(size >> 20):
        digest.update(b"L" * (1 << 20))
    assert (line.offset, line.length, line.head) == (7, size, b"L" * 4096)
    assert line.sha256 == digest.digest()
    assert peak < 30 << 20


def test_t15_a_line_of_exactly_the_limit_is_a_line(reading, log: Path) -> None:
    append(log, b"a" * 100 + b"\n" + b"b" * 101 + b"\n" + b"c\n")
    reader = reading(log, max_line_bytes=100)
    assert reader.tick() == [b"a" * 100, b"c"]
    (line,) = [line for chunk in reader.chunks for line in chunk.too_long]
    assert (line.offset, line.length) == (101, 101)


def test_t15_over_long_last_line_of_a_rotated_file(reading, log: Path) -> None:
    append(log, b"one\n" + b"x" * 500)
    reader = reading(log, max_line_bytes=100)
    reader.tick()
    log.rename(log.with_name("app.log.1"))
    append(log, b"two\n")
    reader.settle()
    assert reader.lines == [b"one", b"two"]
    assert [line.length for chunk in reader.chunks for line in chunk.too_long] == [500]


def test_a_long_line_that_grows_slowly_is_not_searched_again_and_again(log: Path) -> None:
    """Each look reads what was added, so a line written byte by byte costs its length, not its square."""
    with log.open("wb", buffering=0) as file, content_of(str(log)) as content:
        scan = Scan(0, max_line_bytes=1 << 20)
        for size in range(0, 512 << 10, 4096):
            file.write(b"x" * 4096)
            assert scan.cut(content, size + 4096, 8 << 20) is None
            assert scan.searched == size + 4096
        file.write(b"\n")
        cut = scan.cut(content, (512 << 10) + 1, 8 << 20)
    assert cut is not None
    assert len(cut.data) == (512 << 10) + 1


def test_t35_forty_thousand_lines_at_once(reading, log: Path) -> None:
    reader = reading(log, block_bytes=64 << 10, max_line_bytes=4096)
    append(log, b"")
    reader.tick()
    append(log, text(numbered(0, 40_000)))
    assert reader.tick() == numbered(0, 40_000)


def test_blocks_join_up_and_end_at_newlines(reading, log: Path) -> None:
    append(log, text(numbered(0, 1000)) + b"rest")
    reader = reading(log, block_bytes=5000, max_line_bytes=1000)
    reader.tick()
    assert b"".join(chunk.block.data for chunk in reader.chunks) == text(numbered(0, 1000))
    for chunk, following in zip(reader.chunks, reader.chunks[1:], strict=False):
        assert chunk.block.data.endswith(b"\n")
        assert len(chunk.block.data) <= 5000
        assert chunk.after.offset == following.before.offset == following.block.offset
        assert chunk.after.file == chunk.block.file == following.block.file
        assert len(lines_of(chunk)) > 1


def test_t33_a_block_says_when_its_file_was_last_written(reading, log: Path) -> None:
    """For stamps that have no year: a copied log is of its own time, not of today."""
    log.write_bytes(b"Dec 31 23:59:59 one\n")
    changed = datetime(2024, 1, 1, 0, 0, 2, tzinfo=UTC)
    os.utime(log, (changed.timestamp(), changed.timestamp()))
    reader = reading(log)
    reader.tick()
    assert reader.chunks[-1].block.written_before == changed


def test_t14_a_rotated_file_that_ends_in_nuls_ends(reading, log: Path) -> None:
    """Nobody fills them any more: they are counted, and the file is done with."""
    reader = reading(log)
    append(log, text(numbered(0, 3)) + bytes(5000))
    reader.tick()
    log.rename(log.with_name("app.log.1"))
    append(log, text(numbered(3, 4)))
    reader.settle()
    reader.tick(60.0)
    assert reader.lines == numbered(0, 4)
    assert sum(chunk.nul_bytes for chunk in reader.chunks) == 5000
    assert sorted(cursor.finished for cursor in reader.cursors.values()) == [False, True]
    assert reader.lost == 0


def test_t14_nuls_at_the_end_of_a_log_that_may_grow_are_waited_for(reading, log: Path) -> None:
    reader = reading(log)
    append(log, text(numbered(0, 3)) + bytes(5000))
    for _ in range(5):
        reader.tick(60.0)
    append(log, text(numbered(3, 4)))
    reader.tick()
    assert reader.lines == numbered(0, 4)
    assert not any(cursor.finished for cursor in reader.cursors.values())
