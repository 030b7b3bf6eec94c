"""The spool: what arrived, in files the tailer reads, written at once and forced to disk in batches.

Used from one thread; only fsync has its own. It must never drop what it was given while the process lives: what the disk
refuses waits in memory, and until it is written nothing more may be taken from the network.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Final

from auditd.config.listen_model import ListenTable
from auditd.engine.faults import store_reason
from auditd.listen.spoolfile import LIVE, SpoolFile, force_names, set_aside

LOCK: Final = ".lock"
BACKLOG_SYNCS: Final = 4  # unforced bytes at which reading waits, in units of sync_bytes
RETRY_SECONDS: Final = 0.5


class SpoolInUse(Exception):
    """Another process writes to this spool, or nobody can; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Forced:
    """One forcing to disk: bytes of lines that are safe now, how long it took, and how many files refused."""

    bytes: int
    seconds: float
    failures: int


class Spool(AbstractContextManager["Spool"]):
    """Every file of one listening process. `on_change` is called when reading has to stop, or may go on.

    folders: below the spool, one for every place lines may go.
    """

    def __init__(self, table: ListenTable, folders: Iterable[str], *, on_change: Callable[[], None]) -> None:
        self._table = table
        self._files = {folder: SpoolFile(table.spool / folder) for folder in folders}
        self._on_change = on_change
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="fsync")
        self._lock = -1
        self._refused = ""
        self._low = False
        self._tried_at = self._forced_at = time.monotonic()
        self.unforced = 0
        self.torn = 0

    def __enter__(self) -> Spool:
        """Take the folder and set aside what another run left open. Raises SpoolInUse."""
        root = self._table.spool
        try:
            for file in self._files.values():
                file.folder.mkdir(mode=0o770, parents=True, exist_ok=True)
            for folder in {root.parent, root, *(file.folder.parent for file in self._files.values())}:
                force_names(folder)
            self._lock = os.open(root / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.torn = sum(set_aside(live) for live in sorted(root.glob(f"*/*/{LIVE}")))
        except OSError as error:
            self.close()
            if isinstance(error, BlockingIOError):
                raise SpoolInUse(
                    f"another process writes to {root}: is a listener running already?"
                ) from None
            raise SpoolInUse(f"{root} cannot be written to: {error.strerror}. Set listen.spool.") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go."""
        self.close()

    @property
    def blocked(self) -> str:
        """Why nothing may be read from the network: a reason of the store, low_space or forcing; "" while it may."""
        if self._refused:
            return self._refused
        if self._low:
            return "low_space"
        return "forcing" if self.unforced >= BACKLOG_SYNCS * self._table.sync_bytes else ""

    @property
    def waiting(self) -> int:
        """Bytes taken that the disk has not."""
        return sum(len(file.waiting) for file in self._files.values())

    def put(self, folder: str, lines: bytes) -> None:
        """Take whole lines for a folder: written now, or as soon as the disk takes them."""
        file = self._files[folder]
        file.waiting += lines
        self.unforced += len(lines)
        if not self._refused:
            self._try(file.write)
            self._rotate_if_due(file)
        if self.blocked:
            self._on_change()

    async def tend(self) -> Forced | None:
        """Do what is due: write what waits, force to disk, begin new files. Call it many times a second."""
        if self._refused and time.monotonic() - self._tried_at >= RETRY_SECONDS:
            self.write_again()
        late = time.monotonic() - self._forced_at >= self._table.sync_seconds
        forced = await self.force() if self.unforced >= self._table.sync_bytes or late else None
        for file in self._files.values():
            self._rotate_if_due(file)
        return forced

    def look_around(self) -> tuple[int, int]:
        """Notice a disk that fills up and files that were taken away; return free bytes, and how many files were.

        Call it every second or so.
        """
        free = self._free()
        low = free < self._table.min_free_bytes
        if low != self._low:
            self._low = low
            self._on_change()
        return free, sum(file.notice_removal() for file in self._files.values())

    async def force(self) -> Forced | None:
        """Force everything written so far to disk; None where there is nothing to force."""
        started = time.monotonic()
        handles = [handle for file in self._files.values() for handle in file.take_unforced()]
        self._forced_at = started
        if not handles:
            return None
        taken = self.unforced - self.waiting
        failures = await asyncio.get_running_loop().run_in_executor(self._pool, _force, handles)
        was_blocked = self.blocked
        self.unforced -= taken
        if was_blocked != self.blocked:
            self._on_change()
        return Forced(bytes=taken, seconds=time.monotonic() - started, failures=failures)

    def size(self) -> int:
        """Return the bytes of everything in the spool."""
        return sum(_size(entry) for file in self._files.values() for entry in os.scandir(file.folder))

    def close(self) -> int:
        """Close every file, let go of the folder; return how many bytes were never written."""
        self._pool.shutdown()
        lost = sum(file.close() for file in self._files.values())
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
        return lost

    def write_again(self) -> None:
        """Try once more to write what waits."""
        self._refused, before = "", self._refused
        for file in self._files.values():
            if not self._refused:
                self._try(file.write)
        if self._refused != before:
            self._on_change()

    def _rotate_if_due(self, file: SpoolFile) -> None:
        if file.is_due(size=self._table.rotate_bytes, seconds=self._table.rotate_seconds):
            self._try(file.rotate)

    def _try(self, step: Callable[[], None]) -> None:
        try:
            step()
        except OSError as error:
            self._refused, self._tried_at = store_reason(error), time.monotonic()

    def _free(self) -> int:
        try:
            found = os.statvfs(self._table.spool)
        except OSError:
            return 0
        return found.f_bavail * found.f_frsize


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat().st_size
    except OSError:  # deleted meanwhile
        return 0


def _force(handles: Sequence[int]) -> int:
    failures = 0
    for handle in handles:
        try:
            os.fsync(handle)
        except OSError:
            failures += 1
        finally:
            os.close(handle)
    return failures
