"""What the configuration says of one delimited log, and where its columns stand under a header. Never reads a record."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from pydantic import Field

from parsers.delimited import split_header
from parsers.mapping import MappingOptions, Texts
from parsers.mapping_faults import Refusal, nearest, reads_of, texts
from parsers.mapping_fields import FIELDS, REQUIRED

_LOOKED_AT: Final = 20
_SEPARATORS: Final = (",", ";", "|", "\t")
# A line that holds a date or a time of day is no header, so what somebody types cannot make a record one.
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}/\d{1,2}/\d{2}|\d\d:\d\d|\d{8}")


class DelimitedOptions(MappingOptions):
    """How lines are cut, and the mapping (parsers/mapping.py).

    separator: one character. columns: names in file order, for files without a header line. skip_lines: lines at the
    start of every file that are not looked at, blank ones not counted. comment: what a line starts with that is no record; "": none does.
    """

    separator: str = ","
    columns: Texts = ()
    skip_lines: int = Field(default=0, ge=0, le=1000)
    comment: str = ""

    @classmethod
    def faults(cls, raw: dict[str, Any]) -> list[Refusal]:
        """Return the faults of the mapping, and of how lines are cut."""
        return [*super().faults(raw), *_separator_faults(raw), *_column_faults(raw)]

    @property
    def header_names(self) -> list[str]:
        """Patterns that all stand in a header, and in hardly any other line."""
        return [re.escape(name) for name in _required(self)]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where mapped columns stand in a file: position by name, those it does not have, and the fields of a record."""

    positions: dict[str, int]
    absent: tuple[str, ...]
    width: int


def read_layout(header: str, options: DelimitedOptions) -> Layout | None:
    """Return the layout under a header line ("": the configured columns); None where nothing names them.

    A header names the columns of all required fields, none that is mapped twice, and holds no moment.
    """
    if header and _MOMENT.search(header):
        return None
    names = split_header(header, separator=options.separator) if header else options.columns
    given = [_plain(name) for name in names]
    reads = options.reads
    positions = {name: given.index(_plain(name)) for name in reads if _plain(name) in given}
    twice = any(given.count(_plain(name)) > 1 for name in positions)
    if not given or twice or any(name not in positions for name in _required(options)):
        return None
    return Layout(positions, tuple(name for name in reads if name not in positions), len(given))


def own_likeness(sample: str) -> float:
    """Return how sure it is, from 0 to 1, that one of the first lines is a header in the names of our access fields."""
    known = set(FIELDS["access"])
    best = 0.0
    for line in sample.replace("\ufeff", "").splitlines()[:_LOOKED_AT]:
        for mark in _SEPARATORS:
            names = {_plain(name) for name in split_header(line, separator=mark)}
            if {"timestamp", "user_id"} <= names:
                best = max(best, 0.88 + 0.1 * len(names & known) / len(known))
    return best


def _plain(name: str) -> str:
    return name.strip().casefold()


def _required(options: DelimitedOptions) -> tuple[str, ...]:
    """Return the columns that a header cannot lack: those of required fields."""
    mapped = options.mapped
    groups = REQUIRED[options.family]
    if not options.fields:
        # In a log that needs no mapping, one field of a group is enough.
        groups = tuple(group for group in groups if len(group) == 1)
    needed = (name for group in groups for field in group if field in mapped for name in mapped[field].read)
    return tuple(dict.fromkeys(needed))


def _separator_faults(raw: dict[str, Any]) -> list[Refusal]:
    given = raw.get("separator", ",")
    if not isinstance(given, str) or (
        len(given) == 1 and given.isascii() and not given.isalnum() and given not in "\"'\r\n"
    ):
        return []
    return [Refusal(("separator",), "must be one character", 'such as "," ";" "|" or "\\t" for a tab')]


def _column_faults(raw: dict[str, Any]) -> list[Refusal]:
    """Return the faults of `columns`, and of columns that are read but not among them."""
    columns = texts(raw.get("columns"))
    plain = [_plain(name) for name in columns]
    found = [
        Refusal(("columns",), f"names {name!r} twice", "give each column a name of its own")
        for place, name in enumerate(columns)
        if _plain(name) in plain[:place]
    ]
    if columns:
        found += [
            Refusal(place, f"there is no column {name!r}", nearest(name, columns, kind="columns"))
            for place, name in reads_of(raw)
            if _plain(name) not in plain
        ]
    return found
