"""Identity: inode and device are hints, content decides."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from tail_reading import append, copytruncate, numbered, text


def test_t03_copytruncate_in_a_burst(reading, log: Path) -> None:
    """Lines that were in the file when it was copied are read from the copy; nothing is lost or doubled."""
    reader = reading(log)
    for step in range(3):
        append(log, text(numbered(step * 100, step * 100 + 50)))
        reader.tick()
        append(log, text(numbered(step * 100 + 50, step * 100 + 100)))
        copytruncate(log, log.with_name(f"app.log-2026040{step}"))
    reader.settle()
    assert reader.lines == numbered(0, 300)
    assert reader.lost == 0


def test_t03_copytruncate_where_the_glob_matches_the_copy(reading, log: Path) -> None:
    """The copy is held back while it may still be followed by a truncation, and is never read twice."""
    reader = reading(f"{log}*")
    append(log, text(numbered(0, 50)))
    reader.tick()
    append(log, text(numbered(50, 100)))
    copy = log.with_name("app.log.1")
    copy.write_bytes(log.read_bytes()[:3000])
    reader.tick()
    copy.write_bytes(log.read_bytes())
    reader.tick()
    os.truncate(log, 0)
    append(log, text(numbered(100, 120)))
    reader.settle()
    reader.restart()
    reader.settle()
    assert reader.lines == numbered(0, 120)


def test_t03_truncate_then_regrow_past_the_old_offset(reading, log: Path) -> None:
    """The size has not shrunk when it is looked at; the bytes before the offset give it away."""
    append(log, text(numbered(0, 100)))
    reader = reading(log)
    reader.tick()
    os.truncate(log, 0)
    append(log, text(numbered(100, 250)))
    assert reader.tick() + reader.tick() == numbered(100, 250)
    assert reader.lost == 0


def test_t03_truncation_without_a_copy_counts_what_was_known_to_be_unread(reading, log: Path) -> None:
    append(log, text(numbered(0, 100)))
    reader = reading(log, block_bytes=1000, max_line_bytes=500)
    reader.tailer.reconcile()
    chunk = reader.tailer.read(1)[0]
    unread = log.stat().st_size - chunk.after.offset
    os.truncate(log, 0)
    reader.commit(chunk)
    reader.tick()
    append(log, b"new\n")
    assert reader.settle() == [b"new"]
    assert reader.lost == unread > 0
    assert {chunk.lost_reason for chunk in reader.chunks} == {"", "truncated"}


def test_t04_truncated_and_rewritten_with_the_same_lines(reading, log: Path) -> None:
    """An application that writes its old lines again on restart is read on from where it was."""
    append(log, text(numbered(0, 100)))
    reader = reading(log)
    reader.tick()
    os.truncate(log, 0)
    append(log, text(numbered(0, 110)))
    assert reader.tick() == numbered(100, 110)


def test_t05_inode_reused_by_a_new_file(reading, log: Path) -> None:
    """The old offset is not applied to a stranger that has the old device and inode."""
    append(log, text(numbered(0, 40)))
    reader = reading(log)
    reader.tick()
    reader.tailer.close()
    log.write_bytes(text(numbered(500, 600)))  # same inode, other content
    reader.restart()
    assert reader.settle() == numbered(500, 600)


def test_t06_files_with_identical_first_lines_are_two_files(reading, tmp_path: Path) -> None:
    header = b"time,user," + b",".join(b"column_%03d" % number for number in range(200))
    for name in ("a", "b"):
        append(tmp_path / f"{name}.csv", header + b"\n")
    reader = reading(tmp_path / "*.csv")
    assert reader.tick() == [header, header]
    append(tmp_path / "a.csv", b"a1\n")
    append(tmp_path / "b.csv", b"b1\n")
    assert reader.tick() == [b"a1", b"b1"]
    reader.restart()
    assert reader.tick() == []


def test_t06_a_new_file_that_starts_like_a_live_one_is_read_at_once(reading, log: Path) -> None:
    header = b"#" * 3000
    append(log, header + b"\nfirst\n")
    reader = reading(f"{log}*")
    reader.tick()
    append(log.with_name("app.log.new"), header + b"\nsecond\n")
    assert reader.tick() == [header, b"second"]


def test_t07_files_shorter_than_the_fingerprint(reading, log: Path) -> None:
    append(log, b"a\n")
    reader = reading(log)
    assert reader.tick() == [b"a"]
    for line in (b"b", b"c" * 600, b"d" * 600, b"e"):
        append(log, line + b"\n")
        reader.restart()
        assert reader.tick() == [line]
    (cursor,) = reader.cursors.values()
    assert (cursor.head_length, cursor.tail_length, cursor.offset) == (1024, 1024, log.stat().st_size)


def test_t08_device_changes_after_a_remount(reading, log: Path) -> None:
    """The same inode and the same content on another device: the same file, whatever its size."""
    append(log, b"short\n")
    reader = reading(log)
    reader.tick()
    for _ in range(2):
        reader.cursors = {file: replace(one, device=one.device + 7) for file, one in reader.cursors.items()}
        append(log, text(numbered(0, 40)))
        reader.restart()
        assert reader.tick() == numbered(0, 40)
    assert len(reader.cursors) == 1


def test_t08_device_and_inode_both_change(reading, log: Path) -> None:
    append(log, text(numbered(0, 40)))
    reader = reading(log)
    reader.tick()
    reader.cursors = {file: replace(one, device=1, inode=2) for file, one in reader.cursors.items()}
    append(log, b"new\n")
    reader.restart()
    assert reader.tick() == [b"new"]


def test_t22_saved_offset_beyond_the_size(reading, log: Path) -> None:
    """The file was cut short while we were down: what it holds now is read, and the old one is let go."""
    append(log, text(numbered(0, 40)))
    reader = reading(log)
    reader.tick()
    log.write_bytes(b"fresh\n")
    reader.restart()
    assert reader.settle() == [b"fresh"]
    assert sorted(cursor.finished for cursor in reader.cursors.values()) == [False, True]


@pytest.mark.case("T3", "T24")
def test_copy_truncated_while_down_is_read_from_the_copy(reading, log: Path) -> None:
    """Also when so little had been read that its prints do not tell files apart."""
    for name, count in (("few", 3), ("many", 40)):
        path = log.with_name(f"{name}.log")
        append(path, text(numbered(0, count)))
        reader = reading(path)
        reader.tick()
        append(path, text(numbered(count, 90)))
        copytruncate(path, path.with_name(f"{name}.log.1"))
        append(path, b"new\n")
        reader.restart()
        assert set(reader.settle()) >= {*numbered(count, 90), b"new"}


@pytest.mark.case("T26", "T28")
def test_one_file_under_two_names_is_read_once(reading, log: Path) -> None:
    append(log, b"one\n")
    log.with_name("b.log").symlink_to(log)
    os.link(log, log.with_name("c.log"))
    reader = reading(log.parent / "*.log")
    assert reader.tick() == [b"one"]
