"""Reparse: quarantined lines through the format again, after the format or its options were mended.

Lines that now make events leave quarantine; the account moves them from rejects to events. It must never parse a line
out of its place: runs of neighbouring lines go together, in file order, so that headers among them count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from auditd.archive.accounts import NON_RECORD, add_counts, correct
from auditd.archive.archive import QUARANTINE_SCHEMA, REJECTS, Archive
from auditd.archive.segment import Segment
from auditd.engine.faults import store_faults
from auditd.engine.known import KnownEvents
from auditd.engine.machine import Machine
from auditd.engine.spans import spans_of
from auditd.gaps import volumes
from auditd.gaps.watch import fill_wrong_format
from parsers.encodings import NEWLINES, Declared, Encoding, told_by
from parsers.event import FAMILIES, SCHEMA, Family
from parsers.format import REJECTS_SCHEMA, Block, Format, Parsed

_BATCH_ROWS = 200_000


@dataclass(slots=True)
class Reparsed:
    """What became of a source's quarantined lines."""

    lines: int = 0
    events: int = 0
    duplicates: int = 0
    freed: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Again:
    """One run of lines parsed again; old holds the quarantine rows it was made of."""

    old: pl.DataFrame
    parsed: Parsed


def quarantine(archive: Archive, source: str) -> pl.DataFrame:
    """Return a source's quarantined lines, of QUARANTINE_SCHEMA, by file and offset."""
    segments = [segment for segment in archive.segments(REJECTS) if segment.source == source]
    rows = archive.read_lazily(segments, QUARANTINE_SCHEMA).sort("log_file", "log_offset")
    return rows.collect()


def reparse(
    machine: Machine, source: str, *, now: datetime, progress: Callable[[int], None] = lambda _: None
) -> Reparsed:
    """Parse a source's quarantined lines again and store what changed, in one transaction.

    `progress` is told how many lines are done. Raises StoreUnavailable when disk or database refuses; then nothing changed.
    """
    archive = machine.archive
    segments = [segment for segment in archive.segments(REJECTS) if segment.source == source]
    rows = quarantine(archive, source)
    report = Reparsed(lines=rows.height)
    if not rows.height:
        return report
    again = []
    chosen = machine.config.source(source)
    parser = chosen.parser()
    for part in _parse_runs(parser, rows, chosen.encoding):
        again.append(part)
        progress(part.old.height)
    frames = _new_events(archive, again, now)
    left = pl.concat([QUARANTINE_SCHEMA.to_frame(), *(_still_rejected(part, parser.name) for part in again)])
    report.left = Counter(dict(left["reason"].value_counts().rows()))
    before = Counter(dict(rows["reason"].value_counts().rows()))
    report.freed = before - report.left
    report.events = sum(frame.height for frame in frames.values())
    _store(machine, segments, again, frames, left, now)
    report.duplicates = sum(p.parsed.event_lines for p in again) - report.events
    return report


def _parse_runs(parser: Format, rows: pl.DataFrame, declared: Declared) -> Iterator[_Again]:
    """Parse runs of neighbouring lines, a file at a time; the state of the format that rejected them counts only for itself."""
    for file_rows in rows.partition_by("log_file", maintain_order=True):
        state = ""
        encodings = _encodings(file_rows, declared)
        units = pl.Series([len(NEWLINES[encoding]) for encoding in encodings])
        ends = pl.col("log_offset") + pl.col("log_length") + units
        beheaded = pl.col("event_original").bin.size() != pl.col("log_length")
        changed = pl.Series(encodings) != pl.Series(encodings).shift(1)
        starts_run = (pl.col("log_offset") != ends.shift(1)) | beheaded | beheaded.shift(1) | changed
        runs = file_rows.with_columns(starts_run.fill_null(value=True).cum_sum().alias("_run"))
        for run in runs.partition_by("_run", include_key=False, maintain_order=True):
            for part in run.iter_slices(_BATCH_ROWS):
                if part["event_module"][0] == parser.name:
                    state = part["state"][0] or state
                again = (
                    parser.read(_block(part, declared), state) if _is_whole(part) else _untouched(part, state)
                )
                state = again.state
                yield _Again(part, again)


def _is_whole(rows: pl.DataFrame) -> bool:
    """Whether all of the first line was kept; of an over-long one only the beginning was."""
    return bool(len(rows["event_original"][0]) == rows["log_length"][0])


