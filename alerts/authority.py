"""Authorities: who may use contact lists, for what, over whom, until when. Without a live one, list detectors find nothing.

It must never extend or renew an authority: a new grant is a new decision by a named person.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection, insert, select, update

from alerts.identity import new_authority_id, tidy_reference
from alerts.models import AuthorityHistoryRow, AuthorityRow
from alerts.vocabulary import PURPOSES
from detectors.detector import all_detectors

AuthorityState = Literal["live", "expired", "revoked", "not yet"]

LONGEST: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a request: which field, what is wrong, what to do."""

    where: str
    problem: str
    hint: str

    def __str__(self) -> str:
        return f"{self.where}: {self.problem} ({self.hint})"


class AuthorityError(Exception):
    """An authority could not be granted or revoked; `faults` lists everything that is wrong, at once."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A permission. Empty `outlets` means all outlets, empty `people` (staff ids) all people.

    It covers events that happened in [events_from, events_to), and may be used in [granted_at, expires_at).
    """

    authority_id: str
    purpose: str
    reason: str
    detectors: tuple[str, ...]
    outlets: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    events_from: datetime
    events_to: datetime
    granted_by: str
    granted_at: datetime
    expires_at: datetime
    review_by: date
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    revoke_reason: str | None = None

    def state(self, now: datetime) -> AuthorityState:
        """Return whether it may be used at `now`, in one word."""
        if self.revoked_at is not None and now >= self.revoked_at:
            return "revoked"
        if now < self.granted_at:
            return "not yet"
        return "live" if now < self.expires_at else "expired"

    def live(self, now: datetime) -> bool:
        """Return whether it may be used at `now`."""
        return self.state(now) == "live"

    def covers(self, *, at: datetime, staff_id: str | None, outlet: str | None) -> bool:
        """Return whether its scope includes an event: when, whose, and with which outlet.

        A person or outlet that is not known is only covered where the scope is not narrowed to some.
        """
        return (
            self.events_from <= at < self.events_to
            and (not self.people or staff_id in self.people)
            and (not self.outlets or outlet in self.outlets)
        )


def grant(
    conn: Connection,
    *,
    purpose: str,
    reason: str,
    detectors: Collection[str],
    events_from: datetime,
    events_to: datetime,
    granted_by: str,
    granted_at: datetime,
    expires_at: datetime,
    review_by: date,
    outlets: Collection[str] = (),
    people: Collection[str] = (),
    known_detectors: Collection[str] | None = None,
) -> Authority:
    """Record a new authority and return it.

    known_detectors: the detectors that need one; any other name is a fault (None: names are not checked).
    Raises AuthorityError with every fault of the request.
    """
    authority = Authority(
        authority_id=new_authority_id(),
        purpose=purpose,
        reason=reason.strip(),
        detectors=tuple(sorted(set(detectors))),
        outlets=tuple(sorted(set(outlets))),
        people=tuple(sorted(set(people))),
        events_from=events_from,
        events_to=events_to,
        granted_by=granted_by.strip(),
        granted_at=granted_at,
        expires_at=expires_at,
        review_by=review_by,
    )
    faults = (*_time_faults(authority), *_scope_faults(authority, known_detectors))
    if faults:
        raise AuthorityError(faults)
    conn.execute(insert(AuthorityRow).values(asdict(authority)))
    _remember(conn, authority.authority_id, granted_at, authority.granted_by, "granted", _plain(authority))
    return authority


def revoke(conn: Connection, authority_id: str, *, by: str, reason: str, now: datetime) -> Authority:
    """End an authority at once and return it; findings made under it stay. Raises AuthorityError."""
    wanted = tidy_reference(authority_id)
    row = conn.execute(
        select(AuthorityRow.__table__).where(AuthorityRow.authority_id == wanted).with_for_update()
    ).one_or_none()
    faults = _words_faults(by=by, reason=reason)
    if row is None:
        faults.append(Fault("authority", f"there is no {wanted}", "`authority list` shows every one"))
    elif row.revoked_at is not None:
        faults.append(Fault("authority", f"{wanted} is already revoked", "nothing is left to do"))
    if faults or row is None:
        raise AuthorityError(tuple(faults))
    ended = {"revoked_at": now, "revoked_by": by.strip(), "revoke_reason": reason.strip()}
    conn.execute(update(AuthorityRow).where(AuthorityRow.authority_id == wanted).values(ended))
    _remember(conn, wanted, now, by.strip(), "revoked", {"reason": reason.strip()})
    return _authority({**row._mapping, **ended})


