"""Chunks of one file that were made and not accepted, oldest first. It must never make a chunk twice, nor out of order."""

from __future__ import annotations

from dataclasses import replace

from auditd.tail.chunk import Chunk
from auditd.tail.cursor import Cursor


class Outgoing:
    """The chunks of one file that are out, or were taken back and are to be handed out again."""

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []
        self._out = 0

    @property
    def waits(self) -> bool:
        """Whether a chunk that was taken back waits to be handed out again."""
        return self._out < len(self.chunks)

    def newest(self, cursor: Cursor) -> Cursor:
        """Return the cursor behind everything that was made; `cursor` is the accepted one."""
        return self.chunks[-1].after if self.chunks else cursor

    def add(self, chunk: Chunk) -> None:
        """Take a chunk in, to be handed out in its turn."""
        self.chunks.append(chunk)

    def hand_out(self, chunk: Chunk) -> Chunk:
        """Hand out a new chunk."""
        self.chunks.append(chunk)
        self._out = len(self.chunks)
        return chunk

    def hand_out_again(self, cursor: Cursor) -> Chunk:
        """Hand out the oldest chunk that was taken back; `cursor` is the accepted one."""
        if self._out == 0 and self.chunks[0].before.state != cursor.state:
            # It was made before the one in front of it was accepted.
            before = replace(self.chunks[0].before, state=cursor.state)
            self.chunks[0] = replace(self.chunks[0], before=before)
        self._out += 1
        return self.chunks[self._out - 1]

    def accept(self) -> Chunk:
        """Let go of the oldest chunk that is out."""
        if not self._out:
            raise ValueError("no chunk is out for this file")
        self._out -= 1
        return self.chunks.pop(0)

    def refuse(self, chunk: Chunk) -> None:
        """Take a chunk back, and any later one with it."""
        places = [place for place, other in enumerate(self.chunks) if other is chunk]
        self._out = min(self._out, *places, self._out)
