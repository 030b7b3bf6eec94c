"""What people do with alerts: look, assign, review, note, close, reopen. Every action is a row of history with who and when.

It must never act without a name, nor over a change its user has not seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, select, update

from alerts.appraisal import standing
from alerts.difference import StoredFinding, findings_of_alert
from alerts.identity import tidy_reference
from alerts.models import AlertHistoryRow, AlertRow, FindingRow
from alerts.trail import Trail
from alerts.vocabulary import CATEGORIES, GATHERED, OUTCOMES, SYSTEM, AlertState

Order = Literal["score", "severity", "newest", "oldest"]


class AlertError(Exception):
    """A person's action was refused; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert as stored: see alerts.models.AlertRow."""

    alert_id: str
    concern: str
    person_key: str
    ordinal: int
    staff_id: str | None
    actor: str
    lead: str
    title: str
    category: str
    severity: int
    score: int
    reasons: list[dict[str, Any]]
    score_basis: str
    finding_count: int
    first_event_at: datetime
    last_event_at: datetime
    state: AlertState
    assignee: str | None
    opened_at: datetime
    acted_at: datetime | None
    closed_at: datetime | None
    outcome: str | None
    category_closed: str | None
    rationale: str | None
    version: int


_COLUMNS = tuple(getattr(AlertRow, field.name) for field in fields(Alert))


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One row of an alert's history."""

    at: datetime
    actor: str
    action: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AlertView:
    """An alert with its findings, in time order and withdrawn ones too, and its history, oldest first."""

    alert: Alert
    findings: tuple[StoredFinding, ...]
    history: tuple[HistoryEntry, ...]


def list_alerts(
    conn: Connection,
    *,
    state: AlertState | Literal["not closed"] | None = None,
    severity: int | None = None,
    concern: str | None = None,
    detector: str | None = None,
    person: str | None = None,
    assignee: str | None = None,
    order: Order = "score",
) -> tuple[Alert, ...]:
    """Return the alerts that match every filter given.

    severity: at least this. detector: of which a finding stands in it. person: a staff id, or an identifier as
    "kind:value". order: most points first (then the latest event), the gravest first, or by latest event.
    """
    where: list[ColumnElement[bool]] = []
    if state == "not closed":
        where.append(AlertRow.state != "closed")
    elif state is not None:
        where.append(AlertRow.state == state)
    if severity is not None:
        where.append(AlertRow.severity >= severity)
    if detector is not None:
        theirs = select(FindingRow.alert_id).where(FindingRow.detector == detector, standing())
        where.append(AlertRow.alert_id.in_(theirs))
    exact = {AlertRow.concern: concern, AlertRow.person_key: person, AlertRow.assignee: assignee}
    where += [column == value for column, value in exact.items() if value is not None]
    orders = {
        "score": (AlertRow.score.desc(), AlertRow.severity.desc(), AlertRow.last_event_at.desc()),
        "severity": (AlertRow.severity.desc(), AlertRow.last_event_at.desc()),
        "newest": (AlertRow.last_event_at.desc(),),
        "oldest": (AlertRow.last_event_at,),
    }
    query = select(*_COLUMNS).where(*where).order_by(*orders[order], AlertRow.alert_id)
    return tuple(Alert(*row) for row in conn.execute(query))


def show(conn: Connection, alert_id: str) -> AlertView:
    """Return an alert with its findings and history. Raises AlertError if there is none."""
    alert = _read(conn, alert_id)
    columns = [getattr(AlertHistoryRow, field.name) for field in fields(HistoryEntry)]
    query = select(*columns).where(AlertHistoryRow.alert_id == alert.alert_id).order_by(AlertHistoryRow.entry)
    history = tuple(HistoryEntry(*row) for row in conn.execute(query))
    return AlertView(alert, findings_of_alert(conn, alert.alert_id), history)


def assign(
    conn: Connection, alert_id: str, *, to: str, by: str, now: datetime, version: int | None = None
) -> Alert:
    """Give an alert that is not closed to somebody."""
    alert = _read(conn, alert_id, lock=True)
    _require_words(to=to)
    _require_not_closed(alert)
    return _act(conn, alert, _Act("assigned", by, now, version, {"to": to.strip()}), assignee=to.strip())


