"""What the columns of a Cisco CUCM call record mean: expressions from its columns to those of a call event.

It must never see a line: rows come with the columns of COLUMNS as text, null where empty or unknown to the release.
Expressions are to be made once for a layout or a configuration: making them costs more than parsing a small block does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl

from parsers.calls import call_direction, call_verdict, cause_text, is_ours
from parsers.event import TEXT, UTC_MICROSECONDS
from parsers.force import Force
from parsers.subjects import canonical_account

REQUIRED: Final = (
    *("cdrRecordType", "globalCallID_callId", "dateTimeOrigination", "dateTimeConnect", "dateTimeDisconnect"),
    *("duration", "callingPartyNumber", "originalCalledPartyNumber", "finalCalledPartyNumber"),
)
NUMBERS: Final = (
    *("callingPartyNumber", "originalCalledPartyNumber", "finalCalledPartyNumber", "lastRedirectDn"),
    *("outpulsedCallingPartyNumber", "outpulsedCalledPartyNumber"),
    *("outpulsedOriginalCalledPartyNumber", "outpulsedLastRedirectingNumber"),
    *("mobileCallingPartyNumber", "finalMobileCalledPartyNumber"),
)
URIS: Final = (
    *("callingPartyNumber_uri", "originalCalledPartyNumber_uri"),
    *("finalCalledPartyNumber_uri", "lastRedirectDn_uri"),
)
OTHERS: Final = (
    *("globalCallID_callManagerId", "globalCallId_ClusterID", "pkid", "origCause_value", "destCause_value"),
    *("callingPartyUnicodeLoginUserID", "finalCalledPartyUnicodeLoginUserID"),
    *("origIpAddr", "destIpAddr", "origIpv4v6Addr", "destIpv4v6Addr", "origDeviceName", "destDeviceName"),
    *("origCalledPartyRedirectOnBehalfOf", "lastRedirectRedirectOnBehalfOf", "joinOnBehalfOf"),
    *("origCalledPartyRedirectReason", "lastRedirectRedirectReason"),
)
COLUMNS: Final = tuple(dict.fromkeys((*REQUIRED, *NUMBERS, *URIS, *OTHERS)))
# Names are compared in lower case: releases do not agree on globalCallID and globalCallId.
BY_LOWER_NAME: Final = {name.lower(): name for name in COLUMNS}

CALL_RECORD: Final = "1"
QUALITY_RECORD: Final = "2"
LAST_SECOND: Final = 2**32 - 1
LAST_INT32: Final = 2**31 - 1
_TIMES: Final = ("dateTimeOrigination", "dateTimeConnect", "dateTimeDisconnect")
LAST: Final = {**dict.fromkeys(_TIMES, LAST_SECOND), "duration": LAST_INT32}
# The fields of LAST as whole numbers, null where they are none: read once, since much depends on them.
WHOLE: Final = [pl.col(name).cast(pl.Int64, strict=False).alias(f"{name} whole") for name in LAST]
# What the system writes for the copy of a call that it sends to a recorder.
RECORDING_CALLER: Final = r"^b00[0-9]+$"
RECORDING_ON_BEHALF_OF: Final = "27"
RECORDING_REASON: Final = "354"


def complete(fields: pl.DataFrame) -> pl.DataFrame:
    """Return fields named in lower case under their names in COLUMNS; those that a release does not have are null."""
    named = fields.rename({name: BY_LOWER_NAME[name] for name in fields.columns})
    absent = [name for name in COLUMNS if name not in named.columns]
    return named.with_columns(pl.lit(None, dtype=TEXT).alias(name) for name in absent) if absent else named


def fault(missing: Sequence[str]) -> list[pl.Expr]:
    """Expressions `reason` and `detail`: why a record is no event; both null where it is one. They need WHOLE."""
    kind = pl.col("cdrRecordType")
    faults: list[tuple[pl.Expr, str, str]] = [
        ((kind == QUALITY_RECORD), "cmr", ""),
        ((kind != CALL_RECORD), "not_this_format", "cdrRecordType is neither 1 nor 2"),
        (kind.is_null(), "missing_field", "cdrRecordType"),
        (pl.lit(bool(missing)), "no_header", f"the header lacks {', '.join(missing)}"),
        *((~_in_range(name), "bad_time", name) for name in _TIMES),
        (_time("dateTimeOrigination").is_null(), "missing_field", "dateTimeOrigination"),
        (~_in_range("duration"), "bad_number", "duration"),
    ]
    reason = detail = pl.lit(None, dtype=TEXT)
    for when, why, what in reversed(faults):
        reason = pl.when(when).then(pl.lit(why)).otherwise(reason)
        detail = pl.when(when).then(pl.lit(what)).otherwise(detail)
    return [reason.alias("reason"), detail.alias("detail")]


def all_sound(records: pl.DataFrame) -> bool:
    """Return whether `fault` would find nothing in any record, where the header lacks nothing. Needs WHOLE."""
    kinds, begun = records["cdrRecordType"], records["dateTimeOrigination whole"]
    if kinds.null_count() or begun.null_count() or not (kinds == CALL_RECORD).all() or (begun == 0).any():
        return False
    return all(_all_in_range(records[name], records[f"{name} whole"], last) for name, last in LAST.items())


def _all_in_range(text: pl.Series, whole: pl.Series, last: int) -> bool:
    first, largest = whole.min(), whole.max()
    if text.null_count() < whole.null_count():
        return False
    return first is None or (
        isinstance(first, int) and isinstance(largest, int) and first >= 0 and largest <= last
    )


def call_steps(force: Force) -> list[list[pl.Expr]]:
    """Return what to add, one step after the other, to a record without fault and its numbers.

    Together they are the columns of a call event, except identity and source. They need WHOLE, numbers and
    `decoded_addresses`.
    """
    rang = pl.coalesce("call_to_final", "call_to_dialled")
    sides = [
        is_ours(force, pl.col("call_from")).alias("from_us"),
        is_ours(force, rang).alias("to_us"),
        _is_recording().alias("call_is_recording"),
        canonical_account(pl.col("callingPartyUnicodeLoginUserID")).alias("call_from_user"),
        canonical_account(pl.col("finalCalledPartyUnicodeLoginUserID")).alias("call_to_user"),
    ]
    direction = call_direction(
        caller=pl.col("call_from"), called=rang, from_us=pl.col("from_us"), to_us=pl.col("to_us")
    )
    told = pl.when("call_is_recording").then(pl.lit("unknown")).otherwise(direction)
    verdict = call_verdict(
        direction=pl.col("call_direction"),
        connected=pl.col("call_connected"),
        talk_seconds=pl.col("call_talk_seconds"),
        recording=pl.col("call_is_recording"),
    )
    return [
        [*sides, *_times(), *_causes(), *_places()],
        [told.alias("call_direction")],
        [*_users(), *verdict],
    ]


def _whole(name: str) -> pl.Expr:
    return pl.col(f"{name} whole")


def _in_range(name: str) -> pl.Expr:
    """Boolean expression: the field is empty or a whole number from 0 to the last it may be."""
    return pl.col(name).is_null() | _whole(name).is_between(0, LAST[name]).fill_null(value=False)


def _time(name: str) -> pl.Expr:
    """Seconds since 1970 in UTC; 0 says that it never happened."""
    return pl.when(_whole(name) > 0).then((_whole(name) * 1_000_000).cast(UTC_MICROSECONDS))


def _times() -> Iterator[pl.Expr]:
    start, connected, ended = (_whole(name) for name in _TIMES)
    answered = connected.fill_null(0) > 0
    rung = pl.when(answered).then(connected).when(ended > 0).then(ended) - start
    talked = pl.when(answered & (ended >= connected)).then(ended - connected).when(~answered).then(0)
    yield _time("dateTimeOrigination").alias("timestamp")
    yield _time("dateTimeConnect").alias("call_connected")
    yield _time("dateTimeDisconnect").alias("call_ended")
    yield pl.when(rung.is_between(0, LAST_INT32)).then(rung).cast(pl.Int32).alias("call_ring_seconds")
    yield pl.coalesce(_whole("duration"), talked).cast(pl.Int32, strict=False).alias("call_talk_seconds")


def _causes() -> Iterator[pl.Expr]:
    """The side that ended the call gives the cause; the other one has 0."""
    from_side, to_side = pl.col("origCause_value"), pl.col("destCause_value")
    cause = pl.when(from_side != "0").then(from_side).otherwise(pl.coalesce(to_side, from_side))
    yield cause.alias("event_code")
    yield cause_text(cause.cast(pl.Int32, strict=False)).alias("event_reason")
    yield from_side.cast(pl.Int32, strict=False).alias("call_cause_from")
    yield to_side.cast(pl.Int32, strict=False).alias("call_cause_to")


def _places() -> Iterator[pl.Expr]:
    yield _address("origIpv4v6Addr", "orig decoded").alias("source_ip")
    yield _address("destIpv4v6Addr", "dest decoded").alias("destination_ip")
    yield pl.col("origDeviceName").alias("source_address")
    yield pl.col("origDeviceName").alias("call_device_from")
    yield pl.col("destDeviceName").alias("call_device_to")
    yield pl.concat_str(
        pl.col("globalCallId_ClusterID", "globalCallID_callManagerId", "globalCallID_callId").fill_null(""),
        separator="/",
    ).alias("call_group_id")
    yield pl.col("pkid").alias("call_leg_id")


def _written(text: str) -> pl.Expr:
    return pl.when(~pl.col(text).is_in(["0", "0.0.0.0", "::"])).then(pl.col(text))  # noqa: S104 - no address to bind to, but the log's word for none


def decoded_addresses(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the addresses of both sides in dotted form, where only a number gives them.

    The number is signed and its lowest byte comes first: -1139627840 is 192.168.18.188.
    """
    signed = frame.select(_UNWRITTEN).select(_REAL)
    return signed.select(
        _DOTTED[name] if signed[name].null_count() < signed.height else pl.col(name).cast(TEXT)
        for name in signed.columns
    )


