"""What may be deleted from the spool: files that the accounts say were read to their end, some time ago.

It must never delete a file that is being written, nor one whose every byte no account names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from auditd.listen.spoolfile import LIVE
from auditd.tail.compressed import content_of
from auditd.tail.cursor import Cursor
from auditd.tail.prints import prints_of

Standing = Literal["current", "unread", "read"]


@dataclass(frozen=True, slots=True)
class SpoolEntry:
    """A file of the spool. folder: LISTENER/FOLDER; standing: being written, not read to its end, or read."""

    path: Path
    folder: str
    size: int
    modified: datetime
    standing: Standing

    def may_go(self, *, now: datetime, keep: timedelta) -> bool:
        """Whether it was read to its end, and last written longer ago than `keep`."""
        return self.standing == "read" and now - self.modified > keep


def entries(spool: Path, cursors: Iterable[Cursor]) -> Iterator[SpoolEntry]:
    """Yield the files of a spool, by folder and age. cursors: of every file that was ever read."""
    read: defaultdict[int, list[Cursor]] = defaultdict(list)
    for cursor in cursors:
        read[cursor.offset].append(cursor)
    for path in sorted(spool.glob("*/*/current*.log")):
        with suppress(FileNotFoundError):
            status = path.stat()
            standing: Standing = "current"
            if path.name != LIVE:
                standing = "read" if _was_read(path, read[status.st_size]) else "unread"
            modified = datetime.fromtimestamp(status.st_mtime, UTC)
            folder = path.parent.relative_to(spool).as_posix()
            yield SpoolEntry(path, folder, status.st_size, modified, standing)


def _was_read(path: Path, cursors: Iterable[Cursor]) -> bool:
    """Whether one of the cursors stands at the end of this very content: receipts make it the only such file.

    It need not be finished: the tailer cannot know that a file which always had this name will not grow. We do.
    """
    with content_of(str(path)) as content:
        return any(prints_of(content, cursor) is not None for cursor in cursors)
