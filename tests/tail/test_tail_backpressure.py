"""Too much at once: thousands of files, a thousand rotations between two looks, a store that takes nothing."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

import pytest
from tail_reading import Reading, append, numbered, text


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def burst(log: Path, rotations: int, lines: int = 5, first: int = 0) -> int:
    """Write and rotate, each rotated file under a name of its own; return the number of the next line."""
    for step in range(rotations):
        append(log, text(numbered(first, first + lines)))
        first += lines
        log.rename(log.with_name(f"app.log.{20260000000 + first + step}"))
    append(log, text(numbered(first, first + lines)))
    return first + lines


@pytest.mark.case("T2", "T29")
def test_t02_a_thousand_rotations_between_two_looks(reading, log: Path) -> None:
    """All are read, oldest first; descriptors stay bounded; and once they are quiet each is done with, read or not closed."""
    append(log, text(numbered(0, 5)))
    reader: Reading = reading(log, open_files=100)
    reader.tick()
    held = descriptors()
    last = burst(log, 1000, first=5)
    reader.tick()
    assert descriptors() - held <= 100
    reader.settle()
    assert reader.lines == numbered(0, last)
    assert reader.lost == 0
    assert sorted(cursor.finished for cursor in reader.cursors.values()) == [False] + [True] * 1000
    assert descriptors() - held <= 1


@pytest.mark.case("T29", "T35")
def test_two_thousand_files_are_read_with_few_descriptors(reading, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number:04}.log" for number in range(2000)]
    for number, path in enumerate(paths):
        append(path, text(numbered(number, number + 1)))
    held = descriptors()
    reader: Reading = reading(tmp_path / "*.log", open_files=64)
    assert sorted(reader.tick()) == numbered(0, 2000)
    assert descriptors() - held <= 64
    for path in paths[::100]:
        append(path, b"more\n")
    assert reader.tick() == [b"more"] * 20


@pytest.mark.case("T29", "T30")
def test_t29_a_store_that_is_down_is_waited_for_in_bounded_memory(reading, log: Path) -> None:
    """However much is written and rotated meanwhile, no more is held than a read may hold."""
    append(log, text(numbered(0, 5)))
    reader: Reading = reading(log, open_files=32, block_bytes=64 << 10, max_line_bytes=1000)
    reader.tick()
    last = 5
    gc.collect()
    tracemalloc.start()
    for _ in range(10):
        last = burst(log, 20, lines=2000, first=last)  # 27 MB in all, of which nothing is taken
        for _ in range(3):
            reader.clock += 1
            reader.tailer.reconcile()
            for chunk in reader.tailer.read(1 << 20):
                reader.tailer.refuse(chunk)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 << 20
    for _ in range(3):
        reader.settle()
    assert reader.lines == numbered(0, last)
    assert reader.lost == 0
