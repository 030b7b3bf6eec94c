"""A trial: a file parsed block by block, its lines accounted for, the first events and rejects kept to look at.

It must never hold more than a block, and what was asked to be kept, in memory; nor store anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import BinaryIO, Final

import polars as pl

from parsers.encodings import (
    NEWLINES,
    Declared,
    Encoding,
    count_lines,
    find_newline,
    readable,
    rfind_newline,
    whole_lines,
)
from parsers.event import Family
from parsers.format import Block, Format, Parsed
from parsers.records import closed_end

BLOCK_BYTES: Final = 8 << 20
MOST_CODES: Final = 100


@dataclass(frozen=True, slots=True)
class LongLine:
    """A line over the limit: where it starts, its length without terminator, and its first bytes."""

    offset: int
    length: int
    head: bytes


@dataclass(frozen=True, slots=True)
class ShownReject:
    """A rejected line to look at. line: its number from 1."""

    line: int
    offset: int
    reason: str
    detail: str
    text: str


@dataclass(slots=True)
class Trial:
    """What became of a file's lines. `lines` is counted from the bytes alone, so that it can disagree with the rest."""

    limit: int = 5
    encoding: Declared = "auto"
    lines: int = 0
    event_lines: int = 0
    events: Counter[Family] = field(default_factory=Counter)
    rejects: Counter[str] = field(default_factory=Counter)
    non_records: Counter[str] = field(default_factory=Counter)
    unknown_codes: Counter[str] = field(default_factory=Counter)
    shown_events: dict[Family, list[tuple[int, dict[str, object]]]] = field(default_factory=dict)
    shown_rejects: list[ShownReject] = field(default_factory=list)

    @property
    def balances(self) -> bool:
        """Whether every line of the file ended in exactly one place."""
        return self.lines == self.event_lines + self.rejects.total() + self.non_records.total()

    def run(
        self,
        stream: BinaryIO,
        parser: Format,
        *,
        longest: int,
        head: bytes = b"",
        written_before: datetime | None = None,
    ) -> None:
        """Parse a whole stream, of which `head` was read before.

        Lines longer than `longest` bytes are rejected as too_long, as the daemon does. written_before: when the file was
        last changed, where that is known.
        """
        state = ""
        found = pieces(
            stream, longest=longest, head=head, encoding=self.encoding, joins_lines=parser.joins_lines
        )
        for piece in found:
            if isinstance(piece, LongLine):
                self._take_long(piece)
                continue
            parsed = parser.read(replace(piece, written_before=written_before), state)
            state = parsed.state
            self._take(piece, parsed)

    def _take(self, block: Block, parsed: Parsed) -> None:
        first = self.lines + 1
        self.event_lines += parsed.event_lines
        self.non_records.update(parsed.non_records)
        self.rejects.update(dict(parsed.rejects["reason"].value_counts().rows()))
        self.unknown_codes.update(parsed.unknown_codes)
        self._bound_codes()
        for family, frame in parsed.events.items():
            self.events[family] += frame.height
            self._show_events(family, frame, block, first)
        self._show_rejects(parsed.rejects, block, first)
        self.lines += count_lines(block.data, block.encoding)

    def _take_long(self, long: LongLine) -> None:
        self.lines += 1
        self.rejects["too_long"] += 1
        if len(self.shown_rejects) < self.limit:
            text = readable(long.head, self.encoding)
            detail = f"{long.length} bytes; the first {len(long.head)} are shown"
            self.shown_rejects.append(ShownReject(self.lines, long.offset, "too_long", detail, text))

    def _bound_codes(self) -> None:
        # Codes come from the file: one that is all different codes must not fill the memory.
        if len(self.unknown_codes) > 10 * MOST_CODES:
            self.unknown_codes = Counter(dict(self.unknown_codes.most_common(MOST_CODES)))

    def _show_events(self, family: Family, frame: pl.DataFrame, block: Block, first: int) -> None:
        shown = self.shown_events.setdefault(family, [])
        for row in frame.head(self.limit - len(shown)).iter_rows(named=True):
            shown.append((first + _line_of(block, row["log_offset"]), row))

    def _show_rejects(self, rejects: pl.DataFrame, block: Block, first: int) -> None:
        for row in (
            rejects.sort("log_offset").head(self.limit - len(self.shown_rejects)).iter_rows(named=True)
        ):
            self.shown_rejects.append(
                ShownReject(
                    line=first + _line_of(block, row["log_offset"]),
                    offset=row["log_offset"],
                    reason=row["reason"],
                    detail=row["detail"] or "",
                    text=readable(row["event_original"] or b"", self.encoding),
                )
            )


