"""What the columns of an Asterisk call record mean: layouts by width, and expressions to the columns of a leg.

It must never take a trunk for a telephone: a channel's name is a number only where it can be nothing but an extension.
"""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from parsers.call_numbers import read_numbers
from parsers.force import Force
from parsers.legs import fault
from parsers.times import IN_LOG_YEARS, iso_times
from parsers.widths import Widths

BASE: Final = (
    "accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata",
    "start", "answer", "end", "duration", "billsec", "disposition", "amaflags",
)  # fmt: skip
ADDED: Final = ("peeraccount", "linkedid", "sequence")
# Where one of the two is logged and the other is not, the value says which it is.
EITHER: Final = "uniqueid or userfield"
LAYOUTS: Final[dict[int, tuple[str, ...]]] = {
    16: BASE,
    17: (*BASE, EITHER),
    18: (*BASE, "uniqueid", "userfield"),
    19: (*BASE, *ADDED),
    20: (*BASE, EITHER, *ADDED),
    21: (*BASE, "uniqueid", "userfield", *ADDED),
}
NAMES: Final = (*BASE, "uniqueid", "userfield", *ADDED)
USED: Final = (
    "src", "dst", "channel", "dstchannel", "start", "answer", "end", "duration", "billsec", "disposition",
    "uniqueid", "linkedid", "sequence",
)  # fmt: skip
REQUIRED: Final = ("src", "dst", "start", "duration", "billsec", "disposition")
DISPOSITIONS: Final = {
    "ANSWERED": "answered",
    "NO ANSWER": "no answer",
    "BUSY": "busy",
    "FAILED": "failed",
    "CONGESTION": "congestion",
}
_NUMERIC: Final = {"duration", "billsec", "sequence"}
_TIMES: Final = {"start", "answer", "end"}


def kinds(width: int) -> str:
    """Return how strictly the fields of a layout are quoted, a letter each, as `all_quoted` takes it."""
    return "".join("t" if name in _TIMES else "n" if name in _NUMERIC else "q" for name in LAYOUTS[width])


WIDTHS: Final = Widths(LAYOUTS, frozenset({*USED, EITHER}))

# A unique id is [system name-]seconds.number.
_IS_ID: Final = pl.col(EITHER).str.contains(r"^(?:.*-)?[0-9]+\.[0-9]+$")


def complete(fields: pl.DataFrame) -> pl.DataFrame:
    """Return fields with all columns of USED, null where the layout has none."""
    if EITHER in fields.columns:
        fields = fields.with_columns(pl.when(_IS_ID).then(EITHER).alias("uniqueid")).drop(EITHER)
    absent = [name for name in USED if name not in fields.columns]
    return fields.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in absent)


def timed(rows: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    """Return rows with their times and whole numbers beside them, null where they cannot be read."""
    return rows.hstack(iso_times(rows["start"], zone)).with_columns(_WHOLE)


def _clock(name: str) -> pl.Expr:
    return pl.col(name).str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)


def _seconds(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Int64, strict=False).alias(f"{name} whole")


_WHOLE: Final = [
    _seconds("duration"),
    _seconds("billsec"),
    *(_clock(name).alias(f"{name} clock") for name in ("start", "answer", "end")),
]


def _unread(name: str, read: str) -> pl.Expr:
    return pl.col(name).is_not_null() & pl.col(read).is_null()


HEADER: Final = fault((pl.col("start") == "start") & (pl.col("dst") == "dst"), "header", "")
FAULTS: Final = [
    HEADER,
    fault(pl.col("start").is_null(), "missing_field", "start"),
    fault(~IN_LOG_YEARS, "bad_time", "start"),
    *(fault(_unread(name, f"{name} clock"), "bad_time", name) for name in ("answer", "end")),
    *(fault(pl.col(f"{name} whole").is_null(), "bad_number", name) for name in ("duration", "billsec")),
    fault(pl.col("disposition").is_null(), "missing_field", "disposition"),
]

_HOUR: Final = 3600


def _after(clock: str, seconds: pl.Expr) -> pl.Expr:
    """Return the seconds from the start to another time on the clock; `seconds` tells whether it was put on or back."""
    shown = (pl.col(clock) - pl.col("start clock")).dt.total_seconds()
    moved = ((seconds - shown) / _HOUR).round().cast(pl.Int64, strict=False)
    return pl.when(moved.abs() == 1).then(shown + moved * _HOUR).otherwise(shown)


_DURATION, _TALK = pl.col("duration whole"), pl.col("billsec whole")
_AFTER: Final = [
    _after("answer clock", _DURATION - _TALK).alias("answer after"),
    _after("end clock", _DURATION).alias("end after"),
]
# The number of a call follows the technology's name and the device's: SIP/50009-0000098e, Local/7@desk-00000009;1.
_CALL: Final = r"-[0-9a-f]+(?:;[12])?$"
_EXTENSION: Final = r"^(?:PJSIP|SIP|SCCP|Skinny|IAX2|Local)/([0-9]+)(?:@.*)?$"


def _device(name: str) -> pl.Expr:
    return pl.col(name).str.replace(_CALL, "")


def _count(seconds: pl.Expr) -> pl.Expr:
    return pl.when(seconds.is_between(0, 2**31 - 1)).then(seconds).cast(pl.Int32)


_COLUMNS: Final = [
    pl.col("src").alias("call_from_raw"),
    pl.col("dst").alias("call_to_dialled_raw"),
    _device("channel").alias("call_device_from"),
    _device("dstchannel").alias("call_device_to"),
    (pl.col("timestamp") + pl.duration(seconds="answer after")).alias("call_connected"),
    (pl.col("timestamp") + pl.duration(seconds="end after")).alias("call_ended"),
    _count(_TALK).alias("call_talk_seconds"),
    _count(pl.coalesce("answer after", _DURATION)).alias("call_ring_seconds"),
    pl.coalesce("linkedid", "uniqueid").alias("call_group_id"),
    pl.concat_str(
        pl.col("uniqueid"), pl.concat_str(pl.lit("/"), "sequence").fill_null(""), ignore_nulls=False
    ).alias("call_leg_id"),
    # Several legs have one unique id, and the sequence starts anew with the system: so the line itself is added.
    pl.concat_str("uniqueid", pl.lit("-"), pl.col("event_hash").bin.head(8).bin.encode("hex")).alias("own"),
    pl.col("disposition").alias("event_code"),
    pl.col("disposition")
    .replace_strict(DISPOSITIONS, default=None, return_dtype=pl.String)
    .alias("event_reason"),
    (pl.col("disposition") == "ANSWERED").alias("answered"),
]


def legs(rows: pl.DataFrame, force: Force) -> pl.DataFrame:
    """Return rows without fault as legs of calls."""
    rows = rows.with_columns(_AFTER).with_columns(_COLUMNS)
    reached = pl.col("call_device_to").str.extract(_EXTENSION)
    short = reached.str.len_bytes() <= force.extension_digits
    numbers = read_numbers(rows.with_columns(pl.when(short).then(reached).alias("call_to_final_raw")), force)
    # A call that went out did not end at the trunk, even if the trunk is called 9001.
    outside = pl.col("call_to_dialled").str.starts_with("+") & ~force.owns_number(pl.col("call_to_dialled"))
    kept = pl.when(~outside.fill_null(value=False))
    return numbers.with_columns(
        kept.then(name).alias(name) for name in ("call_to_final", "call_to_final_raw")
    )
