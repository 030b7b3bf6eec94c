"""The columns an event can have: name, type, meaning and unit, and their places in ECS and OCSF, family by family.

It must never hold anything but that: parsers/event.py makes schemas of it, docs/schema.md lists it.

Names are ECS field names with dots written as underscores; `call_*`, `pnc_*`, `subject_*` and `web_*` are extensions
where ECS has nothing. `ecs` is empty for those. `ocsf` is a path in the class of the family (parsers/ocsf.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

UTC_MICROSECONDS: Final = pl.Datetime("us", "UTC")
TEXT: Final = pl.String()
TEXTS: Final = pl.List(pl.String())


@dataclass(frozen=True, slots=True)
class Column:
    """One column: name, polars type, meaning and unit, its place in ECS and in OCSF ("" where they have none)."""

    name: str
    dtype: pl.DataType
    meaning: str
    ecs: str = ""
    ocsf: str = ""


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

WEB: Final[tuple[Column, ...]] = (
    Column(
        "url_full",
        TEXT,
        "Address asked for, without user information, query and fragment.",
        "url.full",
        "http_request.url.url_string",
    ),
    Column(
        "url_domain",
        TEXT,
        "Host asked for, in lower case; an IPv6 address in brackets.",
        "url.domain",
        "http_request.url.hostname",
    ),
    Column("url_port", pl.Int32(), "Port, where the address names one.", "url.port", "http_request.url.port"),
    Column(
        "url_query",
        TEXT,
        "Query string: content, null unless the source keeps it.",
        "url.query",
        "http_request.url.query_string",
    ),
    Column("url_query_hash", TEXT, "Hash of the query string: tells whether two are the same."),
    Column(
        "http_request_method",
        TEXT,
        "GET, POST, CONNECT (a tunnel), ...",
        "http.request.method",
        "http_request.http_method",
    ),
    Column(
        "http_response_status_code",
        pl.Int32(),
        "Status sent to the client; null where none was.",
        "http.response.status_code",
        "http_response.code",
    ),
    Column(
        "http_request_bytes", pl.Int64(), "Bytes from the client.", "http.request.bytes", "traffic.bytes_out"
    ),
    Column(
        "http_response_bytes", pl.Int64(), "Bytes to the client.", "http.response.bytes", "traffic.bytes_in"
    ),
    Column(
        "http_request_referrer",
        TEXT,
        "Page that led there, kept like the address.",
        "http.request.referrer",
        "http_request.referrer",
    ),
    Column(
        "http_response_mime_type",
        TEXT,
        "Type of what was sent.",
        "http.response.mime_type",
        "http_response.content_type",
    ),
    Column(
        "user_agent_original",
        TEXT,
        "Program that asked, in its own words.",
        "user_agent.original",
        "http_request.user_agent",
    ),
    Column("event_duration", pl.Int64(), "How long it took, in nanoseconds.", "event.duration", "duration"),
    Column(
        "destination_ip",
        TEXT,
        "Address of the server, or of the next proxy.",
        "destination.ip",
        "dst_endpoint.ip",
    ),
    Column(
        "destination_address",
        TEXT,
        "Host name of the next proxy.",
        "destination.address",
        "dst_endpoint.name",
    ),
    Column(
        "network_application", TEXT, "Application as the proxy knows it.", "network.application", "app_name"
    ),
    Column(
        "web_category",
        TEXT,
        "Category of the site, in the proxy's words.",
        ocsf="http_request.url.categories",
    ),
    Column("web_action", TEXT, "allowed, blocked, or challenged (asked to log in first)."),
    Column("rule_name", TEXT, "Rule of the proxy that decided.", "rule.name", "firewall_rule.name"),
    Column(
        "organization_name",
        TEXT,
        "Department of the account that acted.",
        "organization.name",
        "actor.user.org.name",
    ),
)
