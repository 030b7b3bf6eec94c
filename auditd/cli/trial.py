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

from parsers.event import Family
from parsers.format import Block, Format, Parsed

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
        for piece in pieces(stream, longest=longest, head=head):
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
        self.lines += block.data.count(b"\n") + (not block.data.endswith(b"\n"))

    def _take_long(self, long: LongLine) -> None:
        self.lines += 1
        self.rejects["too_long"] += 1
        if len(self.shown_rejects) < self.limit:
            text = long.head.decode("utf-8", "backslashreplace")
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
                    text=(row["event_original"] or b"").decode("utf-8", "backslashreplace"),
                )
            )


def pieces(
    stream: BinaryIO, *, longest: int, head: bytes = b"", block_bytes: int = BLOCK_BYTES
) -> Iterator[Block | LongLine]:
    """Cut a stream into blocks of whole lines, at most about `block_bytes` each, and lines that are too long."""
    offset, rest = 0, head
    while data := stream.read(block_bytes):
        data = rest + data
        cut = data.rfind(b"\n") + 1
        whole, rest = data[:cut], data[cut:]
        yield from _without_long(whole, offset, longest)
        offset += len(whole)
        if len(rest) > longest:
            long, rest = _rest_of_long(stream, rest, offset, longest)
            yield long
            offset += long.length + 1
    if rest:
        yield from _without_long(rest, offset, longest)


def _without_long(data: bytes, offset: int, longest: int) -> Iterator[Block | LongLine]:
    """Cut the long lines out of whole lines; usually there are none, which costs a few searches."""
    start = position = 0
    while position < len(data):
        end = data.rfind(b"\n", position, position + longest + 1) + 1
        if not end and len(data) - position <= longest:
            end = len(data)  # the last line of the file, without a newline
        if end:
            position = end
            continue
        if position > start:
            yield Block(data[start:position], offset=offset + start)
        newline = data.find(b"\n", position)
        stop = newline if newline >= 0 else len(data)
        yield LongLine(offset + position, stop - position, data[position : position + 200])
        start = position = stop + 1
    if start < len(data):
        yield Block(data[start:], offset=offset + start)


def _rest_of_long(stream: BinaryIO, head: bytes, offset: int, longest: int) -> tuple[LongLine, bytes]:
    """Read on to the end of a long line without keeping it; return it and what was read past it."""
    length = len(head)
    while data := stream.read(longest):
        end = data.find(b"\n")
        if end >= 0:
            return LongLine(offset, length + end, head[:200]), data[end + 1 :]
        length += len(data)
    return LongLine(offset, length, head[:200]), b""


def _line_of(block: Block, offset: int) -> int:
    return block.data.count(b"\n", 0, offset - block.offset)
