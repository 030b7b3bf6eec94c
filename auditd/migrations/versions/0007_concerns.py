"""Alerts by concern, with a score; suppressions. Alerts of several detectors about one person and one concern become one.

What nobody acted on is gathered in a new alert; what somebody acted on keeps its reference, findings and history.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from alerts.append_only import append_only_statements
from alerts.identity import alert_id

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# As they were when alerts were of one detector each; whatever else there may be keeps a concern of its own.
CONCERNS = {
    "after_access_end": "account",
    "colleague_lookup": "look-ups",
    "curiosity_surge": "record",
    "family_or_address_lookup": "look-ups",
    "feed_stale": "data",
    "lookup_then_contact": "media",
    "media_contact": "media",
    "off_duty_lookup": "look-ups",
    "own_investigation_lookup": "look-ups",
    "self_lookup": "look-ups",
    "simultaneous_use": "account",
    "source_silent": "data",
    "unlinked_lookup": "look-ups",
}
HISTORY = "suppression_history"
GRAVEST = "ix_findings_alert_id_severity_timestamp_finding_id"
SYSTEM = "access-auditd"
GATHERED = "gathered in another alert"
TABLES = ("alerts", "findings", "alert_history")
Tables = Mapping[str, sa.Table]
AUTOMATIC = ("explained late", "found to concern someone else")


def upgrade() -> None:
    # Columns are added as they are, with a default: SQLite would copy the table, which histories refer to.
    op.add_column("alerts", sa.Column("lead", sa.String(length=64), server_default="unknown", nullable=False))
    op.add_column("alerts", sa.Column("score", sa.Integer(), server_default="0", nullable=False))
    op.add_column("alerts", sa.Column("reasons", sa.Text(), server_default="[]", nullable=False))
    op.add_column(
        "alerts", sa.Column("score_basis", sa.String(length=32), server_default="none", nullable=False)
    )
    op.create_index(op.f("ix_alerts_state_score"), "alerts", ["state", "score"], unique=False)
    op.add_column("findings", sa.Column("suppressed_by", sa.String(length=16), nullable=True))
    op.create_index(op.f("ix_findings_suppressed_by"), "findings", ["suppressed_by"], unique=False)
    op.drop_index(op.f("ix_findings_alert_id"), table_name="findings")
    op.create_index(
        op.f(GRAVEST), "findings", ["alert_id", "severity", "timestamp", "finding_id"], unique=False
    )
    _suppressions()
    op.execute(sa.text("UPDATE alerts SET lead = concern"))
    _gather(op.get_bind())


def _suppressions() -> None:
    op.create_table(
        "suppressions",
        sa.Column("suppression_id", sa.String(length=16), nullable=False),
        sa.Column("conditions", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoke_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("suppression_id", name=op.f("pk_suppressions")),
    )
    op.create_table(
        HISTORY,
        sa.Column(
            "entry", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("suppression_id", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["suppression_id"],
            ["suppressions.suppression_id"],
            name=op.f("fk_suppression_history_suppression_id_suppressions"),
        ),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_suppression_history")),
    )
    op.create_index(op.f("ix_suppression_history_suppression_id"), HISTORY, ["suppression_id"], unique=False)
    for statement in append_only_statements(HISTORY, op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table(HISTORY)
    op.drop_table("suppressions")
    op.drop_index(op.f("ix_findings_suppressed_by"), table_name="findings")
    op.drop_column("findings", "suppressed_by")
    op.drop_index(op.f(GRAVEST), table_name="findings")
    op.create_index(op.f("ix_findings_alert_id"), "findings", ["alert_id"], unique=False)
    op.drop_index(op.f("ix_alerts_state_score"), table_name="alerts")
    for name in ("score_basis", "reasons", "score", "lead"):
        op.drop_column("alerts", name)


def _gather(conn: sa.Connection) -> None:
    """Bring the alerts of each person under their concerns."""
    tables = {name: sa.Table(name, sa.MetaData(), autoload_with=conn) for name in TABLES}
    alerts = tables["alerts"]
    groups: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in conn.execute(sa.select(alerts).order_by(alerts.c.opened_at, alerts.c.alert_id)):
        if row.concern in CONCERNS:
            groups[CONCERNS[row.concern], row.person_key].append(row)
    for (concern, _person), rows in sorted(groups.items()):
        _gather_one(conn, tables, concern, rows)


def _gather_one(conn: sa.Connection, tables: Tables, concern: str, rows: list[Any]) -> None:
    alerts = tables["alerts"]
    acted = [row for row in rows if row.acted_at is not None]
    # What people closed comes first, as the ordinal counts it; what they have in hand follows, the latest last.
    acted.sort(key=lambda row: (row.state != "closed", row.opened_at, row.alert_id))
    for ordinal, row in enumerate(acted):
        moved = {"concern": concern, "ordinal": ordinal}
        conn.execute(sa.update(alerts).where(alerts.c.alert_id == row.alert_id).values(moved))
    if left := [row for row in rows if row.acted_at is None]:
        in_hand = [row for row in acted if row.state != "closed"]
        home = in_hand[-1].alert_id if in_hand else _open(conn, alerts, concern, len(acted), left)
        _move(conn, tables, left, home, new=not in_hand)


def _open(conn: sa.Connection, alerts: sa.Table, concern: str, ordinal: int, left: list[Any]) -> str:
    """Open the alert that gathers what nobody acted on; the daemon appraises it when it starts."""
    gravest = max(left, key=lambda row: (row.finding_count > 0, row.severity))
    closed = all(row.state == "closed" for row in left)
    values = dict(gravest._mapping) | {
        "alert_id": alert_id(concern, gravest.person_key, ordinal),
        "concern": concern,
        "ordinal": ordinal,
        "first_event_at": min(row.first_event_at for row in left),
        "last_event_at": max(row.last_event_at for row in left),
        "finding_count": sum(row.finding_count for row in left),
        "state": "closed" if closed else "open",
        "outcome": gravest.outcome if closed else None,
        "closed_at": gravest.closed_at if closed else None,
        "opened_at": min(row.opened_at for row in left),
        "version": 1,
    }
    conn.execute(sa.insert(alerts).values(values))
    return str(values["alert_id"])


def _move(conn: sa.Connection, tables: Tables, left: list[Any], home: str, *, new: bool) -> None:
    alerts, findings = tables["alerts"], tables["findings"]
    now = datetime.now(UTC)
    gathered, entries = [], []
    for row in left:
        mine = findings.c.alert_id == row.alert_id
        ids = sorted(conn.execute(sa.select(findings.c.finding_id).where(mine)).scalars())
        conn.execute(sa.update(findings).where(mine).values(alert_id=home))
        ended = {
            "state": "closed",
            "outcome": GATHERED,
            "closed_at": row.closed_at or now,
            "finding_count": 0,
        }
        changed = {"version": row.version + 1}
        conn.execute(sa.update(alerts).where(alerts.c.alert_id == row.alert_id).values(ended | changed))
        entries.append((row.alert_id, "moved out", [{"finding_id": name, "to": home} for name in ids]))
        gathered += [{"finding_id": name, "from": row.alert_id} for name in ids]
    entries.append((home, "opened" if new else "moved in", gathered))
    told = [
        {"alert_id": alert, "at": now, "actor": SYSTEM, "action": action, "detail": {"findings": found}}
        for alert, action, found in entries
    ]
    conn.execute(sa.insert(tables["alert_history"]), told)
