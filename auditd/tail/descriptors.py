"""The files held open, at most so many at a time; the one used longest ago is closed first. It must never lose a place."""

from __future__ import annotations

from collections import OrderedDict

from auditd.tail.file import LogFile


class Descriptors:
    """Open files in order of use."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open: OrderedDict[int, LogFile] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open)

    def used(self, file: LogFile) -> None:
        """Note that a file is open and in use; close others when there are too many."""
        self._open[id(file)] = file
        self._open.move_to_end(id(file))
        while len(self._open) > self._limit:
            self._open.popitem(last=False)[1].release()

    def close(self, file: LogFile) -> None:
        """Close a file."""
        self._open.pop(id(file), None)
        file.release()
