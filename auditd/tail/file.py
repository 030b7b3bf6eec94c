"""One log file being read: its identity, its place, its descriptor, and the chunk that is out for it.

The place only moves forward: a chunk the caller could not commit is kept and handed out again, so bytes that were
read are safe from truncation. It must never believe a path, an inode or a size: prints say whether the file under
the descriptor is still the one that was read.
"""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from auditd.tail.chunk import Chunk
from auditd.tail.cursor import Cursor
from auditd.tail.discover import Key, Sighting
from auditd.tail.prints import PRINT_BYTES, Prints, digest, prints_of
from auditd.tail.scan import Cut, Scan
from auditd.tail.source import TailSource
from parsers.format import Block

OPEN_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK


def first_cursor(source: TailSource, path: str, sighting: Sighting) -> Cursor:
    """Return the cursor of a file seen for the first time."""
    return Cursor(
        file=uuid4().hex[:16],
        source=source.name,
        path=path,
        device=sighting.device,
        inode=sighting.inode,
        offset=0,
        head_length=0,
        head_hash=digest(b""),
        tail_length=0,
        tail_hash=digest(b""),
        state="",
        finished=False,
        modified_ns=sighting.modified_ns if sighting.path == path else 0,
    )


class LogFile:
    """A file of a source. `home` is where its log is written; `location` where the file itself is now."""

    def __init__(self, source: TailSource, cursor: Cursor, now: float) -> None:
        self.source = source
        self.cursor = cursor
        self.location = cursor.path
        self.key: Key | None = (cursor.device, cursor.inode)
        self.descriptor: int | None = None
        self.prints = Prints() if cursor.offset == 0 else None
        self.size = cursor.offset
        self.modified_ns = 0
        self.changed_at = now
        self.missing_since: float | None = None
        self.live_modified_ns = cursor.modified_ns
        self.replaced = False
        self.succeeded = False
        self.ending = False
        self.destroyed = False
        self.lost_bytes = 0
        self.lost_reason = ""
        self.chunks: list[Chunk] = []
        self.out = 0
        self._scan = Scan(cursor.offset, max_line_bytes=source.max_line_bytes)

    @property
    def home(self) -> str:
        """Where new lines of this log are written."""
        return self.cursor.path

    @property
    def offset(self) -> int:
        """How far it has been read, accepted or not."""
        return self._scan.offset

    @property
    def unread(self) -> int:
        """Bytes on disk, as far as known, that have not been read."""
        return max(0, self.size - self._scan.offset)

    @property
    def unaccepted(self) -> int:
        """Bytes on disk, as far as known, that the caller has not committed."""
        return max(0, self.size - self.cursor.offset)

    @property
    def unsearched(self) -> bool:
        """Whether there are bytes, as far as known, that have not been searched for lines."""
        return self.size > self._scan.searched

    @property
    def chunk(self) -> Chunk | None:
        """The oldest chunk that was made and not accepted: handed out, or to be handed out again."""
        return self.chunks[0] if self.chunks else None

    @property
    def done(self) -> bool:
        """Whether the file has ended and nothing of it is left to hand out."""
        nothing_left = self.key is None or not self.unread
        return self.ending and self.chunk is None and not self.lost_bytes and nothing_left

    def open(self, path: str, now: float, *, copy: bool = False) -> bool:
        """Open the file at `path` if it is this one; OSError when it cannot be looked at.

        Its prints must agree, and where they do not tell files apart its inode too, unless a copy will do.
        """
        descriptor = os.open(path, OPEN_FLAGS)
        try:
            status = os.fstat(descriptor)
            prints = self.prints if self.prints is not None else prints_of(descriptor, self.cursor)
            known = copy or self.offset >= PRINT_BYTES or status.st_ino == self._place()[1]
            fits = known and stat.S_ISREG(status.st_mode) and status.st_size >= self.offset
            if prints is None or not fits or not prints.hold(descriptor):
                os.close(descriptor)
                return False
        except OSError:
            os.close(descriptor)
            raise
        self.release()
        self.descriptor, self.prints, self.location = descriptor, prints, path
        key = (status.st_dev, status.st_ino)
        if key != self.key or status.st_size < self.size:
            self._scan.restart(self.offset)
        if status.st_size != self.size:
            self.changed_at = now
        self.key, self.missing_since = key, None
        self.size, self.modified_ns = status.st_size, status.st_mtime_ns
        return True

    def release(self) -> None:
        """Close the descriptor; the place is kept."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None

    def observe(self, now: float) -> bool:
        """Look at the open file; False when what was read is no longer in it. OSError when it cannot be looked at."""
        if self.descriptor is None or self.prints is None:
            return True
        status = os.fstat(self.descriptor)
        if (status.st_size, status.st_mtime_ns) == (self.size, self.modified_ns):
            return True
        shrunk = status.st_size < self.size
        if (
            (shrunk and self.offset == 0)
            or status.st_size < self.offset
            or not self.prints.hold(self.descriptor)
        ):
            return False
        if shrunk:
            self._scan.restart(self.offset)
        if status.st_size != self.size:
            self.changed_at = now
        self.size, self.modified_ns = status.st_size, status.st_mtime_ns
        return True

    def read(self, block_bytes: int, now: float, *, ahead: int = 1) -> Chunk | None:
        """Return the next chunk, or None; sets `destroyed` when the file turns out to be another one now.

        ahead: how many chunks may be out at once. Of a later one, `before.state` is not known yet.
        """
        if self.out < len(self.chunks):
            return self._hand_out_again()
        if len(self.chunks) >= ahead:
            return None
        if self.descriptor is None or self.destroyed:
            return self._farewell() if self.ending else None
        if not self.observe(now):
            self.destroyed = True
            return None
        start = self.offset
        cut = self._scan.cut(self.descriptor, self.size, block_bytes, ended=self.ending)
        if cut is None:
            return self._farewell() if self.ending else None
        try:
            chunk = self._chunk(cut, self.descriptor)
        except OSError:
            self._scan.restart(start)
            raise
        if chunk is None:
            self._scan.restart(start)
            self.destroyed = True
            return None
        return self._hand_out(chunk)

    def accept(self, state: str) -> None:
        """Take the oldest chunk that is out as committed."""
        if not self.out:
            raise ValueError("no chunk is out for this file")
        device, inode = self._place()
        self.cursor = replace(self.chunks.pop(0).after, state=state, device=device, inode=inode)
        self.out -= 1

    def refuse(self, chunk: Chunk) -> None:
        """Take a chunk back, and any later one with it; they are handed out again, in order."""
        places = [place for place, other in enumerate(self.chunks) if other is chunk]
        self.out = min(self.out, *places, self.out)

    def end(self) -> Cursor:
        """Return the cursor of the finished file."""
        self.cursor = replace(self.cursor, finished=True, path=self.location)
        return self.cursor

    def lose(self, count: int, reason: str) -> None:
        """Count bytes that were known to exist and were destroyed unread."""
        if count > 0:
            self.lost_bytes += count
            self.lost_reason = reason

    def _place(self) -> Key:
        return self.key if self.key is not None else (self.cursor.device, self.cursor.inode)

    def _newest(self) -> Cursor:
        """Return the cursor behind everything that was made, accepted or not."""
        return self.chunks[-1].after if self.chunks else self.cursor

    def _hand_out(self, chunk: Chunk) -> Chunk:
        self.chunks.append(chunk)
        self.out = len(self.chunks)
        return chunk

    def _hand_out_again(self) -> Chunk:
        if self.out == 0 and self.chunks[0].before.state != self.cursor.state:
            # It was made before the one in front of it was accepted.
            before = replace(self.chunks[0].before, state=self.cursor.state)
            self.chunks[0] = replace(self.chunks[0], before=before)
        self.out += 1
        return self.chunks[self.out - 1]

    def _farewell(self) -> Chunk | None:
        """Return the last, empty chunk of a file that lost bytes."""
        if not self.lost_bytes:
            return None
        before = self._newest()
        after = replace(before, finished=True, path=self.location)
        block = Block(data=b"", file=self.cursor.file, offset=self.offset)
        lost, self.lost_bytes = self.lost_bytes, 0
        return self._hand_out(
            Chunk(
                source=self.source.name,
                path=self.location,
                block=block,
                before=before,
                after=after,
                lost_bytes=lost,
                lost_reason=self.lost_reason,
            )
        )

    def _chunk(self, cut: Cut, descriptor: int) -> Chunk | None:
        """Return the chunk of a cut, or None when the file was no longer the same after it was read."""
        prints = self._prints_after(cut, descriptor)
        if self.prints is None or not self.prints.hold(descriptor):
            return None
        last = self.ending and self.unread == 0 and not self.lost_bytes
        device, inode = self._place()
        before = self._newest()
        after = replace(
            before,
            path=self.location if last else before.path,
            device=device,
            inode=inode,
            offset=cut.end,
            head_length=len(prints.head),
            head_hash=digest(prints.head),
            tail_length=len(prints.tail),
            tail_hash=digest(prints.tail),
            finished=last,
            modified_ns=self.live_modified_ns,
        )
        self.prints = prints
        return Chunk(
            source=self.source.name,
            path=self.location,
            block=Block(
                data=cut.data,
                file=self.cursor.file,
                offset=cut.data_start,
                written_before=_moment(self.modified_ns),
            ),
            before=before,
            after=after,
            too_long=cut.too_long,
            nul_bytes=cut.nul_bytes,
        )

    def _prints_after(self, cut: Cut, descriptor: int) -> Prints:
        assert self.prints is not None
        if cut.data_start == cut.start:
            return self.prints.moved(cut.end, cut.data[-PRINT_BYTES:], cut.data[:PRINT_BYTES])
        head = os.pread(descriptor, min(PRINT_BYTES, cut.end - cut.start), cut.start)
        last = min(PRINT_BYTES, cut.end - cut.start)
        return self.prints.moved(cut.end, os.pread(descriptor, last, cut.end - last), head)


def _moment(nanoseconds: int) -> datetime | None:
    """Return a time of the file system in UTC; None where there is none, or none a calendar has."""
    try:
        return datetime.fromtimestamp(nanoseconds / 1e9, UTC) if nanoseconds else None
    except (OverflowError, ValueError, OSError):
        return None
