"""Opens the SQL database with the promises the rest relies on: durable commits, enforced keys, no upgrade deadlocks.

It must never create or migrate tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url

BUSY_SECONDS: Final = 30
_READING: Final = "access_auditd_reading"
_DRIVERS: Final = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
_PRAGMAS: Final = (
    f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA recursive_triggers = ON",  # else INSERT OR REPLACE slips past the append-only triggers
)


def open_database(url: str | URL) -> Engine:
    """Return an engine for a SQLite file or a PostgreSQL server; nothing is connected yet.

    `engine.begin()` is for transactions that may write: on SQLite they take the write lock at once (BEGIN IMMEDIATE),
    because a reader that turns writer half-way fails at once instead of waiting. To only read, use `reading`.
    Raises ValueError for any other kind of database.
    """
    parsed = make_url(url)
    driver = _DRIVERS.get(parsed.get_backend_name())
    if driver is None:
        raise ValueError(
            f"unsupported database {parsed.drivername!r}: use sqlite:///FILE or postgresql://USER@HOST/NAME"
        )
    if driver == "sqlite":
        engine = create_engine(parsed)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(parsed.set(drivername=driver), pool_pre_ping=True)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent snapshot that refuses writes and never makes a writer wait."""
    with engine.connect() as conn:
        if engine.dialect.name == "sqlite":
            with _query_only(conn.execution_options(**{_READING: True})):
                yield conn
            return
        conn.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with conn.begin():
            yield conn


def is_writing(conn: Connection) -> bool:
    """Whether a connection's transaction may write, as those of `engine.begin()` may."""
    options = conn.get_execution_options()
    reads = options.get(_READING) or options.get("postgresql_readonly")
    return not reads and options.get("isolation_level") != "AUTOCOMMIT"


@contextmanager
def _query_only(conn: Connection) -> Iterator[None]:
    with conn.begin():
        conn.exec_driver_sql("PRAGMA query_only = ON")
        try:
            yield
        finally:
            conn.exec_driver_sql("PRAGMA query_only = OFF")


def _prepare_sqlite(dbapi_connection: Any, _record: object) -> None:
    # The driver's own BEGIN comes too late (at the first write) and without IMMEDIATE: switch it off.
    dbapi_connection.isolation_level = None
    for pragma in _PRAGMAS:
        dbapi_connection.execute(pragma)


def _begin_sqlite(conn: Connection) -> None:
    reads = conn.get_execution_options().get(_READING, False)
    conn.exec_driver_sql("BEGIN DEFERRED" if reads else "BEGIN IMMEDIATE")
