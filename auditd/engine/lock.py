"""One daemon per state: a second one on the same archive or database refuses to start.

The lock is the kernel's (or the server's) and goes with the process, however it ends; it must never need cleaning up.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

_POSTGRES_KEY: Final = 0x6163_6365_7373_6175  # "accessau"
_NAME: Final = ".access-auditd.lock"


class StateInUse(Exception):
    """Another process writes to this archive or database."""


class StateLock(AbstractContextManager["StateLock"]):
    """Holds the archive folder and the database for one writing process."""

    def __init__(self, root: Path, engine: Engine) -> None:
        self._root = root
        self._engine = engine
        self._descriptors: list[int] = []
        self._connection: Connection | None = None

    def __enter__(self) -> StateLock:
        """Take the lock or raise StateInUse."""
        try:
            self._root.mkdir(mode=0o750, parents=True, exist_ok=True)
            self._lock_file(self._root / _NAME, "archive")
            if self._engine.dialect.name == "sqlite" and self._engine.url.database:
                self._lock_file(Path(f"{self._engine.url.database}.lock"), "database")
            elif self._engine.dialect.name == "postgresql":
                self._lock_server()
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go."""
        self._release()

    def _lock_file(self, path: Path, what: str) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        self._descriptors.append(descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StateInUse(
                f"another process writes to this {what} (it holds {path}): stop it first"
            ) from None

    def _lock_server(self) -> None:
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._connection = connection
        schema_key = text("SELECT pg_try_advisory_lock(:key # hashtext(current_schema())::bigint)")
        if not connection.execute(schema_key, {"key": _POSTGRES_KEY}).scalar_one():
            raise StateInUse(
                "another process writes to this database (it holds its advisory lock): stop it first"
            )

    def _release(self) -> None:
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors = []
        if self._connection is not None:
            # The server notices that a session is gone only a moment later: unlock first, for the next to start at once.
            with suppress(DBAPIError):
                self._connection.execute(text("SELECT pg_advisory_unlock_all()"))
            if not self._connection.invalidated:  # the server was away: its session, and the lock, ended then
                self._connection.detach()  # out of the pool: a pooled session would keep the lock
            self._connection.close()
            self._connection = None
