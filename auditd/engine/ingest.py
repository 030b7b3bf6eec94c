"""Ingest: chunks of log files to archived events, rejects and accounts, in one transaction.

Either everything of a step is durable - segments, cursors, line accounts, spans to judge again - or nothing moved and
the same bytes come again. It must never let one source's trouble stop another.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import polars as pl
from sqlalchemy import Engine

from auditd.archive.accounts import Tally, record, stands
from auditd.archive.archive import REJECTS, Archive
from auditd.archive.segment import Segment
from auditd.engine.faults import StoreUnavailable, store_faults
from auditd.engine.known import KnownEvents
from auditd.engine.notes import Notes
from auditd.engine.reader import Reader
from auditd.engine.spans import spans_of
from auditd.engine.tally import (
    Counts,
    Read,
    SourceCounts,
    per_source,
    rejects_by_source,
    rows_by_file,
    tallies,
)
from auditd.gaps.book import Gap
from auditd.gaps.record import Recorder
from auditd.quality.clocks import future_events, live_delays
from auditd.tail.cursor import Cursor
from auditd.tail.tailer import Tailer
from detectors.detector import Span
from parsers.event import FAMILIES, SCHEMA, Family
from parsers.format import Format

Written = tuple[Segment, pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Ingested:
    """What one step did: per source its counts, per family the spans its new events lie in, and sources that failed.

    delays: how long after its time the newest live line of a source arrived. future: events of a source that are dated
    well after now.
    """

    sources: Mapping[str, SourceCounts] = field(default_factory=dict)
    spans: Mapping[Family, Sequence[Span]] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)
    bytes: int = 0
    commit_seconds: float = 0.0
    delays: Mapping[str, timedelta] = field(default_factory=dict)
    future: Mapping[str, int] = field(default_factory=dict)

    @property
    def anything(self) -> bool:
        """Whether the step moved."""
        return bool(self.sources)


@dataclass(frozen=True, slots=True)
class _Doubt:
    """A transaction whose commit failed: the answer may have been lost on its way, so it may have come about."""

    reads: Sequence[Read]
    segments: Sequence[Segment]
    frames: Mapping[Family, pl.DataFrame]
    spans: Mapping[Family, Sequence[Span]]
    gaps: Sequence[Gap]


class Ingest:
    """Reads, parses and commits; one `step` is one transaction.

    With a backlog, the chunks of the next step are read ahead and parsed while this one is committed.
    """

    def __init__(
        self,
        *,
        parsers: Mapping[str, Format],
        tailer: Tailer,
        archive: Archive,
        engine: Engine,
        notes: Notes,
        recorder: Recorder | None = None,
    ) -> None:
        self._archive = archive
        self._engine = engine
        self._notes = notes
        self._recorder = recorder or Recorder()
        self._known = KnownEvents(archive)
        self._doubt: _Doubt | None = None
        cores = os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(max_workers=cores, thread_name_prefix="ingest")
        self._whole_files = {
            name for name, parser in parsers.items() if parser.complete_after_seconds is not None
        }
        self._reader = Reader(parsers=parsers, tailer=tailer, pool=self._pool, cores=cores)

    def close(self) -> None:
        """Give back what was read ahead, let the threads go."""
        self._reader.close()
        self._pool.shutdown()

    @property
    def more(self) -> bool:
        """Whether something is read already that the next step will commit."""
        return self._reader.has_ahead

    def step(self, budget_bytes: int, now: datetime) -> Ingested:
        """Read up to about `budget_bytes`, commit; raise StoreUnavailable when the disk or the database refuses.

        After StoreUnavailable nothing has moved: calling again reads the same bytes.
        """
        self._settle()
        batch = self._reader.next(budget_bytes, now)
        moved = self._reader.cursors_changed()
        if not batch.chunks and not moved:
            return Ingested()
        reads = batch.reads
        if batch.bytes >= budget_bytes // 2:
            self._reader.read_ahead(budget_bytes, now)
        started = time.perf_counter()
        try:
            frames, counts = self._fold(reads, now)
            spans = {family: spans_of(frame["timestamp"]) for family, frame in frames.items()}
            self._commit(reads, moved, frames, spans, counts, now)
        except StoreUnavailable:
            self._reader.give_back()
            if self._doubt is None:
                self._reader.refuse(reads)
            raise
        self._reader.accept(reads)
        return Ingested(
            sources=per_source(reads, counts),
            spans=spans,
            failures=batch.failures,
            bytes=batch.bytes,
            commit_seconds=time.perf_counter() - started,
            delays=live_delays(batch.chunks, frames.values(), now, whole_files=self._whole_files),
            future=future_events(frames.values(), now),
        )

    def _fold(
        self, reads: Sequence[Read], now: datetime
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
            with store_faults():
                new = self._known.only_new(family, events)
            seen = rows_by_file(events)
            fresh = rows_by_file(new) if new.height != events.height else seen
            for file, rows in seen.items():
                counts[file, family] = (fresh.get(file, 0), rows - fresh.get(file, 0))
            if new.height:
                frames[family] = new
        return frames, counts

    def _commit(
        self,
        reads: Sequence[Read],
        moved: Sequence[Cursor],
        frames: Mapping[Family, pl.DataFrame],
        spans: Mapping[Family, Sequence[Span]],
        counts: Counts,
        now: datetime,
    ) -> None:
        written: list[Written] = []
        with store_faults(), self._discarding(written):
            self._write(frames, rejects_by_source(reads), written)
            with self._engine.begin() as conn:
                named = self._archive.register(conn, [segment for segment, _ in written], now)
                chunks = [read.chunk for read in reads]
                gaps = self._recorder.record(conn, chunks, frames, now)
                seen = [(cursor, Tally()) for cursor in moved]
                record(conn, [*seen, *tallies(reads, counts)], now)
                self._notes.events(conn, spans)
                self._notes.gaps(conn, gaps)
                self._doubt = _Doubt(reads, [segment for segment, _ in written], frames, spans, gaps)
        self._doubt = None
        self._notes.settled(committed=True)
        self._known.add(frames)
        self._archive.adopt(zip(named, [rows for _, rows in written], strict=True))

    def _settle(self) -> None:
        """Find out what became of a commit that failed without saying how; StoreUnavailable while nobody can tell."""
        doubt = self._doubt
        if doubt is None:
            return
        with store_faults():
            named = self._archive.settle(doubt.segments)
            with self._engine.begin() as conn:
                committed = named or any(stands(conn, read.chunk.after) for read in doubt.reads)
                if committed:
                    self._notes.events(conn, doubt.spans)
                    self._notes.gaps(conn, doubt.gaps)
        self._doubt = None
        if committed:
            self._notes.settled(committed=True)
            self._known.add(doubt.frames)
            self._reader.accept(doubt.reads)
        else:
            self._reader.refuse(doubt.reads)

    def _write(
        self,
        frames: Mapping[Family, pl.DataFrame],
        rejects: Mapping[str, pl.DataFrame],
        written: list[Written],
    ) -> None:
        """Write all segments at once, one thread a family; what was written is in `written` even if one fails."""
        jobs: list[Future[list[Written]]] = [
            self._pool.submit(self._archive.write, family, frame) for family, frame in frames.items()
        ]
        jobs += [
            self._pool.submit(self._archive.write, REJECTS, rows, source=source)
            for source, rows in rejects.items()
        ]
        failed = [error for error in [job.exception() for job in jobs] if error is not None]
        for job in jobs:
            if job.exception() is None:
                written += job.result()
        if failed:
            raise failed[0]

    @contextmanager
    def _discarding(self, written: list[Written]) -> Iterator[None]:
        """Remove what was written and forget what was noted if the transaction certainly does not come about."""
        try:
            yield
        except BaseException:
            self._notes.settled(committed=False)
            self._recorder.failed()
            if self._doubt is None:
                self._archive.discard(segment for segment, _ in written)
            raise
