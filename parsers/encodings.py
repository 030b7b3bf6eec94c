"""How the bytes of a log are text: its encoding, the newline of that encoding, and how a change of it shows.

It must never let a line of one encoding swallow lines of another: what ends a line is looked for in both.
"""

from __future__ import annotations

import re
from typing import Final, Literal

Encoding = Literal["utf-8", "cp1252", "utf-16le", "utf-16be"]
"""The encoding of one block. cp1252: what is not UTF-8 is Windows-1252."""

Declared = Literal["auto", "utf-8", "cp1252", "utf-16le", "utf-16be"]
"""What a source says of its files; auto: UTF-8 or UTF-16, told line by line from marks and NUL bytes."""

NEWLINES: Final[dict[Encoding, bytes]] = {
    "utf-8": b"\n",
    "cp1252": b"\n",
    "utf-16le": b"\n\0",
    "utf-16be": b"\0\n",
}
LONGEST: Final = 1 << 20
_WIDE: Final[tuple[Encoding, ...]] = ("utf-16le", "utf-16be")
_MARKS: Final[dict[Encoding, bytes]] = {"utf-16le": b"\xff\xfe", "utf-16be": b"\xfe\xff"}
# Two characters of a Western log at the start of a line; marks may stand before them.
_LOOKS: Final[dict[Encoding, re.Pattern[bytes]]] = {
    "utf-16le": re.compile(rb"(?s)(?:\xff\xfe)?[^\0]\0[^\0]\0"),
    "utf-16be": re.compile(rb"(?s)(?:\xfe\xff)?\0[^\0]\0[^\0]"),
}
# A run free of NULs from one newline byte to the next is a line of bytes: in UTF-16 digits, commas and spaces hold NULs.
_BYTES_LINE: Final = re.compile(rb"\n\0?([^\0\n]{4,}\n)")
_BYTES_LINE_FIRST: Final = re.compile(rb"[\r\n]*[^\0\n]{4,}\n")


def is_wide(encoding: Encoding) -> bool:
    """Whether characters take two bytes at least, so that newlines are looked for at even places."""
    return encoding in _WIDE


def find_newline(data: bytes, encoding: Encoding, start: int = 0, stop: int | None = None) -> int:
    """Return where the first newline in data[start:stop] begins, a whole number of units from `start`; -1: nowhere."""
    newline = NEWLINES[encoding]
    stop = len(data) if stop is None else stop
    place = data.find(newline, start, stop)
    while place >= 0 and (place - start) % len(newline):
        place = data.find(newline, place + 1, stop)
    return place


def rfind_newline(data: bytes, encoding: Encoding, start: int = 0, stop: int | None = None) -> int:
    """Return where the last newline in data[start:stop] begins, a whole number of units from `start`; -1: nowhere."""
    newline = NEWLINES[encoding]
    stop = len(data) if stop is None else stop
    place = data.rfind(newline, start, stop)
    while place >= 0 and (place - start) % len(newline):
        place = data.rfind(newline, start, place + len(newline) - 1)
    return place


def split_lines(data: bytes, encoding: Encoding) -> list[bytes]:
    """Return the lines of a block in this encoding, without their newlines; an unterminated last line counts."""
    newline = NEWLINES[encoding]
    parts = data.split(newline)
    if len(newline) > 1 and any(len(part) % 2 for part in parts[:-1]):
        parts = _rejoined(parts, newline)
    if parts[-1] == b"":
        parts.pop()
    return parts


def count_lines(data: bytes, encoding: Encoding) -> int:
    """Return how many lines a block holds; an unterminated last line counts."""
    if is_wide(encoding):
        return len(split_lines(data, encoding))
    return data.count(b"\n") + (bool(data) and not data.endswith(b"\n"))


def whole_lines(data: bytes, declared: Declared, behind: bytes = b"") -> tuple[Encoding, int]:
    """Return the encoding of the line at the start of `data`, and where the last whole line in that encoding ends.

    behind: the last bytes before `data`, of which the newline tells the encoding so far. The end is 0 where no whole
    line is there. Lines of one encoding end where one of another begins, so a block is all in one.
    """
    if declared != "auto":
        newline = rfind_newline(data, declared)
        return declared, newline + len(NEWLINES[declared]) if newline >= 0 else 0
    encoding = _first(data, behind)
    if encoding is not None:
        return encoding, _end_of_wide(data, encoding)
    end = data.rfind(b"\n") + 1
    if data.find(b"\0", 0, end) >= 0:
        end = _before_wide(data, end)
    return "utf-8", end


