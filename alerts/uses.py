"""The log of uses: who looked personal data up, for which permitted purpose, and why. For oversight.

It must never hold a use without a person, a purpose and a reason; what is in it can be neither changed nor deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, select

from alerts.models import UseRow
from alerts.vocabulary import PURPOSES, SYSTEM


class UseError(Exception):
    """A use was refused; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Use:
    """One use as stored: see alerts.models.UseRow."""

    entry: int
    at: datetime
    actor: str
    purpose: str
    reason: str
    action: str
    detail: Mapping[str, Any]


_COLUMNS = tuple(getattr(UseRow, field.name) for field in fields(Use))


def record_use(
    conn: Connection,
    *,
    action: str,
    detail: Mapping[str, Any],
    purpose: str,
    reason: str,
    by: str,
    now: datetime,
) -> None:
    """Write a use down; commit it before anything is shown. Raises UseError.

    action: what was done, in a word ("who"). detail: what was asked for, as JSON data. purpose: one of PURPOSES.
    """
    if not by.strip() or by.strip() == SYSTEM:
        raise UseError("who acts must be a person: give a name with --by")
    if purpose not in PURPOSES:
        raise UseError(f"{purpose!r} is no purpose: one of {', '.join(PURPOSES)}")
    if not reason.strip():
        raise UseError("reason is empty: say it in words")
    conn.execute(
        insert(UseRow).values(
            at=now,
            actor=by.strip(),
            purpose=purpose,
            reason=reason.strip(),
            action=action,
            detail=dict(detail),
        )
    )


def list_uses(
    conn: Connection,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    actor: str | None = None,
    action: str | None = None,
) -> tuple[Use, ...]:
    """Return the uses in [start, end) that match, the latest first."""
    where: list[ColumnElement[bool]] = []
    if start is not None:
        where.append(UseRow.at >= start)
    if end is not None:
        where.append(UseRow.at < end)
    exact = {UseRow.actor: actor, UseRow.action: action}
    where += [column == value for column, value in exact.items() if value is not None]
    query = select(*_COLUMNS).where(*where).order_by(UseRow.entry.desc())
    return tuple(Use(*row) for row in conn.execute(query))
