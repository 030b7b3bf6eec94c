"""The record of loads: which file was taken into which feed when, with what result, and the lines it lost.

It must never be asked what is known: that is in the rows. A refused line is kept by number and column, not by value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_hex
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection, Row, func, insert, select, text

from auditd.reference.ahead import NONE_AHEAD, Ahead
from auditd.reference.reading import REJECTS
from auditd.reference.tables import ReferenceLoad, ReferenceReject
from auditd.reference.touched import NOTHING, Touched

MOST_REJECTS_KEPT: Final = 10_000


@dataclass(frozen=True, slots=True)
class FeedFile:
    """A file and how it was read: its name, the SHA-256 of its bytes, a fingerprint of zone, mapping and the like.

    delivery: the configured one that brought it.
    """

    name: str
    content_sha256: str
    read_as: str = ""
    delivery: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """What became of a file: rows = accepted + unchanged + rejects.

    accepted: new or corrected. ended: facts that the file no longer states. rejects: line, reason, detail.
    already: the file had been loaded before, and these are the figures of then. problem: why it was refused whole.
    hints: sentences about likely slips. ahead: rows that were written down in the future.
    """

    loaded_at: datetime
    rows: int = 0
    accepted: int = 0
    unchanged: int = 0
    corrected: int = 0
    ended: int = 0
    rejects: pl.DataFrame = field(default_factory=REJECTS.to_frame)
    touched: Touched = NOTHING
    already: bool = False
    problem: str | None = None
    hints: tuple[str, ...] = ()
    ahead: Ahead = NONE_AHEAD


def one_writer(conn: Connection) -> None:
    """Let no other transaction load until this one ends, so that loads commit in the order of their ids.

    SQLite has one writer at a time by itself.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(text("LOCK TABLE reference_loads IN SHARE ROW EXCLUSIVE MODE"))


def moment_of(conn: Connection, now: datetime) -> datetime:
    """Return `now`, or the time of the latest load where the clock has gone back: knowledge is never backdated."""
    latest = conn.execute(select(func.max(ReferenceLoad.loaded_at))).scalar()
    return now if latest is None else max(now, latest)


def last_load(conn: Connection, feed: str, name: str) -> Row[Any] | None:
    """Return the latest load of the file of this name into the feed."""
    statement = (
        select(ReferenceLoad.__table__)
        .where(ReferenceLoad.feed == feed, ReferenceLoad.file_name == name)
        .order_by(ReferenceLoad.id.desc())
        .limit(1)
    )
    return conn.execute(statement).first()


def record(
    conn: Connection, feed: str, file: FeedFile, report: LoadReport, *, unfinished_key: str | None = None
) -> int:
    """Write the load down with its rejected lines, at most MOST_REJECTS_KEPT of them; return its id.

    unfinished_key: of the row on a last line that has no end, which may be half a row.
    """
    load = insert(ReferenceLoad).values(
        token=token_hex(16),
        feed=feed,
        file_name=file.name,
        content_sha256=file.content_sha256,
        read_as=file.read_as,
        delivery=file.delivery,
        unfinished_key=unfinished_key,
        loaded_at=report.loaded_at,
        rows=report.rows,
        accepted=report.accepted,
        unchanged=report.unchanged,
        rejected=report.rejects.height,
        problem=report.problem,
        notes="\n".join(report.hints) or None,
    )
    load_id = int(conn.execute(load.returning(ReferenceLoad.id)).scalar_one())
    lines = report.rejects.head(MOST_REJECTS_KEPT).iter_rows(named=True)
    rejects = [{"load_id": load_id, **line} for line in lines]
    if rejects:
        conn.execute(insert(ReferenceReject), rejects)
    return load_id


def report_again(conn: Connection, load: Row[Any]) -> LoadReport:
    """Return the report of a load of the past, marked as such."""
    columns: Sequence[Any] = (ReferenceReject.line, ReferenceReject.reason, ReferenceReject.detail)
    statement = select(*columns).where(ReferenceReject.load_id == load.id).order_by(ReferenceReject.line)
    lines = [tuple(row) for row in conn.execute(statement)]
    return LoadReport(
        loaded_at=load.loaded_at,
        rows=load.rows,
        accepted=load.accepted,
        unchanged=load.unchanged,
        rejects=pl.DataFrame(lines, schema=REJECTS, orient="row"),
        already=True,
        problem=load.problem,
        hints=tuple((load.notes or "").splitlines()),
    )


def latest_loads(conn: Connection, delivery: str) -> list[Row[Any]]:
    """Return the latest load of each file of a delivery, the latest first."""
    newest = (
        select(func.max(ReferenceLoad.id))
        .where(ReferenceLoad.delivery == delivery)
        .group_by(ReferenceLoad.file_name)
    )
    query = (
        select(ReferenceLoad.__table__).where(ReferenceLoad.id.in_(newest)).order_by(ReferenceLoad.id.desc())
    )
    return list(conn.execute(query))


def latest_notes(conn: Connection, delivery: str) -> list[str]:
    """Return what was noted at the latest load of a delivery that was taken."""
    taken = (ReferenceLoad.delivery == delivery) & ReferenceLoad.problem.is_(None)
    query = select(ReferenceLoad.notes).where(taken).order_by(ReferenceLoad.id.desc()).limit(1)
    return (conn.execute(query).scalar() or "").splitlines()
