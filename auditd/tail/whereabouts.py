"""Where a file that was read lies now, whatever it is called since: for accounts, long after the reading.

It must never take another file for it: a log's path names its newest file, not the one that was read there.
"""

from __future__ import annotations

from auditd.tail.compressed import content_of
from auditd.tail.content import Content, NotYet
from auditd.tail.cursor import Cursor
from auditd.tail.discover import Sighting, is_rotation_of, siblings, sight
from auditd.tail.prints import PRINT_BYTES, prints_of


def whereabouts(cursor: Cursor) -> str | None:
    """Return the path of the cursor's file: its own, or one beside it after a rotation; None where it is not found.

    Prints must agree, and where they do not tell files apart the inode too.
    """
    if (at_home := _sight(cursor.path)) is not None and _is(cursor, at_home):
        return at_home.path
    around = [one for one in siblings(cursor.path) if _may_be(cursor, one)]
    around.sort(key=lambda one: (one.inode != cursor.inode, one.path))
    return next((one.path for one in around if _is(cursor, one)), None)


def _sight(path: str) -> Sighting | None:
    try:
        return sight(path)
    except OSError:
        return None


def _may_be(cursor: Cursor, sighting: Sighting) -> bool:
    """Whether a file is worth opening: under the same inode, or by its name a copy made by rotation."""
    return sighting.inode == cursor.inode or is_rotation_of(cursor.path, sighting.path)


def _is(cursor: Cursor, sighting: Sighting) -> bool:
    if sighting.size < cursor.offset and not sighting.compressed:
        return False
    if cursor.offset < PRINT_BYTES and sighting.inode != cursor.inode:
        return False
    last_seen = (cursor.path, cursor.device, cursor.inode, cursor.modified_ns)
    if sighting.compressed and (sighting.path, *sighting.key, sighting.modified_ns) == last_seen:
        return True  # untouched since: no need to decode it
    try:
        with content_of(sighting.path) as content:
            return _has_prints(content, cursor)
    except OSError:
        return False


def _has_prints(content: Content, cursor: Cursor) -> bool:
    while True:
        try:
            return prints_of(content, cursor) is not None
        except NotYet:
            continue
