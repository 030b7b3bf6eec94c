"""Ingest: chunks of log files to archived events, rejects and accounts, in one transaction.

Either everything of a step is durable - segments, cursors, line accounts, spans to judge again - or nothing moved and
the same bytes come again. It must never let one source's trouble stop another.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

import polars as pl
from sqlalchemy import Connection, Engine

from auditd.archive.accounts import Tally, record
from auditd.archive.archive import QUARANTINE_SCHEMA, REJECTS, Archive
from auditd.archive.segment import Segment
from auditd.engine.faults import StoreUnavailable, store_faults
from auditd.engine.known import KnownEvents
from auditd.engine.spans import merge, spans_of
from auditd.tail.chunk import Chunk
from auditd.tail.cursor import Cursor
from auditd.tail.tailer import Tailer
from detectors.detector import Span
from parsers.event import FAMILIES, SCHEMA, Family
from parsers.format import Format, Parsed

LONG_LINE: str = "too_long"


class Touched(Protocol):
    """Whoever must know of new events in the transaction that brings them (the judge)."""

    def note(self, conn: Connection, new: Mapping[Family, Sequence[Span]]) -> None:
        """Remember, durably, which past verdicts the new events may change."""

    def noted(self, *, committed: bool) -> None:
        """Learn whether the transaction of the last `note` came about."""


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """What one step read from one source."""

    tally: Tally
    events: Mapping[Family, int]
    unknown_codes: int


@dataclass(frozen=True, slots=True)
class Ingested:
    """What one step did: per source its counts, per family the spans its new events lie in, and sources that failed."""

    sources: Mapping[str, SourceCounts] = field(default_factory=dict)
    spans: Mapping[Family, Sequence[Span]] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)
    bytes: int = 0
    commit_seconds: float = 0.0

    @property
    def anything(self) -> bool:
        """Whether the step moved."""
        return bool(self.sources)


@dataclass(frozen=True, slots=True)
class _Read:
    """A chunk and what its lines became."""

    chunk: Chunk
    parsed: Parsed
    rejects: pl.DataFrame


class Ingest:
    """Reads, parses and commits; one `step` is one transaction."""

    def __init__(
        self,
        *,
        parsers: Mapping[str, Format],
        tailer: Tailer,
        archive: Archive,
        engine: Engine,
        judge: Touched,
    ) -> None:
        self._parsers = parsers
        self._tailer = tailer
        self._archive = archive
        self._engine = engine
        self._judge = judge
        self._known = KnownEvents(archive)

    def step(self, budget_bytes: int, now: datetime) -> Ingested:
        """Read up to about `budget_bytes`, commit; raise StoreUnavailable when the disk or the database refuses.

        After StoreUnavailable nothing has moved: calling again reads the same bytes.
        """
        chunks = self._tailer.read(budget_bytes)
        moved = self._tailer.cursors_changed()
        if not chunks and not moved:
            return Ingested()
        reads, failures = self._parse(chunks, now)
        for chunk in chunks:
            if all(read.chunk is not chunk for read in reads):
                self._tailer.refuse(chunk)
        started = time.perf_counter()
        try:
            frames, counts = self._fold(reads, now)
            self._commit(reads, moved, frames, counts, now)
        except StoreUnavailable:
            for read in reads:
                self._tailer.refuse(read.chunk)
            raise
        for read in reads:
            self._tailer.accept(read.chunk, read.parsed.state)
        return Ingested(
            sources=_per_source(reads, counts),
            spans={f: spans_of(frame["timestamp"]) for f, frame in frames.items() if f in FAMILIES},
            failures=failures,
            bytes=sum(len(read.chunk.block.data) for read in reads),
            commit_seconds=time.perf_counter() - started,
        )

    def _parse(self, chunks: Sequence[Chunk], now: datetime) -> tuple[list[_Read], dict[str, str]]:
        reads: list[_Read] = []
        failures: dict[str, str] = {}
        for chunk in chunks:
            parser = self._parsers[chunk.source]
            try:
                parsed = parser.parse(chunk.block, chunk.before.state)
            except Exception as error:  # noqa: BLE001  a parser's bug must not stop the other sources
                failures[chunk.source] = f"{type(error).__name__} in format {parser.name}"
                continue
            reads.append(_Read(chunk, parsed, _quarantined(chunk, parsed, parser.name, now)))
        return reads, failures

    def _fold(
        self, reads: Sequence[_Read], now: datetime
    ) -> tuple[dict[Family, pl.DataFrame], dict[tuple[str, Family], tuple[int, int]]]:
        """Join the events of all chunks by family without those already known; count (events, duplicates) per file."""
        frames: dict[Family, pl.DataFrame] = {}
        counts: dict[tuple[str, Family], tuple[int, int]] = {}
        for family in FAMILIES:
            parts = [read.parsed.events[family] for read in reads if family in read.parsed.events]
            if not (parts := [part for part in parts if part.height]):
                continue
            events = pl.concat(parts).with_columns(
                pl.lit(now).cast(SCHEMA[family]["event_ingested"]).alias("event_ingested")
            )
            new = self._known.only_new(family, events)
            seen = _by_file(events)
            fresh = _by_file(new) if new.height != events.height else seen
            for file, rows in seen.items():
                counts[file, family] = (fresh.get(file, 0), rows - fresh.get(file, 0))
            if new.height:
                frames[family] = new
        return frames, counts

    def _commit(
        self,
        reads: Sequence[_Read],
        moved: Sequence[Cursor],
        frames: Mapping[Family, pl.DataFrame],
        counts: Mapping[tuple[str, Family], tuple[int, int]],
        now: datetime,
    ) -> None:
        spans = {family: merge(spans_of(frame["timestamp"])) for family, frame in frames.items()}
        written: list[tuple[Segment, pl.DataFrame]] = []
        with store_faults(), self._discarding(written):
            for family, frame in frames.items():
                written += self._archive.write(family, frame)
            for source, rejects in _by_source(reads).items():
                written += self._archive.write(REJECTS, rejects, source=source)
            with self._engine.begin() as conn:
                named = self._archive.register(conn, [segment for segment, _ in written], now)
                for cursor in moved:
                    record(conn, cursor, Tally(), now)
                for cursor, tally in _tallies(reads, counts):
                    record(conn, cursor, tally, now)
                self._judge.note(conn, spans)
        self._judge.noted(committed=True)
        self._known.add(frames)
        self._archive.adopt(zip(named, [rows for _, rows in written], strict=True))

    @contextmanager
    def _discarding(self, written: list[tuple[Segment, pl.DataFrame]]) -> Iterator[None]:
        """Remove what was written and forget what was noted if the transaction does not come about."""
        try:
            yield
        except BaseException:
            self._judge.noted(committed=False)
            self._archive.discard(segment for segment, _ in written)
            raise


def _quarantined(chunk: Chunk, parsed: Parsed, module: str, now: datetime) -> pl.DataFrame:
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


def _by_file(events: pl.DataFrame) -> dict[str, int]:
    return dict(events.group_by("log_file").len().rows())


def _by_source(reads: Sequence[_Read]) -> dict[str, pl.DataFrame]:
    rejects: dict[str, list[pl.DataFrame]] = defaultdict(list)
    for read in reads:
        if read.rejects.height:
            rejects[read.chunk.source].append(read.rejects)
    return {source: pl.concat(parts) for source, parts in rejects.items()}


def _tally(read: _Read, events: int, duplicates: int) -> Tally:
    return Tally(
        lines=read.parsed.lines + len(read.chunk.too_long),
        event_lines=read.parsed.event_lines,
        events=events,
        duplicates=duplicates,
        lost_bytes=read.chunk.lost_bytes,
        nul_bytes=read.chunk.nul_bytes,
        rejects=dict(read.rejects["reason"].value_counts().rows()) if read.rejects.height else {},
        non_records=dict(read.parsed.non_records),
    )


def _tallies(
    reads: Sequence[_Read], counts: Mapping[tuple[str, Family], tuple[int, int]]
) -> Iterator[tuple[Cursor, Tally]]:
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


def _per_source(
    reads: Sequence[_Read], counts: Mapping[tuple[str, Family], tuple[int, int]]
) -> dict[str, SourceCounts]:
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    events: dict[str, Counter[Family]] = defaultdict(Counter)
    rejects: dict[str, Counter[str]] = defaultdict(Counter)
    non_records: dict[str, Counter[str]] = defaultdict(Counter)
    unknown: Counter[str] = Counter()
    for (_, tally), read in zip(_tallies(reads, counts), reads, strict=True):
        source = read.chunk.source
        for name in ("lines", "event_lines", "events", "duplicates", "lost_bytes", "nul_bytes"):
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
