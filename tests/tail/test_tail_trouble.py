"""Trouble: what cannot be read, committed or held open delays lines, and loses none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tail_reading import append, as_ordinary_user, numbered, text

from auditd.tail.source import TailSource
from auditd.tail.tailer import Tailer


@pytest.fixture
def open_folder(tmp_path: Path) -> Path:
    """Return a folder an ordinary user may enter."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == Path.home().owner() and str(folder).startswith("/tmp/pytest"):
            folder.chmod(0o755)
    return tmp_path


def test_t39_permission_lost_then_regained(reading, open_folder: Path) -> None:
    """One problem, the other files go on, and the file is read from where it stood."""
    secret, other = open_folder / "secret.log", open_folder / "other.log"
    append(secret, b"one\n")
    append(other, b"1\n")
    reader = reading(open_folder / "*.log")
    assert sorted(reader.tick()) == [b"1", b"one"]
    append(secret, b"two\n")
    append(other, b"2\n")
    secret.chmod(0)
    reader.restart()
    with as_ordinary_user():
        assert reader.tick() == [b"2"]
        assert reader.settle() == []
    assert reader.reasons == ["permission_denied"]
    secret.chmod(0o644)
    with as_ordinary_user():
        assert reader.tick() == [b"two"]
    assert reader.reasons == []
    assert len(reader.cursors) == 2


def test_t39_unreadable_from_the_start(reading, open_folder: Path) -> None:
    secret = open_folder / "secret.log"
    append(secret, b"one\n")
    secret.chmod(0)
    reader = reading(secret)
    with as_ordinary_user():
        assert reader.settle() == []
    assert reader.reasons == ["permission_denied"]
    secret.chmod(0o644)
    assert reader.tick() == [b"one"]


def test_t09_a_folder_that_cannot_be_listed_for_a_while_loses_nothing(reading, open_folder: Path) -> None:
    """A share that fails is not an empty share: the unfinished line stays unfinished, the file stays known."""
    folder = open_folder / "share"
    folder.mkdir()
    append(folder / "app.log", b"one\ntw")
    reader = reading(folder / "*.log")
    reader.tick()
    folder.chmod(0)
    reader.restart()
    with as_ordinary_user():
        assert reader.settle() == []
    assert "permission_denied" in reader.reasons
    folder.chmod(0o755)
    append(folder / "app.log", b"o\n")
    assert reader.settle() == [b"two"]
    assert len(reader.cursors) == 1


def test_t30_refused_bytes_come_again(reading, log: Path) -> None:
    append(log, text(numbered(0, 10)))
    reader = reading(log)
    reader.tailer.reconcile()
    for _ in range(3):
        (chunk,) = reader.tailer.read(1 << 20)
        assert reader.tailer.read(1 << 20) == []
        reader.tailer.refuse(chunk)
    os.truncate(log, 0)
    assert reader.tick() == numbered(0, 10)
    assert reader.lost == 0


def test_a_chunk_is_accepted_or_refused_once(reading, log: Path) -> None:
    append(log, b"one\n")
    reader = reading(log)
    reader.tailer.reconcile()
    (chunk,) = reader.tailer.read(100)
    reader.tailer.accept(chunk, "")
    with pytest.raises(ValueError, match="not out"):
        reader.tailer.refuse(chunk)


def test_the_parsers_state_comes_back_with_the_next_chunk(reading, log: Path) -> None:
    append(log, b"header\n")
    reader = reading(log)
    reader.tailer.reconcile()
    (chunk,) = reader.tailer.read(100)
    assert chunk.before.state == ""
    reader.commit(chunk, "header")
    reader.restart()
    append(log, b"record\n")
    reader.tailer.reconcile()
    (chunk,) = reader.tailer.read(100)
    assert chunk.before.state == "header"


@pytest.mark.parametrize("open_files", [4, 256])
def test_t29_a_hundred_rotations_while_nothing_can_be_committed(reading, log: Path, open_files: int) -> None:
    """Descriptors stay bounded, and everything is there once the store is back."""
    reader = reading(log, open_files=open_files)
    held = len(list(Path("/proc/self/fd").iterdir()))
    most = 0
    for step in range(100):
        append(log, text(numbered(step * 20, step * 20 + 20)))
        reader.clock += 1
        reader.tailer.reconcile()
        for chunk in reader.tailer.read(1):
            reader.tailer.refuse(chunk)
        most = max(most, len(list(Path("/proc/self/fd").iterdir())) - held)
        log.rename(log.with_name(f"app.log.{step:03}"))
    reader.settle()
    assert reader.lines == numbered(0, 2000)
    assert most <= open_files
    assert reader.lost == 0


@pytest.mark.case("T29")
def test_more_files_than_descriptors(reading, tmp_path: Path) -> None:
    reader = reading(tmp_path / "*.log", open_files=5)
    for turn in range(3):
        for number in range(20):
            append(tmp_path / f"{number:02}.log", b"%d/%d\n" % (number, turn))
        assert sorted(reader.tick()) == sorted(b"%d/%d" % (number, turn) for number in range(20))
    assert len(reader.cursors) == 20


@pytest.mark.case("T29", "T40")
def test_bytes_that_vanish_with_their_file_are_counted(reading, log: Path) -> None:
    """The descriptor was given up, the file was deleted unread: what was known of it is counted as lost."""
    append(log, text(numbered(0, 10)))
    append(log.with_name("b.log"), b"one\n")
    reader = reading(log.parent / "*.log", open_files=1)
    reader.tailer.reconcile()
    size = log.stat().st_size
    log.unlink()
    reader.settle()
    assert reader.lost in (0, size)
    assert (reader.lost == size) == (numbered(0, 1)[0] not in reader.lines)


def test_sources_take_turns(tmp_path: Path) -> None:
    """A backlog in one source does not keep the others waiting."""
    append(tmp_path / "big.log", text(numbered(0, 5000)))
    append(tmp_path / "small.log", b"urgent\n")
    sources = [TailSource(name, (str(tmp_path / f"{name}.log"),), 1000) for name in ("big", "small")]
    tailer = Tailer(sources, [], block_bytes=10_000)
    tailer.reconcile()
    assert {chunk.source for chunk in tailer.read(20_000)} == {"big", "small"}
    tailer.close()


def test_oldest_file_first(reading, tmp_path: Path) -> None:
    for number, name in enumerate(("b", "c", "a")):
        append(tmp_path / f"{name}.log", text(numbered(number * 100, number * 100 + 100)))
        os.utime(tmp_path / f"{name}.log", (1000 + number, 1000 + number))
    reader = reading(tmp_path / "*.log", block_bytes=2000, max_line_bytes=500)
    reader.tick()
    assert reader.lines == numbered(0, 300)


def test_behind_counts_what_is_not_committed(reading, log: Path) -> None:
    append(log, text(numbered(0, 10)))
    reader = reading(log)
    reader.tailer.reconcile()
    size = log.stat().st_size
    assert (reader.tailer.behind()["log"].bytes, reader.tailer.behind()["log"].files) == (size, 1)
    (chunk,) = reader.tailer.read(1 << 20)
    assert reader.tailer.behind()["log"].bytes == size
    reader.commit(chunk)
    assert reader.tailer.behind()["log"].bytes == 0
    assert reader.tailer.behind()["log"].seconds == 0
