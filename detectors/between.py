"""Contacts between two of ours: who called or wrote to whom inside the force, with people resolved.

It must never take a message to many for a word between two.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import polars as pl

from detectors.contacts import TRANSPORT
from detectors.detector import Window
from detectors.identity import CERTAIN, resolve
from parsers.event import TEXT, UTC_MICROSECONDS

FEW: Final = 3
"""A message to more recipients is no word between two."""

BETWEEN_SCHEMA: Final = pl.Schema(
    {
        "event_id": TEXT,
        "timestamp": UTC_MICROSECONDS,
        "ended": UTC_MICROSECONDS,  # of a call; of mail the time itself
        "family": TEXT,
        "from_actor": TEXT,  # kind:value
        "to_actor": TEXT,
        "from_staff": TEXT,
        "to_staff": TEXT,
    }
)


def between(window: Window, start: datetime, end: datetime, people: pl.Series) -> pl.DataFrame:
    """Return answered calls and mail of [start, end) between two of ours who are certain, one of them of `people`.

    people: staff ids. BETWEEN_SCHEMA.
    """
    theirs = window.reference["identifiers"].filter(pl.col("staff_id").is_in(people.unique().implode()))
    values = theirs["value"].unique().implode()
    near = (pl.col("timestamp") >= start) & (pl.col("timestamp") < end)
    rows = pl.concat((_calls(window, near, values), _mail(window, near, values))).collect()
    sides = ("from", "to")
    for side in sides:
        told = rows.select("timestamp", kind=f"{side}_kind", value=f"{side}_value")
        held = resolve(told, window.reference, kind=pl.col("kind"), value=pl.col("value"), time="timestamp")
        certain = held.select(pl.when(certainty=CERTAIN).then("staff_id")).to_series()
        actor = pl.concat_str(f"{side}_kind", pl.lit(":"), f"{side}_value").alias(f"{side}_actor")
        rows = rows.with_columns(actor, certain.alias(f"{side}_staff"))
    known = rows.drop_nulls(["from_staff", "to_staff"]).filter(pl.col("from_staff") != pl.col("to_staff"))
    return known.select(BETWEEN_SCHEMA.names())


def _calls(window: Window, near: pl.Expr, values: pl.Series) -> pl.LazyFrame:
    called = pl.coalesce("call_to_final", "call_to_dialled")
    spoken = pl.col("call_talk_seconds") > 0
    theirs = pl.col("call_from").is_in(values) | called.is_in(values)
    ours = window.force.owns_number(pl.col("call_from")) & window.force.owns_number(called)
    length = pl.duration(seconds="call_talk_seconds")
    return (
        window.events("call")
        .filter(near, spoken, theirs, ours, pl.col("call_is_recording").ne_missing(other=pl.lit(value=True)))
        .select(
            "event_id",
            "timestamp",
            pl.coalesce("call_ended", pl.col("timestamp") + length).alias("ended"),
            pl.lit("call").alias("family"),
            _number_kind(pl.col("call_from")).alias("from_kind"),
            pl.col("call_from").alias("from_value"),
            _number_kind(called).alias("to_kind"),
            called.alias("to_value"),
        )
    )


def _mail(window: Window, near: pl.Expr, values: pl.Series) -> pl.LazyFrame:
    sender = window.force.owns_address(pl.col("email_from_address")).fill_null(value=False)
    few = pl.col("email_to_address").list.len() <= FEW
    received = pl.col("email_to_address").list.eval(pl.element().is_in(values)).list.any()
    theirs = pl.col("email_from_address").is_in(values) | received
    return (
        window.events("email")
        .filter(near, sender, few, theirs, pl.col("event_action").ne_missing(TRANSPORT))
        .select(
            "event_id",
            "timestamp",
            pl.col("timestamp").alias("ended"),
            pl.lit("email").alias("family"),
            pl.lit("email").alias("from_kind"),
            pl.col("email_from_address").alias("from_value"),
            pl.lit("email").alias("to_kind"),
            pl.col("email_to_address").alias("to_value"),
        )
        .explode("to_value")
        .filter(window.force.owns_address(pl.col("to_value")).fill_null(value=False))
    )


def _number_kind(number: pl.Expr) -> pl.Expr:
    return pl.when(number.str.starts_with("+")).then(pl.lit("phone")).otherwise(pl.lit("extension"))
