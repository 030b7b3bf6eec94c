"""Lines in the real log formats, as the systems write them. Only the demo, tests and benchmarks use it."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zlib import crc32
from zoneinfo import ZoneInfo

LONDON: Final = ZoneInfo("Europe/London")

PNC_COLUMNS: Final = (
    "txn_datetime", "system", "txn_code", "user_id", "user_force", "terminal_id", "originator", "reason_code",
    "justification", "enquiry_text", "subject_type", "subject_key", "result", "hit_count", "txn_ref", "incident_ref",
)  # fmt: skip

EXCHANGE_COLUMNS: Final = (
    "date-time", "client-ip", "client-hostname", "server-ip", "server-hostname", "source-context", "connector-id",
    "source", "event-id", "internal-message-id", "message-id", "network-message-id", "recipient-address",
    "recipient-status", "total-bytes", "recipient-count", "related-recipient-address", "reference", "message-subject",
    "sender-address", "return-path", "message-info", "directionality", "tenant-id", "original-client-ip",
    "original-server-ip", "custom-data", "transport-traffic-type", "log-id", "schema-version",
)  # fmt: skip

_CUCM_SPEC: Final = """
cdrRecordType globalCallID_callManagerId globalCallID_callId origLegCallIdentifier dateTimeOrigination origNodeId
origSpan origIpAddr callingPartyNumber:s callingPartyUnicodeLoginUserID:s origCause_location origCause_value
origPrecedenceLevel origMediaTransportAddress_IP origMediaTransportAddress_Port origMediaCap_payloadCapability
origMediaCap_maxFramesPerPacket origMediaCap_g723BitRate destLegIdentifier destNodeId destSpan destIpAddr
originalCalledPartyNumber:s finalCalledPartyNumber:s finalCalledPartyUnicodeLoginUserID:s destCause_location
destCause_value destPrecedenceLevel dateTimeConnect dateTimeDisconnect lastRedirectDn:s pkid:u
originalCalledPartyNumberPartition:s callingPartyNumberPartition:s finalCalledPartyNumberPartition:s
lastRedirectDnPartition:s duration origDeviceName:s destDeviceName:s origCallTerminationOnBehalfOf
destCallTerminationOnBehalfOf origCalledPartyRedirectOnBehalfOf lastRedirectRedirectOnBehalfOf
origCalledPartyRedirectReason lastRedirectRedirectReason destConversationId globalCallId_ClusterID:s joinOnBehalfOf
comment:s authCodeDescription:s authorizationLevel clientMatterCode:s origDTMFMethod destDTMFMethod callSecuredStatus
origConversationId authorizationCodeValue:s outpulsedCallingPartyNumber:s outpulsedCalledPartyNumber:s
origIpv4v6Addr:s destIpv4v6Addr:s currentRoutingReason origRoutingReason lastRedirectingRoutingReason
huntPilotPartition:s huntPilotDN:s calledPartyPatternUsage outpulsedOriginalCalledPartyNumber:s
outpulsedLastRedirectingNumber:s wasCallQueued totalWaitTimeInQueue mobileCallingPartyNumber:s
finalMobileCalledPartyNumber:s mobileCallType origDeviceType:s destDeviceType:s
"""
_KINDS: Final = {"s": "VARCHAR(50)", "u": "UNIQUEIDENTIFIER", "": "INTEGER"}
CUCM_COLUMNS: Final = {name: kind for name, _, kind in (word.partition(":") for word in _CUCM_SPEC.split())}


@dataclass(frozen=True, slots=True)
class Lookup:
    """A look-up on PNC; `originator` is the 53-character line that says who asked, why and where."""

    at: datetime
    user: str
    subject_type: str
    subject_key: str
    ref: str
    originator: str
    reason: str = "6"
    incident_ref: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """A message from one sender to its recipients."""

    at: datetime
    sender: str
    recipients: tuple[str, ...]
    message_id: str
    subject: str
    ours: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A telephone call; numbers as the exchange writes them (9 for an outside line)."""

    at: datetime
    caller: str
    called: str
    seconds: int
    call_id: int
    caller_login: str = ""


def csv_line(values: Iterable[str]) -> str:
    """Return one CSV line with newline, quoted where needed."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(values)
    return out.getvalue()


def pnc_line(lookup: Lookup) -> str:
    """Return a line of the neutral PNC transaction log; its time is London's, without zone, as most exports are."""
    local = lookup.at.astimezone(LONDON).replace(tzinfo=None)
    code = {"vehicle": "VE", "person": "NE"}.get(lookup.subject_type, "PE")
    return csv_line(
        (
            local.isoformat(timespec="milliseconds"), "pnc", code, lookup.user, "Northmere", f"T{len(lookup.user):03d}",
            lookup.originator, lookup.reason, "", lookup.subject_key, lookup.subject_type, lookup.subject_key,
            "hit", "1", lookup.ref, lookup.incident_ref,
        )
    )  # fmt: skip


