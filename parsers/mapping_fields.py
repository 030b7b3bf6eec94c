"""The fields a mapping can fill, per family: what each is read as, and which a record cannot do without.

It must never name a column that the event schema lacks, except `record_id`, from which the identity is made.
"""

from __future__ import annotations

from typing import Final, Literal

from parsers.event import COLUMNS, FAMILIES, Family

Kind = Literal[
    "text", "lower", "account", "terminal", "ip", "time", "whole", "seconds", "truth", "texts", "address",
    "addresses", "number", "message_id", "identity", "url", "upper",
]  # fmt: skip

RECORD_ID: Final = "record_id"
TIMESTAMP: Final = "timestamp"

# Read as something else than text.
_KINDS: Final[dict[str, Kind]] = {
    RECORD_ID: "identity", TIMESTAMP: "time", "user_id": "account", "source_ip": "ip",
    "source_address": "terminal", "event_outcome": "lower",
    "subject_type": "lower", "pnc_system": "lower", "pnc_result": "lower", "pnc_hit_count": "whole",
    "email_from_address": "address", "email_to_address": "addresses", "email_related_address": "address",
    "email_recipient_status": "texts", "email_message_id": "message_id", "email_bytes": "whole",
    "email_recipient_count": "whole", "client_ip": "ip", "server_ip": "ip",
    "call_from": "number", "call_to_dialled": "number", "call_to_final": "number",
    "call_redirected_by": "number", "call_from_user": "account", "call_to_user": "account",
    "call_connected": "time", "call_ended": "time", "call_talk_seconds": "seconds",
    "call_ring_seconds": "seconds", "call_cause_from": "whole", "call_cause_to": "whole",
    "call_is_recording": "truth", "destination_ip": "ip",
    "url_full": "url", "http_request_referrer": "url", "http_request_method": "upper",
    "http_response_status_code": "whole", "http_request_bytes": "whole", "http_response_bytes": "whole",
    "event_duration": "whole", "web_action": "lower",
}  # fmt: skip

# Columns that are made from others, or say where the record stood: no mapping fills them.
MADE: Final = frozenset({
    "event_id", "source", "event_module", "time_zone_source", "time_uncertainty_seconds", "log_file", "log_offset",
    "log_length", "event_hash", "event_original", "event_ingested", "pnc_originator_name", "pnc_originator_collar",
    "pnc_originator_reason", "pnc_originator_location", "email_from_address_raw", "email_to_address_raw",
    "email_direction", "call_from_raw", "call_to_dialled_raw", "call_to_final_raw", "call_redirected_by_raw",
    "call_numbers", "call_direction", "url_domain", "url_port", "url_query_hash",
})  # fmt: skip

FIELDS: Final[dict[Family, dict[str, Kind]]] = {
    family: {
        RECORD_ID: "identity",
        **{
            column.name: _KINDS.get(column.name, "text")
            for column in COLUMNS[family]
            if column.name not in MADE
        },
    }
    for family in FAMILIES
}

# Of each group at least one has to be mapped, and to have a value in every record.
REQUIRED: Final[dict[Family, tuple[tuple[str, ...], ...]]] = {
    "access": ((TIMESTAMP,), ("user_id",)),
    "email": ((TIMESTAMP,), ("email_from_address", "email_to_address")),
    "call": ((TIMESTAMP,), ("call_to_dialled", "call_to_final", "call_from")),
    "web": ((TIMESTAMP,), ("url_full",)),
}

LISTS: Final = ("texts", "addresses")
WORDS: Final[dict[str, tuple[str, ...]]] = {
    "event_outcome": ("success", "failure", "unknown"),
    "pnc_result": ("hit", "no_trace", "error"),
    "web_action": ("allowed", "blocked", "challenged"),
}


def ecs_path(family: Family, field: str) -> str:
    """Return the path of a field in JSON that uses the names of the Elastic Common Schema, its own where that has none."""
    if field == RECORD_ID:
        return "event.id"
    ecs = next((column.ecs for column in COLUMNS[family] if column.name == field), "")
    kind = FIELDS[family][field]
    # The schema has a list of senders.
    steps = "[]" if kind in LISTS else "[0]" if field == "email_from_address" else ""
    return (ecs or field) + steps
