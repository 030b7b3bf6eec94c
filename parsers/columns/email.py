"""Columns of messages. It must never hold anything else."""

from __future__ import annotations

from typing import Final

import polars as pl

from parsers.columns.column import TEXT, TEXTS, Column

EMAIL: Final[tuple[Column, ...]] = (
    Column("email_from_address", TEXT, "Sender, canonical.", "email.from.address", "email.from"),
    Column("email_from_address_raw", TEXT, "Sender as written."),
    Column(
        "email_to_address",
        TEXTS,
        "Recipients, canonical, in the record's order.",
        "email.to.address",
        "email.to",
    ),
    Column("email_to_address_raw", TEXTS, "Recipients as written."),
    Column("email_recipient_status", TEXTS, "Status per recipient, only where the counts match."),
    Column("email_related_address", TEXT, "Address expanded, redirected or forwarded from, canonical."),
    Column("email_return_path", TEXT, "Envelope sender as written; <> for bounces."),
    Column(
        "email_subject",
        TEXT,
        "Subject: content, hidden until a logged reveal.",
        "email.subject",
        "email.subject",
    ),
    Column(
        "email_message_id",
        TEXT,
        "Internet message id without angle brackets.",
        "email.message_id",
        "email.message_uid",
    ),
    Column(
        "email_network_message_id",
        TEXT,
        "Id that survives bifurcation inside one system.",
        ocsf="message_trace_uid",
    ),
    Column("email_local_id", TEXT, "Queue or internal id.", "email.local_id", "email.uid"),
    Column(
        "email_direction",
        TEXT,
        "inbound, outbound, internal or unknown: from the force's own domains.",
        "email.direction",
        "direction",
    ),
    Column("email_directionality_raw", TEXT, "Direction as the record claims it: not to be trusted."),
    Column("email_bytes", pl.Int64(), "Size of the message in bytes.", ocsf="email.size"),
    Column("email_recipient_count", pl.Int32(), "Number of recipients as the record counts them."),
    Column("email_reference", TEXT, "Messages this row refers to, as written."),
    Column("event_provider", TEXT, "Component that wrote the row.", "event.provider"),
    Column("client_ip", TEXT, "Submitting server or client.", "client.ip"),
    Column("client_address", TEXT, "Host name of the submitting server or client.", "client.address"),
    Column("server_ip", TEXT, "Receiving server.", "server.ip", "dst_endpoint.ip"),
    Column(
        "server_address", TEXT, "Host name of the receiving server.", "server.address", "dst_endpoint.name"
    ),
    Column("email_connector", TEXT, "Connector the message passed through."),
)
