"""What the columns of a Teams PSTN call record mean, whichever of its forms names them: expressions to those of a leg.

It must never take the names "caller" and "callee" at their word: the documents of the forms contradict each other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from parsers.call_numbers import read_numbers
from parsers.calls import is_ours
from parsers.durations import unread, whole_seconds
from parsers.event import UTC_MICROSECONDS
from parsers.force import Force
from parsers.legs import fault
from parsers.times import IN_LOG_YEARS, iso_times

# Our columns, and the names they have in the exports of the admin centre and in Graph; letters and digits only.
NAMES: Final[dict[str, tuple[str, ...]]] = {
    "id": ("usageid", "id"),
    "call": ("callid",),
    "correlation": ("correlationid",),
    "shared": ("sharedcorrelationid",),
    "type": ("calltype",),
    "caller": ("callerid", "callernumber", "calledfrom"),
    "callee": ("destinationnumber", "calleenumber", "calledto"),
    "invite": ("invitetime", "invitetimeutc", "invitedatetime"),
    "start": ("starttime", "starttimeutc", "startdatetime", "timestamp", "timestamputc"),
    "end": ("endtime", "endtimeutc", "enddatetime"),
    "failure": ("failuretime", "failuretimeutc", "failuredatetime"),
    "duration": ("durationseconds", "duration"),
    "user": ("upn", "userprincipalname", "username", "sipaddress"),
    "trunk": ("trunkfullyqualifieddomainname", "sbcfqdn"),
    "phrase": ("finalsipcodephrase", "finalsipphrase"),
}
REQUIRED: Final = ("type", "start", "caller", "callee")
GRAPH: Final = (
    "id", "callId", "correlationId", "callType", "callerNumber", "calleeNumber", "inviteDateTime", "startDateTime",
    "endDateTime", "failureDateTime", "duration", "userPrincipalName", "trunkFullyQualifiedDomainName", "finalSipCodePhrase",
)  # fmt: skip
TYPES: Final = frozenset(
    [
        "user_in",
        "user_out",
        "user_out_conf",
        "user_out_transfer",
        "user_out_forwarding",
        "conf_in",
        "conf_out",
        "ucap_in",
        "ucap_out",
        "dr_in",
        "dr_out",
        "dr_out_user_conf",
        "dr_out_user_forwarding",
        "dr_out_user_transfer",
        "dr_emergency_out",
        "dr_in_ucap",
        "dr_out_ucap",
        "byotin",
        "byotout",
        "byotinucap",
        "byotoutucap",
        "byotoutuserconf",
        "byotoutuserforwarding",
        "byotoutusertransfer",
        "emergencybyotout",
    ]
)
_BY_NAME: Final = {theirs: ours for ours, names in NAMES.items() for theirs in names}
# All times are documented as UTC; the exports leave the zone out.
UTC_ZONE: Final = ZoneInfo("UTC")


def named(columns: Sequence[str]) -> dict[str, int]:
    """Return where our columns stand among the names of a header; {} unless all that are required do."""
    places: dict[str, int] = {}
    for place, name in enumerate(columns):
        ours = _BY_NAME.get(re.sub("[^a-z0-9]", "", name.lower()))
        if ours:
            places.setdefault(ours, place)
    return places if all(name in places for name in REQUIRED) else {}


def complete(fields: pl.DataFrame) -> pl.DataFrame:
    """Return fields with all our columns, trimmed, null where empty or absent."""
    absent = [pl.lit(None, dtype=pl.String).alias(name) for name in NAMES if name not in fields.columns]
    return fields.with_columns(pl.all().str.strip_chars().replace("", None)).with_columns(absent)


def timed(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with their times and durations beside them, null where they cannot be read."""
    began = iso_times(rows.select(pl.coalesce("invite", "start").alias("began")).to_series(), UTC_ZONE)
    others = [_read_time(rows[name]).alias(f"{name} at") for name in ("end", "failure")]
    # Calling plans tell of no invitation: then the start has been read already.
    same = rows["invite"].null_count() == rows.height
    others.append((began["timestamp"] if same else _read_time(rows["start"])).alias("start at"))
    return rows.hstack(began).hstack(others).with_columns(whole_seconds("duration").alias("duration s"))


