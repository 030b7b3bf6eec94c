"""Transactions that fail, as a database makes them fail: in the middle, refused at their commit, or carried out with the
answer lost on its way.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import OperationalError


@contextmanager
def failing_commits(engine: Engine, *, answer_lost: bool = False, times: int = 1000) -> Iterator[None]:
    """Fail the next commits of transactions that may write; with `answer_lost` they come about all the same."""
    left = times

    def fail(conn: Connection) -> None:
        nonlocal left
        options = conn.get_execution_options()
        if left == 0 or options.get("access_auditd_reading") or options.get("postgresql_readonly"):
            return
        left -= 1
        if answer_lost:
            conn.connection.dbapi_connection.commit()
        raise OperationalError("COMMIT", {}, Exception("the connection is gone"))

    event.listen(engine, "commit", fail)
    try:
        yield
    finally:
        event.remove(engine, "commit", fail)


@contextmanager
def failing_statements(engine: Engine, *, beginning: str, times: int = 1) -> Iterator[None]:
    """Fail the next statements that begin so; their transactions are certainly undone."""
    left = times

    def fail(
        _conn: Connection, _cursor: object, statement: str, parameters: object, _context: object, _many: bool
    ) -> None:
        nonlocal left
        if left and statement.startswith(beginning):
            left -= 1
            raise OperationalError(statement, {}, Exception("the disk is full"))

    event.listen(engine, "before_cursor_execute", fail)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", fail)
