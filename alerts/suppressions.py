"""Suppressions: patterns known to be good, whose findings are kept but make no alert, until they expire.

It must never suppress by itself, nor longer than was approved: whatever is broken, expired or not approved suppresses nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection, func, insert, select, update

from alerts.conditions import ConditionError, Conditions, conditions
from alerts.difference import FindingRecord
from alerts.identity import new_suppression_id, tidy_reference
from alerts.models import FindingRow
from alerts.suppression_tables import SuppressionHistoryRow, SuppressionRow
from alerts.vocabulary import SYSTEM

SuppressionState = Literal["proposed", "live", "expired", "revoked", "broken"]

SUPPRESSION_STATES: Final[tuple[SuppressionState, ...]] = ("proposed", "live", "expired", "revoked", "broken")

LONGEST: Final = timedelta(days=366)
SOON: Final = timedelta(days=14)
"""How long before its end a suppression is told to be ending."""


class SuppressionError(Exception):
    """A suppression was refused; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """A suppression: see alerts.suppression_tables.SuppressionRow. conditions: None where they cannot be read."""

    suppression_id: str
    conditions: Conditions | None
    reason: str
    author: str
    added_at: datetime
    expires_at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None
    revoked_by: str | None = None
    revoked_at: datetime | None = None
    revoke_reason: str | None = None

    def state(self, now: datetime) -> SuppressionState:
        """Return whether it suppresses at `now`, in one word: only a live one does."""
        if self.revoked_at is not None:
            return "revoked"
        if self.conditions is None:
            return "broken"
        if now >= self.expires_at:
            return "expired"
        return "live" if self.approved_at is not None and now >= self.approved_at else "proposed"

    def ending(self, now: datetime) -> bool:
        """Return whether it is live and soon is not."""
        return self.state(now) == "live" and now >= self.expires_at - SOON


@dataclass(frozen=True, slots=True)
class Suppressor:
    """The suppressions that are live, the first approved first. members: staff ids by unit, as its conditions name units."""

    live: Sequence[Suppression] = ()
    members: Mapping[str, Collection[str]] = field(default_factory=dict)

    def by(self, detector: str, record: FindingRecord) -> str | None:
        """Return the suppression of a finding, None where there is none."""
        for one in self.live:
            if one.conditions is not None and one.conditions.fits(detector, record, self.members):
                return one.suppression_id
        return None


def add(
    conn: Connection, wanted: Conditions, *, by: str, reason: str, expires_at: datetime, now: datetime
) -> Suppression:
    """Propose a suppression and return it: it suppresses nothing until another person approves it. Raises SuppressionError."""
    _words(by=by, reason=reason)
    if not now < expires_at <= now + LONGEST:
        raise SuppressionError(
            f"it must expire after now and within {LONGEST.days} days: choose another --expires"
        )
    made = Suppression(
        suppression_id=new_suppression_id(),
        conditions=wanted,
        reason=reason.strip(),
        author=by.strip(),
        added_at=now,
        expires_at=expires_at,
    )
    values = {one.name: getattr(made, one.name) for one in fields(Suppression)} | {
        "conditions": wanted.entry()
    }
    conn.execute(insert(SuppressionRow).values(values))
    told = {"conditions": wanted.entry(), "reason": made.reason, "expires_at": expires_at.isoformat()}
    _remember(conn, made.suppression_id, now, made.author, "added", told)
    return made


def approve(conn: Connection, suppression_id: str, *, by: str, now: datetime) -> Suppression:
    """Have a suppression count from now on; who approves is not who proposed it. Raises SuppressionError."""
    _words(by=by)
    found = _read(conn, suppression_id)
    if found.state(now) != "proposed":
        raise SuppressionError(
            f"{found.suppression_id} is {found.state(now)}: only a proposed one can be approved"
        )
    if by.strip().casefold() == found.author.casefold():
        raise SuppressionError(f"{by.strip()} proposed it: another person has to approve it")
    return _change(conn, found, now, by.strip(), "approved", {}, approved_by=by.strip(), approved_at=now)


