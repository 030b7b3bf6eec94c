"""Approvals of explanations: who had which pattern count as a reason, why, on what evidence, until when.

It must never approve by itself, nor change what was approved: another approval is another version.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, or_, select, update

from alerts.approval_tables import ApprovalHistoryRow, ApprovalRow
from alerts.identity import new_approval_id, tidy_reference
from alerts.models import AlertRow, FindingRow
from alerts.vocabulary import MISUSE_OUTCOMES
from detectors.patterns import Approved, Pattern, parse


class ApprovalError(Exception):
    """An approval or a revocation was refused; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A pattern approved as an explanation: see alerts.approval_tables.ApprovalRow."""

    approval_id: str
    pattern: str
    version: int
    reason: str
    support: int
    share: float
    excuses: tuple[str, ...]
    approved_by: str
    approved_at: datetime
    revoked_by: str | None = None
    revoked_at: datetime | None = None
    revoke_reason: str | None = None


@dataclass(frozen=True, slots=True)
class KnownMisuse:
    """Look-ups behind an alert that was closed as misuse: the alert, and the ids of the events its findings rest on."""

    alert_id: str
    event_ids: frozenset[str]


def approve(
    conn: Connection,
    pattern: Pattern,
    *,
    by: str,
    reason: str,
    now: datetime,
    support: int,
    share: float,
    excuses: Collection[str],
    despite_misuse: bool = False,
) -> Approval:
    """Record that a pattern counts as an explanation from now, and return the approval.

    support, share: what it takes away of how much, as shown to the approver. excuses: alerts closed as misuse that it
    would excuse; with any, `despite_misuse` must be said. Raises ApprovalError.
    """
    _words(by=by, reason=reason)
    if excuses and not despite_misuse:
        raise ApprovalError(
            f"the pattern would excuse known misuse ({', '.join(sorted(excuses))}): choose a narrower one, or repeat with "
            "--despite-misuse, which is kept with the approval"
        )
    text = str(pattern)
    rows = conn.execute(
        select(ApprovalRow.approval_id, ApprovalRow.version, ApprovalRow.revoked_at).where(
            ApprovalRow.pattern == text
        )
    ).all()
    if standing := [row.approval_id for row in rows if row.revoked_at is None]:
        raise ApprovalError(f"the pattern is approved already, as {standing[0]}: nothing is left to do")
    approval = Approval(
        approval_id=new_approval_id(),
        pattern=text,
        version=1 + max((row.version for row in rows), default=0),
        reason=reason.strip(),
        support=support,
        share=share,
        excuses=tuple(sorted(excuses)),
        approved_by=by.strip(),
        approved_at=now,
    )
    values = {field.name: getattr(approval, field.name) for field in fields(Approval)}
    conn.execute(insert(ApprovalRow).values(values | {"excuses": list(approval.excuses)}))
    shown = {
        "pattern": text, "version": approval.version, "reason": approval.reason, "support": support, "share": share,
        "excuses": list(approval.excuses),
    }  # fmt: skip
    _remember(conn, approval.approval_id, now, approval.approved_by, "approved", shown)
    return approval


def revoke(conn: Connection, approval_id: str, *, by: str, reason: str, now: datetime) -> Approval:
    """End an approval at once and return it; what the pattern alone explained is found again. Raises ApprovalError."""
    _words(by=by, reason=reason)
    wanted = tidy_reference(approval_id)
    row = conn.execute(
        select(ApprovalRow.__table__).where(ApprovalRow.approval_id == wanted).with_for_update()
    ).one_or_none()
    if row is None:
        raise ApprovalError(f"there is no approval {wanted}: `explain list` shows every one")
    if row.revoked_at is not None:
        raise ApprovalError(f"{wanted} is already revoked: nothing is left to do")
    ended = {"revoked_at": now, "revoked_by": by.strip(), "revoke_reason": reason.strip()}
    conn.execute(update(ApprovalRow).where(ApprovalRow.approval_id == wanted).values(ended))
    _remember(conn, wanted, now, by.strip(), "revoked", {"reason": reason.strip()})
    return _approval({**row._mapping, **ended})


def list_approvals(conn: Connection) -> tuple[Approval, ...]:
    """Return every approval there ever was, the newest first."""
    query = select(ApprovalRow.__table__).order_by(ApprovalRow.approved_at.desc(), ApprovalRow.approval_id)
    return tuple(_approval(dict(row._mapping)) for row in conn.execute(query))


def approved(conn: Connection, *, known_on: datetime | None = None) -> tuple[Approved, ...]:
    """Return the patterns that count now, or counted at `known_on`, the first approved first."""
    query = select(ApprovalRow.approval_id, ApprovalRow.pattern).order_by(
        ApprovalRow.approved_at, ApprovalRow.approval_id
    )
    if known_on is None:
        query = query.where(ApprovalRow.revoked_at.is_(None))
    else:
        unended = or_(ApprovalRow.revoked_at.is_(None), ApprovalRow.revoked_at > known_on)
        query = query.where(ApprovalRow.approved_at <= known_on, unended)
    return tuple(Approved(row.approval_id, parse(row.pattern)) for row in conn.execute(query))


def last_entry(conn: Connection) -> int:
    """Return the number of the latest entry of the history, 0 where there is none: it tells that something changed."""
    return int(conn.execute(select(func.max(ApprovalHistoryRow.entry))).scalar() or 0)


def known_misuse(conn: Connection) -> tuple[KnownMisuse, ...]:
    """Return the look-ups and contacts behind every alert that people closed as misuse."""
    query = (
        select(AlertRow.alert_id, FindingRow.event_ids)
        .join(FindingRow, FindingRow.alert_id == AlertRow.alert_id)
        .where(AlertRow.state == "closed", AlertRow.outcome.in_(MISUSE_OUTCOMES))
        .order_by(AlertRow.alert_id)
    )
    events: dict[str, set[str]] = {}
    for alert_id, event_ids in conn.execute(query):
        events.setdefault(alert_id, set()).update(event_ids)
    return tuple(KnownMisuse(alert_id, frozenset(ids)) for alert_id, ids in events.items())


def _words(*, by: str, reason: str) -> None:
    if not by.strip():
        raise ApprovalError("nobody is named: say with --by who decides")
    if not reason.strip():
        raise ApprovalError("no reason is given: say in a sentence why the pattern is work")


def _approval(row: dict[str, Any]) -> Approval:
    return Approval(
        **{field.name: row[field.name] for field in fields(Approval)} | {"excuses": tuple(row["excuses"])}
    )


def _remember(
    conn: Connection, approval_id: str, at: datetime, actor: str, action: str, detail: dict[str, Any]
) -> None:
    entry = {"approval_id": approval_id, "at": at, "actor": actor, "action": action, "detail": detail}
    conn.execute(insert(ApprovalHistoryRow).values(entry))
