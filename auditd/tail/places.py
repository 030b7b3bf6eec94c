"""The paths where logs are written, and which file stood at each: how a rotation is noticed.

It must never take history for a missed rotation: only what was modified since the last file seen there counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from auditd.tail.cursor import Cursor
from auditd.tail.discover import Key


@dataclass(slots=True)
class _Place:
    key: Key | None
    since_ns: int


class Places:
    """Per path the file last seen there, and when that file was last modified."""

    def __init__(self, cursors: Iterable[Cursor]) -> None:
        self._places: dict[str, _Place] = {}
        for cursor in sorted(cursors, key=lambda one: (not one.finished, one.modified_ns)):
            self._places[cursor.path] = _Place((cursor.device, cursor.inode), cursor.modified_ns)

    def changed(self, path: str, key: Key | None) -> int | None:
        """Note which file is at `path` now; if it is another than before, return since when files may have been missed.

        The time is that of the last modification seen before the change, 0 when it is not known.
        """
        place = self._places.setdefault(path, _Place(key, 0))
        if place.key == key:
            return None
        place.key = key
        return place.since_ns

    def modified(self, path: str, modified_ns: int) -> None:
        """Note when the file at `path` was last modified."""
        self._places[path].since_ns = modified_ns
