"""Bytes of a CSV file to records, each with its line number; a record that cannot be read loses only itself.

Quoted line breaks are allowed here, so an open quote could swallow the lines after it. It must never do so: a record
that spans lines is refused, and reading goes on at its second line, when a line inside it is a whole record itself.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final

SEPARATOR: Final = ","
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
BLANK: Final = ", \t"  # spreadsheets leave rows of empty cells behind
UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
MOST_LINES_PER_RECORD: Final = 200
CHUNK_RECORDS: Final = 65_536


class FeedRefused(Exception):
    """A file as a whole cannot be taken; the message says what to do, and holds no value of any row."""


@dataclass(slots=True)
class Chunk:
    """Some records in file order, with the lines they start on; `faults` are (line, reason)."""

    lines: list[int] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)


def read_header(data: bytes) -> list[str]:
    """Return the names on the first line that is not blank, trimmed; FeedRefused where there is none."""
    if data.startswith(UTF16_MARKS):
        raise FeedRefused("the file is UTF-16: save it as CSV in UTF-8")
    for _, line in _lines(data):
        if line is None:
            raise FeedRefused("the first line is not UTF-8 text: save the file as CSV in UTF-8")
        if line.strip():
            fields = _fields(line)
            if fields is None:
                raise FeedRefused("the first line is not a readable list of column names")
            return [name.strip() for name in fields]
    raise FeedRefused("the file is empty: it needs a first line that names its columns")


def read_records(data: bytes) -> Iterator[Chunk]:
    """Yield every record after the header, in chunks; blank lines, and those of empty values, are skipped.

    Fault reasons: not_text, unbalanced_quote, bad_quoting, too_few_fields, too_many_fields.
    """
    width = len(read_header(data))
    lines = _Lines(data)
    lines.skip_header()
    chunk = Chunk()
    for number, line in lines:
        if line is None:
            chunk.faults.append((number, "not_text"))
            continue
        if not line.strip(BLANK):
            continue
        fields = line.split(SEPARATOR) if '"' not in line else _quoted(line, lines, width)
        if isinstance(fields, str):
            chunk.faults.append((number, fields))
        elif len(fields) != width:
            chunk.faults.append((number, "too_few_fields" if len(fields) < width else "too_many_fields"))
        else:
            chunk.lines.append(number)
            chunk.rows.append(fields)
            if len(chunk.rows) == CHUNK_RECORDS:
                yield chunk
                chunk = Chunk()
    yield chunk


class _Lines:
    """The physical lines of a file, with a look at those ahead; a line that is not text is None."""

    def __init__(self, data: bytes) -> None:
        self._source = _lines(data)
        self._ahead: deque[tuple[int, str | None]] = deque()

    def __iter__(self) -> Iterator[tuple[int, str | None]]:
        while True:
            if self._ahead:
                yield self._ahead.popleft()
            elif (line := next(self._source, None)) is not None:
                yield line
            else:
                return

    def skip_header(self) -> None:
        for _, line in self:
            if line is None or line.strip():
                return

    def peek(self, distance: int) -> str | None:
        """Return the line `distance` ahead (0: the next one); None past the end or where it is not text."""
        while len(self._ahead) <= distance:
            line = next(self._source, None)
            if line is None:
                return None
            self._ahead.append(line)
        return self._ahead[distance][1]

    def drop(self, count: int) -> None:
        for _ in range(count):
            self._ahead.popleft()


def _lines(data: bytes) -> Iterator[tuple[int, str | None]]:
    for number, raw in enumerate(BytesIO(data.removeprefix(BYTE_ORDER_MARK)), start=1):
        try:
            line = raw.decode("utf-8")
        except UnicodeDecodeError:
            yield number, None
        else:
            yield number, None if "\0" in line else line.rstrip("\r\n")


def _quoted(line: str, lines: _Lines, width: int) -> list[str] | str:
    """Return the fields of the record that starts with `line`, taking the lines it spans; else a fault reason."""
    parts = [line]
    quotes = line.count('"')
    while quotes % 2:
        following = lines.peek(len(parts) - 1)
        if following is None or len(parts) == MOST_LINES_PER_RECORD or _is_record(following, width):
            return "unbalanced_quote"
        parts.append(following)
        quotes += following.count('"')
    fields = _fields("\n".join(parts))
    if len(parts) > 1:
        if fields is None or len(fields) != width:
            return "unbalanced_quote"
        lines.drop(len(parts) - 1)
    return "bad_quoting" if fields is None else fields


def _is_record(line: str, width: int) -> bool:
    """Tell whether a line alone is a whole record: then it is no part of another one's quoted text."""
    if line.count('"') % 2:
        return False
    fields = _fields(line)
    return fields is not None and len(fields) == width


def _fields(text: str) -> list[str] | None:
    """Split one record; None where its quoting is broken."""
    try:
        return next(csv.reader([text], delimiter=SEPARATOR, strict=True), None)
    except csv.Error:
        return None
