"""The contacts view over email and call events: who of ours was in touch with whom outside, each contact once.

It must never use the source's own idea of direction: which parties are ours follows from the force's domains and ranges.

One message or call leaves several rows (received, sent, delivered; legs; several systems). They fold **backwards only**:
a row repeats a contact when the row just before it with the same fold key (message or call, our identifier, counterpart,
direction) is at most FOLD older; whatever that earlier row was itself. A message that a mailbox of ours passes on leaves
the system under its first sender's name: those rows repeat the contact of the mailbox that passed it on. So a verdict needs FOLD of reach back, none ahead:
a contact is judged in the span that holds its first row, at once, and its evidence is that first row alone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import polars as pl

from parsers.event import TEXT, UTC_MICROSECONDS, Family
from parsers.force import Force

FOLD: Final = timedelta(hours=1)
TRANSPORT: Final = "email-transport"  # rows that only book-keep a message's way through the system

CONTACT_SCHEMA: Final = pl.Schema(
    {
        "contact_id": TEXT,  # message id, network message id, call group id, else the event id
        "event_id": TEXT,  # the first row: the evidence
        "timestamp": UTC_MICROSECONDS,
        "family": TEXT,
        "direction": TEXT,  # outbound or inbound, from our own domains and ranges
        "own_kind": TEXT,  # email, extension or phone, as in the identifiers feed
        "own_value": TEXT,
        "other_kind": TEXT,  # email or phone
        "other_value": TEXT,
        "other_domain": TEXT,  # of an email address
        "other_written": TEXT,  # the number as the log wrote it
        "talk_seconds": pl.Int32(),
        "outcome": TEXT,
        "passed_on": pl.Boolean(),  # a mailbox of ours passed on what somebody else wrote: not its sender's contact
    }
)
EXPANDED: Final = "email-expanded"  # a list of ours became its members: nobody passed anything on
_FOLD_KEY: Final = ("contact_id", "direction", "fold_own", "other_value")


def contacts(
    events: Callable[[Family], pl.LazyFrame], force: Force, *, only: pl.Expr | None = None
) -> pl.LazyFrame:
    """Return the contacts (CONTACT_SCHEMA), one row each, in no particular order.

    only: a condition on other_kind, other_value and other_domain. It is applied before folding, so that few rows are
    materialised; it cannot change what folds, because the counterpart is part of the fold key.
    Contacts in the first FOLD of what `events` reaches may be repeats: judge those later than that.
    """
    rows = pl.concat((_email(events("email"), force), *_calls(events("call"), force)))
    chosen = rows if only is None else rows.filter(only)
    return _first_rows(chosen).select(CONTACT_SCHEMA.names()).cast(CONTACT_SCHEMA)


def contact_key() -> pl.Expr:
    """Return the identity of a contact as one string: message or call, direction, both parties, time of its first row."""
    return pl.concat_str(
        "contact_id",
        "direction",
        pl.concat_str("own_kind", pl.lit(":"), "own_value"),
        pl.concat_str("other_kind", pl.lit(":"), "other_value"),
        pl.col("timestamp").dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ"),
        separator="|",
    )


def _email(events: pl.LazyFrame, force: Force) -> pl.LazyFrame:
    """Return a row per (event, our party, external party) of email events.

    A message that our mailbox redirects outside is an outbound contact of that mailbox, whoever wrote it.
    """
    rows = (
        events.filter(pl.col("event_action").ne_missing(TRANSPORT))
        .select(
            pl.coalesce("email_message_id", "email_network_message_id", "event_id").alias("contact_id"),
            "event_id",
            "timestamp",
            pl.col("email_from_address").alias("sender"),
            pl.col("email_related_address").alias("related"),
            pl.col("email_to_address").alias("recipient"),
            pl.col("event_outcome").alias("outcome"),
            (pl.col("event_action") == EXPANDED).fill_null(value=False).alias("expanded"),
        )
        .explode("recipient")
    )
    sender_ours, recipient_ours, related_ours = (
        force.owns_address(pl.col(party)).fill_null(value=False)
        for party in ("sender", "recipient", "related")
    )
    outbound = ~recipient_ours & (sender_ours | related_ours)
    passed_on = outbound & related_ours & ~pl.col("expanded")
    inbound = recipient_ours & ~sender_ours
    return (
        rows.filter(pl.col("recipient").is_not_null(), outbound | inbound)
        .with_columns(
            pl.when(outbound).then(pl.lit("outbound")).otherwise(pl.lit("inbound")).alias("direction"),
            pl.when(inbound)
            .then("recipient")
            .when(passed_on)
            .then("related")
            .otherwise("sender")
            .alias("own_value"),
            pl.when(inbound)
            .then("recipient")
            .when(sender_ours)
            .then("sender")
            .otherwise("related")
            .alias("fold_own"),
            passed_on.alias("passed_on"),
            pl.when(inbound).then("sender").otherwise("recipient").alias("other_value"),
        )
        .filter(pl.col("other_value").is_not_null())
        .select(
            "contact_id",
            "event_id",
            "timestamp",
            "direction",
            "own_value",
            "other_value",
            "outcome",
            "passed_on",
            "fold_own",
            family=pl.lit("email"),
            own_kind=pl.lit("email"),
            other_kind=pl.lit("email"),
            other_domain=pl.col("other_value").str.split("@").list.last(),
            other_written=pl.lit(None, TEXT),
            talk_seconds=pl.lit(None, pl.Int32),
        )
    )


def _calls(events: pl.LazyFrame, force: Force) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Return a row per (leg, our party, external party), outbound and inbound.

    Outbound: the calling and the forwarding number, if ours, with every external number that took part. Inbound: the
    external caller with each of our numbers that was dialled, reached or forwarded the call. Recording legs are no calls.
    """
    legs = events.filter(pl.col("call_is_recording").ne_missing(other=pl.lit(value=True))).select(
        pl.coalesce("call_group_id", "event_id").alias("contact_id"),
        "event_id",
        "timestamp",
        "call_from",
        "call_from_raw",
        "call_to_dialled",
        "call_to_dialled_raw",
        "call_to_final",
        "call_to_final_raw",
        "call_redirected_by",
        pl.col("call_numbers").fill_null([]),
        pl.col("call_talk_seconds").alias("talk_seconds"),
        pl.col("event_outcome").alias("outcome"),
    )
    took_part = (
        pl.concat_list("call_numbers", "call_to_dialled", "call_to_final").list.drop_nulls().list.unique()
    )
    outbound = legs.with_columns(
        pl.lit("outbound").alias("direction"),
        pl.concat_list("call_from", "call_redirected_by").list.unique().alias("own_value"),
        took_part.alias("other_value"),
    ).filter(pl.col("other_value").is_not_null())
    inbound = legs.with_columns(
        pl.lit("inbound").alias("direction"),
        pl.concat_list("call_to_dialled", "call_to_final", "call_redirected_by")
        .list.unique()
        .alias("own_value"),
        pl.col("call_from").alias("other_value"),
    )
    return (
        _parties(
            outbound.explode("other_value").filter(pl.col("other_value").ne_missing(pl.col("call_from"))),
            force,
        ),
        _parties(inbound, force),
    )


