"""Lines of a Microsoft 365 message trace, the extended CSV (docs/formats/m365_trace.md)."""

from __future__ import annotations

import uuid
from datetime import UTC
from typing import Final
from zlib import crc32

from auditd.force.happenings import Mail
from auditd.force.lines.text import csv_line

TRACE_COLUMNS: Final = (
    "date_time_utc", "client_ip", "client_hostname", "server_ip", "server_hostname", "source_context", "connector_id",
    "source", "event_id", "internal_message_id", "message_id", "network_message_id", "recipient_address",
    "recipient_status", "total_bytes", "recipient_count", "related_recipient_address", "reference", "message_subject",
    "sender_address", "return_path", "message_info", "directionality", "tenant_id", "original_client_ip",
    "original_server_ip", "custom_data",
)  # fmt: skip


def trace_header() -> str:
    """Return the line of column names."""
    return csv_line(TRACE_COLUMNS)


def trace_lines(mail: Mail) -> list[str]:
    """Return the rows of one message: received, passed on by a rule where one did, sent or delivered."""
    leaves = any(not r.endswith(mail.sender.partition("@")[2]) for r in mail.recipients)
    steps = [("STOREDRIVER" if mail.ours else "SMTP", "RECEIVE")]
    if mail.forwarded_by:
        steps.append(("MAILBOXRULE", "REDIRECT"))
    steps.append(
        ("SMTP", "SEND") if leaves and (mail.ours or mail.forwarded_by) else ("STOREDRIVER", "DELIVER")
    )
    at = mail.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{mail.at.microsecond // 1000:03d}Z"
    network = str(uuid.uuid5(uuid.NAMESPACE_URL, mail.message_id))
    status = ";".join("To" for _ in mail.recipients)
    return [
        csv_line(
            (
                at, "192.0.2.7", "mb1", "192.0.2.8", "mb2", "", "Default", source, event,
                str(crc32(mail.message_id.encode())), f"<{mail.message_id}>", network,
                mail.forwarded_by if mail.forwarded_by and event == "RECEIVE" else ";".join(mail.recipients),
                status if event == "RECEIVE" else "", str(mail.size), str(len(mail.recipients)),
                mail.forwarded_by if event == "REDIRECT" else "", "", mail.subject, mail.sender, mail.sender, "",
                "Originating" if mail.ours else "Incoming", "", "", "", "",
            )
        )
        for source, event in steps
    ]  # fmt: skip
