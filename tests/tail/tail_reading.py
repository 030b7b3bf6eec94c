"""A daemon that reads real files, for tests: it commits like the real one, into a dictionary instead of a database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from auditd.tail.chunk import Chunk
from auditd.tail.cursor import Cursor
from auditd.tail.source import IsSplit, TailSource
from auditd.tail.tailer import Tailer
from parsers.encodings import Declared, decoded, split_lines


class Reading:
    """Reads with a tailer; `clock` is its time, `cursors` and `chunks` what was committed."""

    def __init__(
        self,
        *patterns: Path | str,
        max_line_bytes: int = 1 << 20,
        encoding: Declared = "auto",
        joins_lines: bool = False,
        is_split: IsSplit | None = None,
        **options: int,
    ) -> None:
        self.sources = [
            TailSource(
                "log",
                tuple(str(pattern) for pattern in patterns),
                max_line_bytes,
                encoding=encoding,
                joins_lines=joins_lines,
                is_split=is_split,
            )
        ]
        self.clock = 1000.0
        self.options = options
        self.cursors: dict[str, Cursor] = {}
        self.chunks: list[Chunk] = []
        self.tailer = self._tailer()

    def _tailer(self) -> Tailer:
        return Tailer(self.sources, self.cursors.values(), monotonic=lambda: self.clock, **self.options)

    def restart(self) -> None:
        """Kill and start again from what was committed."""
        self.tailer.close()
        self.tailer = self._tailer()

    def commit(self, chunk: Chunk, state: str = "") -> None:
        self.cursors[chunk.after.file] = replace(chunk.after, state=state)
        self.chunks.append(chunk)
        self.tailer.accept(chunk, state)

    def read(self, budget_bytes: int) -> list[Chunk]:
        """Read; commit what changed without a chunk, as the daemon does with its next commit."""
        chunks = self.tailer.read(budget_bytes)
        self.cursors |= {cursor.file: cursor for cursor in self.tailer.cursors_changed()}
        return chunks

    def tick(self, seconds: float = 1.0) -> list[bytes]:
        """Let time pass, look at the disk, read and commit all there is; return the lines."""
        self.clock += seconds
        before = len(self.chunks)
        self.tailer.reconcile()
        while chunks := self.read(1 << 30):
            for chunk in chunks:
                self.commit(chunk)
        return [line for chunk in self.chunks[before:] for line in lines_of(chunk)]

    def settle(self) -> list[bytes]:
        """Let enough time pass for rotated files to be taken as ended."""
        return [line for _ in range(3) for line in self.tick(6.0)]

    @property
    def lines(self) -> list[bytes]:
        return [line for chunk in self.chunks for line in lines_of(chunk)]

    @property
    def lost(self) -> int:
        return sum(chunk.lost_bytes for chunk in self.chunks)

    @property
    def reasons(self) -> list[str]:
        return [problem.reason for problem in self.tailer.problems()]


def lines_of(chunk: Chunk) -> list[bytes]:
    lines = chunk.block.data.split(b"\n")
    return lines[:-1] if lines[-1] == b"" else lines


def texts(chunks: list[Chunk]) -> list[str | None]:
    """Return the lines of chunks in whatever encoding as text, without marks and carriage returns."""
    raw = [
        (line, chunk.block.encoding)
        for chunk in chunks
        for line in split_lines(chunk.block.data, chunk.block.encoding)
    ]
    found = [decoded(line, encoding) for line, encoding in raw]
    return [text if text is None else text.removeprefix("\ufeff").removesuffix("\r") for text in found]


def append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


def numbered(first: int, last: int) -> list[bytes]:
    """Return lines long enough that twenty of them tell a file apart."""
    return [b"line %06d of the log, %s" % (number, b"x" * 40) for number in range(first, last)]


def text(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def copytruncate(path: Path, to: Path) -> None:
    to.write_bytes(path.read_bytes())
    os.truncate(path, 0)


@contextmanager
def as_ordinary_user() -> Iterator[None]:
    """Give up root's right to read everything, for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
