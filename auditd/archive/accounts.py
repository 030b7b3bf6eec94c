"""Line accounts: per file, what every line became and where reading stands. Kept in the transaction that names the data.

It must never be updated outside the transaction that registers the segments those lines went into.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, insert, select, update

from auditd.archive.tables import FileCountRow, FileRow
from auditd.tail.cursor import Cursor

REJECT: Final = "reject"
NON_RECORD: Final = "non_record"


@dataclass(frozen=True, slots=True)
class Tally:
    """What the lines of one chunk, or one file, became. `rejects` by reason, `non_records` by kind."""

    lines: int = 0
    event_lines: int = 0
    events: int = 0
    duplicates: int = 0
    lost_bytes: int = 0
    nul_bytes: int = 0
    rejects: Mapping[str, int] = field(default_factory=dict)
    non_records: Mapping[str, int] = field(default_factory=dict)

    @property
    def balances(self) -> bool:
        """Every line ended in exactly one place."""
        return self.lines == self.event_lines + sum(self.rejects.values()) + sum(self.non_records.values())


@dataclass(frozen=True, slots=True)
class Account:
    """One file's account: where it is read from, how far, and what its lines became."""

    file: str
    source: str
    path: str
    offset: int
    finished: bool
    first_read_at: datetime
    last_read_at: datetime
    tally: Tally


def record(conn: Connection, cursor: Cursor, tally: Tally, now: datetime) -> None:
    """Move a file's cursor and add to its account."""
    place = {
        "path": cursor.path,
        "device": str(cursor.device),
        "inode": str(cursor.inode),
        "offset": cursor.offset,
        "head_length": cursor.head_length,
        "head_hash": cursor.head_hash,
        "tail_length": cursor.tail_length,
        "tail_hash": cursor.tail_hash,
        "state": cursor.state,
        "finished": cursor.finished,
        "modified_ns": cursor.modified_ns,
        "last_read_at": now,
    }
    sums = ("lines", "event_lines", "events", "duplicates", "lost_bytes", "nul_bytes")
    added = {name: getattr(FileRow, name) + getattr(tally, name) for name in sums}
    moved = conn.execute(update(FileRow).where(FileRow.file == cursor.file).values(**place, **added))
    if moved.rowcount == 0:
        first = {name: getattr(tally, name) for name in sums}
        conn.execute(
            insert(FileRow).values(
                file=cursor.file, source=cursor.source, first_read_at=now, **place, **first
            )
        )
    add_counts(conn, cursor.file, REJECT, tally.rejects)
    add_counts(conn, cursor.file, NON_RECORD, tally.non_records)


def add_counts(conn: Connection, file: str, what: str, counts: Mapping[str, int]) -> None:
    """Add to (or, with negative numbers, take from) a file's counts by reason or kind."""
    for name, lines in counts.items():
        chosen = (FileCountRow.file == file) & (FileCountRow.what == what) & (FileCountRow.name == name)
        changed = conn.execute(update(FileCountRow).where(chosen).values(lines=FileCountRow.lines + lines))
        if changed.rowcount == 0:
            conn.execute(insert(FileCountRow).values(file=file, what=what, name=name, lines=lines))


def correct(conn: Connection, file: str, *, event_lines: int, events: int, freed: Mapping[str, int]) -> None:
    """Turn rejected lines of a file into event lines; `freed` counts by reason the rejects that are none any more."""
    conn.execute(
        update(FileRow)
        .where(FileRow.file == file)
        .values(
            event_lines=FileRow.event_lines + event_lines,
            events=FileRow.events + events,
            duplicates=FileRow.duplicates + (event_lines - events),
        )
    )
    add_counts(conn, file, REJECT, {reason: -count for reason, count in freed.items() if count})


def load_cursors(conn: Connection, sources: Iterable[str] | None = None) -> list[Cursor]:
    """Return every file's cursor, of some sources or all."""
    query = select(FileRow)
    if sources is not None:
        query = query.where(FileRow.source.in_(list(sources)))
    return [
        Cursor(
            file=row.file,
            source=row.source,
            path=row.path,
            device=int(row.device),
            inode=int(row.inode),
            offset=row.offset,
            head_length=row.head_length,
            head_hash=row.head_hash,
            tail_length=row.tail_length,
            tail_hash=row.tail_hash,
            state=row.state,
            finished=row.finished,
            modified_ns=row.modified_ns,
        )
        for row in conn.execute(query)
    ]


def stands(conn: Connection, cursor: Cursor) -> bool:
    """Tell whether a file's stored cursor has come as far as this one."""
    place = conn.execute(
        select(FileRow.offset, FileRow.finished).where(FileRow.file == cursor.file)
    ).one_or_none()
    return place is not None and tuple(place) == (cursor.offset, cursor.finished)


def load_accounts(conn: Connection) -> list[Account]:
    """Return every file's account, by source and first reading."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for row in conn.execute(select(FileCountRow).where(FileCountRow.lines != 0)):
        counts.setdefault((row.file, row.what), Counter())[row.name] = row.lines
    rows = conn.execute(select(FileRow).order_by(FileRow.source, FileRow.first_read_at, FileRow.path))
    return [
        Account(
            file=row.file,
            source=row.source,
            path=row.path,
            offset=row.offset,
            finished=row.finished,
            first_read_at=row.first_read_at,
            last_read_at=row.last_read_at,
            tally=Tally(
                lines=row.lines,
                event_lines=row.event_lines,
                events=row.events,
                duplicates=row.duplicates,
                lost_bytes=row.lost_bytes,
                nul_bytes=row.nul_bytes,
                rejects=dict(counts.get((row.file, REJECT), {})),
                non_records=dict(counts.get((row.file, NON_RECORD), {})),
            ),
        )
        for row in rows
    ]


def file_paths(conn: Connection, files: Iterable[str]) -> dict[str, str]:
    """Return the last known path of each file by identity."""
    rows = conn.execute(select(FileRow.file, FileRow.path).where(FileRow.file.in_(list(files))))
    return {row.file: row.path for row in rows}


def total_lines(conn: Connection) -> int:
    """Return how many lines were ever read."""
    return int(conn.execute(select(func.coalesce(func.sum(FileRow.lines), 0))).scalar_one())
