"""The log of uses: who looked personal data up, for which purpose, and why.

Revision ID: 0004
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alerts.append_only import append_only_statements

revision = "0004"
down_revision = "0002"
branch_labels = None
depends_on = None

PURPOSES = ("verify_lawfulness", "self_monitoring", "integrity_security", "criminal_proceedings")


def upgrade() -> None:
    op.create_table(
        "use_log",
        sa.Column(
            "entry",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            f"purpose IN ({', '.join(repr(purpose) for purpose in PURPOSES)})",
            name=op.f("ck_use_log_purpose"),
        ),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_use_log")),
    )
    with op.batch_alter_table("use_log", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_use_log_at"), ["at"], unique=False)
    for statement in append_only_statements("use_log", op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("use_log")
