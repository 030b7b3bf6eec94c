"""What the columns of an Avaya IP Office call record mean: layouts by width, and expressions to the columns of a leg.

It must never believe `Direction` or `Is Internal` on who is ours: they only say which party's device is which.
"""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from parsers.call_numbers import read_numbers
from parsers.durations import clock_seconds, unread, whole_seconds
from parsers.force import Force
from parsers.legs import fault
from parsers.times import IN_LOG_YEARS, iso_times
from parsers.widths import Widths

BASE: Final = (
    "start", "connected", "ring", "caller", "direction", "called", "dialled", "account", "internal", "call_id",
    "continuation", "device1", "name1", "device2", "name2", "hold", "park", "auth_valid", "auth_code", "user_charged",
    "charge", "currency", "last_amount", "units", "last_units", "unit_cost", "mark_up", "cause", "targeter", "targeted",
)  # fmt: skip
# Release 11 and later; what comes behind is kept in the raw line only.
ADDED: Final = (
    "caller_server",
    "caller_ucid",
    "called_server",
    "called_ucid",
    "recorded",
    "consent",
    "verified",
)
FEWEST: Final = (
    17  # Collectors leave out empty fields at the end; up to the park time all of them are filled.
)
MOST: Final = 45
_NAMES: Final = (*BASE, *ADDED, *(f"more {place}" for place in range(MOST - len(BASE) - len(ADDED))))
LAYOUTS: Final = {width: _NAMES[:width] for width in range(FEWEST, MOST + 1)}
USED: Final = (
    "start", "connected", "ring", "caller", "direction", "called", "dialled", "call_id",
    "device1", "name1", "device2", "name2", "hold", "park", "cause", "targeted",
)  # fmt: skip
WIDTHS: Final = Widths(LAYOUTS, frozenset(USED))


def complete(fields: pl.DataFrame) -> pl.DataFrame:
    """Return fields with all columns of USED, trimmed, null where empty or absent."""
    absent = [name for name in USED if name not in fields.columns]
    return fields.with_columns(
        *(
            pl.col(name).str.strip_chars().replace("", None)
            for name in ("caller", "called", "dialled", "name1", "name2")
        ),
        *(pl.lit(None, dtype=pl.String).alias(name) for name in absent),
    )


_TIME: Final = pl.col("start").str.replace_all("/", "-", literal=True)
_DURATIONS: Final = [
    clock_seconds("connected").alias("connected s"),
    *(whole_seconds(name).alias(f"{name} s") for name in ("ring", "hold", "park")),
]


def timed(rows: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    """Return rows with their times and durations beside them, null where they cannot be read."""
    return rows.hstack(iso_times(rows.select(_TIME).to_series(), zone)).with_columns(_DURATIONS)


FAULTS: Final = [
    fault(pl.col("start").str.contains(r"(?i)^call ?start"), "header", ""),
    fault(pl.col("start").is_null(), "missing_field", "call start"),
    fault(~IN_LOG_YEARS, "bad_time", "call start"),
    fault(~pl.col("direction").is_in(["I", "O"]), "not_this_format", "direction is neither I nor O"),
    fault(pl.col("direction").is_null(), "missing_field", "direction"),
    fault(pl.col("connected").is_null(), "missing_field", "connected time"),
    fault(pl.col("connected s").is_null(), "bad_number", "connected time"),
    *(fault(unread(name, f"{name} s"), "bad_number", f"{name} time") for name in ("ring", "hold", "park")),
]

_IN: Final = pl.col("direction") == "I"
# E203 is extension 203; T is a line, V a channel of voicemail or of a conference.
_EXTENSION: Final = r"^E([0-9]+)$"
_DEVICES: Final = [
    pl.col("device1").str.extract(_EXTENSION).alias("extension1"),
    pl.col("device2").str.extract(_EXTENSION).alias("extension2"),
]
_CALLER: Final = pl.coalesce("caller", pl.when(~_IN).then("extension1"))
_DIALLED: Final = pl.coalesce("dialled", "called")
# On a call from outside the first party is the extension that took it, or else the line that brought it.
_LINE_FIRST: Final = pl.col("device1").str.starts_with("T").fill_null(value=False)
_REACHED: Final = (
    pl.when(_IN).then(pl.coalesce("extension1", "extension2", "called")).otherwise(pl.col("extension2"))
)
_FROM: Final = pl.when(_IN & ~_LINE_FIRST).then("device2").otherwise("device1")
_TO: Final = pl.when(_IN & ~_LINE_FIRST).then("device1").otherwise("device2")
_NAME1, _NAME2 = (pl.when(pl.col(f"extension{place}").is_not_null()).then(f"name{place}") for place in (1, 2))
_ANSWERED: Final = pl.col("connected s") > 0
_LENGTH: Final = pl.sum_horizontal("ring s", "connected s", "hold s", "park s")
_PLACES: Final = [
    _CALLER.alias("call_from_raw"),
    _DIALLED.alias("call_to_dialled_raw"),
    _REACHED.alias("call_to_final_raw"),
    pl.col("targeted").alias("also_to"),
    pl.when(_ANSWERED)
    .then(pl.col("timestamp") + pl.duration(seconds=pl.col("ring s").fill_null(0)))
    .alias("call_connected"),
    (pl.col("timestamp") + pl.duration(seconds=_LENGTH)).alias("call_ended"),
    pl.col("connected s").clip(upper_bound=2**31 - 1).cast(pl.Int32).alias("call_talk_seconds"),
    pl.col("ring s").cast(pl.Int32).alias("call_ring_seconds"),
    pl.col("call_id").alias("call_group_id"),
    pl.concat_str("call_id", pl.lit("-"), pl.col("event_hash").bin.head(8).bin.encode("hex")).alias("own"),
    pl.col("direction").alias("event_code"),
    pl.col("cause").alias("event_reason"),
    _FROM.alias("call_device_from"),
    _TO.alias("call_device_to"),
    pl.when(~_IN).then(_NAME1).alias("call_from_user"),
    pl.when(_IN).then(pl.coalesce(_NAME1, _NAME2)).otherwise(_NAME2).alias("call_to_user"),
]


def legs(rows: pl.DataFrame, force: Force) -> pl.DataFrame:
    """Return rows without fault as legs of calls."""
    return read_numbers(rows.with_columns(_DEVICES).with_columns(_PLACES), force)
