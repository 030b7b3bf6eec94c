"""Lines of a Postfix mail log with time stamps of RFC 3339 (docs/formats/postfix.md)."""

from __future__ import annotations

from datetime import UTC
from typing import Final
from zlib import crc32

from auditd.force.happenings import Mail

_QUEUE: Final = "mx1 postfix/"


def postfix_lines(mail: Mail) -> list[str]:
    """Return the lines one message leaves: client, message-id, sender, a delivery a recipient, removal."""
    stamp = mail.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
    queue = f"{crc32(mail.message_id.encode()):08X}{mail.at.microsecond:05X}"
    domain = mail.sender.partition("@")[2]
    begin = f"{stamp} {_QUEUE}"
    client = f"pc.{domain}[192.0.2.7]" if mail.ours else f"mail.{domain}[198.51.100.4]"
    lines = [
        f"{begin}smtpd[101]: {queue}: client={client}\n",
        f"{begin}cleanup[102]: {queue}: message-id=<{mail.message_id}>\n",
        f"{begin}qmgr[104]: {queue}: from=<{mail.sender}>, size={mail.size}, nrcpt={len(mail.recipients)} (queue active)\n",
    ]
    lines += [f"{begin}{_delivery(mail, queue, recipient)}\n" for recipient in mail.recipients]
    lines.append(f"{begin}qmgr[104]: {queue}: removed\n")
    return lines


def _delivery(mail: Mail, queue: str, recipient: str) -> str:
    domain = recipient.partition("@")[2]
    original = f", orig_to=<{mail.forwarded_by}>" if mail.forwarded_by else ""
    if mail.ours and recipient.endswith(mail.sender.partition("@")[2]) and not original:
        return (
            f"lmtp[107]: {queue}: to=<{recipient}>, relay=mx1[private/dovecot-lmtp], delay=0.1, "
            f"delays=0/0/0/0.1, dsn=2.0.0, status=sent (250 2.0.0 <{recipient}> Saved)"
        )
    if not mail.ours and not original:
        return (
            f"lmtp[107]: {queue}: to=<{recipient}>, relay=mx1[private/dovecot-lmtp], delay=0.2, "
            f"delays=0.1/0/0/0.1, dsn=2.0.0, status=sent (250 2.0.0 <{recipient}> Saved)"
        )
    return (
        f"smtp[106]: {queue}: to=<{recipient}>{original}, relay=mx.{domain}[198.51.100.5]:25, delay=1.7, "
        f"delays=0.02/0/1.7/0.06, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as F{queue[:8]})"
    )
