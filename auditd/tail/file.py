"""One log file being read: its identity, its place, its descriptor, and the chunk that is out for it.

The place only moves forward: a chunk the caller could not commit is kept and handed out again, so bytes that were
read are safe from truncation. It must never believe a path, an inode or a size: prints say whether the file under
the descriptor is still the one that was read.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from auditd.tail.amounts import Amounts
from auditd.tail.chunk import Chunk
from auditd.tail.compressed import CompressedContent
from auditd.tail.content import Content, Key, NotYet
from auditd.tail.cursor import Cursor
from auditd.tail.decoders import decoder_of
from auditd.tail.making import chunk_of, cursor_after, cut_next, farewell, prints_after
from auditd.tail.opening import Opening, Wanted, prints_in
from auditd.tail.outgoing import Outgoing
from auditd.tail.prints import Prints
from auditd.tail.scan import Cut, Scan
from auditd.tail.source import TailSource

OPEN_RECORD_SECONDS: Final = 5.0  # a record is written at once: one left open for longer never will be whole


class LogFile:
    """A file of a source. `home` is where its log is written; `location` where the file itself is now."""

    def __init__(self, source: TailSource, cursor: Cursor, now: float) -> None:
        self.source = source
        self.cursor = cursor
        self.location = cursor.path
        self.key: Key | None = (cursor.device, cursor.inode)
        self.content: Content | None = None
        self.prints = Prints() if cursor.offset == 0 else None
        self.amounts = Amounts(size=cursor.offset, disk_size=cursor.offset, changed_at=now)
        self.missing_since: float | None = None
        self.live_modified_ns = cursor.modified_ns
        self.replaced = False
        self.succeeded = False
        self.ending = False
        self.destroyed = False
        self.truncated = False  # what was read is gone from its place: only a copy of it will do
        self.abandoned = False
        self._opening = Opening()
        self._outgoing = Outgoing()
        self.continued: tuple[bytes, bytes] | None = None  # its unfinished end, and the rest of that line
        self.was_continued = False
        self._scan = Scan(
            cursor.offset,
            max_line_bytes=source.max_line_bytes,
            encoding=source.encoding,
            joins_lines=source.joins_lines,
        )

    @property
    def home(self) -> str:
        """Where new lines of this log are written."""
        return self.cursor.path

    @property
    def size(self) -> int:
        """Bytes of the log there are, as far as known."""
        return self.amounts.size

    @property
    def offset(self) -> int:
        """How far it has been read, accepted or not."""
        return self._scan.offset

    @property
    def compressed(self) -> bool:
        """Whether it is read from a compressed file."""
        return decoder_of(self.location) is not None

    @property
    def breaks_off(self) -> bool:
        """Whether it is a compressed file that ends in the middle of its stream, as far as it is written."""
        return self.content is not None and self.compressed and not self.amounts.whole and not self.unsearched

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

    def has_only_nuls_left(self) -> bool:
        """Whether nothing but NULs follows what was searched for lines; OSError when it cannot be read."""
        return self.content is not None and self._scan.only_nuls_follow(self.content, self.size)

    @property
    def behind(self) -> bytes:
        """The last bytes that were read, as far as they are kept."""
        return self.prints.tail if self.prints is not None else b""

    @property
    def gave_up(self) -> bool:
        """Whether what is left of it is lost."""
        return self.key is None or self.abandoned

    @property
    def chunks(self) -> list[Chunk]:
        """The chunks that were made and not accepted, oldest first."""
        return self._outgoing.chunks

    @property
    def chunk(self) -> Chunk | None:
        """The oldest chunk that was made and not accepted: handed out, or to be handed out again."""
        return self.chunks[0] if self.chunks else None

    @property
    def done(self) -> bool:
        """Whether the file has ended and nothing of it is left to hand out."""
        nothing_left = self.key is None or self.abandoned or not self.unread
        return self.ending and self.chunk is None and not self.amounts.lost and nothing_left

    def open(self, path: str, now: float, *, copy: bool = False, content: Content | None = None) -> bool:
        """Open the file at `path` if it is this one; OSError when it cannot be looked at.

        Its prints must agree, and where they do not tell files apart its inode too, unless a copy will do. NotYet when
        the place was not reached by decoding: the next attempt goes on. content: what is there, where it is open.
        """
        content = content or self._opening.at(path)
        try:
            prints = prints_in(content, self._wanted(copy=copy))
            extent = content.extent()
        except NotYet:
            self._opening.keep(path, content)
            raise
        except OSError:
            content.close()
            raise
        if extent is None or prints is None:
            content.close()
            return False
        self.release()
        if decoder_of(path) and not self.compressed:
            self.amounts.promised = self.size
        self.content, self.prints, self.location = content, prints, path
        if extent.key != self.key or extent.size < self.size:
            self._scan.restart(self.offset)
        self.key, self.missing_since = extent.key, None
        self.amounts.note(extent, self.content, now)
        return True

    def release(self) -> None:
        """Close the descriptor; the place is kept."""
        self._opening.close()
        if self.content is not None:
            self.content.close()
            self.content = None

    def observe(self, now: float) -> bool:
        """Look at the open file; False when what was read is no longer in it. OSError when it cannot be looked at."""
        if self.content is None or self.prints is None:
            return True
        extent = self.content.extent()
        if extent is None:
            return False
        if self.amounts.unchanged(extent):
            return True
        shrunk = extent.size < self.size and not self.compressed
        if (shrunk and self.offset == 0) or extent.size < self.offset or not self.prints.hold(self.content):
            return False
        if shrunk:
            self._scan.restart(self.offset)
        self.amounts.note(extent, self.content, now)
        return True

    def read(self, block_bytes: int, now: float, *, ahead: int = 1) -> Chunk | None:
        """Return the next chunk, or None; sets `destroyed` when the file turns out to be another one now.

        ahead: how many chunks may be out at once. Of a later one, `before.state` is not known yet.
        """
        if self._outgoing.waits:
            return self._outgoing.hand_out_again(self.cursor)
        if len(self.chunks) >= ahead:
            return None
        if self.content is None or self.destroyed or self.abandoned:
            return self._farewell() if self.ending else None
        if not self.observe(now):
            self.destroyed = True
            return None
        start = self.offset
        quiet = now - self.amounts.changed_at >= OPEN_RECORD_SECONDS
        cut = self._cut(self.content, block_bytes, quiet=quiet)
        if cut is None:
            return self._farewell() if self.ending else None
        try:
            chunk = self._chunk(cut, self.content)
        except OSError:
            self._scan.restart(start)
            raise
        if chunk is None:
            self._scan.restart(start)
            self.destroyed = True
            return None
        if isinstance(self.content, CompressedContent):
            self.content.forget(self._scan.needed)
        return self._outgoing.hand_out(chunk)

    def pass_over(self, beginning: bytes) -> None:
        """Leave out the beginning of a new file, one line that the file before it gave out, if it still begins so."""
        if self.content is None or self.content.pread(len(beginning), 0) != beginning:
            return
        chunk = self._chunk(self._scan.pass_over(len(beginning)), self.content)
        if chunk is None:
            self._scan.restart(0)
            self.destroyed = True
        else:
            self._outgoing.add(replace(chunk, rejoined_lines=1))

    def accept(self, state: str) -> None:
        """Take the oldest chunk that is out as committed."""
        device, inode = self._place()
        self.cursor = replace(self._outgoing.accept().after, state=state, device=device, inode=inode)

    def refuse(self, chunk: Chunk) -> None:
        """Take a chunk back, and any later one with it; they are handed out again, in order."""
        self._outgoing.refuse(chunk)

    def end(self) -> Cursor:
        """Return the cursor of the finished file."""
        self.cursor = self._finished(self.cursor)
        return self.cursor

    def lose_what_is_missing(self, known_size: int) -> None:
        """Count what a copy of the file, in which reading goes on, does not hold; of a compressed one at its end."""
        if not self.compressed:
            self.amounts.lose(known_size - self.size, "truncated")

    def abandon(self, reason: str) -> None:
        """Give up what is left of the file, and count it as lost."""
        hidden = self.content.undecodable if isinstance(self.content, CompressedContent) else 0
        self.amounts.lose(max(self.unread + hidden, self.amounts.promised - self.offset), reason)
        self.abandoned = self.ending = True

    def _wanted(self, *, copy: bool) -> Wanted:
        return Wanted(
            cursor=self.cursor,
            prints=self.prints,
            offset=self.offset,
            size=self.size,
            inode=self._place()[1],
            copy=copy,
        )

    def _cut(self, content: Content, block_bytes: int, *, quiet: bool) -> Cut | None:
        longest = self.source.max_line_bytes
        cut = cut_next(
            content, self._scan, self.size, block_bytes, longest=longest, ended=self.ending, quiet=quiet
        )
        self.amounts.measure(content)
        return cut

    def _place(self) -> Key:
        return self.key if self.key is not None else (self.cursor.device, self.cursor.inode)

    def _farewell(self) -> Chunk | None:
        """Return the last, empty chunk of a file that lost bytes."""
        if not self.amounts.lost:
            return None
        before = self._outgoing.newest(self.cursor)
        after = self._finished(before)
        lost, reason = self.amounts.tell_lost()
        last = farewell(self.offset, lost, reason, path=self.location, before=before, after=after)
        return self._outgoing.hand_out(last)

    def _finished(self, cursor: Cursor) -> Cursor:
        modified_ns = self.amounts.modified_ns if self.compressed else cursor.modified_ns
        return replace(cursor, finished=True, path=self.location, modified_ns=modified_ns)

    def _chunk(self, cut: Cut, content: Content) -> Chunk | None:
        """Return the chunk of a cut, or None when the file was no longer the same after it was read."""
        assert self.prints is not None
        prints = prints_after(self.prints, cut, content)
        if not self.prints.hold(content):
            return None
        last = self.ending and self.unread == 0 and not self.amounts.lost
        before = self._outgoing.newest(self.cursor)
        after = cursor_after(before, cut, prints, key=self._place(), modified_ns=self.live_modified_ns)
        self.prints = prints
        data = cut.data
        if last and self.continued is not None and data == self.continued[0]:
            data, self.was_continued = b"".join(self.continued), True
        return chunk_of(
            cut,
            data,
            path=self.location,
            before=before,
            after=self._finished(after) if last else after,
            written_ns=self.amounts.modified_ns,
        )