def list_authorities(conn: Connection) -> tuple[Authority, ...]:
    """Return every authority there ever was, newest grant first."""
    query = select(AuthorityRow.__table__).order_by(AuthorityRow.granted_at.desc(), AuthorityRow.authority_id)
    return tuple(_authority(dict(row._mapping)) for row in conn.execute(query))


def live_authorities(conn: Connection, detector: str, now: datetime) -> tuple[Authority, ...]:
    """Return the authorities under which `detector` may run at `now`."""
    return tuple(a for a in list_authorities(conn) if detector in a.detectors and a.live(now))


def _authority(row: dict[str, Any]) -> Authority:
    lists = {name: tuple(row[name]) for name in ("detectors", "outlets", "people")}
    return Authority(**{field.name: row[field.name] for field in fields(Authority)} | lists)


def _remember(
    conn: Connection, authority_id: str, at: datetime, actor: str, action: str, detail: dict[str, Any]
) -> None:
    entry = {"authority_id": authority_id, "at": at, "actor": actor, "action": action, "detail": detail}
    conn.execute(insert(AuthorityHistoryRow).values(entry))


def _plain(authority: Authority) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in asdict(authority).items()
        if value is not None
    }


def _words_faults(*, by: str, reason: str) -> list[Fault]:
    faults = []
    if not by.strip():
        faults.append(Fault("by", "is empty", "name the person who decides"))
    if not reason.strip():
        faults.append(Fault("reason", "is empty", "say why it is necessary, in a sentence"))
    return faults


def _scope_faults(authority: Authority, known_detectors: Collection[str] | None) -> list[Fault]:
    faults = _words_faults(by=authority.granted_by, reason=authority.reason)
    if authority.purpose not in PURPOSES:
        faults.append(
            Fault("purpose", f"{authority.purpose!r} is not permitted", f"one of {', '.join(PURPOSES)}")
        )
    if not authority.detectors:
        faults.append(Fault("detectors", "none is named", "name each detector that may run"))
    if known_detectors is not None:
        hint = f"one of {', '.join(sorted(known_detectors))}"
        strangers = [name for name in authority.detectors if name not in known_detectors]
        faults += [
            Fault("detectors", f"{name!r} needs no authority or does not exist", hint) for name in strangers
        ]
    unnamed = sorted(name for name in authority.detectors if name in _by_name() and not authority.outlets)
    faults += [
        Fault("outlets", f"name no list for {name}", "name each watch-list as an outlet") for name in unnamed
    ]
    for where, values in (("outlets", authority.outlets), ("people", authority.people)):
        if any(not value.strip() for value in values):
            faults.append(
                Fault(where, "holds a blank entry", "leave the list empty for all, or name each one")
            )
    return faults


def _by_name() -> frozenset[str]:
    """Return the detectors whose lists an authority has to name."""
    return frozenset(name for name, one in all_detectors().items() if one.about.lists_by_name)


def _time_faults(authority: Authority) -> list[Fault]:
    times = {
        name: getattr(authority, name) for name in ("events_from", "events_to", "granted_at", "expires_at")
    }
    naive = [name for name, time in times.items() if time.tzinfo is None]
    if naive:  # the comparisons below would fail
        return [Fault(name, "has no time zone", "add one, for example +00:00") for name in naive]
    faults = []
    if authority.events_to <= authority.events_from:
        faults.append(Fault("events_to", "is not after events_from", "give the events it covers as from, to"))
    if authority.expires_at <= authority.granted_at:
        faults.append(Fault("expires_at", "is not after the grant", "give a time in the future"))
    elif authority.expires_at > authority.granted_at + LONGEST:
        faults.append(Fault("expires_at", "is more than a year after the grant", "grant less and review it"))
    if authority.review_by > authority.expires_at.date():
        faults.append(Fault("review_by", "is after the authority expires", "review it before it ends"))
    if authority.review_by < authority.granted_at.date():
        faults.append(Fault("review_by", "is before the grant", "give a date in the future"))
    return faults
