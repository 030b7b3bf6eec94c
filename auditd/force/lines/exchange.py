"""Lines of Exchange message tracking, thirty columns (docs/formats/exchange.md)."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Final
from zlib import crc32

from auditd.force.happenings import Mail
from auditd.force.lines.text import csv_line

EXCHANGE_COLUMNS: Final = (
    "date-time", "client-ip", "client-hostname", "server-ip", "server-hostname", "source-context", "connector-id",
    "source", "event-id", "internal-message-id", "message-id", "network-message-id", "recipient-address",
    "recipient-status", "total-bytes", "recipient-count", "related-recipient-address", "reference", "message-subject",
    "sender-address", "return-path", "message-info", "directionality", "tenant-id", "original-client-ip",
    "original-server-ip", "custom-data", "transport-traffic-type", "log-id", "schema-version",
)  # fmt: skip
_VERSION: Final = "15.01.2507.006"


def exchange_header(at: datetime) -> str:
    """Return the header block a message-tracking file starts with."""
    return (
        f"#Software: Microsoft Exchange Server\n#Version: {_VERSION}\n#Log-type: Message Tracking Log\n"
        f"#Date: {_utc(at)}\n#Fields: {','.join(EXCHANGE_COLUMNS)}\n"
    )


def exchange_lines(mail: Mail) -> list[str]:
    """Return the rows one message leaves: received from the mailbox or the internet, then sent or delivered.

    What a mailbox's rule passes on was sent to that mailbox; only the rows behind it name the new recipient.
    """
    first = ("STOREDRIVER", "RECEIVE") if mail.ours else ("SMTP", "RECEIVE")
    leaves = any(not r.endswith(mail.sender.partition("@")[2]) for r in mail.recipients)
    last = (
        ("SMTP", "SENDEXTERNAL")
        if leaves and (mail.ours or mail.forwarded_by)
        else ("STOREDRIVER", "DELIVER")
    )
    middle = ("MAILBOXRULE", "REDIRECT") if mail.forwarded_by else ("AGENT", "AGENTINFO")
    return [_row(mail, source, event) for source, event in (first, middle, last)]


def _row(mail: Mail, source: str, event: str) -> str:
    forwarded = mail.forwarded_by and event == "REDIRECT"
    to = mail.forwarded_by if mail.forwarded_by and event == "RECEIVE" else ";".join(mail.recipients)
    status = ";".join("To" for _ in mail.recipients) if event == "RECEIVE" else ""
    # Column by column, in the order of EXCHANGE_COLUMNS.
    return csv_line(
        (
            _utc(mail.at), "192.0.2.10", "", "", "MAIL01", "", "Default MAIL01", source, event,
            str(crc32(mail.message_id.encode())), f"<{mail.message_id}>",
            str(uuid.uuid5(uuid.NAMESPACE_URL, mail.message_id)), to, status, str(mail.size),
            str(len(mail.recipients)), mail.forwarded_by if forwarded else "", "", mail.subject, mail.sender,
            mail.sender, "", "Originating" if mail.ours else "Incoming", "", "", "", "", "",
            str(uuid.uuid5(uuid.NAMESPACE_URL, f"{mail.message_id}{event}")), _VERSION,
        )
    )  # fmt: skip


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
