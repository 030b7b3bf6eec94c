"""Runs revisions over the connection that auditd.migrations hands over."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from alerts.tables import UtcDateTime
from auditd.tables import Base


def plain_times(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Write our time type as what it is in SQL, so that a revision never imports code that may change."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=plain_times,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
