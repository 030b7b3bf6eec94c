"""Rows of a feed to what the database holds (key and body as text) and back, a whole column at a time.

It must never be changed so that the same row gets another body: every row would look corrected on the next load.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

import polars as pl

from detectors.feed import MONEY
from detectors.reference import FEEDS, Field

TIME: Final = "%Y-%m-%dT%H:%M:%S%.6fZ"
LISTS: Final = ("list", "subjects")
DATE: Final = "%Y-%m-%d"
# Neither can stand in a value: lines with control characters below it are no text, and fields are trimmed.
BETWEEN: Final = "\x1f"
NOTHING: Final = "\x1e"


def encode(rows: pl.DataFrame, feed: str) -> pl.DataFrame:
    """Return `row_key` (SHA-256, hex, of the key columns) and `body` (JSON object) of each row, in order."""
    shape = FEEDS[feed]
    texts = rows.select(_to_text(column) for column in shape.fields)
    keys = texts.select(
        pl.concat_str([pl.col(name).fill_null(NOTHING) for name in shape.key], separator=BETWEEN)
    ).to_series()
    return texts.select(
        pl.Series("row_key", [sha256(key.encode()).hexdigest() for key in keys], dtype=pl.String),
        pl.struct(pl.all()).struct.json_encode().alias("body"),
    )


def decode(bodies: pl.Series, feed: str) -> pl.DataFrame:
    """Return the rows that `encode` made the bodies of: a frame of the feed's schema, in order."""
    shape = FEEDS[feed]
    stored = pl.Struct(
        {
            column.name: pl.List(pl.String()) if column.kind in LISTS else pl.String()
            for column in shape.fields
        }
    )
    texts = bodies.cast(pl.String()).str.json_decode(stored).struct.unnest()
    return texts.select(_from_text(column) for column in shape.fields)


def _to_text(column: Field) -> pl.Expr:
    if column.kind == "time":
        return pl.col(column.name).dt.to_string(TIME)
    if column.kind == "date":
        return pl.col(column.name).dt.to_string(DATE)
    if column.kind == "money":
        return pl.col(column.name).cast(pl.String)
    return pl.col(column.name)


def _from_text(column: Field) -> pl.Expr:
    text = pl.col(column.name)
    if column.kind == "time":
        return text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us").dt.replace_time_zone("UTC")
    if column.kind == "date":
        return text.str.to_date(DATE)
    if column.kind == "money":
        return text.cast(MONEY)
    return text
