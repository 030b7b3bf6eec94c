"""What the columns of the UK Standard for CDRs mean: their order, and expressions to the columns of a leg.

It must never call the charged party the caller without a look at the number that was shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from parsers.call_numbers import read_numbers
from parsers.calls import is_ours
from parsers.durations import clock_seconds, unread, whole_seconds
from parsers.force import Force
from parsers.legs import fault
from parsers.times import IN_LOG_YEARS, iso_times
from parsers.uk_dates import uk_time
from parsers.widths import Widths

STANDARD: Final = (
    "Call Type", "Call Cause Definition Required", "Customer Identifier", "Telephone Number Dialled", "Call Date",
    "Call Time", "Duration", "Bytes Transmitted", "Bytes Received", "Description", "Chargecode", "Time Band", "Salesprice",
    "Salesprice (Pre-Bundle)", "Extension", "DDI", "Grouping ID", "Call Class (Feature)", "Carrier", "Recording", "VAT",
    "Country of Origin", "Network", "Retail Tariff Code", "Remote Network", "APN", "Diverted Number", "Ring time",
    "Record ID", "Currency", "Caller Line Identity", "Network Access Reference", "NGCS Access Charge", "NGCS Service Charge",
    "Total Bytes Transferred", "User ID", "Onward Billing Reference", "Contract Name", "Bundle Name", "Bundle Allowance",
    "Discount Reference", "Routing Code",
)  # fmt: skip
FEWEST: Final = 27  # Older versions end earlier, later ones add columns behind.
MOST: Final = 60
# Our columns, and the names they have in headers; letters and digits only.
_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "type": ("calltype",),
    "cause": ("callcausedefinitionrequired", "callcause"),
    "customer": ("customeridentifier",),
    "other": ("telephonenumberdialled", "nonchargedparty", "numberdialled"),
    "date": ("calldate",),
    "time": ("calltime",),
    "duration": ("duration",),
    "extension": ("extension",),
    "ddi": ("ddi",),
    "group": ("groupingid",),
    "diverted": ("divertednumber",),
    "ring": ("ringtime",),
    "record": ("recordid",),
    "shown": ("callerlineidentity", "presentationnumber"),
    "user": ("userid",),
}
USED: Final = tuple(_NAMES)
_REQUIRED: Final = ("type", "customer", "other", "date", "time", "duration")
_BY_NAME: Final = {theirs: ours for ours, names in _NAMES.items() for theirs in names}


def named(columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of a header under our names, unique; () unless all that are required are there."""
    names: list[str] = []
    for place, name in enumerate(columns):
        ours = _BY_NAME.get(re.sub("[^a-z0-9]", "", name.lower()))
        names.append(ours if ours and ours not in names else f"other {place}")
    return tuple(names) if set(_REQUIRED) <= set(names) else ()


_ALL: Final = (*named(STANDARD), *(f"more {place}" for place in range(MOST - len(STANDARD))))
WIDTHS: Final = Widths({width: _ALL[:width] for width in range(FEWEST, MOST + 1)}, frozenset(USED))


def complete(fields: pl.DataFrame) -> pl.DataFrame:
    """Return fields with all our columns, trimmed, null where empty or absent."""
    absent = [pl.lit(None, dtype=pl.String).alias(name) for name in USED if name not in fields.columns]
    return fields.with_columns(pl.col(pl.String).str.strip_chars().replace("", None)).with_columns(absent)


_SECONDS: Final = [
    pl.coalesce(whole_seconds("duration"), clock_seconds("duration")).alias("duration s"),
    whole_seconds("ring").alias("ring s"),
]


def timed(rows: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    """Return rows with their times and durations beside them, null where they cannot be read."""
    return rows.hstack(iso_times(rows.select(uk_time("date", "time")).to_series(), zone)).with_columns(
        _SECONDS
    )


def faults(data_types: Sequence[str]) -> list[pl.Expr]:
    """Expressions for what is wrong with rows; those of a type in `data_types` are sound, but tell of no call."""
    return [
        fault(pl.col("type").is_in(list(data_types)), "other_record", ""),
        *(fault(pl.col(name).is_null(), "missing_field", name) for name in ("type", "date", "time")),
        fault(~IN_LOG_YEARS, "bad_time", "call date and time"),
        fault(pl.coalesce("customer", "other").is_null(), "missing_field", "both numbers"),
        fault(unread("duration", "duration s"), "bad_number", "duration"),
    ]


_LENGTH: Final = pl.duration(seconds="duration s")
_NUMBERS: Final = [
    pl.col("shown").alias("call_from_raw"),
    pl.col("customer").alias("call_to_dialled_raw"),
    pl.col("other").alias("call_to_final_raw"),
    pl.col("extension").alias("also_from"),
    pl.col("ddi").alias("also_via"),
    pl.col("shown").alias("also_shown"),
    pl.col("diverted").alias("also_to"),
]
_TALKED: Final = pl.col("duration s") > 0
_COLUMNS: Final = [
    pl.when(_TALKED).then("timestamp").alias("call_connected"),
    (pl.col("timestamp") + _LENGTH).alias("call_ended"),
    pl.col("duration s").clip(upper_bound=2**31 - 1).cast(pl.Int32).alias("call_talk_seconds"),
    pl.col("ring s").cast(pl.Int32).alias("call_ring_seconds"),
    pl.col("group").alias("call_group_id"),
    pl.col("record").alias("call_leg_id"),
    pl.concat_str(
        "record", pl.lit("-"), pl.col("event_hash").bin.head(8).bin.encode("hex"), ignore_nulls=False
    ).alias("own"),
    pl.col("type").alias("event_code"),
    pl.col("cause").alias("event_reason"),
    pl.when("came in").then("user").alias("call_to_user"),
    pl.when(~pl.col("came in")).then("user").alias("call_from_user"),
]


def legs(rows: pl.DataFrame, force: Force, message_types: Sequence[str]) -> pl.DataFrame:
    """Return rows without fault as legs of calls.

    The customer is who pays: the caller, except where the number shown is the other party's, or an outside one while both parties are ours.
    """
    read = read_numbers(rows.with_columns(_NUMBERS), force)
    shown, customer, other = (pl.col(f"call_{name}") for name in ("from", "to_dialled", "to_final"))
    landed = shown.is_not_null() & ~is_ours(force, shown) & is_ours(force, customer) & is_ours(force, other)
    came_in = ((shown == other) | landed).fill_null(value=False) & (shown != customer).fill_null(value=True)
    parties = [
        *_side("call_from", out="call_to_dialled", into="call_from"),
        *_side("call_to_dialled", out="call_to_final", into="call_to_dialled"),
        *_side("call_to_final", out=None, into="call_to_final"),
        pl.col("type").is_in(list(message_types)).alias("message"),
    ]
    told = read.with_columns(came_in.alias("came in")).with_columns(parties).with_columns(_COLUMNS)
    # Where the other party is the caller, it is not where the call rang.
    rang = pl.when(pl.col("call_to_final").ne_missing(pl.col("call_from")))
    return told.with_columns(rang.then(name).alias(name) for name in ("call_to_final", "call_to_final_raw"))


def _side(party: str, *, out: str | None, into: str) -> list[pl.Expr]:
    """Expressions: a party, canonical and as written, of calls that went out and of those that came in."""
    return [
        pl.when("came in")
        .then(into + written)
        .otherwise(pl.lit(None, dtype=pl.String) if out is None else pl.col(out + written))
        .alias(party + written)
        for written in ("", "_raw")
    ]