def _encodings(rows: pl.DataFrame, declared: Declared) -> list[Encoding]:
    """Return the encoding of each line; without NULs among them all are in one."""
    raw = rows["event_original"]
    if declared == "auto" and not raw.bin.contains(b"\0").any():
        return ["utf-8"] * raw.len()
    return [told_by(line, declared) for line in raw]


def _block(rows: pl.DataFrame, declared: Declared) -> Block:
    raw: list[bytes] = rows["event_original"].to_list()
    encoding = told_by(raw[0], declared)
    newline = NEWLINES[encoding]
    return Block(newline.join(raw) + newline, rows["log_file"][0], rows["log_offset"][0], encoding=encoding)


def _untouched(rows: pl.DataFrame, state: str) -> Parsed:
    """Return an over-long line as the reject it was."""
    return Parsed(
        lines=rows.height,
        events={},
        event_lines=0,
        rejects=rows.select(REJECTS_SCHEMA.names()),
        non_records={},
        state=state,
    )


def _still_rejected(part: _Again, module: str) -> pl.DataFrame:
    first = part.old.row(0, named=True)
    return part.parsed.rejects.select(
        pl.lit(first["timestamp"]).alias("timestamp"),
        pl.lit(first["source"]).alias("source"),
        pl.lit(module).alias("event_module"),
        pl.lit(first["log_file"]).alias("log_file"),
        pl.lit(part.parsed.state).alias("state"),
        *part.parsed.rejects.columns,
    ).cast(QUARANTINE_SCHEMA)


def _new_events(archive: Archive, again: list[_Again], now: datetime) -> dict[Family, pl.DataFrame]:
    known = KnownEvents(archive)
    frames: dict[Family, pl.DataFrame] = {}
    for family in FAMILIES:
        parts = [part.parsed.events[family] for part in again if family in part.parsed.events]
        if not parts:
            continue
        stamped = pl.concat(parts).with_columns(
            pl.lit(now).cast(SCHEMA[family]["event_ingested"]).alias("event_ingested")
        )
        if (new := known.only_new(family, stamped)).height:
            frames[family] = new
    return frames


def _store(
    machine: Machine,
    segments: list[Segment],
    again: list[_Again],
    frames: dict[Family, pl.DataFrame],
    left: pl.DataFrame,
    now: datetime,
) -> None:
    archive = machine.archive
    written = []
    try:
        with store_faults():
            for family, frame in frames.items():
                written += archive.write(family, frame)
            if left.height:
                written += archive.write(REJECTS, left, source=left["source"][0])
            with machine.engine.begin() as conn:
                named = archive.register(conn, [segment for segment, _ in written], now)
                archive.retire(conn, segments, now)
                for file, freed, parts in _by_file(again):
                    lines = sum(part.parsed.event_lines for part in parts)
                    events = sum(frame.filter(pl.col("log_file") == file).height for frame in frames.values())
                    correct(conn, file, event_lines=lines, events=events, freed=freed)
                    kinds: Counter[str] = Counter()
                    for part in parts:
                        kinds.update(part.parsed.non_records)
                    add_counts(conn, {(file, NON_RECORD, kind): lines for kind, lines in kinds.items()})
                volumes.count(conn, frames.values(), now)
                if not left.height:
                    machine.judge.notes.gaps(conn, fill_wrong_format(conn, again[0].old["source"][0], now))
                machine.judge.notes.events(
                    conn, {f: spans_of(frame["timestamp"]) for f, frame in frames.items()}
                )
    except BaseException:
        machine.judge.notes.settled(committed=False)
        with store_faults():
            archive.settle(segment for segment, _ in written)
        raise
    machine.judge.notes.settled(committed=True)
    archive.adopt(zip(named, [rows for _, rows in written], strict=True), removed=segments)


def _by_file(again: list[_Again]) -> Iterator[tuple[str, Counter[str], list[_Again]]]:
    """Return per file the change of its rejects by reason (positive: freed) and its runs."""
    files: dict[str, list[_Again]] = {}
    for part in again:
        files.setdefault(part.old["log_file"][0], []).append(part)
    for file, parts in files.items():
        freed: Counter[str] = Counter()
        for part in parts:
            freed.update(dict(part.old["reason"].value_counts().rows()))
            freed.subtract(dict(part.parsed.rejects["reason"].value_counts().rows()))
        yield file, freed, parts
