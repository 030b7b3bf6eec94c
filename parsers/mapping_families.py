"""What the fields of a mapped record mean in its family: typed, canonical, and what follows from them.

It must never believe what a record says of directions: the force's own domains and ranges decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from parsers.addresses import canonical_address, canonical_addresses, email_direction_steps
from parsers.calls import call_direction, call_verdict, is_ours
from parsers.event import COLUMNS, FAMILIES, SCHEMA, TEXT, TEXTS
from parsers.force import Force
from parsers.mapping import MappingOptions
from parsers.mapping_fields import Kind
from parsers.subjects import canonical_account, canonical_terminal
from parsers.urls import bare_address, hashed, host_and_port, query_of
from parsers.web import web_action_word, web_outcome

Steps = list[list[pl.Expr]]

_TRUE: Final = ("true", "yes", "y", "1")
_FALSE: Final = ("false", "no", "n", "0")
_CLOCK: Final = r"^(?:([0-9]{1,4}):)?([0-9]{1,3}):([0-5][0-9])(?:\.[0-9]+)?$"
_SECONDS: Final = r"^([0-9]{1,9})(?:\.[0-9]+)?$"
_HOURS, _MINUTES, _REST = (pl.col("text").str.extract(_CLOCK, place).cast(pl.Int32) for place in (1, 2, 3))
_SECONDS_READ: Final = pl.coalesce(
    pl.col("text").str.extract(_SECONDS, 1).cast(pl.Int32), _HOURS.fill_null(0) * 3600 + _MINUTES * 60 + _REST
)
_EMAIL_ACTIONS: Final = {
    "outbound": "email-sent", "internal": "email-sent", "inbound": "email-received", "unknown": "email-other",
}  # fmt: skip
_TYPES: Final = {column.name: column.dtype for family in FAMILIES for column in COLUMNS[family]}
_NUMBERS: Final = ("call_from", "call_to_dialled", "call_to_final", "call_redirected_by")


def family_steps(options: MappingOptions, kinds: Mapping[str, Kind], force: Force) -> Steps:
    """Return what to add to records, one step after the other, for them to be events of the mapping's family.

    Records have every field of the family, null where not mapped; times and numbers are read already.
    """
    typed = [
        _typed(name, kinds[name])
        for name in kinds
        if kinds[name] not in ("identity", "time", "text", "number")
    ]
    absent = [one for one in kinds if kinds[one] == "time" and one not in options.mapped]
    typed += [
        pl.lit(None, dtype=SCHEMA[options.family][one]).alias(one) for one in absent if one != "timestamp"
    ]
    typed.append(pl.coalesce("user_name", "user_id").alias("user_name"))
    if options.family == "access":
        return [typed, _access()]
    if options.family == "email":
        return [[*typed, *_as_written()], *email_direction_steps(force), _email(force)]
    if options.family == "web":
        return [[*typed, query_of(pl.col("url_full")).alias("query")], _web()]
    return [typed, *_call_steps(force, [one for one in _NUMBERS if one in options.mapped])]


def _typed(name: str, kind: Kind) -> pl.Expr:
    """Return a field as its kind is read; what cannot be read is null, and costs nobody the event."""
    text = pl.col(name)
    match kind:
        case "account":
            read = canonical_account(text)
        case "terminal":
            read = canonical_terminal(text)
        case "ip":
            read = text.str.replace(r"%.*$", "")
        case "lower":
            read = text.str.to_lowercase()
            if name == "pnc_result":
                read = read.str.replace(r"^no[ -]?trace$", "no_trace")
        case "whole":
            read = text.cast(_TYPES[name], strict=False)
        case "seconds":
            read = _seconds(text)
        case "truth":
            lower = text.str.to_lowercase()
            read = (
                pl.when(lower.is_in(_TRUE))
                .then(statement=True)
                .when(lower.is_in(_FALSE))
                .then(statement=False)
            )
        case "upper":
            read = text.str.to_uppercase()
        case "url":
            read = bare_address(text)
        case "message_id":
            read = text.str.strip_chars("<> ").replace("", None)
        case "address":
            read = canonical_address(text)
        case "addresses":
            read = canonical_addresses(text)
        case _:
            read = text
    return read.alias(name)


def _seconds(text: pl.Expr) -> pl.Expr:
    """Return whole seconds of `125`, `125.4`, `2:05` or `00:02:05`."""
    return text.map_batches(_seconds_of, return_dtype=pl.Int32(), is_elementwise=True)


def _seconds_of(text: pl.Series) -> pl.Series:
    """Return whole seconds, each distinct text read once: durations repeat, and patterns are slow."""
    written = text.drop_nulls().unique()
    seconds = written.alias("text").to_frame().select(_SECONDS_READ).to_series()
    return text.replace_strict(written, seconds, default=None, return_dtype=pl.Int32())


def _access() -> list[pl.Expr]:
    result, code, why = pl.col("pnc_result"), pl.col("pnc_reason_code"), pl.col("pnc_justification")
    answered = (
        pl.when(result.is_in(["hit", "no_trace"]))
        .then(pl.lit("success"))
        .when(result == "error")
        .then(pl.lit("failure"))
        .otherwise(pl.lit("unknown"))
    )
    reasons = pl.concat_str(code, why, separator=": ", ignore_nulls=True)
    reason = pl.when(code.is_not_null() | why.is_not_null()).then(reasons)
    return [
        pl.coalesce("event_action", pl.lit("access")).alias("event_action"),
        pl.coalesce("event_outcome", answered).alias("event_outcome"),
        pl.coalesce("event_reason", reason).alias("event_reason"),
    ]


def _as_written() -> list[pl.Expr]:
    return [pl.col(one).alias(f"{one}_raw") for one in ("email_from_address", "email_to_address")]


def _email(force: Force) -> list[pl.Expr]:
    sender, direction = pl.col("email_from_address"), pl.col("email_direction")
    ours = force.owns_address(sender).fill_null(value=False)
    statuses = pl.col("email_recipient_status")
    zipped = statuses.list.len() == pl.col("email_to_address").list.len()
    nobody = pl.col("user_id").is_null() & ours
    return [
        pl.coalesce("event_action", direction.replace_strict(_EMAIL_ACTIONS)).alias("event_action"),
        pl.col("event_outcome").fill_null("unknown"),
        pl.when(nobody).then(sender).otherwise("user_id").alias("user_id"),
        pl.when(nobody).then("email_from_address_raw").otherwise("user_name").alias("user_name"),
        pl.when(zipped).then(statuses).alias("email_recipient_status"),
    ]


def _web() -> list[pl.Expr]:
    place = host_and_port(pl.col("url_full"))
    return [
        place.struct.field("host").alias("url_domain"),
        place.struct.field("port").alias("url_port"),
        hashed(pl.coalesce("url_query", "query")).alias("url_query_hash"),
        pl.coalesce("event_action", web_action_word()).alias("event_action"),
        pl.coalesce("event_outcome", web_outcome("unknown")).alias("event_outcome"),
    ]


def _call_steps(force: Force, numbers: list[str]) -> Steps:
    rang = pl.coalesce("call_to_final", "call_to_dialled")
    talk, start = pl.col("call_talk_seconds"), pl.col("timestamp")
    answered = start + pl.duration(seconds=pl.col("call_ring_seconds").fill_null(0))
    connected = pl.coalesce("call_connected", pl.when(talk > 0).then(answered))
    ended = pl.coalesce("call_ended", pl.col("call_connected") + pl.duration(seconds=talk))
    direction = call_direction(
        caller=pl.col("call_from"), called=rang, from_us=pl.col("from_us"), to_us=pl.col("to_us")
    )
    sides = [
        is_ours(force, pl.col("call_from")).alias("from_us"),
        is_ours(force, rang).alias("to_us"),
        connected.alias("call_connected"),
        _distinct(numbers).alias("call_numbers"),
        pl.col("call_is_recording").fill_null(value=False),
    ]
    return [sides, [direction.alias("call_direction"), ended.alias("call_ended")], _call()]


def _distinct(numbers: list[str]) -> pl.Expr:
    """Return the distinct numbers of a record, sorted; of two, which most records have, without making lists of all."""
    if len(numbers) != 2:
        return pl.concat_list(numbers).list.drop_nulls().list.unique().list.sort()
    one, other = (pl.col(name) for name in numbers)
    either = pl.coalesce(one, other)
    return (
        pl.when(either.is_null())
        .then(pl.lit([], dtype=TEXTS))
        .when(one.is_null() | other.is_null() | (one == other))
        .then(pl.concat_list(either))
        .when(one < other)
        .then(pl.concat_list(one, other))
        .otherwise(pl.concat_list(other, one))
    )


def _call() -> list[pl.Expr]:
    direction, connected, talk = (
        pl.col("call_direction"),
        pl.col("call_connected"),
        pl.col("call_talk_seconds"),
    )
    action, outcome = call_verdict(
        direction=direction, connected=connected, talk_seconds=talk, recording=pl.col("call_is_recording")
    )
    untold = connected.is_null() & talk.is_null()
    inbound = direction == "inbound"
    user = pl.when(inbound).then("call_to_user").otherwise("call_from_user")
    unknown = (
        pl.when(pl.col("call_is_recording")).then(action).otherwise(pl.concat_str(pl.lit("call-"), direction))
    )
    return [
        pl.coalesce("event_action", pl.when(untold).then(unknown).otherwise(action)).alias("event_action"),
        pl.coalesce("event_outcome", pl.when(untold).then(pl.lit("unknown")).otherwise(outcome)).alias(
            "event_outcome"
        ),
        pl.coalesce("user_id", user, pl.lit(None, dtype=TEXT)).alias("user_id"),
        pl.coalesce("user_name", user).alias("user_name"),
    ]
