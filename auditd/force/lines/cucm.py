"""Call detail records of Cisco Unified CM (docs/formats/cucm.md)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Final

from auditd.force.happenings import Call

_SPEC: Final = """
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
CUCM_COLUMNS: Final = {name: kind for name, _, kind in (word.partition(":") for word in _SPEC.split())}
_BLANK: Final = {name: '""' if kind else "0" for name, kind in CUCM_COLUMNS.items()}


def cucm_header() -> str:
    """Return the two lines a CDR file starts with: names and types."""
    names = ",".join(f'"{name}"' for name in CUCM_COLUMNS)
    return names + "\n" + ",".join(_KINDS[kind] for kind in CUCM_COLUMNS.values()) + "\n"


def cucm_line(call: Call) -> str:
    """Return one call detail record: numbers as strings, everything else as integers."""
    begin = int(call.at.timestamp())
    answered = call.seconds > 0
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
        "outpulsedCalledPartyNumber": call.called.removeprefix("9") if call.leaves else "",
        "origCause_value": 16 if answered else 0,
        "destCause_value": 0 if answered else 19,
        "pkid": str(uuid.uuid5(uuid.NAMESPACE_OID, f"call {call.call_id} {begin}")),
        "globalCallId_ClusterID": "NorthmereCluster",
        "origIpAddr": -1139627840,
        "origIpv4v6Addr": "192.168.18.188",
        "origDeviceName": "SIP-TRUNK" if call.comes_in else f"SEP00{call.caller[-5:].zfill(10)}",
        "destDeviceName": "SIP-TRUNK" if call.leaves else "",
    }
    cells = _BLANK | {
        name: f'"{value}"' if CUCM_COLUMNS[name] else str(value) for name, value in known.items()
    }
    return ",".join(cells.values()) + "\n"
