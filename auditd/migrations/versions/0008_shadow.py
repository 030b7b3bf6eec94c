"""Findings name the settings that judged them; runs in shadow, and the history of how detectors are run.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alerts.append_only import append_only_statements

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

HISTORY = "detector_history"


def upgrade() -> None:
    counter = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    for name in ("settings", "otherwise"):
        op.add_column("findings", sa.Column(name, sa.String(length=64), nullable=True))
    op.create_table(
        "shadow_runs",
        sa.Column("run", sa.String(length=64), nullable=False),
        sa.Column("detector", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("settings", sa.String(length=64), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("pieces", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run", name=op.f("pk_shadow_runs")),
    )
    op.create_table(
        "shadow_findings",
        sa.Column("run", sa.String(length=64), nullable=False),
        sa.Column("finding_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("settings", sa.String(length=64), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("timestamp", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=True),
        sa.Column("subject_key", sa.Text(), nullable=True),
        sa.Column("outlet", sa.Text(), nullable=True),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("event_ids", sa.JSON(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("run", "finding_id", name=op.f("pk_shadow_findings")),
    )
    with op.batch_alter_table("shadow_findings", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_shadow_findings_run_timestamp"), ["run", "timestamp"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_shadow_findings_staff_id"), ["staff_id"], unique=False)
    op.create_table(
        HISTORY,
        sa.Column("entry", counter, autoincrement=True, nullable=False),
        sa.Column("run", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_detector_history")),
    )
    with op.batch_alter_table(HISTORY, schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_detector_history_run"), ["run"], unique=False)
    for statement in append_only_statements(HISTORY, op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    for table in (HISTORY, "shadow_findings", "shadow_runs"):
        op.drop_table(table)
    with op.batch_alter_table("findings", schema=None) as batch_op:
        for name in ("otherwise", "settings"):
            batch_op.drop_column(name)
