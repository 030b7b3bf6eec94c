"""Wakes the loop when a log folder changes. A hint only: stat is the truth, and a lost hint costs a tick, no line.

The only file that knows inotify. It must never fail because change notices are unavailable: then it sleeps.
"""

from __future__ import annotations

import logging
import os
import select
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyinotify

MASK: Final = (
    pyinotify.IN_MODIFY
    | pyinotify.IN_CREATE
    | pyinotify.IN_DELETE
    | pyinotify.IN_MOVED_FROM
    | pyinotify.IN_MOVED_TO
    | pyinotify.IN_ATTRIB
    | pyinotify.IN_DELETE_SELF
    | pyinotify.IN_MOVE_SELF
    | pyinotify.IN_ONLYDIR
)
REMOTE: Final = (
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "ceph",
    "glusterfs",
    "afs",
    "fuse.sshfs",
    "fuse.glusterfs",
)
Identity = tuple[int, int]
logging.getLogger("pyinotify").setLevel(logging.CRITICAL + 1)  # it prints; what matters is in `limited`


@dataclass(frozen=True, slots=True)
class Hint:
    """Why a wait ended. woken: something changed, or interrupt() was called; overflow: notices were lost, look at all."""

    woken: bool
    overflow: bool = False


class WakeUp:
    """Waits for changes in folders. `limited` says why notices are incomplete, "" when they are not."""

    def __init__(self, directories: Iterable[str] = ()) -> None:
        self.limited = ""
        self._interrupts = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._poll = select.poll()
        self._poll.register(self._interrupts, select.POLLIN)
        self._seen = _Seen()
        self._watches: dict[Identity, int] = {}
        self._manager: Any = None
        self._notifier: Any = None
        self._start()
        self.watch(directories)

    def watch(self, directories: Iterable[str]) -> None:
        """Watch these folders and no others; a folder that was replaced under its name is watched anew."""
        if self._manager is None:
            return
        wanted = {key: folder for folder in sorted(directories) if (key := _identity(folder)) is not None}
        for key, watch in list(self._watches.items()):
            if key not in wanted or self._manager.get_watch(watch) is None:
                del self._watches[key]
                self._manager.rm_watch(watch, quiet=True)
        self.limited = _remote(wanted.values())
        for key, folder in wanted.items():
            if key not in self._watches:
                self._add(key, folder)

    def wait(self, timeout: float) -> Hint:
        """Wait until something changes, interrupt() is called or `timeout` seconds have passed."""
        ready = dict(self._poll.poll(max(0.0, timeout) * 1000))
        if self._interrupts in ready:
            os.eventfd_read(self._interrupts)
        if self._notifier is None or self._manager.get_fd() not in ready:
            return Hint(woken=bool(ready))
        self._seen.overflow = False
        try:
            self._notifier.read_events()
            self._notifier.process_events()
        except (pyinotify.PyinotifyError, UnicodeDecodeError):
            return Hint(woken=True, overflow=True)  # a notice that cannot be read is a lost one
        return Hint(woken=True, overflow=self._seen.overflow)

    def interrupt(self) -> None:
        """End the wait at once; safe in a signal handler and from other threads."""
        os.eventfd_write(self._interrupts, 1)

    def close(self) -> None:
        """Give back every descriptor."""
        if self._notifier is not None:
            self._notifier.stop()
            self._notifier = self._manager = None
        os.close(self._interrupts)

    def _start(self) -> None:
        try:
            self._manager = pyinotify.WatchManager()
        except OSError as error:
            self.limited = f"no change notices: {error}"
            return
        self._notifier = pyinotify.Notifier(self._manager, self._seen)
        self._notifier.coalesce_events(True)
        self._poll.register(self._manager.get_fd(), select.POLLIN)

    def _add(self, key: Identity, folder: str) -> None:
        try:
            self._watches[key] = self._manager.add_watch(folder, MASK, quiet=False)[folder]
        except pyinotify.WatchManagerError as error:
            self.limited = f"no change notices: {error}"


class _Seen(pyinotify.ProcessEvent):  # type: ignore[misc]  # pyinotify has no types
    """Notes whether notices were lost."""

    overflow = False

    def process_default(self, event: Any) -> None:
        """Ignore what changed: the files will be looked at."""

    def process_IN_Q_OVERFLOW(self, event: Any) -> None:  # noqa: N802, ARG002
        """Note the overflow."""
        self.overflow = True


def _identity(folder: str) -> Identity | None:
    try:
        status = os.stat(folder)  # noqa: PTH116 - a text, as pyinotify has it
    except OSError:
        return None
    return (status.st_dev, status.st_ino)


def _remote(folders: Iterable[str]) -> str:
    """Return a reason when a folder lies on a file system that does not tell of changes made elsewhere."""
    try:
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text(errors="replace").splitlines()]
    except OSError:
        return ""
    remote = [f"{place.rstrip('/')}/" for _, place, kind, *_ in mounts if kind in REMOTE]
    hit = next((place for folder in folders for place in remote if f"{folder}/".startswith(place)), None)
    return f"no change notices from the network share {hit}" if hit else ""
