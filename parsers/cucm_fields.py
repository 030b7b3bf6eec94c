"""What the columns of a Cisco CUCM call record mean: expressions from its columns to those of a call event.

It must never see a line: rows come with the columns of COLUMNS as text, null where empty or unknown to the release.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from parsers.calls import call_direction, call_verdict, cause_text
from parsers.event import TEXT, UTC_MICROSECONDS
from parsers.force import Force
from parsers.numbers import canonical_number
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

# Where each party is taken from, best first; the first two are also its raw form.
PARTIES: Final = {
    "call_from": ["callingPartyNumber", "callingPartyNumber_uri"],
    "call_to_dialled": ["originalCalledPartyNumber", "originalCalledPartyNumber_uri"],
    "call_to_final": ["finalCalledPartyNumber", "finalCalledPartyNumber_uri", "outpulsedCalledPartyNumber"],
    "call_redirected_by": ["lastRedirectDn", "lastRedirectDn_uri"],
}
NUMBER_URI: Final = r"^(?:(?i:sips?|tel):|\+)"

CALL_RECORD: Final = "1"
QUALITY_RECORD: Final = "2"
LAST_SECOND: Final = 2**32 - 1
LAST_INT32: Final = 2**31 - 1
# What the system writes for the copy of a call that it sends to a recorder.
RECORDING_CALLER: Final = r"^b00[0-9]+$"
RECORDING_ON_BEHALF_OF: Final = "27"
RECORDING_REASON: Final = "354"


def complete(fields: pl.DataFrame) -> pl.DataFrame:
    """Return COLUMNS, null where a field is empty or the release does not have the column."""
    return fields.select(
        (
            pl.when(pl.col(lower) != "").then(lower) if lower in fields.columns else pl.lit(None, dtype=TEXT)
        ).alias(name)
        for lower, name in BY_LOWER_NAME.items()
    )


def fault(missing: list[str]) -> list[pl.Expr]:
    """Expressions `reason` and `detail`: why a record is no event; both null where it is one."""
    kind = pl.col("cdrRecordType")
    faults: list[tuple[pl.Expr, str, str]] = [
        ((kind == QUALITY_RECORD), "cmr", ""),
        ((kind != CALL_RECORD), "not_this_format", "cdrRecordType is neither 1 nor 2"),
        (kind.is_null(), "missing_field", "cdrRecordType"),
        (pl.lit(bool(missing)), "no_header", f"the header lacks {', '.join(missing)}"),
        (~_in_range("dateTimeOrigination", LAST_SECOND), "bad_time", "dateTimeOrigination"),
        (~_in_range("dateTimeConnect", LAST_SECOND), "bad_time", "dateTimeConnect"),
        (~_in_range("dateTimeDisconnect", LAST_SECOND), "bad_time", "dateTimeDisconnect"),
        (_time("dateTimeOrigination").is_null(), "missing_field", "dateTimeOrigination"),
        (~_in_range("duration", LAST_INT32), "bad_number", "duration"),
    ]
    reason = detail = pl.lit(None, dtype=TEXT)
    for when, why, what in reversed(faults):
        reason = pl.when(when).then(pl.lit(why)).otherwise(reason)
        detail = pl.when(when).then(pl.lit(what)).otherwise(detail)
    return [reason.alias("reason"), detail.alias("detail")]


def call_columns(frame: pl.DataFrame, force: Force) -> pl.DataFrame:
    """Add the columns of a call event that a record without fault gives, except identity and source."""
    frame = _with_numbers(frame, force).with_columns(
        *_times(), *_causes(), *_places(), _is_recording().alias("call_is_recording")
    )
    return frame.with_columns(_direction(force)).with_columns(
        *_users(),
        *call_verdict(
            direction=pl.col("call_direction"),
            connected=pl.col("call_connected"),
            talk_seconds=pl.col("call_talk_seconds"),
            recording=pl.col("call_is_recording"),
        ),
    )


def _integer(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Int64, strict=False)


def _in_range(name: str, last: int) -> pl.Expr:
    """Boolean expression: the field is empty or a whole number from 0 to `last`."""
    return pl.col(name).is_null() | _integer(name).is_between(0, last).fill_null(value=False)


def _time(name: str) -> pl.Expr:
    """Seconds since 1970 in UTC; 0 says that it never happened."""
    seconds = _integer(name)
    return pl.when(seconds > 0).then((seconds * 1_000_000).cast(UTC_MICROSECONDS))


def _times() -> Iterator[pl.Expr]:
    start, connected, ended = (
        _integer(f"dateTime{what}") for what in ("Origination", "Connect", "Disconnect")
    )
    answered = connected.fill_null(0) > 0
    rung = pl.when(answered).then(connected).when(ended > 0).then(ended) - start
    talked = pl.when(answered & (ended >= connected)).then(ended - connected).when(~answered).then(0)
    yield _time("dateTimeOrigination").alias("timestamp")
    yield _time("dateTimeConnect").alias("call_connected")
    yield _time("dateTimeDisconnect").alias("call_ended")
    yield pl.when(rung.is_between(0, LAST_INT32)).then(rung).cast(pl.Int32).alias("call_ring_seconds")
    yield pl.coalesce(_integer("duration"), talked).cast(pl.Int32, strict=False).alias("call_talk_seconds")


def _causes() -> Iterator[pl.Expr]:
    """The side that ended the call gives the cause; the other one has 0."""
    from_side, to_side = pl.col("origCause_value"), pl.col("destCause_value")
    cause = pl.when(from_side != "0").then(from_side).otherwise(pl.coalesce(to_side, from_side))
    yield cause.alias("event_code")
    yield cause_text(cause.cast(pl.Int32, strict=False)).alias("event_reason")
    yield from_side.cast(pl.Int32, strict=False).alias("call_cause_from")
    yield to_side.cast(pl.Int32, strict=False).alias("call_cause_to")


def _places() -> Iterator[pl.Expr]:
    yield _address("origIpv4v6Addr", "origIpAddr").alias("source_ip")
    yield _address("destIpv4v6Addr", "destIpAddr").alias("destination_ip")
    yield pl.col("origDeviceName").alias("source_address")
    yield pl.col("origDeviceName").alias("call_device_from")
    yield pl.col("destDeviceName").alias("call_device_to")
    yield pl.concat_str(
        pl.col("globalCallId_ClusterID", "globalCallID_callManagerId", "globalCallID_callId").fill_null(""),
        separator="/",
    ).alias("call_group_id")
    yield pl.col("pkid").alias("call_leg_id")


def _address(text: str, number: str) -> pl.Expr:
    """The address as text, else from a signed number whose lowest byte comes first: -1139627840 is 192.168.18.188."""
    signed = _integer(number)
    parts = [(signed // 256**place) % 256 for place in range(4)]
    decoded = pl.concat_str(*parts, separator=".")
    real = signed.is_between(-(2**31), LAST_SECOND) & (signed != 0)
    written = pl.when(~pl.col(text).is_in(["0", "0.0.0.0", "::"])).then(pl.col(text))  # noqa: S104
    return pl.coalesce(written, pl.when(real).then(decoded))


def _with_numbers(frame: pl.DataFrame, force: Force) -> pl.DataFrame:
    """Add the parties, as written and canonical, and every number that took part."""
    numbers = [pl.col(name) for name in NUMBERS]
    # A user name of digits may be a collar number: a scheme or a plus makes a URI a telephone number.
    uris = [pl.when(pl.col(name).str.contains(NUMBER_URI)).then(pl.col(name)).alias(name) for name in URIS]
    written = frame.select(*numbers, *uris)
    used = [name for name in written.columns if written[name].null_count() < frame.height]
    stacked = pl.concat([pl.Series([], dtype=TEXT), *(written[name] for name in used)])
    read = canonical_number(stacked, force)
    canonical = written.with_columns(
        read.slice(place * frame.height, frame.height).alias(name) for place, name in enumerate(used)
    )
    parties = canonical.select(
        *(pl.coalesce(names).alias(party) for party, names in PARTIES.items()),
        _every_number(read, frame.height),
    )
    as_written = frame.select(
        pl.coalesce(names[:2]).alias(f"{party}_raw") for party, names in PARTIES.items()
    )
    # Where nobody forwarded the call, the system repeats the called number here.
    forwarded = pl.col("call_redirected_by").ne_missing(pl.col("call_to_final"))
    return (
        frame.hstack(parties)
        .hstack(as_written)
        .with_columns(pl.when(forwarded).then("call_redirected_by").alias("call_redirected_by"))
    )


def _every_number(read: pl.Series, height: int) -> pl.Series:
    """Return the distinct numbers of each row, sorted; `read` has one column of `height` rows below the other."""
    place = pl.int_range(pl.len(), dtype=pl.UInt32)
    found = read.to_frame("call_numbers").with_columns((place % height).alias("row")).drop_nulls()
    found = found.sort("row", "call_numbers")
    again = pl.all_horizontal(pl.all() == pl.all().shift(1)).fill_null(value=False)
    by_row = found.filter(~again).group_by("row", maintain_order=True).agg("call_numbers")
    rows = pl.DataFrame({"row": pl.int_range(height, dtype=pl.UInt32, eager=True)})
    return rows.join(by_row, on="row", how="left", maintain_order="left")["call_numbers"].fill_null([])


def _is_recording() -> pl.Expr:
    """Boolean expression: the leg is the copy of a call on its way to a recorder."""
    redirects = ("origCalledPartyRedirect", "lastRedirectRedirect")
    return pl.any_horizontal(
        pl.col("callingPartyNumber").str.contains(RECORDING_CALLER).fill_null(value=False),
        *(pl.col(f"{redirect}Reason").eq_missing(RECORDING_REASON) for redirect in redirects),
        *(pl.col(f"{redirect}OnBehalfOf").eq_missing(RECORDING_ON_BEHALF_OF) for redirect in redirects),
        pl.col("joinOnBehalfOf").eq_missing(RECORDING_ON_BEHALF_OF),
    )


def _direction(force: Force) -> pl.Expr:
    rang = pl.coalesce("call_to_final", "call_to_dialled")
    direction = call_direction(force, caller=pl.col("call_from"), called=rang)
    return pl.when("call_is_recording").then(pl.lit("unknown")).otherwise(direction).alias("call_direction")


def _users() -> Iterator[pl.Expr]:
    """The account that acted is our party's: the caller's, except on a call that came in from outside."""
    caller, called = pl.col("callingPartyUnicodeLoginUserID"), pl.col("finalCalledPartyUnicodeLoginUserID")
    direction = pl.col("call_direction")
    acting = (
        pl.when(direction.is_in(["outbound", "internal"]))
        .then(caller)
        .when(direction == "inbound")
        .then(called)
        .otherwise(pl.coalesce(caller, called))
    )
    yield canonical_account(acting).alias("user_id")
    yield acting.alias("user_name")
    yield canonical_account(caller).alias("call_from_user")
    yield canonical_account(called).alias("call_to_user")
