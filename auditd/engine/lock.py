"""One daemon per state: a second one on the same archive or database refuses to start.

The lock is the kernel's (or the server's) and goes with the process, however it ends; it must never need cleaning up.
A lock can be lost while its process lives, so every transaction that writes is fenced: it comes about only while the
lock is held, and whoever takes the lock next waits for those under way.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, TypedDict

from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError

from auditd.database import is_writing

_POSTGRES_KEY: Final = 0x6163_6365_7373_6175  # "accessau"
_FENCE_KEY: Final = _POSTGRES_KEY + 1
_NAME: Final = ".access-auditd.lock"
_ATTEMPTS: Final = 20
_PAUSE_SECONDS: Final = 0.1
_TAKE: Final = text("SELECT pg_try_advisory_lock(:key # hashtext(current_schema())::bigint)")
# Held by every transaction that writes, shared; by the next holder of the lock for a moment, alone.
_PASS_FENCE: Final = text("SELECT pg_advisory_xact_lock_shared(:fence # hashtext(current_schema())::bigint)")
_CLOSE_FENCE: Final = text("SELECT pg_advisory_lock(:fence # hashtext(current_schema())::bigint)")
_OPEN_FENCE: Final = text("SELECT pg_advisory_unlock(:fence # hashtext(current_schema())::bigint)")
_FENCE_PATIENCE: Final = "SET lock_timeout = '10s'"
_HOLDS: Final = text(
    "SELECT EXISTS (SELECT FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' AND granted "
    "AND pid = :pid AND backend_start = :began AND pg_locks.objsubid = 1 "
    "AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND ((classid::bigint << 32) | objid::bigint) = (:key # hashtext(current_schema())::bigint))"
)
_OWN: Final = text("SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()")
# Process ids are used again: the time at which it began says that it is the one.
_END: Final = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = :pid AND backend_start = :began"
)


class _Session(TypedDict):
    """A session on the server: its process there, and when that began."""

    pid: int
    began: datetime


class StateInUse(Exception):
    """Another process writes to this archive or database."""


class StateLock(AbstractContextManager["StateLock"]):
    """Holds the archive folder and the database for one writing process."""

    def __init__(self, root: Path, engine: Engine) -> None:
        self._root = root
        self._engine = engine
        self._files: dict[Path, int] = {}
        self._connection: Connection | None = None
        self._session: _Session | None = None

    def __enter__(self) -> StateLock:
        """Take the lock or raise StateInUse."""
        try:
            self._root.mkdir(mode=0o750, parents=True, exist_ok=True)
            self._lock_files()
            if self._on_server:
                self._lock_server()
            event.listen(self._engine, "begin", self._fence)
        except BaseException:
            self._release()
            raise
        return self

    @property
    def _on_server(self) -> bool:
        return self._engine.dialect.name == "postgresql"

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go."""
        self._release()

    def keep(self) -> bool:
        """Make sure that the lock is still held; return whether it had been lost and was taken again.

        A lock on a server goes with its session, and the session may end while the process lives: a restart of the
        server, a firewall, an administrator. A lock file may be deleted or replaced. After True, another process may
        have written in between: build anew from what is stored. Raises StateInUse when another process has the lock,
        DBAPIError when the server cannot be asked, OSError when the file system refuses.
        """
        replaced = not self._has_files()
        if replaced:
            self._let_files_go()
            try:
                self._lock_files()
            except BaseException:
                self._let_files_go()  # one that could not be locked must not count as held
                raise
        return self._keep_server() or replaced

    def _keep_server(self) -> bool:
        if not self._on_server:
            return False
        if self._connection is not None:
            try:
                self._connection.execute(text("SELECT 1"))
            except DBAPIError:
                self._drop_session()
            else:
                return False
        former = self._session
        try:
            self._lock_server(former)
        except BaseException:
            self._drop_session()
            raise
        return True

    def _fence(self, conn: Connection) -> None:
        """Let a transaction that writes begin only while the lock is held; OperationalError where it was lost."""
        if not is_writing(conn):
            return
        if self._on_server:
            if self._session is None:
                raise _lost()
            conn.execute(_PASS_FENCE, {"fence": _FENCE_KEY})
            if not conn.execute(_HOLDS, {"key": _POSTGRES_KEY, **self._session}).scalar_one():
                raise _lost()
        if not self._has_files():
            raise _lost()

    def _has_files(self) -> bool:
        """Whether the files that are locked are those at their paths: what another process would lock."""
        for path, descriptor in self._files.items():
            try:
                there, mine = path.stat(), os.fstat(descriptor)
            except FileNotFoundError:
                return False
            if (there.st_dev, there.st_ino) != (mine.st_dev, mine.st_ino):
                return False
        return bool(self._files)

    def _lock_files(self) -> None:
        self._lock_file(self._root / _NAME, "archive")
        if self._engine.dialect.name == "sqlite" and self._engine.url.database:
            self._lock_file(Path(f"{self._engine.url.database}.lock"), "database")

    def _lock_file(self, path: Path, what: str) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        self._files[path] = descriptor
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StateInUse(
                f"another process writes to this {what} (it holds {path}): stop it first"
            ) from None

    def _lock_server(self, former: _Session | None = None) -> None:
        """Take the lock on the server. former: our own session that was cut off, which the server may not know yet."""
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._connection = connection
        for attempt in range(_ATTEMPTS if former else 1):
            if attempt:
                connection.execute(_END, former)
                time.sleep(_PAUSE_SECONDS)
            if connection.execute(_TAKE, {"key": _POSTGRES_KEY}).scalar_one():
                self._wait_for_transactions(connection)
                pid, began = connection.execute(_OWN).one()
                self._session = {"pid": pid, "began": began}
                return
        raise StateInUse(
            "another process writes to this database (it holds its advisory lock): stop it first"
        )

    def _wait_for_transactions(self, connection: Connection) -> None:
        """Wait for what was begun under the lock before, by a process that lost it: none is begun any more."""
        connection.exec_driver_sql(_FENCE_PATIENCE)
        try:
            connection.execute(_CLOSE_FENCE, {"fence": _FENCE_KEY})
        except OperationalError as error:
            raise StateInUse(
                "a transaction of the process that wrote to this database before is still open: stop it first"
            ) from error
        connection.execute(_OPEN_FENCE, {"fence": _FENCE_KEY})

    def _let_files_go(self) -> None:
        for descriptor in self._files.values():
            os.close(descriptor)
        self._files = {}

    def _release(self) -> None:
        if event.contains(self._engine, "begin", self._fence):
            event.remove(self._engine, "begin", self._fence)
        self._let_files_go()
        if self._connection is not None:
            # The server notices that a session is gone only a moment later: unlock first, for the next to start at once.
            with suppress(DBAPIError):
                self._connection.execute(text("SELECT pg_advisory_unlock_all()"))
            self._drop_session()

    def _drop_session(self) -> None:
        """End the session, whatever state it is in."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(DBAPIError):
                # Out of the pool: a pooled session would keep the lock.
                if not connection.invalidated:
                    connection.detach()
                connection.close()


def _lost() -> OperationalError:
    return OperationalError("BEGIN", {}, Exception("the lock on the state was lost: nothing may be written"))
