"""The real command in processes that die at a named moment, as by SIGKILL: run as a script, driven by `dying.Launcher`.

Nothing of the product is changed. What it does to the disk is seen through audit hooks and around os.fsync, what it
does to the database through SQLAlchemy's own events and around the driver's commit. Every request is a fork of one process
that has imported what survives a fork (polars has threads from its import on), so that a life starts sooner.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import alembic.command
import phonenumbers
import prometheus_client
import psycopg
import pydantic
import pyinotify
import rich.console
import structlog
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.default import DefaultDialect

import auditd.cli

WARM = (
    alembic.command,
    phonenumbers,
    prometheus_client,
    psycopg,
    pydantic,
    pyinotify,
    rich.console,
    structlog,
)
assert "polars" not in sys.modules

WRITES = re.compile(r"\s*(INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+\"?(\w+)", re.IGNORECASE)
# A transaction is named after the first of these tables it has written to.
TABLES = ("retired segments", "segments", "reference_loads", "findings", "judged", "files", "dirty_spans")


class Moments:
    """Counts named moments; at the chosen one the process is no more."""

    def __init__(self, root: str, die_at: tuple[str, int] | None, report: int) -> None:
        self._root = root
        self._die_at = die_at
        self._report = report
        self._seen: Counter[str] = Counter()
        self._written: dict[int, set[str]] = {}

    def reached(self, name: str) -> None:
        self._seen[name] += 1
        if self._die_at is None:
            os.write(self._report, f"{name}\n".encode())
        elif self._die_at == (name, self._seen[name]):
            os.write(self._report, f"{name}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)  # another thread may be told first

    def watch(self) -> None:
        sys.addaudithook(self._audit)
        self._around(os, "fsync", self._fsync)
        event.listen(Engine, "begin", lambda conn: self._begin(conn))
        event.listen(Engine, "after_cursor_execute", self._statement)
        event.listen(Engine, "commit", lambda conn: self._before_commit(conn))
        self._around(DefaultDialect, "do_commit", self._commit)

    @staticmethod
    def _around(owner: Any, name: str, wrap: Callable[..., Any]) -> None:
        original = getattr(owner, name)
        setattr(owner, name, lambda *arguments: wrap(original, *arguments))

    def _audit(self, what: str, arguments: tuple[Any, ...]) -> None:
        if what in ("os.rename", "os.remove", "os.mkdir") and str(arguments[0]).startswith(self._root):
            self.reached(f"before {what.removeprefix('os.')}")
        elif what == "open" and str(arguments[0]).endswith(".part"):
            self.reached("before open of a part")

    def _fsync(self, original: Callable[[int], None], descriptor: int) -> None:
        kind = "folder" if Path(f"/proc/self/fd/{descriptor}").is_dir() else "file"
        self.reached(f"before fsync of a {kind}")
        original(descriptor)
        self.reached(f"after fsync of a {kind}")

    def _begin(self, conn: Connection) -> None:
        self._written[id(conn.connection.dbapi_connection)] = set()

    def _statement(
        self, conn: Connection, _cursor: Any, statement: str, _parameters: Any, _context: Any, _many: bool
    ) -> None:
        if found := WRITES.match(statement):
            written = self._written.setdefault(id(conn.connection.dbapi_connection), set())
            table = "retired segments" if (found[1], found[2]) == ("UPDATE", "segments") else found[2]
            is_new = table not in written
            written.add(table)
            if is_new and table in TABLES:
                self.reached(f"within a transaction, after writing {table}")

    def _name(self, dbapi_connection: Any) -> str:
        written = self._written.get(id(dbapi_connection), set())
        return next((table for table in TABLES if table in written), "other" if written else "")

    def _before_commit(self, conn: Connection) -> None:
        if name := self._name(conn.connection.dbapi_connection):
            self.reached(f"before commit of {name}")

    def _commit(self, original: Callable[..., None], dialect: Any, connection: Any) -> None:
        # The pool hands out a wrapper, the events the driver's own connection.
        name = self._name(getattr(connection, "dbapi_connection", connection))
        original(dialect, connection)
        if name:
            self.reached(f"after commit of {name}")


def live(request: dict[str, Any]) -> None:
    """Be one process of the command, from its start to its end."""
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    report = os.open(request["moments"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, null), (1, log), (2, log)):
        os.dup2(source, target)
    die_at = (request["die_at"][0], request["die_at"][1]) if request["die_at"] else None
    Moments(request["root"], die_at, report).watch()
    auditd.cli.main(request["arguments"])


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            try:
                live(request)
            except SystemExit as done:
                sys.stderr.flush()
                os._exit(done.code if isinstance(done.code, int) else 1)
            finally:
                os._exit(70)
        print(os.waitstatus_to_exitcode(wait(child, request["kill_after"])), flush=True)


def wait(child: int, kill_after: float) -> int:
    """Wait for a life to end, or end it; return its status."""
    deadline = time.monotonic() + kill_after
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


if __name__ == "__main__":
    main()
