"""Columns of telephone calls. It must never hold anything else."""

from __future__ import annotations

from typing import Final

import polars as pl

from parsers.columns.column import TEXT, TEXTS, UTC_MICROSECONDS, Column

CALL: Final[tuple[Column, ...]] = (
    Column(
        "call_from", TEXT, "Calling number: E.164 with +, or an extension's digits.", ocsf="src_endpoint.uid"
    ),
    Column("call_from_raw", TEXT, "Calling number as written."),
    Column("call_to_dialled", TEXT, "Number dialled: E.164 with +, or an extension's digits."),
    Column("call_to_dialled_raw", TEXT, "Number dialled, as written."),
    Column(
        "call_to_final",
        TEXT,
        "Number where it rang: E.164 with +, or an extension's digits.",
        ocsf="dst_endpoint.uid",
    ),
    Column("call_to_final_raw", TEXT, "Number where it rang, as written."),
    Column("call_redirected_by", TEXT, "Last number that forwarded the call, canonical."),
    Column("call_redirected_by_raw", TEXT, "Last number that forwarded the call, as written."),
    Column("call_numbers", TEXTS, "Every number that took part, canonical, distinct, sorted."),
    Column("call_from_user", TEXT, "Login of the calling party, canonical."),
    Column("call_to_user", TEXT, "Login of the party reached, canonical."),
    Column(
        "call_direction",
        TEXT,
        "inbound, outbound, internal, transit or unknown: from the force's own ranges.",
        ocsf="connection_info.direction",
    ),
    Column("call_connected", UTC_MICROSECONDS, "When it was answered, UTC; null if never."),
    Column("call_ended", UTC_MICROSECONDS, "When it ended, UTC.", ocsf="end_time"),
    Column(
        "call_talk_seconds", pl.Int32(), "Seconds from answer to end; 0 if never answered.", ocsf="duration"
    ),
    Column("call_ring_seconds", pl.Int32(), "Seconds from origination to answer or end."),
    Column("call_group_id", TEXT, "Id shared by the legs of one call.", ocsf="connection_info.uid"),
    Column("call_leg_id", TEXT, "Id of this leg."),
    Column("call_cause_from", pl.Int32(), "Q.850 cause at the calling side."),
    Column("call_cause_to", pl.Int32(), "Q.850 cause at the called side."),
    Column("call_device_from", TEXT, "Device of the calling side."),
    Column("call_device_to", TEXT, "Device of the called side.", ocsf="dst_endpoint.name"),
    Column("call_is_recording", pl.Boolean(), "A recording leg, not a conversation."),
    Column("destination_ip", TEXT, "Address of the called device.", "destination.ip", "dst_endpoint.ip"),
)
