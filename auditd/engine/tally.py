"""What the lines of a step became, counted per chunk, per file and per source; and the rejects as quarantine keeps them.

Pure: nothing here reads, writes or commits.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import polars as pl

from auditd.archive.accounts import Tally
from auditd.archive.archive import QUARANTINE_SCHEMA
from auditd.tail.chunk import Chunk
from auditd.tail.cursor import Cursor
from parsers.event import FAMILIES, Family
from parsers.format import Parsed

LONG_LINE: Final = "too_long"
REJOINED: Final = "rejoined"
_SUMS: Final = ("lines", "event_lines", "events", "duplicates", "lost_bytes", "nul_bytes")

Counts = Mapping[tuple[str, Family], tuple[int, int]]
"""By file and family: events kept, and duplicates of known ones."""


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """What one step read from one source."""

    tally: Tally
    events: Mapping[Family, int]
    unknown_codes: int


@dataclass(frozen=True, slots=True)
class Read:
    """A chunk and what its lines became."""

    chunk: Chunk
    parsed: Parsed
    rejects: pl.DataFrame


def quarantined(chunk: Chunk, parsed: Parsed, module: str, now: datetime) -> pl.DataFrame:
    """Return the chunk's rejects as the quarantine keeps them, over-long lines included."""
    rejects = parsed.rejects
    if chunk.too_long:
        rejects = pl.concat([rejects, _long_lines(chunk, rejects.schema)])
    return rejects.select(
        pl.lit(now).alias("timestamp"),
        pl.lit(chunk.source).alias("source"),
        pl.lit(module).alias("event_module"),
        pl.lit(chunk.before.file).alias("log_file"),
        pl.lit(parsed.state).alias("state"),
        *rejects.columns,
    ).cast(QUARANTINE_SCHEMA)


def _long_lines(chunk: Chunk, schema: pl.Schema) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "log_offset": line.offset,
                "log_length": min(line.length, 2**31 - 1),
                "reason": LONG_LINE,
                "detail": f"{line.length} bytes; the first {len(line.head)} are kept",
                "event_hash": line.sha256,
                "event_original": line.head,
            }
            for line in chunk.too_long
        ],
        schema=schema,
    )


def rows_by_file(events: pl.DataFrame) -> dict[str, int]:
    """Return the number of events of each file. They stand file by file, as they were read."""
    counts: Counter[str] = Counter()
    for length, file in events["log_file"].rle().struct.unnest().rows():
        counts[file] += length
    return dict(counts)


def rejects_by_source(reads: Sequence[Read]) -> dict[str, pl.DataFrame]:
    """Return the quarantine rows of each source that has any."""
    rejects: dict[str, list[pl.DataFrame]] = defaultdict(list)
    for read in reads:
        if read.rejects.height:
            rejects[read.chunk.source].append(read.rejects)
    return {source: pl.concat(parts) for source, parts in rejects.items()}


def _tally(read: Read, events: int, duplicates: int) -> Tally:
    return Tally(
        lines=read.parsed.lines + len(read.chunk.too_long) + read.chunk.rejoined_lines,
        event_lines=read.parsed.event_lines,
        events=events,
        duplicates=duplicates,
        lost_bytes=read.chunk.lost_bytes,
        nul_bytes=read.chunk.nul_bytes,
        rejects=dict(read.rejects["reason"].value_counts().rows()) if read.rejects.height else {},
        non_records=_non_records(read),
    )


def _non_records(read: Read) -> dict[str, int]:
    """Return the counts by kind; a line that the file before gave out with its own last one is of a kind of its own."""
    rejoined = {REJOINED: read.chunk.rejoined_lines} if read.chunk.rejoined_lines else {}
    return dict(read.parsed.non_records) | rejoined


def tallies(reads: Sequence[Read], counts: Counts) -> Iterator[tuple[Cursor, Tally]]:
    """Return each chunk's cursor with its tally; a file's events are counted with its first chunk of the step."""
    counted: set[str] = set()
    for read in reads:
        file = read.chunk.after.file
        events = duplicates = 0
        if file not in counted:
            counted.add(file)
            events = sum(counts.get((file, family), (0, 0))[0] for family in FAMILIES)
            duplicates = sum(counts.get((file, family), (0, 0))[1] for family in FAMILIES)
        yield replace(read.chunk.after, state=read.parsed.state), _tally(read, events, duplicates)


def per_source(reads: Sequence[Read], counts: Counts) -> dict[str, SourceCounts]:
    """Return what the step read from each source."""
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    events: dict[str, Counter[Family]] = defaultdict(Counter)
    rejects: dict[str, Counter[str]] = defaultdict(Counter)
    non_records: dict[str, Counter[str]] = defaultdict(Counter)
    unknown: Counter[str] = Counter()
    for (_, tally), read in zip(tallies(reads, counts), reads, strict=True):
        source = read.chunk.source
        for name in _SUMS:
            sums[source][name] += getattr(tally, name)
        rejects[source].update(tally.rejects)
        non_records[source].update(tally.non_records)
        unknown[source] += sum(read.parsed.unknown_codes.values())
        events[source].update({family: frame.height for family, frame in read.parsed.events.items()})
    return {
        source: SourceCounts(
            tally=Tally(**sums[source], rejects=rejects[source], non_records=non_records[source]),
            events=events[source],
            unknown_codes=unknown[source],
        )
        for source in sums
    }