def _parties(legs: pl.LazyFrame, force: Force) -> pl.LazyFrame:
    """Keep the pairs of one of our numbers and an external one."""
    written = pl.coalesce(
        pl.when(pl.col("other_value") == pl.col(number)).then(f"{number}_raw")
        for number in ("call_to_dialled", "call_to_final", "call_from")
    )
    return (
        legs.filter(~force.owns_number(pl.col("other_value")))
        .explode("own_value")
        .filter(force.owns_number(pl.col("own_value")))
        .select(
            "contact_id",
            "event_id",
            "timestamp",
            "direction",
            "own_value",
            "other_value",
            "outcome",
            passed_on=pl.lit(value=False),
            fold_own="own_value",
            family=pl.lit("call"),
            own_kind=pl.when(pl.col("own_value").str.starts_with("+"))
            .then(pl.lit("phone"))
            .otherwise(pl.lit("extension")),
            other_kind=pl.lit("phone"),
            other_domain=pl.lit(None, TEXT),
            other_written=written,
            talk_seconds="talk_seconds",
        )
    )


def _first_rows(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Drop the repeats. Of rows at one moment what was passed on comes first, then the longest conversation, the lowest id."""
    ordered = rows.with_columns(pl.concat_str(_FOLD_KEY, separator="\x1f").alias("fold_key")).sort(
        "fold_key",
        "timestamp",
        "passed_on",
        "talk_seconds",
        "event_id",
        descending=(False, False, True, True, False),
        nulls_last=True,
    )
    same = pl.col("fold_key") == pl.col("fold_key").shift(1)
    soon = pl.col("timestamp") - pl.col("timestamp").shift(1) <= FOLD
    return ordered.filter((same & soon).ne_missing(other=pl.lit(value=True)))