def pieces(
    stream: BinaryIO,
    *,
    longest: int,
    head: bytes = b"",
    block_bytes: int = BLOCK_BYTES,
    encoding: Declared = "auto",
    joins_lines: bool = False,
) -> Iterator[Block | LongLine]:
    """Cut a stream into blocks of whole lines, at most about `block_bytes` each, and lines that are too long.

    A block is in one encoding, and ends where a record does if `joins_lines`.
    """
    cutter = _Cutter(longest, encoding, joins_lines)
    cutter.rest = head
    while data := stream.read(block_bytes):
        cutter.rest += data
        yield from cutter.blocks()
        if len(cutter.rest) > longest:
            yield cutter.long_rest(stream)
    yield from cutter.blocks(ended=True)


@dataclass(slots=True)
class _Cutter:
    """What was read and not handed out yet, where it stands, and the bytes before it."""

    longest: int
    declared: Declared
    joins_lines: bool
    rest: bytes = b""
    offset: int = 0
    behind: bytes = b""

    def blocks(self, *, ended: bool = False) -> Iterator[Block | LongLine]:
        """Hand out the whole lines of the rest; if the stream has ended, all of it."""
        while self.rest:
            encoding, end = whole_lines(self.rest, self.declared, self.behind)
            if not ended and self.joins_lines:
                end = closed_end(self.rest[:end], encoding)
            if not end and not ended:
                return
            whole = self.rest[: end or None]
            yield from _without_long(whole, self.offset, self.longest, encoding)
            self._move(len(whole))

    def long_rest(self, stream: BinaryIO) -> LongLine:
        """Read on to the end of a long line without keeping it."""
        encoding = whole_lines(self.rest, self.declared, self.behind)[0]
        unit = len(NEWLINES[encoding])
        head, length, offset = self.rest[:200], 0, self.offset
        while (newline := find_newline(self.rest, encoding)) < 0:
            read = len(self.rest) - len(self.rest) % unit
            length += read
            self._move(read)
            data = stream.read(self.longest)
            if not data:
                length += len(self.rest)
                self._move(len(self.rest))
                return LongLine(offset, length, head)
            self.rest += data
        self._move(newline + unit)
        return LongLine(offset, length + newline, head)

    def _move(self, count: int) -> None:
        self.behind = self.rest[max(0, count - 2) : count]
        self.rest = self.rest[count:]
        self.offset += count


def _without_long(data: bytes, offset: int, longest: int, encoding: Encoding) -> Iterator[Block | LongLine]:
    """Cut the long lines out of whole lines; usually there are none, which costs a few searches."""
    unit = len(NEWLINES[encoding])
    start = position = 0
    while position < len(data):
        newline = rfind_newline(data, encoding, position, position + longest + unit)
        end = newline + unit if newline >= 0 else 0
        if not end and len(data) - position <= longest:
            end = len(data)  # the last line of the file, without a newline
        if end:
            position = end
            continue
        if position > start:
            yield Block(data[start:position], offset=offset + start, encoding=encoding)
        newline = find_newline(data, encoding, position)
        stop = newline if newline >= 0 else len(data)
        yield LongLine(offset + position, stop - position, data[position : position + 200])
        start = position = stop + unit
    if start < len(data):
        yield Block(data[start:], offset=offset + start, encoding=encoding)


def _line_of(block: Block, offset: int) -> int:
    return count_lines(block.data[: offset - block.offset], block.encoding)
