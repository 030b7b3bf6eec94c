"""How a run in shadow did against the one in force, and its promotion by a named person.

It must never put anything into force: settings live in the configuration, and a promotion says who stands for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from alerts.models import FindingRow
from alerts.shadow import Way, note
from alerts.shadow_tables import DetectorHistoryRow, ShadowFindingRow, ShadowRunRow
from alerts.vocabulary import SYSTEM


class TrialError(Exception):
    """What was asked for was refused; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One run in shadow, in counts. people: how many alerts its findings would gather into.

    until: how far both have judged, with which the run in force is compared (None: nothing yet). added, gone, same: findings
    only in shadow, only in force, in both, before `until`; new_people, lost_people: people with findings only here, only there.
    """

    run: str
    detector: str
    version: int
    settings: str
    values: Mapping[str, Any]
    since: datetime
    seconds: float
    pieces: int
    until: datetime | None
    findings: int
    people: int
    added: int
    gone: int
    same: int
    new_people: int
    lost_people: int

    @property
    def way(self) -> Way:
        """How the detector is run in it."""
        return Way(self.detector, self.version, self.settings, self.values)


def trials(conn: Connection, reached: Mapping[str, datetime | None]) -> tuple[Trial, ...]:
    """Return every run in shadow, by name. reached: by run, how far it and the run in force of its detector have judged."""
    rows = conn.execute(select(ShadowRunRow.__table__).order_by(ShadowRunRow.run)).all()
    return tuple(_trial(conn, row, reached.get(row.run)) for row in rows)


def _trial(conn: Connection, row: Row[Any], until: datetime | None) -> Trial:
    mine, theirs = ShadowFindingRow, FindingRow
    columns = (mine.finding_id, mine.staff_id, mine.actor, mine.timestamp)
    tried = conn.execute(select(*columns).where(mine.run == row.run)).all()
    live = conn.execute(
        select(theirs.finding_id, theirs.staff_id, theirs.actor, theirs.timestamp).where(
            theirs.detector == row.detector, theirs.state == "active"
        )
    ).all()
    shadow_ids, shadow_people = _both(tried, until)
    live_ids, live_people = _both(live, until)
    return Trial(
        **{name: getattr(row, name) for name in ShadowRunRow.__table__.columns.keys()},  # noqa: SIM118  no mapping
        until=until,
        findings=len(tried),
        people=len({one.staff_id or one.actor for one in tried}),
        added=len(shadow_ids - live_ids),
        gone=len(live_ids - shadow_ids),
        same=len(live_ids & shadow_ids),
        new_people=len(shadow_people - live_people),
        lost_people=len(live_people - shadow_people),
    )  # fmt: skip


def _both(rows: Any, until: datetime | None) -> tuple[set[str], set[str]]:
    """Return ids and people of the findings before `until`."""
    within = [one for one in rows if until is not None and one.timestamp < until]
    return {one.finding_id for one in within}, {one.staff_id or one.actor for one in within}


def promote(conn: Connection, trial: Trial, *, by: str, reason: str, now: datetime) -> int:
    """Write down that a person stands for running a detector this way; return the entry's number. Raises TrialError.

    What they were shown - counts and cost - is part of the entry.
    """
    if not by.strip() or by.strip() == SYSTEM:
        raise TrialError("who promotes must be a person: give a name with --by")
    if not reason.strip():
        raise TrialError("reason is empty: say it in words")
    if trial.until is None:
        raise TrialError(f"{trial.run} has judged nothing yet: there is nothing to go by")
    shown = {name: getattr(trial, name) for name in ("findings", "people", "added", "gone", "same")}
    shown |= {"seconds": round(trial.seconds, 3), "until": trial.until.isoformat()}
    detail = trial.way.detail(reason=reason.strip(), shown=shown)
    note(conn, trial.run, "promoted", detail, by=by.strip(), now=now)
    newest = select(DetectorHistoryRow.entry).order_by(DetectorHistoryRow.entry.desc()).limit(1)
    return int(conn.execute(newest).scalar_one())


def history(conn: Connection) -> list[Row[Any]]:
    """Return how detectors came to be run, the latest first: rows of DetectorHistoryRow."""
    newest = DetectorHistoryRow.entry.desc()
    return list(conn.execute(select(DetectorHistoryRow.__table__).order_by(newest)).all())
