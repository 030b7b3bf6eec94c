"""Rotation by renaming: whatever is renamed, re-created, re-pointed or late, every line comes once."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from squeezing import squeeze
from tail_reading import append, numbered, text


def test_t01_rename_rotation_under_load(reading, log: Path) -> None:
    """A writer that rotates while it writes, and a reader in no step with it: every line once, in order."""
    expected = numbered(0, 20_000)

    def write() -> None:
        for start in range(0, len(expected), 500):
            append(log, text(expected[start : start + 500]))
            if start % 4000 == 3500:
                for number in range(
                    9, 0, -1
                ):  # none is deleted: however slow the reader, nothing is destroyed
                    older = log.with_name(f"app.log.{number}")
                    if older.exists():
                        older.rename(log.with_name(f"app.log.{number + 1}"))
                log.rename(log.with_name("app.log.1"))

    reader = reading(log)
    append(log, text(numbered(0, 0)))
    reader.tick()
    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        reader.tick(0.001)
    writer.join()
    reader.settle()
    assert sorted(reader.lines) == expected
    assert reader.lost == 0


def test_t02_rotations_faster_than_the_poll(reading, log: Path) -> None:
    """Three files behind, two of them never seen: all are read, oldest first."""
    append(log, text(numbered(0, 10)))
    reader = reading(log)
    reader.tick()
    append(log, text(numbered(10, 20)))
    for step in range(3):
        for number in (2, 1):
            if (older := log.with_name(f"app.log.{number}")).exists():
                older.rename(log.with_name(f"app.log.{number + 1}"))
        log.rename(log.with_name("app.log.1"))
        append(log, text(numbered(20 + step * 10, 30 + step * 10)))
    assert reader.tick() + reader.tick() == numbered(10, 50)


def test_t02_rotations_missed_while_down(reading, log: Path) -> None:
    """The same across a restart, and what lay there before the first start stays unread."""
    append(log.with_name("app.log.9"), text(numbered(900, 910)))
    os.utime(log.with_name("app.log.9"), (1, 1))
    append(log, text(numbered(0, 10)))
    reader = reading(log)
    reader.tick()
    append(log, text(numbered(10, 20)))
    log.rename(log.with_name("app.log.2"))
    append(log.with_name("app.log.1"), text(numbered(20, 30)))
    append(log, text(numbered(30, 40)))
    reader.restart()
    assert reader.settle() == numbered(10, 40)


@pytest.mark.case("T26")
def test_first_start_does_not_read_rotated_history(reading, log: Path) -> None:
    append(log.with_name("app.log.1"), text(numbered(0, 10)))
    append(log, text(numbered(10, 20)))
    reader = reading(log)
    assert reader.settle() == numbered(10, 20)
    log.rename(log.with_name("app.log.2"))
    append(log, text(numbered(20, 30)))
    os.utime(log.with_name("app.log.1"), (1, 1))
    assert reader.settle() == numbered(20, 30)


def test_t11_last_line_without_newline_then_rotated(reading, log: Path) -> None:
    """It is given out once, when the old file has been quiet and the new one is being written."""
    append(log, b"one\ntwo")
    reader = reading(log)
    assert reader.tick() == [b"one"]
    log.rename(log.with_name("app.log.1"))
    append(log, b"three\n")
    assert reader.tick() == [b"three"]
    assert reader.settle() == [b"two"]
    reader.restart()
    assert reader.settle() == []
    assert sorted(cursor.finished for cursor in reader.cursors.values()) == [False, True]


def test_t11_last_line_without_newline_then_deleted(reading, log: Path) -> None:
    append(log, b"one\ntwo")
    reader = reading(log)
    reader.tick()
    log.unlink()
    assert reader.settle() == [b"two"]
    assert reader.settle() == []


def test_t18_rotation_where_only_a_new_name_appears(reading, log: Path) -> None:
    """The log is moved away and nothing follows for a while; the new one is found when it comes."""
    append(log, b"one\n")
    reader = reading(log)
    reader.tick()
    append(log, b"two\n")
    log.rename(log.with_name("elsewhere"))
    assert reader.tick() == [b"two"]
    assert reader.settle() == []
    append(log, b"three\n")
    assert reader.tick() == [b"three"]


def test_t23_restart_after_rotation_reads_the_old_file_first(reading, log: Path) -> None:
    append(log, text(numbered(0, 5)))
    reader = reading(log)
    reader.tick()
    append(log, text(numbered(5, 10)))
    log.rename(log.with_name("app.log.1"))
    append(log, text(numbered(10, 15)))
    reader.restart()
    assert reader.tick() == numbered(5, 15)


def test_t23_old_file_copied_with_a_new_inode(reading, log: Path) -> None:
    """A rotated file moved across file systems has another inode; its content says which one it is."""
    append(log, text(numbered(0, 50)))
    reader = reading(log)
    reader.tick()
    append(log, text(numbered(50, 60)))
    log.with_name("app.log-20260401").write_bytes(log.read_bytes())
    log.unlink()
    append(log, text(numbered(60, 70)))
    reader.restart()
    assert reader.tick() == numbered(50, 70)


def test_t24_lines_written_while_down_are_read(reading, log: Path) -> None:
    append(log, b"one\n")
    reader = reading(log)
    reader.tick()
    append(log, b"two\n")
    reader.restart()
    assert reader.tick() == [b"two"]


def test_t25_file_created_after_start_is_read_from_its_first_byte(reading, tmp_path: Path) -> None:
    reader = reading(tmp_path / "later" / "**" / "*.log")
    assert reader.tick() == []
    assert reader.reasons == ["no_match"]
    (tmp_path / "later" / "deep").mkdir(parents=True)
    append(tmp_path / "later" / "deep" / "new.log", b"one\ntwo\n")
    assert reader.tick() == [b"one", b"two"]
    assert reader.reasons == []


def test_t26_glob_that_matches_rotated_copies(reading, log: Path) -> None:
    """No line twice, across renames, a copy, compression and a restart."""
    reader = reading(f"{log}*")
    append(log, text(numbered(0, 30)))
    reader.tick()
    log.rename(log.with_name("app.log.1"))
    append(log, text(numbered(30, 60)))
    reader.tick()
    log.with_name("app.log.1").rename(log.with_name("app.log.2"))
    log.rename(log.with_name("app.log.1"))
    append(log, text(numbered(60, 90)))
    squeeze(log.with_name("app.log.2"))
    reader.settle()
    reader.restart()
    reader.settle()
    squeeze(log.with_name("app.log.1"), ".xz")
    reader.restart()
    reader.settle()
    append(log.with_name("app.log.3.zip"), b"PK")
    reader.settle()
    assert reader.lines == numbered(0, 90)
    assert reader.reasons == ["compressed"]


def test_t28_symlink_repointed_at_the_daily_file(reading, tmp_path: Path) -> None:
    """The old day is read to its end, also when the link moves while the daemon is down."""
    link = tmp_path / "current"
    days = [tmp_path / "days" / f"{day}.log" for day in ("mon", "tue", "wed")]
    days[0].parent.mkdir()
    append(days[0], text(numbered(0, 30)))
    link.symlink_to(days[0])
    reader = reading(link)
    assert reader.tick() == numbered(0, 30)
    append(days[0], text(numbered(30, 40)))
    append(days[1], text(numbered(40, 70)))
    link.unlink()
    link.symlink_to(days[1])
    assert reader.tick() == numbered(30, 70)
    append(days[1], text(numbered(70, 80)))
    append(days[2], text(numbered(80, 90)))
    link.unlink()
    link.symlink_to(days[2])
    reader.settle()
    assert reader.lines == numbered(0, 90)


def test_t42_late_lines_to_the_renamed_file(reading, log: Path) -> None:
    """The writer keeps the old file open until its new one has a line: everything before that is read."""
    append(log, b"one\n")
    reader = reading(log)
    reader.tick()
    with log.open("ab", buffering=0) as late:
        log.rename(log.with_name("app.log.1"))
        log.touch()
        for number in range(4):
            reader.tick(6.0)
            late.write(b"late %d\n" % number)
        assert reader.tick() == [b"late 3"]
        append(log, b"new\n")
        late.write(b"latest\n")
    assert sorted(reader.settle()) == [b"latest", b"new"]
    assert sorted(cursor.finished for cursor in reader.cursors.values()) == [False, True]


def test_t42_a_finished_file_that_grows_again_is_read_on(reading, log: Path) -> None:
    """Only where the pattern still matches it: what nobody asked for is not watched for ever."""
    reader = reading(f"{log}*")
    append(log, text(numbered(0, 40)))
    reader.tick()
    log.rename(log.with_name("app.log.1"))
    append(log, b"new\n")
    reader.settle()
    append(log.with_name("app.log.1"), b"much later\n")
    assert reader.tick() == [b"much later"]
    reader.settle()
    reader.restart()
    assert reader.settle() == []


@pytest.mark.case("T26")
@pytest.mark.parametrize("name", ["app.log-20260302", "app-20260302.log", "app.log.1"])
def test_a_file_seen_only_under_its_rotated_name_is_finished(reading, log: Path, name: str) -> None:
    """Its log lies beside it: it is read to its end, its unfinished last line too, and done with."""
    reader = reading(f"{log.parent}/app*")
    append(log, text(numbered(10, 11)))
    append(log.with_name(name), text(numbered(0, 9)) + b"its last line")
    reader.settle()
    reader.tick(60.0)
    reader.tick()
    assert sorted(reader.lines) == sorted([*numbered(0, 9), b"its last line", *numbered(10, 11)])
    assert sorted((cursor.finished, Path(cursor.path).name) for cursor in reader.cursors.values()) == [
        (False, "app.log"),
        (True, name),
    ]
    reader.restart()
    assert reader.settle() == []