class LineCount:
    """Counts the lines of a file that is read in pieces; it holds no more than the beginning of one line."""

    def __init__(self, declared: Declared) -> None:
        self._declared = declared
        self._rest = self._behind = b""
        self._lines = 0

    @property
    def total(self) -> int:
        """Lines so far; an unterminated last line counts."""
        return self._lines + bool(self._rest)

    def add(self, data: bytes) -> None:
        """Count on."""
        rest = self._rest + data
        encoding, end = whole_lines(rest, self._declared, self._behind)
        while end:
            self._lines += count_lines(rest[:end], encoding)
            self._behind, rest = rest[max(0, end - 2) : end], rest[end:]
            encoding, end = whole_lines(rest, self._declared, self._behind)
        if len(rest) > LONGEST:
            rest = rest[-2 - len(rest) % 2 :]
        self._rest = rest


def told_by(line: bytes, declared: Declared = "auto") -> Encoding:
    """Return the encoding of a single line, kept without its newline."""
    if declared != "auto":
        return declared
    return next((one for one in _WIDE if _LOOKS[one].match(line) or line.startswith(_MARKS[one])), "utf-8")


def readable(line: bytes, declared: Declared = "auto") -> str:
    """Return a single raw line as text for people to look at; what is no text is shown as escapes."""
    encoding = told_by(line, declared)
    if encoding == "cp1252":
        return decoded(line, encoding) or line.decode("utf-8", "backslashreplace")
    return line.decode(encoding, "backslashreplace")


def decoded(line: bytes, encoding: Encoding) -> str | None:
    """Return a line as text, None where it is none in this encoding."""
    codecs = ("utf-8", "cp1252") if encoding == "cp1252" else (encoding,)
    for codec in codecs:
        try:
            return line.decode(codec)
        except UnicodeDecodeError:
            continue
    return None


def _first(data: bytes, behind: bytes) -> Encoding | None:
    """Return the encoding of UTF-16 in which the first line of `data` is; None where it is a line of bytes."""
    so_far = next((one for one in _WIDE if behind.endswith(NEWLINES[one])), None)
    signs = [one for one in _WIDE if data.startswith(_MARKS[one])]
    if so_far is None:
        signs = [one for one in _WIDE if _LOOKS[one].match(data)]
    elif not signs:
        signs = [] if _BYTES_LINE_FIRST.match(data) else [so_far]
    return next((one for one in signs if _is_wide_line(data, 0, one)), None)


def _is_wide_line(data: bytes, start: int, encoding: Encoding) -> bool:
    """Whether the line at `start` may be in UTF-16: whole, or still being written, and no line of bytes begins in it."""
    end = find_newline(data, encoding, start)
    bytes_line = _BYTES_LINE.search(data, start, end if end >= 0 else len(data))
    return bytes_line is None and not (end < 0 and _BYTES_LINE_FIRST.match(data, start))


def _end_of_wide(data: bytes, encoding: Encoding) -> int:
    """Return where the lines in UTF-16 at the start of `data` end, the last whole one before any line of bytes."""
    found = _BYTES_LINE.search(data)
    limit = found.start(1) if found else len(data)
    newline = rfind_newline(data, encoding, 0, limit)
    return newline + 2 if newline >= 0 else 0


def _before_wide(data: bytes, end: int) -> int:
    """Return where the first whole line in UTF-16 among data[:end], or one that is being written, begins; else `end`."""
    nul = data.find(b"\0", 0, end)
    while nul >= 0:
        start = data.rfind(b"\n", 0, nul) + 1
        for encoding in _WIDE:
            if start and _LOOKS[encoding].match(data, start) and _is_wide_line(data, start, encoding):
                return start
        following = data.find(b"\n", nul, end)
        nul = data.find(b"\0", following, end) if following >= 0 else -1
    return end


def _rejoined(parts: list[bytes], newline: bytes) -> list[bytes]:
    """Undo cuts inside characters: a newline begins a whole number of units from the start of its line."""
    lines: list[bytes] = []
    open_part: bytes | None = None
    for part in parts:
        whole = part if open_part is None else open_part + newline + part
        if len(whole) % 2:
            open_part = whole
        else:
            lines.append(whole)
            open_part = None
    if open_part is not None:
        lines.append(open_part)
    return lines
