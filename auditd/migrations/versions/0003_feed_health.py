"""Feed health: facts about deliveries, whom nobody knows by hour; which delivery brought a load, and half rows.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KINDS = ("delivered", "awaited", "refused", "unknown_people")


def upgrade() -> None:
    op.create_table(
        "feed_facts",
        sa.Column("fact_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("feed", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end", sa.DateTime(timezone=True), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            f"kind IN ({', '.join(repr(kind) for kind in KINDS)})", name=op.f("ck_feed_facts_kind")
        ),
        sa.PrimaryKeyConstraint("fact_id", name=op.f("pk_feed_facts")),
    )
    with op.batch_alter_table("feed_facts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_feed_facts_name_start"), ["name", "start"], unique=False)
        batch_op.create_index(batch_op.f("ix_feed_facts_start"), ["start"], unique=False)
    op.create_table(
        "source_people",
        sa.Column("source", sa.String(length=128), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counted", sa.BigInteger(), nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.Column("unknown", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "hour", name=op.f("pk_source_people")),
    )
    # Plain ALTERs: rows of other tables refer to this one, and it may be large.
    op.add_column(
        "reference_loads",
        sa.Column("delivery", sa.String(length=64), server_default=sa.text("''"), nullable=False),
    )
    op.add_column("reference_loads", sa.Column("unfinished_key", sa.String(length=64), nullable=True))
    op.add_column("reference_loads", sa.Column("notes", sa.Text(), nullable=True))
    op.create_index(op.f("ix_reference_loads_delivery_id"), "reference_loads", ["delivery", "id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_reference_loads_delivery_id"), "reference_loads")
    op.drop_column("reference_loads", "notes")
    op.drop_column("reference_loads", "unfinished_key")
    op.drop_column("reference_loads", "delivery")
    op.drop_table("source_people")
    op.drop_table("feed_facts")
