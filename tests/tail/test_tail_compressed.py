"""Rotated and compressed: what was not read of a log is read from the compressed file, at the same places, once."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
from squeezing import SQUEEZERS, squeeze, squeezed
from tail_reading import Reading, append, copytruncate, lines_of, numbered, text

ENDINGS = sorted(SQUEEZERS)


def half_read(reader: Reading, log: Path, lines: int = 100) -> None:
    """Write a log and read about half of it; the reader is down afterwards."""
    append(log, text(numbered(0, lines)))
    reader.tailer.reconcile()
    (chunk,) = reader.read(1)
    reader.commit(chunk)
    reader.tailer.close()
    assert 0 < len(reader.lines) < lines


def places(reader: Reading) -> list[tuple[str, int]]:
    """Return identity and offset of every line that was read."""
    found = []
    for chunk in reader.chunks:
        place = chunk.block.offset
        for line in lines_of(chunk):
            found.append((chunk.block.file, place))
            place += len(line) + 1
    return found


@pytest.mark.parametrize("ending", ENDINGS)
def test_t27_a_compressed_file_that_is_still_being_written_is_waited_for(
    reading, log: Path, ending: str
) -> None:
    """However long it takes: nothing of the half-read log is given up, and its rest is read from there at last."""
    reader = reading(log, block_bytes=3000, max_line_bytes=500)
    half_read(reader, log)
    before = len(reader.lines)
    stream = squeezed(log.read_bytes(), ending)
    log.unlink()
    away = log.with_name(f"app.log.1{ending}")
    append(away, stream[: len(stream) // 3])
    append(log, text(numbered(100, 101)))
    reader.restart()
    for _ in range(5):
        reader.settle()
        assert reader.lost == 0
        assert len(reader.lines) == before + 1
        assert not any(cursor.finished for cursor in reader.cursors.values())
    append(away, stream[len(stream) // 3 :])
    reader.settle()
    assert sorted(reader.lines) == numbered(0, 101)
    assert reader.lost == 0


@pytest.mark.parametrize("ending", ENDINGS)
def test_t27_the_rest_of_a_half_read_log_is_read_from_the_compressed_file(
    reading, log: Path, ending: str
) -> None:
    """Under the same identity, at the offsets of what is compressed; also though no pattern matches it."""
    reader = reading(log, block_bytes=3000, max_line_bytes=500)
    half_read(reader, log)
    log.rename(log.with_name("app.log.1"))
    squeeze(log.with_name("app.log.1"), ending)
    append(log, text(numbered(100, 110)))
    reader.restart()
    reader.settle()
    assert reader.lines == numbered(0, 110)
    assert places(reader)[:100] == [(places(reader)[0][0], 65 * number) for number in range(100)]
    assert reader.lost == 0
    assert sorted(cursor.finished for cursor in reader.cursors.values()) == [False, True]
    reader.restart()
    assert reader.settle() == []


def test_t27_also_where_the_pattern_matches_the_compressed_file(reading, log: Path) -> None:
    reader = reading(f"{log}*", block_bytes=3000, max_line_bytes=500)
    half_read(reader, log)
    log.rename(log.with_name("app.log-20260302"))
    squeeze(log.with_name("app.log-20260302"), ".zst")
    append(log, text(numbered(100, 110)))
    reader.restart()
    reader.settle()
    assert sorted(reader.lines) == numbered(0, 110)
    assert len(reader.cursors) == 2


def test_t27_a_log_compressed_before_anything_of_it_was_read(reading, log: Path) -> None:
    """It is known from first sight: its identity is that of the plain file."""
    append(log, text(numbered(0, 50)))
    reader = reading(log)
    reader.tailer.reconcile()
    (known,) = reader.tailer.cursors_changed()
    reader.cursors[known.file] = known
    squeeze(log)
    reader.restart()
    reader.settle()
    assert reader.lines == numbered(0, 50)
    assert {file for file, _ in places(reader)} == {known.file}


def test_t27_a_log_of_which_too_little_was_read_to_know_it_by(reading, log: Path) -> None:
    append(log, text(numbered(0, 5)))
    reader = reading(log)
    reader.tick()
    append(log, text(numbered(5, 10)))
    log.rename(log.with_name("app.log.1"))
    squeeze(log.with_name("app.log.1"))
    append(log, text(numbered(10, 12)))
    reader.restart()
    reader.settle()
    assert reader.lines == numbered(0, 12)
    assert len(reader.cursors) == 2


def test_t27_rotations_missed_while_down_are_read_from_their_compressed_files(reading, log: Path) -> None:
    """What was never seen plain too; what lay there before the first start stays unread."""
    append(log.with_name("app.log.9"), text(numbered(900, 910)))
    os.utime(log.with_name("app.log.9"), (1, 1))
    squeeze(log.with_name("app.log.9"))
    append(log, text(numbered(0, 40)))
    reader = reading(log)
    reader.tick()
    append(log, text(numbered(40, 60)))
    squeeze(log, to=log.with_name("app.log.3.gz"))
    append(log, text(numbered(60, 90)))
    squeeze(log, to=log.with_name("app.log.2.gz"))
    append(log, text(numbered(90, 120)))
    log.rename(log.with_name("app.log.1"))  # delaycompress
    append(log, text(numbered(120, 125)))
    reader.restart()
    reader.settle()
    assert sorted(reader.lines) == numbered(0, 125)
    assert reader.lost == 0


def test_t27_history_that_is_being_compressed_is_still_history(reading, log: Path) -> None:
    """Its time is that of now while it is written, and the old one again at the end."""
    history = log.with_name("app.log.1")
    append(history, text(numbered(900, 960)))
    os.utime(history, (1, 1))
    append(log, text(numbered(0, 10)))
    reader = reading(log)
    reader.tick()
    stream = squeezed(history.read_bytes(), ".gz")
    compressed = log.with_name("app.log.1.gz")
    for part in (1, 2):
        compressed.write_bytes(stream[: len(stream) * part // 2])
        reader.tick()
    os.utime(compressed, (1, 1))
    history.unlink()
    reader.settle()
    reader.restart()
    reader.settle()
    assert reader.lines == numbered(0, 10)


def test_t27_copytruncate_and_compress_between_two_looks(reading, log: Path) -> None:
    append(log, text(numbered(0, 40)))
    reader = reading(log)
    reader.tick()
    append(log, text(numbered(40, 80)))
    copytruncate(log, log.with_name("app.log.1"))
    squeeze(log.with_name("app.log.1"))
    append(log, text(numbered(80, 90)))
    reader.settle()
    assert sorted(reader.lines) == numbered(0, 90)
    assert reader.lost == 0


def test_t27_what_the_compressed_copy_does_not_hold_is_counted(reading, log: Path) -> None:
    """Lines written between the copy and the truncation are lost, and known to be."""
    append(log, text(numbered(0, 40)))
    reader = reading(log)
    reader.tick()
    copy = log.with_name("app.log.1")
    append(log, text(numbered(40, 50)))
    copy.write_bytes(log.read_bytes())
    squeeze(copy)
    append(log, text(numbered(50, 60)))
    reader.tailer.reconcile()
    os.truncate(log, 0)
    append(log, text(numbered(60, 70)))
    reader.settle()
    assert sorted(reader.lines) == numbered(0, 50) + numbered(60, 70)
    assert reader.lost == 10 * 65


def test_t27_killed_in_the_middle_of_the_compressed_file(reading, log: Path) -> None:
    """Each restart decodes up to the place again, and goes on there."""
    reader = reading(log, block_bytes=3000, max_line_bytes=500)
    half_read(reader, log, 1000)
    log.rename(log.with_name("app.log.1"))
    squeeze(log.with_name("app.log.1"))
    append(log, text(numbered(1000, 1001)))
    for _ in range(5):
        reader.restart()
        reader.clock += 1
        reader.tailer.reconcile()
        for chunk in reader.read(5000)[:1]:
            reader.commit(chunk)
    before = len(reader.lines)
    reader.restart()
    reader.settle()
    assert 100 < before < 1000
    assert sorted(reader.lines) == numbered(0, 1001)
    assert [place for file, place in places(reader) if file == places(reader)[0][0]] == [
        65 * number for number in range(1000)
    ]


def test_t27_the_plain_file_under_us_is_compressed_and_deleted(reading, log: Path) -> None:
    """While it is open it is read to its end; with no descriptor left for it, from the compressed file."""
    for open_files in (1, 256):
        folder = log.parent / str(open_files)
        folder.mkdir()
        path = folder / "app.log"
        reader = reading(folder / "*.log*", open_files=open_files, block_bytes=3000, max_line_bytes=500)
        append(path, text(numbered(0, 100)))
        append(folder / "b.log", b"b\n")
        reader.tailer.reconcile()
        reader.commit(reader.read(1)[0])
        path.rename(folder / "app.log.1")
        squeeze(folder / "app.log.1")
        append(path, text(numbered(100, 110)))
        reader.settle()
        reader.restart()
        reader.settle()
        assert sorted(reader.lines) == sorted([b"b", *numbered(0, 110)])
        assert reader.lost == 0


@pytest.mark.parametrize("lines", [3, 100])
@pytest.mark.parametrize("ending", ENDINGS)
def test_t26_a_log_that_was_read_is_known_when_it_is_compressed(
    reading, log: Path, ending: str, lines: int
) -> None:
    """By its content, after a restart too, and then without decoding it again."""
    reader = reading(f"{log}*")
    append(log, text(numbered(0, lines)))
    reader.tick()
    log.rename(log.with_name("app.log.1"))
    append(log, text(numbered(lines, lines + 5)))
    reader.settle()
    squeeze(log.with_name("app.log.1"), ending, to=log.with_name(f"app.log.2{ending}"))
    reader.settle()
    reader.restart()
    reader.settle()
    assert reader.lines == numbered(0, lines + 5)
    assert any(cursor.path.endswith(ending) for cursor in reader.cursors.values())


def test_t26_the_copy_being_compressed_beside_a_log_being_read(reading, log: Path) -> None:
    reader = reading(f"{log}*", block_bytes=3000, max_line_bytes=500)
    half_read(reader, log)
    rotated = log.with_name("app.log.1")
    log.rename(rotated)
    append(log, b"")
    reader.restart()
    stream = squeezed(rotated.read_bytes(), ".gz")
    compressed = log.with_name("app.log.1.gz")
    for part in range(5):
        append(compressed, stream[len(stream) * part // 5 : len(stream) * (part + 1) // 5])
        reader.tick()
    rotated.unlink()
    reader.settle()
    assert reader.lines == numbered(0, 100)
    assert len(reader.cursors) <= 2


def test_t26_one_content_plain_and_compressed_twice_is_read_once(reading, tmp_path: Path) -> None:
    """Whichever comes first, and in the middle of reading too."""
    content = text(numbered(0, 3000))
    for first, *others in (
        ("a.log.gz", "a.log", "a.log.xz"),
        ("a.log", "a.log.zst", "a.log.gz"),
        ("a.log.bz2", "a.log.gz", "a.log"),
    ):
        folder = tmp_path / first
        folder.mkdir()
        reader = reading(folder / "*", block_bytes=3000, max_line_bytes=500)
        write(folder / first, content)
        reader.tailer.reconcile()
        reader.commit(reader.read(1)[0])
        write(folder / others[0], content)
        reader.tick()
        write(folder / others[1], content)
        reader.settle()
        reader.restart()
        reader.settle()
        assert reader.lines == numbered(0, 3000)


def write(path: Path, content: bytes) -> None:
    path.write_bytes(squeezed(content, path.suffix) if path.suffix in SQUEEZERS else content)


def test_t26_compressed_files_that_begin_alike_are_different_files(reading, tmp_path: Path) -> None:
    """Also beside a plain one with the same long header."""
    header = b"#" * 3000 + b"\n"
    append(tmp_path / "app.log", header + b"live\n")
    reader = reading(tmp_path / "app.log*")
    reader.tick()
    for number in range(3):
        write(tmp_path / f"app.log.{number}.gz", header + b"old %d\n" % number)
    reader.settle()
    assert sorted(line for line in reader.lines if not line.startswith(b"#")) == [
        b"live",
        b"old 0",
        b"old 1",
        b"old 2",
    ]


def test_t26_a_compressed_copy_of_a_log_that_is_read_on_holds_nothing_new(reading, log: Path) -> None:
    append(log, text(numbered(0, 100)))
    reader = reading(f"{log}*")
    reader.tick()
    write(log.with_name("app.log.backup-1.gz"), text(numbered(0, 100)))
    write(log.with_name("app.log.1.gz"), text(numbered(0, 80)))
    append(log, text(numbered(100, 130)))
    reader.settle()
    assert [line for line in reader.lines if line not in numbered(0, 100)] == numbered(100, 130)
    assert len(places(reader)) - len(set(places(reader))) == 0


def test_t08_a_remount_changes_device_and_inode_of_compressed_files(reading, tmp_path: Path) -> None:
    """Half read or wholly: the content says which file it is."""
    from dataclasses import replace

    whole, half = tmp_path / "whole.gz", tmp_path / "half.gz"
    write(half, text(numbered(500, 900)))
    write(whole, text(numbered(0, 100)))
    os.utime(whole, (1, 1))
    reader = reading(tmp_path / "*.gz", block_bytes=7000, max_line_bytes=500)
    reader.tailer.reconcile()
    for _ in range(2):
        for chunk in reader.read(1):
            reader.commit(chunk)
    assert 100 < len(reader.lines) < 500
    for _ in range(2):
        reader.cursors = {
            file: replace(one, device=one.device + 7, inode=one.inode + 1000)
            for file, one in reader.cursors.items()
        }
        reader.restart()
        reader.settle()
    assert reader.lines == numbered(0, 100) + numbered(500, 900)
    assert len(reader.cursors) == 2


def test_a_compressed_file_dropped_in_is_read_from_its_first_byte_to_its_last(
    reading, tmp_path: Path
) -> None:
    """Its last line counts without a newline: nobody will write on."""
    write(tmp_path / "old.log.gz", text(numbered(0, 50)) + b"the end")
    reader = reading(tmp_path / "*.gz")
    reader.settle()
    assert reader.lines == [*numbered(0, 50), b"the end"]
    assert [cursor.finished for cursor in reader.cursors.values()] == [True]
    assert reader.tailer.behind()["log"].bytes == 0
    reader.restart()
    assert reader.settle() == []


def test_a_compressed_file_still_being_written_is_waited_for(reading, tmp_path: Path) -> None:
    lines = [os.urandom(40).hex().encode() for _ in range(4000)]
    stream = squeezed(text(lines), ".gz")
    path = tmp_path / "big.gz"
    reader = reading(tmp_path / "*.gz")
    for part in range(10):
        append(path, stream[len(stream) * part // 10 : len(stream) * (part + 1) // 10])
        reader.tick()
        reader.tick(60.0 if part == 5 else 1.0)
        assert reader.reasons == (["incomplete"] if part == 5 else [])
        if part == 7:
            reader.restart()
    reader.settle()
    assert reader.lines == lines
    assert reader.lost == 0


def test_the_rest_is_waited_for_while_its_compressed_file_is_being_written(reading, log: Path) -> None:
    """The plain file is gone, the compressed one arrives slowly: nothing is given up."""
    lines = [os.urandom(40).hex().encode() for _ in range(2000)]
    reader = reading(log, block_bytes=100_000, max_line_bytes=500)
    append(log, text(lines))
    reader.tailer.reconcile()
    reader.commit(reader.read(1)[0])
    stream = squeezed(log.read_bytes(), ".gz")
    reader.tailer.close()
    log.unlink()
    reader.restart()
    for part in range(4):
        append(log.with_name("app.log.1.gz"), stream[len(stream) * part // 4 : len(stream) * (part + 1) // 4])
        reader.tick(30.0)
        assert [cursor.finished for cursor in reader.cursors.values()] == [False]
    reader.settle()
    assert reader.lines == lines
    assert reader.lost == 0


def test_a_damaged_file_is_read_up_to_the_damage_and_the_rest_is_counted(reading, tmp_path: Path) -> None:
    """One problem, one loss with its reason, once; a sound copy that replaces it is read on from there."""
    content = text(numbered(0, 2000))
    first, second = gzip.compress(content[:100_010]), gzip.compress(content[100_010:])
    path = tmp_path / "app.log.1.gz"
    path.write_bytes(first + second[:10] + b"\x07" + second[11:])  # a kind of block that does not exist
    reader = reading(tmp_path / "*")
    reader.tick()
    reader.tick()
    assert reader.reasons == ["corrupt"]
    reader.settle()
    read = 100_010 // 65
    assert reader.lines == numbered(0, read)
    assert reader.lost == pytest.approx(len(second) + 100_010 % 65, abs=30)
    assert {chunk.lost_reason for chunk in reader.chunks} == {"", "corrupt"}
    lost = reader.lost
    reader.restart()
    reader.settle()
    assert (reader.lost, len(reader.lines), reader.reasons) == (lost, read, [])
    path.unlink()
    path.write_bytes(first + second)
    reader.settle()
    assert reader.lines == numbered(0, 2000)
    assert len(reader.cursors) == 1


def test_what_is_no_gzip_at_all_is_one_problem_and_a_loss(reading, tmp_path: Path) -> None:
    (tmp_path / "app.log.1.gz").write_bytes(b"this is text\n" * 10)
    append(tmp_path / "app.log", b"one\n")
    reader = reading(tmp_path / "app.log*")
    assert reader.tick() + reader.tick() == [b"one"]
    assert reader.reasons == ["corrupt"]
    reader.settle()
    reader.restart()
    reader.settle()
    assert reader.lines == [b"one"]
    assert 0 < reader.lost <= 130


def test_an_appended_stream_is_read_on(reading, tmp_path: Path) -> None:
    path = tmp_path / "app.log.1.gz"
    reader = reading(tmp_path / "*.gz")
    for part in range(3):
        append(path, gzip.compress(text(numbered(part * 50, part * 50 + 50))))
        reader.settle()
    reader.restart()
    reader.settle()
    assert reader.lines == numbered(0, 150)
    assert len(reader.cursors) == 1


def test_over_long_lines_and_holes_of_nuls_inside_a_compressed_file(reading, tmp_path: Path) -> None:
    """A bomb without a newline is one over-long line; memory and work stay bounded."""
    import tracemalloc

    long = 200 << 20
    path = tmp_path / "bomb.gz"
    with path.open("wb") as file:
        file.write(gzip.compress(b"one\n" + bytes(5_000_000) + b"two\n"))
        file.write(gzip.compress(b"a" * (1 << 20)) * (long >> 20))
        file.write(gzip.compress(b"\nthree\n"))
    reader = reading(path)
    tracemalloc.start()
    for _ in range(10):
        reader.tick()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    reader.settle()
    assert reader.lines == [b"one", b"two", b"three"]
    assert [line.length for chunk in reader.chunks for line in chunk.too_long] == [long]
    assert sum(chunk.nul_bytes for chunk in reader.chunks) == 5_000_000
    assert peak < 60 << 20


def test_descriptors_of_compressed_files_count_too(reading, tmp_path: Path) -> None:
    for number in range(30):
        write(tmp_path / f"{number:02}.log.gz", text(numbered(number * 100, number * 100 + 100)))
    held = len(list(Path("/proc/self/fd").iterdir()))
    reader = reading(tmp_path / "*.gz", open_files=4, block_bytes=2000, max_line_bytes=500)
    most = 0
    for _ in range(60):
        reader.clock += 1
        reader.tailer.reconcile()
        for chunk in reader.read(1):
            reader.commit(chunk)
        most = max(most, len(list(Path("/proc/self/fd").iterdir())) - held)
    reader.settle()
    assert sorted(reader.lines) == numbered(0, 3000)
    assert most <= 4 + 1  # and one being compared
