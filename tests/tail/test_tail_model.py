"""Random histories of a log against a model: whatever happens to its files, every line comes exactly once.

Lines are told apart by content. A line may be read a second time only at the same offset with the same content, which
the archive folds into one event; and only where copies of the file lie beside it (docs/tailing.md).
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from squeezing import SQUEEZERS, squeeze, squeezed
from tail_reading import Reading, append, lines_of

CLOCK_TICK_SECONDS: Final = 0.005
"""Linux stamps files with a clock that ticks every 4 ms (10 ms at the slowest): what changes within one looks unchanged."""


class History:
    """One random history: a writer, its rotations, and a reader that is killed, refused and delayed."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.random = random.Random(seed)
        self.log = folder / "app.log"
        self.glob = self.random.choice([str(self.log), f"{self.log}*"])
        self.shifting = self.random.random() < 0.5
        self.reader = Reading(
            self.glob,
            block_bytes=self.random.choice([300, 5000, 1 << 20]),
            max_line_bytes=400,
            open_files=self.random.choice([3, 256]),
        )
        self.written: list[bytes] = []
        self.partial = b""
        self.rotations = 0
        self.copied = False
        self.truncated_unseen = False

    def run(self, steps: int) -> None:
        actions: list[tuple[Callable[[], None], int]] = [
            (self.write, 30),
            (self.write_part, 8),
            (self.tick, 25),
            (self.rename, 6),
            (self.rename_and_write_late, 4),
            (self.copytruncate, 5),
            (self.copy_slowly_then_truncate, 2),
            (self.compress, 6),
            (self.compress_slowly, 2),
            (self.delete_after_drain, 2),
            (self.restart, 6),
            (self.refuse, 6),
            (self.pause, 4),
        ]
        self.write()
        self.reader.tick()  # from here on nothing is history
        for act in self.random.choices([a for a, _ in actions], [w for _, w in actions], k=steps):
            act()
        self.finish_line()
        for _ in range(4):
            self.reader.tick(60.0)

    def line(self) -> bytes:
        size = self.random.choice([0, 10, 60, 60, 200, 350])
        line = b"%05d %s" % (len(self.written), bytes([97 + len(self.written) % 26]) * size)
        self.written.append(line)
        return line

    def write(self) -> None:
        self.finish_line()
        append(self.log, b"".join(self.line() + b"\n" for _ in range(self.random.choice([1, 1, 3, 40]))))

    def write_part(self) -> None:
        if not self.partial:
            line = self.line()
            self.partial = line[3:] + b"\n"
            append(self.log, line[:3])

    def finish_line(self) -> None:
        if self.partial:
            append(self.log, self.partial)
            self.partial = b""

    def tick(self) -> None:
        self.truncated_unseen = False
        self.reader.tick(self.random.choice([0.01, 1.0]))

    def pause(self) -> None:
        self.finish_line()
        self.reader.tick(60.0)

    def away(self) -> Path:
        """Return the name the log is rotated to, making room for it; not within one tick of the file system's clock."""
        time.sleep(CLOCK_TICK_SECONDS)
        self.rotations += 1
        if not self.shifting:
            return self.log.with_name(f"app.log-{20260101 + self.rotations}")
        for number in range(self.rotations, 0, -1):
            for ending in ("", *SQUEEZERS):
                older = self.log.with_name(f"app.log.{number}{ending}")
                if older.exists():
                    older.rename(self.log.with_name(f"app.log.{number + 1}{ending}"))
        return self.log.with_name("app.log.1")

    def rename(self) -> None:
        self.finish_line()
        self.log.rename(self.away())
        if self.random.random() < 0.5:
            self.tick()
        self.write()

    def rename_and_write_late(self) -> None:
        self.finish_line()
        with self.log.open("ab", buffering=0) as writer:
            self.log.rename(self.away())
            for _ in range(3):
                writer.write(self.line() + b"\n")
                self.tick()
        self.write()

    def truncate(self) -> None:
        """Truncate the log, of which there is a copy that perhaps no pattern matches."""
        os.truncate(self.log, 0)
        self.copied = self.truncated_unseen = True

    def look_between_truncations(self) -> None:
        """Look, where what was written and truncated since the last look could not be known (docs/tailing.md)."""
        if self.truncated_unseen and self.glob == str(self.log):
            self.tick()

    def copytruncate(self) -> None:
        self.finish_line()
        self.look_between_truncations()
        self.away().write_bytes(self.log.read_bytes())
        self.truncate()
        if self.random.random() < 0.5:
            self.write()

    def copy_slowly_then_truncate(self) -> None:
        self.finish_line()
        self.look_between_truncations()
        copy = self.away()
        content = self.log.read_bytes()
        for piece in range(3):
            append(copy, content[len(content) * piece // 3 : len(content) * (piece + 1) // 3])
            self.tick()
        self.truncate()

    def rotated(self) -> list[Path]:
        """Return the rotated copies that are not compressed."""
        found = sorted(path for path in self.log.parent.glob("app.log?*") if path.suffix not in SQUEEZERS)
        self.copied |= any(
            path.stat().st_size < 2048 for path in found
        )  # too short to be known by their content
        return found

    def compress(self) -> None:
        if rotated := self.rotated():
            squeeze(self.random.choice(rotated), self.random.choice(list(SQUEEZERS)))

    def compress_slowly(self) -> None:
        """Look while the compressed file is being written beside its original."""
        if rotated := self.rotated():
            path, ending = self.random.choice(rotated), self.random.choice(list(SQUEEZERS))
            status, stream = path.stat(), squeezed(path.read_bytes(), ending)
            target = path.with_name(path.name + ending)
            for piece in range(3):
                append(target, stream[len(stream) * piece // 3 : len(stream) * (piece + 1) // 3])
                self.tick()
            os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
            path.unlink()

    def delete_after_drain(self) -> None:
        self.finish_line()
        for _ in range(5):
            self.reader.tick()
        assert self.reader.tailer.behind()["log"].bytes == 0
        self.log.unlink()
        self.write()

    def restart(self) -> None:
        self.reader.restart()
        self.reader.tailer.reconcile()

    def refuse(self) -> None:
        self.reader.tailer.reconcile()
        for chunk in self.reader.read(1000):
            if self.random.random() < 0.5:
                self.reader.tailer.refuse(chunk)
            else:
                self.reader.commit(chunk)

    def check(self) -> None:
        at = Counter(self._lines_by_place())
        folded = Counter(line for _, line in at)
        assert {line: count for line, count in folded.items() if count > 1} == {}
        assert sorted(folded) == sorted(self.written)
        if not self.copied:
            assert [place for place, count in at.items() if count > 1] == []
        assert self.reader.lost == 0

    def _lines_by_place(self) -> list[tuple[int, bytes]]:
        found = []
        for chunk in self.reader.chunks:
            place = chunk.block.offset
            for line in lines_of(chunk):
                found.append((place, line))
                place += len(line) + 1
        return found


def check_histories(seeds: range, steps: int, folder: Path) -> None:
    for seed in seeds:
        (folder / str(seed)).mkdir()
        history = History(seed, folder / str(seed))
        try:
            history.run(steps)
            history.check()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        finally:
            history.reader.tailer.close()


@pytest.mark.case("T1", "T2", "T3", "T10", "T23", "T24")
def test_every_line_exactly_once_in_random_histories(tmp_path: Path) -> None:
    check_histories(range(150), 40, tmp_path)


@pytest.mark.case("T1", "T2", "T3", "T10", "T23", "T24")
@pytest.mark.soak
def test_every_line_exactly_once_in_thousands_of_random_histories(tmp_path: Path) -> None:
    check_histories(range(1000, 6000), 80, tmp_path)