def _read_time(text: pl.Series) -> pl.Series:
    if text.null_count() == len(text):
        return pl.Series([None], dtype=UTC_MICROSECONDS).new_from_index(0, len(text))
    return iso_times(text, UTC_ZONE)["timestamp"]


FAULTS: Final = [
    fault(pl.coalesce("invite", "start").is_null(), "missing_field", "start time"),
    fault(~IN_LOG_YEARS, "bad_time", "start time"),
    fault(pl.col("type").is_null(), "missing_field", "call type"),
    *(fault(unread(name, f"{name} at"), "bad_time", f"{name} time") for name in ("start", "end", "failure")),
    fault(unread("duration", "duration s"), "bad_number", "duration"),
]

_OUT: Final = pl.col("type").str.to_lowercase().str.contains("out", literal=True)
_SIDES: Final = [pl.col("caller").alias("call_from_raw"), pl.col("callee").alias("call_to_dialled_raw")]
_PARTIES: Final = ("call_from", "call_from_raw", "call_to_dialled", "call_to_dialled_raw")
_TALKED: Final = pl.col("duration s") > 0
_LENGTH: Final = pl.duration(seconds=pl.col("duration s"))
_CONNECTED: Final = pl.when(_TALKED).then(
    pl.when(pl.col("invite").is_not_null())
    .then("start at")
    .otherwise(pl.coalesce(pl.col("end at") - _LENGTH, "start at"))
)
_RUNG: Final = (pl.coalesce("call_connected", "failure at") - pl.col("timestamp")).dt.total_seconds()
_ACCOUNT: Final = pl.col("user").str.replace(r"(?i)^sips?:", "")
_COLUMNS: Final = [
    _CONNECTED.alias("call_connected"),
    pl.coalesce("end at", "failure at").alias("call_ended"),
    pl.col("duration s").cast(pl.Int32).alias("call_talk_seconds"),
    pl.coalesce("shared", "correlation", "call").alias("call_group_id"),
    pl.col("id").alias("call_leg_id"),
    pl.coalesce(
        "id",
        pl.concat_str(
            "correlation", pl.lit("-"), pl.col("event_hash").bin.head(8).bin.encode("hex"), ignore_nulls=False
        ),
    ).alias("own"),
    pl.col("type").alias("event_code"),
    pl.col("phrase").alias("event_reason"),
    pl.when(_OUT).then(_ACCOUNT).alias("call_from_user"),
    pl.when(~_OUT).then(_ACCOUNT).alias("call_to_user"),
    pl.when(~_OUT).then("trunk").alias("call_device_from"),
    pl.when(_OUT).then("trunk").alias("call_device_to"),
]
_RING: Final = pl.when(_RUNG.is_between(0, 2**31 - 1)).then(_RUNG).cast(pl.Int32).alias("call_ring_seconds")


def legs(rows: pl.DataFrame, force: Force) -> pl.DataFrame:
    """Return rows without fault as legs of calls; the force's ranges say which number is which where they can.

    One document calls `callerNumber` the caller, another the number of ours that took the call, or that was dialled.
    """
    read = read_numbers(rows.with_columns(_SIDES), force)
    caller, callee = (is_ours(force, pl.col(name)) for name in ("call_from", "call_to_dialled"))
    both = pl.col("call_from").is_not_null() & pl.col("call_to_dialled").is_not_null()
    swapped = both & pl.when(_OUT).then(~caller & callee).otherwise(caller & ~callee)
    same = pl.col("call_from").eq(pl.col("call_to_dialled")).fill_null(value=False)
    sides = read.with_columns(swapped.alias("swapped"), same.alias("same")).with_columns(
        *(
            pl.when("swapped").then(other).otherwise(own).alias(own)
            for own, other in zip(_PARTIES, _PARTIES[2:] + _PARTIES[:2], strict=True)
        )
    )
    known = pl.when(~pl.col("same"))
    return (
        sides.with_columns(known.then(name).alias(name) for name in _PARTIES[:2])
        .with_columns(_COLUMNS)
        .with_columns(_RING)
    )
