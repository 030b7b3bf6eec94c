"""What a feed is: its columns, of which kind, and which of them say what a row is about. It must never hold a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from parsers.event import TEXT, UTC_MICROSECONDS

Kind = Literal["text", "time", "date", "list", "money", "subjects"]

_PAST: Final = ("recorded_at", "spent_at")
MONEY: Final = pl.Decimal(18, 2)
"""Amounts are exact: pounds and pence, or whatever the currency has."""
_TYPES: Final[dict[Kind, pl.DataType]] = {
    "text": TEXT,
    "time": UTC_MICROSECONDS,
    "date": pl.Date(),
    "list": pl.List(pl.String()),
    "money": MONEY,
    "subjects": pl.List(pl.String()),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a feed. `choices` closes the vocabulary; `required` means the row is bad without it."""

    name: str
    kind: Kind = "text"
    required: bool = True
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Feed:
    """One reference feed: its columns, and the columns (`key`) that say which rows are versions of one fact.

    one_of: columns of which at least one must be filled.
    """

    name: str
    title: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    one_of: tuple[str, ...] = ()

    @property
    def past(self) -> tuple[str, ...]:
        """Return the times that lie in the past whenever a row is delivered: in the future they tell a wrong clock."""
        return tuple(column.name for column in self.fields if column.name in _PAST)

    @property
    def schema(self) -> pl.Schema:
        """Return the frame schema.

        text is String, time is UTC microseconds, date is Date, list is List(String), money is Decimal(18, 2), subjects
        is List(String) of `type:key`.
        """
        return pl.Schema({column.name: _TYPES[column.kind] for column in self.fields})


def optional(name: str, kind: Kind = "text", choices: tuple[str, ...] = ()) -> Field:
    """Return a column that may be empty, or missing from the file."""
    return Field(name, kind, required=False, choices=choices)
