"""Lines of the neutral PNC transaction log (docs/formats/pnc.md); their time is London's, without zone, as most exports are."""

from __future__ import annotations

from typing import Final

from auditd.force.happenings import Lookup
from auditd.force.lines.text import csv_line, local

PNC_COLUMNS: Final = (
    "txn_datetime", "system", "txn_code", "user_id", "user_force", "terminal_id", "originator", "reason_code",
    "justification", "enquiry_text", "subject_type", "subject_key", "result", "hit_count", "txn_ref", "incident_ref",
)  # fmt: skip
CODES: Final = {"vehicle": "VE", "person": "NE", "address": "AE", "occurrence": "OE", "phone": "TE"}


def pnc_header() -> str:
    """Return the line of column names."""
    return csv_line(PNC_COLUMNS)


def pnc_line(lookup: Lookup) -> str:
    """Return the line of one look-up."""
    return csv_line(
        (
            local(lookup.at).isoformat(timespec="milliseconds"),
            "pnc",
            CODES.get(lookup.subject_type, "PE"),
            lookup.user,
            "Northmere",
            lookup.terminal or f"T{len(lookup.user):03d}",
            lookup.originator,
            lookup.reason,
            lookup.justification,
            lookup.subject_key,
            lookup.subject_type,
            lookup.subject_key,
            lookup.result,
            "1" if lookup.result == "hit" else "0",
            lookup.ref,
            lookup.incident_ref,
        )
    )
