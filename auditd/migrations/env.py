"""Runs revisions over the connection that auditd.migrations hands over."""

from __future__ import annotations

from alembic import context

from auditd.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
