"""Bytes of a connection to messages (RFC 6587): octet counting, or one message a line.

Pure: it holds at most one unfinished message, cut at the limit. It must never drop bytes without a frame that says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

Framing = Literal["auto", "octet", "newline"]
Fault = Literal["", "cut", "half", "unframed"]

# A length no sender means: what follows is taken as being out of frame, rather than swallowed.
LONGEST_BYTES: Final = 99_999_999
_COUNT: Final = re.compile(rb"([1-9][0-9]{0,7}) ")
_COUNT_BEGUN: Final = re.compile(rb"[1-9][0-9]{0,7}\Z")
_COUNTED_MESSAGE: Final = re.compile(rb"[1-9][0-9]{0,7} <")
_MAYBE_COUNTED: Final = re.compile(rb"(?:[1-9][0-9]{0,7} ?)?\Z")


@dataclass(frozen=True, slots=True)
class Frame:
    """A message as it arrived, without what ends it. length: all of its bytes, of which `data` may be only the first.

    fault: cut (over-long), half (the connection ended in it), unframed (no length where one had to be), or "".
    """

    data: bytes
    fault: Fault = ""
    length: int = 0


class Framer:
    """Cuts one connection's bytes into frames. framing "auto" goes by the first bytes, and stays with it."""

    def __init__(self, *, framing: Framing, max_bytes: int) -> None:
        self._framing = framing
        self._max = max_bytes
        self._rest = b""
        self._head = b""  # of an over-long message
        self._length = 0  # of it so far, or all of it where it was announced
        self._missing = 0  # bytes of an announced over-long message still to come
        self.broken = False

    @property
    def pending(self) -> bool:
        """Whether a message has begun and not ended."""
        return bool(self._rest or self._length)

    def feed(self, data: bytes) -> list[Frame]:
        """Return the messages that `data` completes. When `broken` is set afterwards, what follows cannot be framed."""
        if self._framing == "auto":
            data = self._decide(data)
        if self._framing == "newline":
            return self._lines(data)
        return self._counted(data) if self._framing == "octet" else []

    def end(self) -> list[Frame]:
        """Return what the connection ended in, at most one frame."""
        if not self.pending:
            return []
        frame = Frame(self._head or self._rest, "half", self._length or len(self._rest))
        self._forget()
        return [frame]

    def _decide(self, data: bytes) -> bytes:
        begun = (self._rest + data).lstrip(b"\r\n")
        self._rest = b""
        if _COUNTED_MESSAGE.match(begun):
            self._framing = "octet"
        elif _MAYBE_COUNTED.match(begun):
            self._rest = begun
        else:
            self._framing = "newline"
        return begun

    def _forget(self) -> None:
        self._rest = self._head = b""
        self._length = self._missing = 0

    def _lines(self, data: bytes) -> list[Frame]:
        first, *more = (self._rest + data).split(b"\n")
        if self._length:
            self._length += len(first)
            if not more:
                return []
            frames = [Frame(self._head, "cut", self._length)]
            self._forget()
        else:
            frames = []
            more = [first, *more]
        *whole, self._rest = more
        frames += [self._framed(line.removesuffix(b"\r")) for line in whole if line not in (b"", b"\r")]
        if len(self._rest) > self._max:
            self._head, self._length, self._rest = self._rest[: self._max], len(self._rest), b""
        return frames

    def _framed(self, message: bytes) -> Frame:
        fault: Fault = "cut" if len(message) > self._max else ""
        return Frame(message[: self._max], fault, len(message))

    def _counted(self, data: bytes) -> list[Frame]:
        frames: list[Frame] = []
        if self._missing:
            frames, data = self._rest_of_long(data)
        data, self._rest = self._rest + data, b""
        place = 0
        while place < len(data):
            if data[place] in b"\r\n":  # some senders end counted messages as well
                place += 1
                continue
            found = _COUNT.match(data, place)
            if found is None:
                self._stray(data[place:], frames)
                break
            start, length = found.end(), int(found.group(1))
            if len(data) - start < length:
                self._unfinished(data, (place, start), length)
                break
            message = data[start : start + length]
            frames.append(self._framed(message.removesuffix(b"\n").removesuffix(b"\r")))
            place = start + length
        return frames

    def _rest_of_long(self, data: bytes) -> tuple[list[Frame], bytes]:
        taken = data[: self._missing]
        self._missing -= len(taken)
        self._head += taken[: self._max - len(self._head)]
        if self._missing:
            return [], b""
        frame = Frame(self._head, "cut", self._length)
        self._forget()
        return [frame], data[len(taken) :]

    def _unfinished(self, data: bytes, at: tuple[int, int], length: int) -> None:
        place, start = at
        if length <= self._max:
            self._rest = data[place:]
        else:
            self._head = data[start : start + self._max]
            self._length, self._missing = length, length - (len(data) - start)

    def _stray(self, data: bytes, frames: list[Frame]) -> None:
        """Take what stands where a length should: the begin of one, or the end of all order."""
        if _COUNT_BEGUN.match(data):
            self._rest = data
        else:
            self.broken = True
            frames.append(Frame(data[: self._max], "unframed", len(data)))
