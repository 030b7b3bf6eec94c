"""Parsing one block on several cores: its parts at once, on the bet that no header changes between them.

A format promises that halves parsed apart equal the whole when the state is carried. Here the state is guessed for the
later parts, and a part whose guess was wrong is parsed again: it must never matter to the result how a block was cut.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import Final

import polars as pl

from parsers.encodings import NEWLINES, find_newline
from parsers.format import Block, Format, Parsed

PART_BYTES: Final = 512 << 10
HEAD_BYTES: Final = 64 << 10


def parse_in_parts(parser: Format, block: Block, state: str, *, pool: Executor, parts: int) -> Parsed:
    """Return what `parser.read(block, state)` would, using up to `parts` threads of the pool."""
    if parts < 2 or parser.reads_in_order or parser.joins_lines or len(block.data) < 2 * PART_BYTES:
        return parser.read(block, state)
    done: list[Parsed] = []
    rest = block
    if not state:
        head, rest = _cut(block, HEAD_BYTES)
        done.append(parser.read(head, state))
        state = done[0].state
    pieces = _pieces(rest, parts)
    guesses = [pool.submit(parser.read, piece, state) for piece in pieces[1:]]
    done.append(parser.read(pieces[0], state))
    for piece, guess in zip(pieces[1:], guesses, strict=True):
        parsed = guess.result()
        done.append(parsed if done[-1].state == state else parser.read(piece, done[-1].state))
    return together(done)


def together(parts: Sequence[Parsed]) -> Parsed:
    """Return the parts of one block, in order, as one."""
    families = list(dict.fromkeys(family for part in parts for family in part.events))
    non_records: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    for part in parts:
        non_records.update(part.non_records)
        unknown.update(part.unknown_codes)
    return replace(
        parts[-1],
        lines=sum(part.lines for part in parts),
        events={
            family: pl.concat([part.events[family] for part in parts if family in part.events])
            for family in families
        },
        event_lines=sum(part.event_lines for part in parts),
        rejects=pl.concat([part.rejects for part in parts]),
        non_records=dict(non_records),
        unknown_codes=dict(unknown),
    )


def _cut(block: Block, at: int) -> tuple[Block, Block]:
    """Cut after the first line that ends at or past `at` bytes; the second block may be empty."""
    unit = len(NEWLINES[block.encoding])
    newline = find_newline(block.data, block.encoding, at - at % unit)
    end = newline + unit if newline >= 0 else len(block.data)
    return (
        replace(block, data=block.data[:end]),
        replace(block, data=block.data[end:], offset=block.offset + end),
    )


def _pieces(block: Block, parts: int) -> list[Block]:
    pieces = []
    for left in range(parts, 1, -1):
        piece, block = _cut(block, len(block.data) // left)
        pieces.append(piece)
    pieces.append(block)
    return [piece for piece in pieces if piece.data]