def exchange_header(at: datetime) -> str:
    """Return the header block a message-tracking file starts with."""
    return (
        "#Software: Microsoft Exchange Server\n#Version: 15.01.2507.006\n#Log-type: Message Tracking Log\n"
        f"#Date: {_exchange_time(at)}\n#Fields: {','.join(EXCHANGE_COLUMNS)}\n"
    )


def exchange_lines(mail: Mail) -> list[str]:
    """Return the rows one message leaves: received from the mailbox or the internet, then sent or delivered."""
    first = ("STOREDRIVER", "RECEIVE") if mail.ours else ("SMTP", "RECEIVE")
    leaves = any(not r.endswith(mail.sender.partition("@")[2]) for r in mail.recipients)
    last = ("SMTP", "SENDEXTERNAL") if mail.ours and leaves else ("STOREDRIVER", "DELIVER")
    rows = []
    for source, event in (first, ("AGENT", "AGENTINFO"), last):
        values = dict.fromkeys(EXCHANGE_COLUMNS, "")
        values |= {
            "date-time": _exchange_time(mail.at),
            "client-ip": "192.0.2.10",
            "server-hostname": "MAIL01",
            "connector-id": "Default MAIL01",
            "source": source,
            "event-id": event,
            "internal-message-id": str(crc32(mail.message_id.encode())),
            "message-id": f"<{mail.message_id}>",
            "network-message-id": str(uuid.uuid5(uuid.NAMESPACE_URL, mail.message_id)),
            "recipient-address": ";".join(mail.recipients),
            "recipient-status": ";".join("To" for _ in mail.recipients) if event == "RECEIVE" else "",
            "total-bytes": "14336",
            "recipient-count": str(len(mail.recipients)),
            "message-subject": mail.subject,
            "sender-address": mail.sender,
            "return-path": mail.sender,
            "directionality": "Originating" if mail.ours else "Incoming",
            "log-id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{mail.message_id}{event}")),
            "schema-version": "15.01.2507.006",
        }
        rows.append(csv_line(values.values()))
    return rows


def cucm_header() -> str:
    """Return the two lines a CDR file starts with: names and types."""
    names = ",".join(f'"{name}"' for name in CUCM_COLUMNS)
    return names + "\n" + ",".join(_KINDS[kind] for kind in CUCM_COLUMNS.values()) + "\n"


def cucm_line(call: Call) -> str:
    """Return one call detail record: numbers as strings, everything else as integers."""
    begin = int(call.at.timestamp())
    answered = call.seconds > 0
    outside = len(call.called) > 6
    known: Mapping[str, str | int] = {
        "cdrRecordType": 1,
        "globalCallID_callManagerId": 1,
        "globalCallID_callId": call.call_id,
        "origLegCallIdentifier": call.call_id * 2,
        "destLegIdentifier": call.call_id * 2 + 1,
        "dateTimeOrigination": begin,
        "dateTimeConnect": begin + 2 if answered else 0,
        "dateTimeDisconnect": begin + 2 + call.seconds,
        "duration": call.seconds,
        "callingPartyNumber": call.caller,
        "callingPartyUnicodeLoginUserID": call.caller_login,
        "originalCalledPartyNumber": call.called,
        "finalCalledPartyNumber": call.called,
        "lastRedirectDn": call.called,
        "outpulsedCalledPartyNumber": call.called.removeprefix("9") if outside else "",
        "origCause_value": 16 if answered else 0,
        "destCause_value": 0 if answered else 19,
        "pkid": str(uuid.uuid5(uuid.NAMESPACE_OID, f"call {call.call_id} {begin}")),
        "globalCallId_ClusterID": "NorthmereCluster",
        "origIpAddr": -1139627840,
        "origIpv4v6Addr": "192.168.18.188",
        "origDeviceName": f"SEP00{call.caller[-5:].zfill(10)}",
        "destDeviceName": "SIP-TRUNK" if outside else "",
    }
    cells = []
    for name, kind in CUCM_COLUMNS.items():
        value = known.get(name, "" if kind else 0)
        cells.append(f'"{value}"' if kind else str(value))
    return ",".join(cells) + "\n"


def _exchange_time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
