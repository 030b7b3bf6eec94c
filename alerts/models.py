"""Every SQL table of this package: import this module and `Base.metadata` knows them all.

It must never hold behaviour beyond constraints; history tables are append-only in the database itself.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from alerts.append_only import append_only
from alerts.tables import Base, JsonText, UtcDateTime
from alerts.vocabulary import ALERT_STATES, FINDING_STATES, PURPOSES

_COUNTER: Final = BigInteger().with_variant(Integer, "sqlite")


def _one_of(column: str, words: tuple[str, ...]) -> CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


class AuthorityRow(Base):
    """A permission to use contact lists. Lists are empty where the scope is not narrowed."""

    __tablename__ = "authorities"
    __table_args__ = (_one_of("purpose", tuple(PURPOSES)),)

    authority_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str] = mapped_column(Text)
    detectors: Mapped[list[str]] = mapped_column(JSON)
    outlets: Mapped[list[str]] = mapped_column(JSON)
    people: Mapped[list[str]] = mapped_column(JSON)
    events_from: Mapped[datetime] = mapped_column(UtcDateTime)
    events_to: Mapped[datetime] = mapped_column(UtcDateTime)
    granted_by: Mapped[str] = mapped_column(Text)
    granted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    review_by: Mapped[date]
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_by: Mapped[str | None] = mapped_column(Text)
    revoke_reason: Mapped[str | None] = mapped_column(Text)


class AuthorityHistoryRow(Base):
    """What was done to an authority, by whom, when. Append-only."""

    __tablename__ = "authority_history"

    entry: Mapped[int] = mapped_column(_COUNTER, primary_key=True)
    authority_id: Mapped[str] = mapped_column(ForeignKey(AuthorityRow.authority_id), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(String(32))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)


class AlertRow(Base):
    """Findings about one person and one concern, for people to judge.

    ordinal: how many alerts of this person and concern people had closed before it was opened. severity, the event
    times and the count are those of its active findings (of the last ones, when none is left); lead: the detector of the
    gravest, whose title and category it bears. score: points, with reasons (alerts.score.Contribution); score_basis: what
    they were given by. acted_at: when a person first did something with it. version: goes up with every change.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("concern", "person_key", "ordinal"),
        _one_of("state", ALERT_STATES),
        Index(None, "state", "severity"),
        Index(None, "state", "score"),
    )

    alert_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    concern: Mapped[str] = mapped_column(String(64))
    person_key: Mapped[str] = mapped_column(Text)
    ordinal: Mapped[int]
    staff_id: Mapped[str | None] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    lead: Mapped[str] = mapped_column(String(64), server_default="unknown")
    title: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(Text)
    severity: Mapped[int] = mapped_column(SmallInteger)
    score: Mapped[int] = mapped_column(server_default="0")
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JsonText, server_default="[]")
    score_basis: Mapped[str] = mapped_column(String(32), server_default="none")
    finding_count: Mapped[int]
    first_event_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_event_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(16))
    assignee: Mapped[str | None] = mapped_column(Text)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    acted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str | None] = mapped_column(String(64))
    category_closed: Mapped[str | None] = mapped_column(String(64))
    rationale: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int]


class Verdict:
    """The columns of a finding, stored as one of an alert or of a run in shadow; settings: a digest of what judged it."""

    version: Mapped[int]
    settings: Mapped[str | None] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(Text)
    timestamp: Mapped[datetime] = mapped_column(UtcDateTime)
    staff_id: Mapped[str | None] = mapped_column(Text, index=True)
    actor: Mapped[str] = mapped_column(Text)
    subject_type: Mapped[str | None] = mapped_column(Text)
    subject_key: Mapped[str | None] = mapped_column(Text)
    outlet: Mapped[str | None] = mapped_column(Text)
    severity: Mapped[int] = mapped_column(SmallInteger)
    event_ids: Mapped[list[str]] = mapped_column(JSON)
    facts: Mapped[str] = mapped_column(Text)


class FindingRow(Verdict, Base):
    """A detector's verdict as it stands now; a withdrawn one stays, with its reason.

    otherwise: a mark of the last verdict of another version or other settings that was noted and changed nothing.
    suppressed_by: the suppression that keeps it back from its alert.
    """

    __tablename__ = "findings"
    __table_args__ = (
        Index(None, "detector", "timestamp"),
        Index(None, "alert_id", "severity", "timestamp", "finding_id"),
        _one_of("state", FINDING_STATES),
    )

    finding_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    detector: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    withdrawn_reason: Mapped[str | None] = mapped_column(Text)
    otherwise: Mapped[str | None] = mapped_column(String(64))
    first_found_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    alert_id: Mapped[str] = mapped_column(ForeignKey(AlertRow.alert_id))
    suppressed_by: Mapped[str | None] = mapped_column(String(16), index=True)


class AlertHistoryRow(Base):
    """What happened to an alert, by whom (a person, or the daemon), when. Append-only."""

    __tablename__ = "alert_history"

    entry: Mapped[int] = mapped_column(_COUNTER, primary_key=True)
    alert_id: Mapped[str] = mapped_column(ForeignKey(AlertRow.alert_id), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(String(32))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)


class UseRow(Base):
    """One use of personal data by a person: what was done (`action`, with its `detail`), for what and why. Append-only."""

    __tablename__ = "use_log"
    __table_args__ = (_one_of("purpose", tuple(PURPOSES)),)

    entry: Mapped[int] = mapped_column(_COUNTER, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    actor: Mapped[str] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(String(32))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)


for _history in (AuthorityHistoryRow, AlertHistoryRow, UseRow):
    append_only(Base.metadata.tables[_history.__tablename__])
