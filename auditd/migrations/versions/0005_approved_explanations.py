"""Approved explanations: patterns that people had count as a reason, and what was done to them.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alerts.append_only import append_only_statements

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

HISTORY = "approved_explanation_history"


def upgrade() -> None:
    counter = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "approved_explanations",
        sa.Column("approval_id", sa.String(length=16), nullable=False),
        sa.Column("pattern", sa.String(length=256), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("support", sa.BigInteger(), nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("excuses", sa.JSON(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoke_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("approval_id", name=op.f("pk_approved_explanations")),
        sa.UniqueConstraint("pattern", "version", name=op.f("uq_approved_explanations_pattern_version")),
    )
    op.create_table(
        HISTORY,
        sa.Column("entry", counter, autoincrement=True, nullable=False),
        sa.Column("approval_id", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["approval_id"],
            ["approved_explanations.approval_id"],
            name=op.f("fk_approved_explanation_history_approval_id_approved_explanations"),
        ),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_approved_explanation_history")),
    )
    with op.batch_alter_table(HISTORY, schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_approved_explanation_history_approval_id"), ["approval_id"], unique=False
        )
    op.create_table(
        "approvals_applied",
        sa.Column("entry", counter, autoincrement=False, nullable=False),
        sa.Column("detector", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("entry", "detector", name=op.f("pk_approvals_applied")),
    )
    for statement in append_only_statements(HISTORY, op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    for table in ("approvals_applied", HISTORY, "approved_explanations"):
        op.drop_table(table)
