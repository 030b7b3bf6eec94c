"""Columns that events of every family have. It must never hold anything else."""

from __future__ import annotations

from typing import Final

import polars as pl

from parsers.columns.column import TEXT, UTC_MICROSECONDS, Column

COMMON: Final[tuple[Column, ...]] = (
    Column(
        "event_id",
        TEXT,
        "Derived identity: the same record delivered twice has the same one.",
        "event.id",
        "metadata.uid",
    ),
    Column("timestamp", UTC_MICROSECONDS, "When it happened, UTC.", "@timestamp", "time"),
    Column(
        "source",
        TEXT,
        "Name of the configured source it was read from.",
        "event.dataset",
        "metadata.log_name",
    ),
    Column("event_module", TEXT, "Log format that produced it.", "event.module", "metadata.log_provider"),
    Column(
        "observer_name", TEXT, "Site of the system that wrote the log, from configuration.", "observer.name"
    ),
    Column(
        "event_code", TEXT, "The system's own code for what happened.", "event.code", "metadata.event_code"
    ),
    Column(
        "event_action",
        TEXT,
        "What happened, in our words (documented per format).",
        "event.action",
        "activity_name",
    ),
    Column("event_outcome", TEXT, "success, failure or unknown.", "event.outcome", "status"),
    Column("event_reason", TEXT, "Why, as the record gives it.", "event.reason", "status_detail"),
    Column(
        "user_id", TEXT, "Account that acted, canonical (casefolded, trimmed).", "user.id", "actor.user.uid"
    ),
    Column("user_name", TEXT, "Account that acted, as written.", "user.name", "actor.user.name"),
    Column("source_ip", TEXT, "Address the action came from.", "source.ip", "src_endpoint.ip"),
    Column(
        "source_address",
        TEXT,
        "Terminal, device or host the action came from.",
        "source.address",
        "src_endpoint.name",
    ),
    Column("time_zone_source", TEXT, "How the zone was known: record, config or assumed."),
    Column("time_uncertainty_seconds", pl.Int32(), "How far the time may be off (the repeated hour: 3600)."),
    Column("log_file", TEXT, "Identity of the file the record was read from.", "log.file.path"),
    Column("log_offset", pl.Int64(), "Byte offset of the line in that file.", "log.offset"),
    Column("log_length", pl.Int32(), "Bytes of the line without its newline; a carriage return counts."),
    Column("event_hash", pl.Binary(), "SHA-256 of the raw line without its newline.", "event.hash"),
    Column(
        "event_original",
        pl.Binary(),
        "The raw line, where the source keeps it.",
        "event.original",
        "raw_data",
    ),
    Column(
        "event_ingested",
        UTC_MICROSECONDS,
        "When the archive took it, UTC.",
        "event.ingested",
        "metadata.logged_time",
    ),
)
