"""Lines of an invented record system's audit export, read by the format `delimited` with OPTIONS."""

from __future__ import annotations

from typing import Final

from auditd.force.happenings import Lookup
from auditd.force.lines.text import local

_KINDS: Final = {"person": "NOM", "vehicle": "VEH", "address": "LOC", "occurrence": "OCC", "phone": "TEL"}
_COLUMNS: Final = (
    "Audit ID|Date|Time|Login|Workstation|Action|Entity|Key|Requested by|Reason|Occurrence|Free text"
)

OPTIONS: Final = """\
[sources.options]
separator = "|"
skip_lines = 1

[sources.options.fields]
record_id = "Audit ID"
timestamp = { read = ["Date", "Time"], format = "%d/%m/%Y %H:%M:%S" }
user_id = "Login"
source_address = "Workstation"
pnc_system = { value = "records" }
event_code = "Action"
event_action = { read = "Action", codes = { VIEW = "record-viewed", NIL = "search" } }
subject_type = { read = "Entity", codes = { NOM = "person", VEH = "vehicle", LOC = "address", OCC = "occurrence", TEL = "phone" } }
subject_key = "Key"
pnc_originator_text = "Requested by"
pnc_reason_code = "Reason"
pnc_incident_ref = "Occurrence"
pnc_justification = "Free text"
"""


def records_header() -> str:
    """Return the title and the names of the columns."""
    return f"Audit of all actions\n{_COLUMNS}\n"


def records_line(lookup: Lookup) -> str:
    """Return the line of one look-up; no value of ours holds the separator or a quote."""
    at = local(lookup.at)
    return (
        f"{lookup.ref}|{at:%d/%m/%Y}|{at:%H:%M:%S}|{lookup.user.upper()}|{lookup.terminal}|"
        f"{'VIEW' if lookup.result == 'hit' else 'NIL'}|{_KINDS[lookup.subject_type]}|{lookup.subject_key}|"
        f"{lookup.originator}|{lookup.reason}|{lookup.incident_ref}|{lookup.justification}\n"
    )