def _address(text: str, decoded: str) -> pl.Expr:
    return pl.coalesce(_written(text), pl.col(decoded))


def _is_recording() -> pl.Expr:
    """Boolean expression: the leg is the copy of a call on its way to a recorder."""
    redirects = ("origCalledPartyRedirect", "lastRedirectRedirect")
    return pl.any_horizontal(
        pl.col("callingPartyNumber").str.contains(RECORDING_CALLER).fill_null(value=False),
        *(pl.col(f"{redirect}Reason").eq_missing(RECORDING_REASON) for redirect in redirects),
        *(pl.col(f"{redirect}OnBehalfOf").eq_missing(RECORDING_ON_BEHALF_OF) for redirect in redirects),
        pl.col("joinOnBehalfOf").eq_missing(RECORDING_ON_BEHALF_OF),
    )


def _users() -> Iterator[pl.Expr]:
    """The account that acted is our party's: the caller's, except on a call that came in from outside."""
    caller, called = pl.col("callingPartyUnicodeLoginUserID"), pl.col("finalCalledPartyUnicodeLoginUserID")
    direction = pl.col("call_direction")
    is_caller = (
        pl.when(direction.is_in(["outbound", "internal"]))
        .then(pl.lit(value=True))
        .when(direction == "inbound")
        .then(pl.lit(value=False))
        .otherwise(caller.is_not_null())
    )
    yield pl.when(is_caller).then("call_from_user").otherwise("call_to_user").alias("user_id")
    yield pl.when(is_caller).then(caller).otherwise(called).alias("user_name")


# Only where the text says nothing: numbers to text cost more than all the rest.
_UNWRITTEN: Final = [
    pl.when(_written(f"{side}Ipv4v6Addr").is_null())
    .then(pl.col(f"{side}IpAddr"))
    .cast(pl.Int64, strict=False)
    .alias(f"{side} decoded")
    for side in ("orig", "dest")
]
_REAL: Final = pl.when(pl.all().is_between(-(2**31), LAST_SECOND) & (pl.all() != 0)).then(pl.all())
_DOTTED: Final = {
    name: pl.concat_str([(pl.col(name) // 256**place) % 256 for place in range(4)], separator=".").alias(name)
    for name in ("orig decoded", "dest decoded")
}
