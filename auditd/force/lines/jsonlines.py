"""Lines of an invented record system that logs JSON, read by the format `jsonlines` with OPTIONS."""

from __future__ import annotations

import json
from typing import Final

from auditd.force.happenings import Lookup

OPTIONS: Final = """\
[sources.options.fields]
record_id = "id"
timestamp = { read = "when", format = "epoch_milliseconds" }
user_id = "actor.login"
source_address = "client.station"
pnc_system = { value = "casework" }
event_code = "op"
event_action = { read = "op", codes = { READ = "record-viewed", SEARCH = "search" } }
subject_type = "record.kind"
subject_key = "record.key"
pnc_originator_text = "request.for"
pnc_reason_code = "request.reason"
pnc_incident_ref = "request.reference"
pnc_justification = "request.text"
"""


def casework_line(lookup: Lookup) -> str:
    """Return the line of one look-up."""
    return (
        json.dumps(
            {
                "id": lookup.ref,
                "when": int(lookup.at.timestamp()) * 1000 + lookup.at.microsecond // 1000,
                "actor": {"login": lookup.user},
                "client": {"station": lookup.terminal},
                "op": "READ" if lookup.result == "hit" else "SEARCH",
                "record": {"kind": lookup.subject_type, "key": lookup.subject_key},
                "request": {
                    "for": lookup.originator,
                    "reason": lookup.reason,
                    "reference": lookup.incident_ref or None,
                    "text": lookup.justification or None,
                },
            },
            separators=(",", ":"),
        )
        + "\n"
    )
