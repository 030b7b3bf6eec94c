"""The manifest: which files are the archive, as rows of SQL. It must never name a file before it is durable."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select, update

from alerts.tables import Base
from auditd.archive.segment import Segment
from auditd.archive.tables import SegmentRow

_COLUMNS: Final = [field.name for field in fields(Segment)]
_rows: Final = Base.metadata.tables[SegmentRow.__tablename__]
_REGISTER: Final = insert(_rows).returning(_rows.c.segment_id, sort_by_parameter_order=True)


class ManifestChanged(Exception):
    """The manifest is not what this instance takes it for: `refresh` before trying again."""


def live_segments(conn: Connection) -> dict[int, Segment]:
    """Return the segments that count, by id."""
    columns = [getattr(SegmentRow, name) for name in _COLUMNS]
    rows = conn.execute(select(*columns).where(SegmentRow.retired_at.is_(None)))
    return {row.segment_id: Segment(*row) for row in rows}


def register(conn: Connection, segments: Iterable[Segment], now: datetime) -> list[Segment]:
    """Name segments; return them with their ids."""
    segments = list(segments)
    if not segments:
        return []
    rows = [
        {
            "committed_at": now,
            **{name: getattr(segment, name) for name in _COLUMNS if name != "segment_id"},
        }
        for segment in segments
    ]
    ids = conn.execute(_REGISTER, rows).scalars()
    return [replace(segment, segment_id=name) for segment, name in zip(segments, ids, strict=True)]


def retire(conn: Connection, segments: Iterable[Segment], now: datetime) -> None:
    """Let segments count no more. Raises ManifestChanged where one of them does not already."""
    ids = [segment.segment_id for segment in segments]
    live = SegmentRow.segment_id.in_(ids) & SegmentRow.retired_at.is_(None)
    if conn.execute(update(SegmentRow).where(live).values(retired_at=now)).rowcount != len(ids):
        raise ManifestChanged


def names_any(conn: Connection, segments: Collection[Segment]) -> bool:
    """Whether any of these files is named."""
    paths = [segment.path for segment in segments]
    query = select(func.count()).select_from(SegmentRow).where(SegmentRow.path.in_(paths))
    return bool(conn.execute(query).scalar_one())


def named_paths(conn: Connection) -> set[str]:
    """Return every file that is named, those that count no more among them."""
    return set(conn.execute(select(SegmentRow.path)).scalars())


def retired_before(conn: Connection, moment: datetime) -> Sequence[tuple[int, str]]:
    """Return id and path of the segments that have not counted since before a moment."""
    due = select(SegmentRow.segment_id, SegmentRow.path).where(SegmentRow.retired_at < moment)
    return [(row[0], row[1]) for row in conn.execute(due)]


def forget(conn: Connection, ids: Iterable[int]) -> None:
    """Take segments out of the manifest for good."""
    conn.execute(delete(SegmentRow).where(SegmentRow.segment_id.in_(list(ids))))


def totals(conn: Connection) -> dict[str, tuple[int, int, int]]:
    """Return per family (rows, bytes, segments) of the live archive."""
    rows = conn.execute(
        select(SegmentRow.family, func.sum(SegmentRow.rows), func.sum(SegmentRow.bytes), func.count())
        .where(SegmentRow.retired_at.is_(None))
        .group_by(SegmentRow.family)
    )
    return {family: (int(count), int(size), int(files)) for family, count, size, files in rows}
