"""Records of several lines: newlines inside quoted fields, for sources that say they have them.

It must never let an open quote swallow a record: lines are joined only where together they are exactly one record
and none of them is one alone, and never more than MOST_LINES of them, nor more than MOST_BYTES.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import pairwise
from typing import Final

import polars as pl

from parsers.encodings import Encoding, decoded, is_wide, split_lines
from parsers.format import REJECTS_SCHEMA, Block
from parsers.lines import LINES_SCHEMA, Lines

MOST_LINES: Final = 64
MOST_BYTES: Final = 64 << 10
_OPENS: Final = pl.col("line").str.count_matches('"', literal=True) % 2 == 1


def closed_end(data: bytes, encoding: Encoding) -> int:
    """Return where the last record that is not open ends in whole lines; a quote open for too long opens nothing."""
    lines = split_lines(data, encoding)
    quote = '"'.encode(encoding)
    opening = [row for row, line in enumerate(lines) if line.count(quote) % 2 and _is_open(line, encoding)]
    last = _left_open(opening)
    if last is None or len(lines) - last >= MOST_LINES:
        return len(data)
    unit = 2 if is_wide(encoding) else 1
    tail = sum(len(line) + unit for line in lines[last:])
    return len(data) if tail > MOST_BYTES else max(0, len(data) - tail)


def join_records(cut: Lines, block: Block, *, width_at: Callable[[int], int], separator: str) -> Lines:
    """Return the lines of a block with those that are one record as one row; its text holds the newlines.

    width_at: row -> number of fields of a record there, 0 where nobody knows. What `blank` counted inside such a
    record is part of it.
    """
    opening = cut.text.select(_OPENS).to_series().arg_true().to_list()
    if len(opening) < 2:
        return cut
    texts = cut.text["line"]
    spans: dict[int, int] = {}
    joined: list[tuple[int, int, dict[str, object], int]] = []
    for first, last in _pairs(opening):
        width = width_at(first)
        if not width or any(_fields(texts[row], separator) == width for row in range(first, last + 1)):
            continue
        record, lines = _record(cut, block, first, last)
        if record is None or _fields(str(record["line"]), separator) != width:
            continue
        joined.append((first, last, record, lines))
    return _with_joined(cut, _apart(joined), spans)


def part_rejects(cut: Lines, rejects: pl.DataFrame, encoding: Encoding) -> pl.DataFrame:
    """Return rejects with every line on its own again: what is no record is so many lines to account for."""
    if not cut.spans or not rejects["log_offset"].is_in(list(cut.spans)).any():
        return rejects
    rows: list[dict[str, object]] = []
    for row in rejects.iter_rows(named=True):
        place = row["log_offset"]
        whole = [row["event_original"]]
        for line in split_lines(whole[0], encoding) if place in cut.spans else whole:
            evidence = {"log_length": len(line), "event_hash": sha256(line).digest(), "event_original": line}
            rows.append(row | {"log_offset": place} | evidence)
            place += len(line) + (2 if is_wide(encoding) else 1)
    return pl.DataFrame(rows, schema=REJECTS_SCHEMA)


def _record(cut: Lines, block: Block, first: int, last: int) -> tuple[dict[str, object] | None, int]:
    """Return rows first to last as one row, and its number of lines; None where a line among them is no text."""
    offset, length = int(cut.text["log_offset"][first]), int(cut.text["log_length"][last])
    end = int(cut.text["log_offset"][last]) + length
    raw = block.data[offset - block.offset : end - block.offset]
    refused = cut.rejects["log_offset"]
    if len(raw) > MOST_BYTES or refused.is_between(offset, end).any():
        return None, 0
    lines = [decoded(line, block.encoding) or "" for line in split_lines(raw, block.encoding)]
    text = "\n".join(line.removesuffix("\r") for line in lines).removeprefix("\ufeff")
    row = {
        "line": text,
        "log_offset": offset,
        "log_length": len(raw),
        "event_hash": sha256(raw).digest(),
        "event_original": raw,
    }
    return row, len(lines)


def _apart(
    joined: Sequence[tuple[int, int, dict[str, object], int]],
) -> Iterator[tuple[int, int, dict[str, object], int]]:
    """Yield the records of which no line belongs to one before."""
    behind = -1
    for first, last, record, lines in joined:
        if first > behind:
            behind = last
            yield first, last, record, lines


def _with_joined(
    cut: Lines, joined: Iterator[tuple[int, int, dict[str, object], int]], spans: dict[int, int]
) -> Lines:
    gone = [False] * cut.text.height
    rows: list[dict[str, object]] = []
    blank = cut.blank
    for first, last, record, lines in joined:
        gone[first : last + 1] = [True] * (last - first + 1)
        spans[int(str(record["log_offset"]))] = lines
        blank -= lines - (last - first + 1)
        rows.append(record)
    if not rows:
        return cut
    kept = cut.text.filter(~pl.Series(gone))
    text = pl.concat([kept, pl.DataFrame(rows, schema=LINES_SCHEMA)]).sort("log_offset")
    return replace(cut, text=text, blank=blank, spans=spans)


def _pairs(opening: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield each opening line with the next ones that may close its quote."""
    for first, last in pairwise(opening):
        if last - first < MOST_LINES:
            yield first, last


def _left_open(opening: Sequence[int]) -> int | None:
    """Return the line whose quote is not closed at the end, where lines close one another in turn."""
    place = 0
    while place + 1 < len(opening):
        closes = opening[place + 1] - opening[place] < MOST_LINES
        place += 2 if closes else 1
    return opening[place] if place < len(opening) else None


def _is_open(line: bytes, encoding: Encoding) -> bool:
    text = decoded(line, encoding)
    return text is not None and text.count('"') % 2 == 1


def _fields(text: str, separator: str) -> int:
    """Return how many fields the text has as one record; 0 where it is none."""
    try:
        rows = list(csv.reader([text], delimiter=separator, strict=True))
    except csv.Error:
        return 0
    return len(rows[0]) if len(rows) == 1 else 0
