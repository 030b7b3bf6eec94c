"""Logs that are delivered in whole files: a file left alone is complete, last newline or not."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from auditd.tail.chunk import Chunk
from auditd.tail.source import TailSource
from auditd.tail.tailer import Tailer


class Spool:
    """A tailer over a folder of whole files, with a clock set by hand."""

    def __init__(self, folder: Path, *, complete_after_seconds: float | None, open_files: int = 256) -> None:
        self.now = 100.0
        source = TailSource(
            name="calls", files=(f"{folder}/cdr_*",), complete_after_seconds=complete_after_seconds
        )
        self.tailer = Tailer(
            [source], [], settle_seconds=5.0, monotonic=lambda: self.now, open_files=open_files
        )

    def read(self) -> list[bytes]:
        """Take everything there is to take; return the lines."""
        self.tailer.reconcile()
        lines: list[bytes] = []
        while chunks := self.tailer.read(1 << 20):
            lines += [line for chunk in chunks for line in self._take(chunk)]
        return lines

    def _take(self, chunk: Chunk) -> list[bytes]:
        self.tailer.accept(chunk, "")
        return chunk.block.data.splitlines()


def just_written(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    os.utime(path, (time.time(), time.time()))


@pytest.mark.case("T11")
def test_the_last_line_without_newline_counts_once_nobody_has_written_for_long_enough(tmp_path: Path) -> None:
    just_written(tmp_path / "cdr_1", b"one\ntwo")
    spool = Spool(tmp_path, complete_after_seconds=5.0)
    assert spool.read() == [b"one"]
    spool.now += 6
    assert spool.read() + spool.read() == [b"two"]
    assert spool.tailer.behind()["calls"].bytes == 0


@pytest.mark.case("T10")
def test_a_log_that_may_grow_keeps_its_last_line_for_later(tmp_path: Path) -> None:
    just_written(tmp_path / "cdr_1", b"one\ntwo")
    spool = Spool(tmp_path, complete_after_seconds=None)
    assert spool.read() == [b"one"]
    spool.now += 600
    assert spool.read() == []
    with (tmp_path / "cdr_1").open("ab") as file:
        file.write(b" and a half\n")
    assert spool.read() == [b"two and a half"]


def test_a_complete_file_that_goes_on_after_all_is_read_on_from_where_it_ended(tmp_path: Path) -> None:
    just_written(tmp_path / "cdr_1", b"one\ntwo\n")
    spool = Spool(tmp_path, complete_after_seconds=5.0)
    assert spool.read() == [b"one", b"two"]
    spool.now += 6
    assert spool.read() == []
    with (tmp_path / "cdr_1").open("ab") as file:
        file.write(b"three\n")
    assert spool.read() == [b"three"]


def test_files_closed_because_too_many_were_open_are_complete_all_the_same(tmp_path: Path) -> None:
    for number in range(5):
        just_written(tmp_path / f"cdr_{number}", b"%d: one\n%d: two" % (number, number))
    spool = Spool(tmp_path, complete_after_seconds=5.0, open_files=2)
    assert len(spool.read()) == 5
    spool.now += 6
    rest = [line for _ in range(3) for line in spool.read()]
    assert sorted(rest) == [b"%d: two" % number for number in range(5)]
    assert spool.tailer.behind()["calls"].files == 0
