"""Makes a table append-only in the database itself: UPDATE, DELETE and TRUNCATE are refused by triggers.

It must never be the only defence: whoever owns the database can drop a trigger. The ledger shows that it happened.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, Table, event, text

_REFUSAL: Final = """
CREATE OR REPLACE FUNCTION access_auditd_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP;
END $body$
"""


def append_only_statements(table: str, dialect: str) -> tuple[str, ...]:
    """Return the SQL that makes `table` append-only on "sqlite" or "postgresql", for migrations to execute."""
    if dialect == "sqlite":
        return tuple(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only: {verb} refused'); END"
            for verb in ("UPDATE", "DELETE")
        )
    call = "EXECUTE FUNCTION access_auditd_refuse_change()"
    return (
        _REFUSAL,
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW {call}",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {call}",
    )


def append_only(table: Table) -> None:
    """Attach the triggers to the table, so that `create_all` makes them with it."""

    def create_triggers(_table: Table, conn: Connection, **_: object) -> None:
        for statement in append_only_statements(table.name, conn.dialect.name):
            conn.execute(text(statement))

    event.listen(table, "after_create", create_triggers)
