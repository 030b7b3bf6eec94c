"""Every feed as frames, as known after the latest load or on a day in the past.

The present is kept between calls and brought forward by what later loads brought and ended. It must never differ
from a full read; where the loads it was built from are gone (rolled back, restored), it is built anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import polars as pl
from sqlalchemy import ColumnElement, Connection, and_, or_, select

from auditd.reference.rows import decode
from auditd.reference.tables import ReferenceLoad, ReferenceRow
from detectors.reference import FEEDS

ROW_ID: Final = "_id"
BATCH: Final = 50_000
MOST_PIECES: Final = 32

Frames = Mapping[str, pl.DataFrame]


class Mark(NamedTuple):
    """The latest load: enough to tell whether anything has changed since."""

    load_id: int
    token: str


NO_LOADS: Final = Mark(0, "")


def latest_mark(conn: Connection) -> Mark:
    """Return the mark of the latest load; NO_LOADS before the first."""
    statement = select(ReferenceLoad.id, ReferenceLoad.token).order_by(ReferenceLoad.id.desc()).limit(1)
    row = conn.execute(statement).first()
    return NO_LOADS if row is None else Mark(row[0], row[1])


def still_there(conn: Connection, mark: Mark) -> bool:
    """Tell whether the marked load is in the database: a rollback may have taken it away again."""
    if mark == NO_LOADS:
        return True
    statement = select(ReferenceLoad.token).where(ReferenceLoad.id == mark.load_id)
    return conn.execute(statement).scalar() == mark.token


def known_at(conn: Connection, when: datetime) -> Frames:
    """Return every feed as it was known at `when`."""
    then = and_(
        ReferenceRow.known_from <= when, or_(ReferenceRow.known_to.is_(None), ReferenceRow.known_to > when)
    )
    return {feed: read_rows(conn, feed, then).drop(ROW_ID) for feed in FEEDS}


def loaded_feeds(conn: Connection, when: datetime | None = None) -> frozenset[str]:
    """Return the feeds of which some file was read, not all of it refused; by `when`, if given."""
    taken = and_(
        ReferenceLoad.problem.is_(None),
        or_(ReferenceLoad.rows == 0, ReferenceLoad.rejected < ReferenceLoad.rows),
    )
    if when is not None:
        taken = and_(taken, ReferenceLoad.loaded_at <= when)
    return frozenset(conn.execute(select(ReferenceLoad.feed).where(taken).distinct()).scalars())


def read_rows(conn: Connection, feed: str, condition: ColumnElement[bool]) -> pl.DataFrame:
    """Return rows of a feed (its schema plus `_id`) in the order in which they became known."""
    statement = (
        select(ReferenceRow.id, ReferenceRow.body)
        .where(ReferenceRow.feed == feed, condition)
        .order_by(ReferenceRow.id)
        .execution_options(yield_per=BATCH)
    )
    frames = [_empty(feed)]
    for batch in conn.execute(statement).partitions():
        ids, bodies = zip(*batch, strict=True)
        rows = decode(pl.Series(bodies, dtype=pl.String), feed)
        frames.append(rows.insert_column(0, pl.Series(ROW_ID, ids, dtype=pl.Int64)))
    return pl.concat(frames)


def _empty(feed: str) -> pl.DataFrame:
    return pl.Schema({ROW_ID: pl.Int64(), **FEEDS[feed].schema}).to_frame()


@dataclass(slots=True)
class Known:
    """What is known now, kept between calls: one query when nothing has changed. For one thread at a time."""

    mark: Mark | None = None
    frames: Frames = field(default_factory=dict)
    loaded: frozenset[str] = frozenset()
    _rows: dict[str, pl.DataFrame] = field(default_factory=dict)

    def refresh(self, conn: Connection) -> Frames:
        """Return every feed as known after the latest load that `conn` can see."""
        latest = latest_mark(conn)
        if latest == self.mark:
            return self.frames
        if self.mark is None or self.mark.load_id > latest.load_id or not still_there(conn, self.mark):
            self._rows = {feed: read_rows(conn, feed, _current(latest)) for feed in FEEDS}
        else:
            for feed in _feeds_since(conn, self.mark):
                self._rows[feed] = _forward(conn, feed, self._rows[feed], (self.mark, latest))
        self.frames = MappingProxyType({feed: rows.drop(ROW_ID) for feed, rows in self._rows.items()})
        self.loaded = loaded_feeds(conn)
        self.mark = latest
        return self.frames


def _current(latest: Mark) -> ColumnElement[bool]:
    """Rows known after the load `latest`, whatever has been committed since."""
    return and_(
        ReferenceRow.load_id <= latest.load_id,
        or_(ReferenceRow.known_to.is_(None), ReferenceRow.ended_by > latest.load_id),
    )


def _feeds_since(conn: Connection, mark: Mark) -> Iterable[str]:
    statement = select(ReferenceLoad.feed).where(ReferenceLoad.id > mark.load_id).distinct()
    return [feed for feed in conn.execute(statement).scalars() if feed in FEEDS]


def _forward(conn: Connection, feed: str, rows: pl.DataFrame, between: tuple[Mark, Mark]) -> pl.DataFrame:
    """Return the feed's rows brought from one mark to the next."""
    before, latest = between
    ended: Any = select(ReferenceRow.id).where(
        ReferenceRow.feed == feed,
        ReferenceRow.ended_by > before.load_id,
        ReferenceRow.ended_by <= latest.load_id,
    )
    gone = list(conn.execute(ended).scalars())
    if gone:
        rows = rows.filter(~pl.col(ROW_ID).is_in(gone))
    came = read_rows(conn, feed, and_(_current(latest), ReferenceRow.load_id > before.load_id))
    rows = pl.concat([rows, came])
    return rows.rechunk() if rows.n_chunks() > MOST_PIECES else rows
