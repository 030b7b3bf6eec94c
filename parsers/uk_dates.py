"""Dates as UK bills write them, `dd/mm/yyyy`, turned round for the reader of times. It must never guess at month and day."""

from __future__ import annotations

import polars as pl

_DATE = r"^[0-9]{2}/[0-9]{2}/[0-9]{4}$"


def uk_time(date: str, time: str) -> pl.Expr:
    """Return a date (`dd/mm/yyyy` or ISO) and a time (`hh:mm[:ss]`) of two columns as ISO text; null where one is null."""
    day = pl.col(date)
    turned = pl.concat_str([day.str.slice(6), day.str.slice(3, 2), day.str.slice(0, 2)], separator="-")
    iso = pl.when(day.str.contains(_DATE)).then(turned).otherwise(day)
    return pl.concat_str([iso, pl.col(time)], separator=" ", ignore_nulls=False)
