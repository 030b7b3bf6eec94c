"""Seals: hashes of what was read, range by range, so that a later change of those bytes in the file is noticed.

A look reads two ranges of at most a mebibyte, whatever there is. It must never take a file that was truncated, rotated
or replaced for one that was edited: the tailer tells those.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, Engine, delete, insert, select, tuple_, update

from auditd.archive.accounts import load_cursors
from auditd.database import reading
from auditd.gaps.book import Fact
from auditd.gaps.tables import FileBlockRow
from auditd.tail.chunk import Chunk
from auditd.tail.content import OPEN_FLAGS
from auditd.tail.decoders import UNREADABLE, decoder_of
from auditd.tail.whereabouts import whereabouts

KIND: Final = "edited"
BLOCK_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Seal:
    """A range of a file as it was read."""

    file: str
    offset: int
    length: int
    sha256: str
    read_at: datetime


@dataclass(slots=True)
class _Open:
    """A range that still grows; `hasher` has taken in all of it."""

    offset: int
    length: int
    hasher: Any
    read_at: datetime

    def seal(self, file: str) -> Seal:
        return Seal(file, self.offset, self.length, self.hasher.hexdigest(), self.read_at)


class Seals:
    """The hashes of everything read. Full ranges are stored with the data; the last one of each file is in memory."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}
        self._last: tuple[str, int] = ("", -1)
        self._turn = 0

    def store(self, conn: Connection, chunks: Iterable[Chunk], now: datetime) -> None:
        """Take in what is being committed; store full ranges in the caller's transaction. If it fails: `forget`."""
        sealed = [seal for chunk in chunks for seal in self._take_in(chunk, now)]
        if sealed:
            rows = [{name: getattr(seal, name) for name in Seal.__slots__} for seal in sealed]
            conn.execute(insert(FileBlockRow), rows)

    def forget(self) -> None:
        """Start new ranges everywhere: what was taken in last may not have been committed."""
        self._open.clear()

    def look(self, engine: Engine, now: datetime) -> list[Fact]:
        """Compare the next stored range and the next open one with their files; return what was changed."""
        return [
            fact for seal in (self._next_stored(engine), self._next_open()) if seal
            for fact in self._compare(engine, seal, now)
        ]  # fmt: skip

    def drop(self, conn: Connection, files: Iterable[str]) -> None:
        """Forget the ranges of files that are gone."""
        for file in files:
            conn.execute(delete(FileBlockRow).where(FileBlockRow.file == file))
            self._open.pop(file, None)

    def _take_in(self, chunk: Chunk, now: datetime) -> Iterator[Seal]:
        data, file = memoryview(chunk.block.data), chunk.before.file
        offset = chunk.block.offset
        if chunk.after.offset - offset != data.nbytes:
            return  # not the bytes of the file as they lie there
        while data.nbytes:
            begun = self._open.get(file)
            if begun is None or begun.offset + begun.length != offset:
                begun = self._open[file] = _Open(offset, 0, sha256(), now)
            part = data[: BLOCK_BYTES - begun.length]
            begun.hasher.update(part)
            begun.length += part.nbytes
            offset += part.nbytes
            data = data[part.nbytes :]
            if begun.length == BLOCK_BYTES:
                yield begun.seal(file)
                del self._open[file]
        if chunk.after.finished and (last := self._open.pop(file, None)):
            yield last.seal(file)

    def _next_stored(self, engine: Engine) -> Seal | None:
        key = tuple_(FileBlockRow.file, FileBlockRow.offset)
        columns = [getattr(FileBlockRow, name) for name in Seal.__slots__]
        query = select(*columns).where(FileBlockRow.changed_at.is_(None))
        query = query.order_by(FileBlockRow.file, FileBlockRow.offset).limit(1)
        with reading(engine) as conn:
            row = conn.execute(query.where(key > self._last)).one_or_none()
            if row is None:
                row = conn.execute(query).one_or_none()
        if row is None:
            return None
        self._last = (row[0], row[1])
        return Seal(*row)

    def _next_open(self) -> Seal | None:
        files = sorted(self._open)
        if not files:
            return None
        self._turn += 1
        file = files[self._turn % len(files)]
        return self._open[file].seal(file)

    def _compare(self, engine: Engine, seal: Seal, now: datetime) -> Iterator[Fact]:
        with reading(engine) as conn:
            cursors = load_cursors(conn, files=[seal.file])
        if not cursors:
            return
        cursor = cursors[0]
        for _ in range(2):  # a truncation may come between looking for the file and reading it
            path = whereabouts(cursor)
            if path is None or decoder_of(path) is not None or path.endswith(UNREADABLE):
                if cursor.finished:
                    with engine.begin() as conn:
                        self.drop(conn, [seal.file])
                return
            if digest_of(path, seal.offset, seal.length) in (seal.sha256, None):
                return
        with engine.begin() as conn:
            chosen = (FileBlockRow.file == seal.file) & (FileBlockRow.offset == seal.offset)
            conn.execute(update(FileBlockRow).where(chosen).values(changed_at=now))
        self._open.pop(seal.file, None)
        yield Fact(
            cursor.source,
            KIND,
            seal.read_at,
            max(now, seal.read_at),
            {"file": seal.file, "offset": seal.offset, "length": seal.length},
        )


def digest_of(path: str, offset: int, length: int) -> str | None:
    """Return the SHA-256 of a range of a file; None where it cannot be read."""
    try:
        descriptor = os.open(path, OPEN_FLAGS)
    except OSError:
        return None
    try:
        return sha256(os.pread(descriptor, length, offset)).hexdigest()
    except OSError:
        return None
    finally:
        os.close(descriptor)