def revoke(conn: Connection, suppression_id: str, *, by: str, reason: str, now: datetime) -> Suppression:
    """End a suppression at once; what it alone kept back becomes alerts. Raises SuppressionError."""
    _words(by=by, reason=reason)
    found = _read(conn, suppression_id)
    if found.revoked_at is not None:
        raise SuppressionError(f"{found.suppression_id} is already revoked: nothing is left to do")
    ended = {"revoked_by": by.strip(), "revoked_at": now, "revoke_reason": reason.strip()}
    return _change(conn, found, now, by.strip(), "revoked", {"reason": reason.strip()}, **ended)


def list_suppressions(conn: Connection) -> tuple[Suppression, ...]:
    """Return every suppression there ever was, the newest first."""
    query = select(SuppressionRow.__table__).order_by(
        SuppressionRow.added_at.desc(), SuppressionRow.suppression_id
    )
    return tuple(_suppression(dict(row._mapping)) for row in conn.execute(query))


def live_suppressions(conn: Connection, now: datetime) -> tuple[Suppression, ...]:
    """Return those that suppress at `now`, the first approved first."""
    found = [one for one in list_suppressions(conn) if one.state(now) == "live"]
    return tuple(sorted(found, key=lambda one: (one.approved_at or now, one.suppression_id)))


def suppressed_counts(conn: Connection) -> dict[str, int]:
    """Return how many findings that follow from the data each suppression keeps back now."""
    query = (
        select(FindingRow.suppressed_by, func.count())
        .where(FindingRow.state == "active", FindingRow.suppressed_by.is_not(None))
        .group_by(FindingRow.suppressed_by)
    )
    return {str(name): number for name, number in conn.execute(query)}


def warnings(conn: Connection, now: datetime) -> list[str]:
    """Return what somebody should look at: suppressions that end soon, have ended unrevoked, or cannot be read. Nobody's name."""
    said = []
    for one in list_suppressions(conn):
        day = f"{one.expires_at:%Y-%m-%d}"
        if one.ending(now):
            said.append(
                f"suppression {one.suppression_id} ends on {day}: what it keeps back becomes alerts then"
            )
        elif one.state(now) == "expired" and one.approved_at is not None:
            said.append(
                f"suppression {one.suppression_id} ended on {day}: revoke it, or have another approved"
            )
        elif one.state(now) == "broken":
            said.append(f"suppression {one.suppression_id} cannot be read: it suppresses nothing")
    return said


def _change(
    conn: Connection,
    found: Suppression,
    now: datetime,
    actor: str,
    action: str,
    detail: dict[str, Any],
    **values: Any,
) -> Suppression:
    which = SuppressionRow.suppression_id == found.suppression_id
    conn.execute(update(SuppressionRow).where(which).values(values))
    _remember(conn, found.suppression_id, now, actor, action, detail)
    return _read(conn, found.suppression_id)


def _read(conn: Connection, suppression_id: str) -> Suppression:
    wanted = tidy_reference(suppression_id)
    query = select(SuppressionRow.__table__).where(SuppressionRow.suppression_id == wanted).with_for_update()
    row = conn.execute(query).one_or_none()
    if row is None:
        raise SuppressionError(f"there is no suppression {wanted}: `suppress list` shows every one")
    return _suppression(dict(row._mapping))


def _suppression(row: dict[str, Any]) -> Suppression:
    try:
        read: Conditions | None = conditions(row["conditions"])
    except ConditionError:
        read = None
    return Suppression(**{one.name: row[one.name] for one in fields(Suppression)} | {"conditions": read})


def _words(*, by: str, reason: str = "-") -> None:
    if not by.strip() or by.strip() == SYSTEM:
        raise SuppressionError("who acts must be a person: give a name with --by")
    if not reason.strip():
        raise SuppressionError("no reason is given: say in a sentence why the pattern is good")


def _remember(
    conn: Connection, suppression_id: str, at: datetime, actor: str, action: str, detail: dict[str, Any]
) -> None:
    entry = {"suppression_id": suppression_id, "at": at, "actor": actor, "action": action, "detail": detail}
    conn.execute(insert(SuppressionHistoryRow).values(entry))