def start_review(
    conn: Connection, alert_id: str, *, by: str, now: datetime, version: int | None = None
) -> Alert:
    """Take an open alert into review; it is assigned to whoever does, unless it already is to somebody."""
    alert = _read(conn, alert_id, lock=True)
    if alert.state != "open":
        raise AlertError(
            f"{alert.alert_id} is {alert.state.replace('_', ' ')}: only an open alert can be taken into review"
        )
    act = _Act("review started", by, now, version, {})
    return _act(conn, alert, act, state="in_review", assignee=alert.assignee or by.strip())


def note(
    conn: Connection, alert_id: str, *, text: str, by: str, now: datetime, version: int | None = None
) -> Alert:
    """Write a note on an alert, closed or not."""
    alert = _read(conn, alert_id, lock=True)
    _require_words(text=text)
    return _act(conn, alert, _Act("noted", by, now, version, {"text": text.strip()}))


def close(
    conn: Connection,
    alert_id: str,
    *,
    outcome: str,
    rationale: str,
    by: str,
    now: datetime,
    category: str | None = None,
    version: int | None = None,
) -> Alert:
    """Close an alert with one of OUTCOMES, one of CATEGORIES (the alert's own unless told) and why."""
    alert = _read(conn, alert_id, lock=True)
    category = category or alert.category
    _require_words(rationale=rationale)
    _require_one_of("outcome", outcome, OUTCOMES)
    _require_one_of("category", category, CATEGORIES)
    _require_not_closed(alert)
    decided = {"outcome": outcome, "category_closed": category, "rationale": rationale.strip()}
    return _act(
        conn, alert, _Act("closed", by, now, version, decided), state="closed", closed_at=now, **decided
    )


def reopen(
    conn: Connection, alert_id: str, *, reason: str, by: str, now: datetime, version: int | None = None
) -> Alert:
    """Open a closed alert again; how it was closed stays in the history."""
    alert = _read(conn, alert_id, lock=True)
    _require_words(reason=reason)
    if alert.state != "closed":
        raise AlertError(f"{alert.alert_id} is not closed: there is nothing to reopen")
    if alert.outcome == GATHERED:
        raise AlertError(f"the findings of {alert.alert_id} are in another alert: its history says in which")
    same = list_alerts(conn, state="not closed", concern=alert.concern, person=alert.person_key)
    if same:
        raise AlertError(f"{same[0].alert_id} about the same person and concern is open: work on that one")
    act = _Act("reopened", by, now, version, {"reason": reason.strip(), "was": alert.outcome})
    cleared = {"closed_at": None, "outcome": None, "category_closed": None, "rationale": None}
    return _act(conn, alert, act, state="open", **cleared)


@dataclass(frozen=True, slots=True)
class _Act:
    """One action of one person. version: the alert's version they saw, None where they saw no particular one."""

    action: str
    by: str
    now: datetime
    version: int | None
    detail: Mapping[str, Any]


def _act(conn: Connection, alert: Alert, act: _Act, **changes: Any) -> Alert:
    if not act.by.strip() or act.by.strip() == SYSTEM:
        raise AlertError("who acts must be a person: give a name with --by")
    if act.version is not None and act.version != alert.version:
        raise AlertError(
            f"{alert.alert_id} has changed since you looked (version {act.version} is now {alert.version}): "
            "look at it again, then decide"
        )
    changes |= {"version": alert.version + 1, "acted_at": alert.acted_at or act.now}
    # the row is locked since it was read, so nothing can have come in between
    conn.execute(update(AlertRow).where(AlertRow.alert_id == alert.alert_id).values(changes))
    trail = Trail()
    trail.act(alert.alert_id, act.action, **act.detail)
    trail.write(conn, now=act.now, actor=act.by.strip())
    return replace(alert, **changes)


def _read(conn: Connection, alert_id: str, *, lock: bool = False) -> Alert:
    wanted = tidy_reference(alert_id)
    query = select(*_COLUMNS).where(AlertRow.alert_id == wanted)
    row = conn.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise AlertError(f"there is no alert {wanted}: `alerts list --all` shows every one")
    return Alert(*row)


def _require_words(**texts: str) -> None:
    for name, text in texts.items():
        if not text.strip():
            raise AlertError(f"{name} is empty: say it in words")


def _require_one_of(name: str, value: str, words: tuple[str, ...]) -> None:
    if value not in words:
        raise AlertError(f"{value!r} is no {name}: one of {'; '.join(words)}")


def _require_not_closed(alert: Alert) -> None:
    if alert.state == "closed":
        raise AlertError(f"{alert.alert_id} is closed ({alert.outcome}): reopen it first")
