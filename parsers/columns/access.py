"""Columns of look-ups in record systems: the PNC, LEDS and others. It must never hold anything else."""

from __future__ import annotations

from typing import Final

import polars as pl

from parsers.columns.column import TEXT, Column

ACCESS: Final[tuple[Column, ...]] = (
    Column(
        "organization_name",
        TEXT,
        "Force of the account that acted.",
        "organization.name",
        "actor.user.org.name",
    ),
    Column(
        "subject_type",
        TEXT,
        "person, vehicle, property, address, phone, email or occurrence; mailbox or file.",
    ),
    Column("subject_key", TEXT, "Canonical key of who or what was looked at."),
    Column("pnc_system", TEXT, "pnc, leds or another record system.", ocsf="database.name"),
    Column("pnc_query", TEXT, "Text of the enquiry as typed.", ocsf="query_info.query_string"),
    Column(
        "pnc_originator_text",
        TEXT,
        "The originator line as written (conventionally NAME COLLAR/REASON/LOCATION).",
    ),
    Column("pnc_originator_name", TEXT, "Name in the originator line, where it can be parsed."),
    Column("pnc_originator_collar", TEXT, "Collar number in the originator line, where it can be parsed."),
    Column("pnc_originator_reason", TEXT, "Reason in the originator line, where it can be parsed."),
    Column("pnc_originator_location", TEXT, "Location in the originator line, where it can be parsed."),
    Column("pnc_reason_code", TEXT, "Reason code of the enquiry."),
    Column("pnc_justification", TEXT, "Longer justification, asked for on about one row in ten."),
    Column("pnc_result", TEXT, "hit, no_trace or error."),
    Column("pnc_hit_count", pl.Int32(), "Number of records returned."),
    Column("pnc_incident_ref", TEXT, "Incident reference claimed by the enquirer: may be wrong."),
    Column(
        "pnc_txn_ref",
        TEXT,
        "The system's own reference of the transaction.",
        "event.reference",
        "query_info.uid",
    ),
)
