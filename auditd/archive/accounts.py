"""Line accounts: per file, what every line became and where reading stands. Kept in the transaction that names the data.

It must never be updated outside the transaction that registers the segments those lines went into.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, insert, select, update

from alerts.tables import Base
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


# Statements are made once: making them costs more than running them does.
_SUMS: Final = ("lines", "event_lines", "events", "duplicates", "lost_bytes", "nul_bytes")
_PLACE: Final = (
    "path", "device", "inode", "offset", "head_length", "head_hash", "tail_length", "tail_hash", "state",
    "finished", "modified_ns", "last_read_at",
)  # fmt: skip
_files: Final = Base.metadata.tables[FileRow.__tablename__]
_counts: Final = Base.metadata.tables[FileCountRow.__tablename__]
_MOVE: Final = (
    update(_files)
    .where(_files.c.file == bindparam("moved"))
    .values(
        **{name: bindparam(name) for name in _PLACE},
        **{name: _files.c[name] + bindparam(f"more_{name}") for name in _SUMS},
    )
)
_COUNT: Final = (
    update(_counts)
    .where(
        _counts.c.file == bindparam("of_file"),
        _counts.c.what == bindparam("of_what"),
        _counts.c.name == bindparam("of_name"),
    )
    .values(lines=_counts.c.lines + bindparam("more"))
)


def record(conn: Connection, moves: Sequence[tuple[Cursor, Tally]], now: datetime) -> None:
    """Move files' cursors and add to their accounts, in order: a file may come several times."""
    if not moves:
        return
    cursors = {cursor.file: cursor for cursor, _ in moves}
    known = set(conn.execute(select(_files.c.file).where(_files.c.file.in_(list(cursors)))).scalars())
    fresh = [
        {
            "file": name,
            "source": cursor.source,
            "first_read_at": now,
            **_place(cursor, now),
            **dict.fromkeys(_SUMS, 0),
        }
        for name, cursor in cursors.items()
        if name not in known
    ]
    if fresh:
        conn.execute(insert(_files), fresh)
    conn.execute(
        _MOVE,
        [
            {
                "moved": cursor.file,
                **_place(cursor, now),
                **{f"more_{name}": getattr(tally, name) for name in _SUMS},
            }
            for cursor, tally in moves
        ],
    )
    added: Counter[tuple[str, str, str]] = Counter()
    for cursor, tally in moves:
        for what, counts in ((REJECT, tally.rejects), (NON_RECORD, tally.non_records)):
            added.update({(cursor.file, what, name): lines for name, lines in counts.items()})
    add_counts(conn, added)


def _place(cursor: Cursor, now: datetime) -> dict[str, Any]:
    place = {name: getattr(cursor, name) for name in _PLACE if name != "last_read_at"}
    return place | {"device": str(cursor.device), "inode": str(cursor.inode), "last_read_at": now}


def add_counts(conn: Connection, added: Mapping[tuple[str, str, str], int]) -> None:
    """Add to (or, with negative numbers, take from) counts by file, REJECT or NON_RECORD, and reason or kind."""
    if not any(added.values()):
        return
    rows = conn.execute(
        select(_counts.c.file, _counts.c.what, _counts.c.name).where(
            _counts.c.file.in_({file for file, _, _ in added})
        )
    )
    fresh = added.keys() - {tuple(row) for row in rows}
    if fresh:
        conn.execute(
            insert(_counts),
            [{"file": file, "what": what, "name": name, "lines": 0} for file, what, name in sorted(fresh)],
        )
    conn.execute(
        _COUNT,
        [
            {"of_file": file, "of_what": what, "of_name": name, "more": lines}
            for (file, what, name), lines in added.items()
        ],
    )


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
    add_counts(conn, {(file, REJECT, reason): -count for reason, count in freed.items()})


def load_cursors(
    conn: Connection, sources: Iterable[str] | None = None, *, files: Iterable[str] | None = None
) -> list[Cursor]:
    """Return every file's cursor, of some sources or files or all."""
    query = select(FileRow)
    if sources is not None:
        query = query.where(FileRow.source.in_(list(sources)))
    if files is not None:
        query = query.where(FileRow.file.in_(list(files)))
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
