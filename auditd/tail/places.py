"""The paths where logs are written, and which file stood at each: how a rotation is noticed.

It must never take history for a missed rotation: only what was modified since the last file seen there counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from auditd.tail.content import Key
from auditd.tail.cursor import Cursor

SAME_MOMENT_NS: Final = (
    1_000_000_000  # a folder that changed this recently may have changed again without a new time
)


@dataclass(slots=True)
class _Place:
    key: Key | None
    since_ns: int
    folder_ns: int = 0
    looked_ns: int = 0
    unfinished: bool = False


class Places:
    """Per path the file last seen there, and when that file was last modified."""

    def __init__(self, cursors: Iterable[Cursor]) -> None:
        self._places: dict[str, _Place] = {}
        for cursor in sorted(cursors, key=lambda one: (not one.finished, one.modified_ns)):
            before = self._places.get(cursor.path)
            self._places[cursor.path] = _Place((cursor.device, cursor.inode), cursor.modified_ns)
            if not cursor.finished and before is not None and before.unfinished and before.since_ns:
                # Which was the last to stand there is not known: clocks are set back. What was read is recognised.
                self._places[cursor.path].since_ns = min(before.since_ns, cursor.modified_ns)
            self._places[cursor.path].unfinished = not cursor.finished

    def may_hide_files(self, path: str, key: Key | None, *, folder_ns: int, now_ns: int) -> int | None:
        """Note which file is at `path` now; if files may have come and gone unseen, return since when.

        That is so when another file is there than before, or names have changed in its folder (last at folder_ns). The
        time is that of the last modification seen at `path` before; 0 when it is not known.
        """
        place = self._places.get(path)
        if place is None:
            self._places[path] = _Place(key, 0, folder_ns, now_ns)
            return None
        surely_seen = place.folder_ns == folder_ns and folder_ns < place.looked_ns - SAME_MOMENT_NS
        same = place.key == key
        place.key, place.folder_ns, place.looked_ns = key, folder_ns, now_ns
        return None if same and surely_seen else place.since_ns

    def modified(self, path: str, modified_ns: int) -> None:
        """Note when the file at `path` was last modified."""
        self._places[path].since_ns = modified_ns
