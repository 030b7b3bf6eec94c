"""The event schema: the families there are, and the columns of each as a schema that every frame of it keeps to.

It must never hold behaviour beyond that: parsers fill the columns (parsers/columns), the archive stores them.
"""

from __future__ import annotations

from typing import Final, Literal

import polars as pl

from parsers.columns import ACCESS, CALL, COMMON, EMAIL, TEXT, TEXTS, UTC_MICROSECONDS, WEB, Column

__all__ = [
    "COLUMNS", "CONTENT", "FAMILIES", "NO_EVENTS", "SCHEMA", "SHAPES", "TEXT", "TEXTS", "UTC_MICROSECONDS", "Column",
    "Family", "conform",
]  # fmt: skip

Family = Literal["access", "email", "call", "web"]
FAMILIES: Final[tuple[Family, ...]] = ("access", "email", "call", "web")

CONTENT: Final = ("email_subject", "url_query", "event_original")
"""Columns that hold what people wrote: shown and handed out only where somebody asks for it in so many words."""

COLUMNS: Final[dict[Family, tuple[Column, ...]]] = {
    "access": COMMON + ACCESS,
    "email": COMMON + EMAIL,
    "call": COMMON + CALL,
    "web": COMMON + WEB,
}

SCHEMA: Final[dict[Family, pl.Schema]] = {
    family: pl.Schema({column.name: column.dtype for column in columns})
    for family, columns in COLUMNS.items()
}

# No events of a family, and the columns and types every frame of it has: made once, since making them is slow.
NO_EVENTS: Final[dict[Family, pl.DataFrame]] = {
    family: schema.to_frame() for family, schema in SCHEMA.items()
}
SHAPES: Final[dict[Family, tuple[list[str], list[pl.DataType]]]] = {
    family: (frame.columns, frame.dtypes) for family, frame in NO_EVENTS.items()
}


def conform(frame: pl.DataFrame, family: Family) -> pl.DataFrame:
    """Return `frame` with exactly the family's columns in order: absent ones null, strangers a ValueError."""
    schema = SCHEMA[family]
    strangers = [name for name in frame.columns if name not in schema]
    if strangers:
        raise ValueError(f"not columns of family {family!r}: {', '.join(strangers)}")
    try:
        return pl.concat([NO_EVENTS[family], frame], how="diagonal")
    except pl.exceptions.SchemaError:
        typed = frame.cast({name: schema[name] for name in frame.columns})
        return pl.concat([NO_EVENTS[family], typed], how="diagonal")
