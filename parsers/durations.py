"""Durations as call records write them, in whole seconds. It must never turn what it cannot read into 0."""

from __future__ import annotations

from typing import Final

import polars as pl

LONGEST: Final = 2**31 - 1
_CLOCK: Final = r"^[0-9]{1,6}:[0-5][0-9]:[0-5][0-9]$"


def clock_seconds(name: str) -> pl.Expr:
    """Return `H:MM:SS` (any number of hours) in seconds; null where it is none."""
    text = pl.when(pl.col(name).str.contains(_CLOCK)).then(pl.col(name))
    hours, minutes, seconds = text.str.head(-6), text.str.slice(-5, 2), text.str.tail(2)
    return hours.cast(pl.Int64) * 3600 + minutes.cast(pl.Int64) * 60 + seconds.cast(pl.Int64)


def whole_seconds(name: str) -> pl.Expr:
    """Return a whole number of seconds, 0 or more; null where it is none."""
    number = pl.col(name).cast(pl.Int64, strict=False)
    return pl.when(number.is_between(0, LONGEST)).then(number)


def unread(name: str, read: str) -> pl.Expr:
    """Boolean expression: column `name` says something, yet nothing could be made of it in column `read`."""
    return pl.col(name).is_not_null() & pl.col(read).is_null()
