"""Events as JSON objects under their own column names. It must never rename or reckon anything."""

from __future__ import annotations

from functools import cache

import polars as pl

from parsers.documents import Documents, instant, readable_bytes
from parsers.event import COLUMNS, CONTENT, Column, Family


@cache
def flat_documents(family: Family, *, content: bool) -> Documents:
    """Return what makes objects of a family's events. content: with what is hidden otherwise (`CONTENT`)."""
    return Documents({
        "family": pl.lit(family),
        **{one.name: _value(one) for one in COLUMNS[family] if content or one.name not in CONTENT},
    })  # fmt: skip


def _value(column: Column) -> pl.Expr:
    value = pl.col(column.name)
    if column.name == "event_hash":
        return value.bin.encode("hex")
    if column.dtype == pl.Binary:
        return readable_bytes(value)
    return instant(value) if isinstance(column.dtype, pl.Datetime) else value
