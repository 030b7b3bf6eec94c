"""Gaps: facts with their history, volumes by hour, hashes of what was read, runs of the daemon.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alerts.append_only import append_only_statements

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KINDS = ("silent", "missing_files", "lost", "shrunk", "edited", "backwards", "wrong_format", "down")
STATES = ("open", "ended", "filled")
HISTORIES = ("gap_history",)


def upgrade() -> None:
    op.create_table(
        "gaps",
        sa.Column("gap_id", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("filled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.CheckConstraint(f"kind IN ({_listed(KINDS)})", name=op.f("ck_gaps_kind")),
        sa.CheckConstraint(f"state IN ({_listed(STATES)})", name=op.f("ck_gaps_state")),
        sa.PrimaryKeyConstraint("gap_id", name=op.f("pk_gaps")),
    )
    with op.batch_alter_table("gaps", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_gaps_source_kind_start"), ["source", "kind", "start"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_gaps_start"), ["start"], unique=False)

    op.create_table(
        "gap_history",
        sa.Column(
            "entry",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("gap_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["gap_id"], ["gaps.gap_id"], name=op.f("fk_gap_history_gap_id_gaps")),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_gap_history")),
    )
    with op.batch_alter_table("gap_history", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_gap_history_gap_id"), ["gap_id"], unique=False)

    op.create_table(
        "source_hours",
        sa.Column("source", sa.String(length=128), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("minutes", sa.BigInteger(), nullable=False),
        sa.Column("first_read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delay_seconds", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "hour", name=op.f("pk_source_hours")),
    )
    op.create_table(
        "file_blocks",
        sa.Column("file", sa.String(length=32), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("file", "offset", name=op.f("pk_file_blocks")),
    )
    op.create_table(
        "runs",
        sa.Column(
            "run_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("alive_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_runs")),
    )
    for table in HISTORIES:
        for statement in append_only_statements(table, op.get_bind().dialect.name):
            op.execute(statement)


def downgrade() -> None:
    for table in ("runs", "file_blocks", "source_hours", "gap_history", "gaps"):
        op.drop_table(table)


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)
