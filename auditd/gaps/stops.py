"""When the daemon ran, and the stretches in which it did not: nobody was watching then.

It must never take a stop for a loss: what was written meanwhile is read afterwards, and what is not is a gap of its own.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from auditd.gaps.book import Fact, Gap, notice
from auditd.gaps.tables import RunRow
from detectors.gaps import EVERY_SOURCE

KIND = "down"


def begin_run(conn: Connection, now: datetime) -> tuple[int, Gap | None]:
    """Store that the daemon runs; return the run's number, and the stop before it as a gap if there was a run before."""
    query = select(RunRow.alive_at, RunRow.stopped_at).order_by(RunRow.run_id.desc()).limit(1)
    last = conn.execute(query).one_or_none()
    added = insert(RunRow).values(started_at=now, alive_at=now).returning(RunRow.run_id)
    run_id = conn.execute(added).scalar_one()
    if last is None:
        return run_id, None
    since = min(last.stopped_at or last.alive_at, now)
    detail = {"asked": last.stopped_at is not None}
    return run_id, notice(conn, Fact(EVERY_SOURCE, KIND, since, now, detail), now)


def still_running(conn: Connection, run_id: int, now: datetime) -> None:
    """Store that the daemon is alive."""
    conn.execute(update(RunRow).where(RunRow.run_id == run_id).values(alive_at=now))


def end_run(conn: Connection, run_id: int, now: datetime) -> None:
    """Store that the daemon left as asked."""
    conn.execute(update(RunRow).where(RunRow.run_id == run_id).values(alive_at=now, stopped_at=now))


def last_alive(conn: Connection) -> datetime | None:
    """Return when a daemon last looked; None when none ever ran."""
    query = select(RunRow.alive_at).order_by(RunRow.run_id.desc()).limit(1)
    return conn.execute(query).scalar_one_or_none()
