"""Rows of the feeds about incidents: incidents, incident_subjects, assignments (docs/feeds.md)."""

from __future__ import annotations

from datetime import datetime

from auditd.force.records import Incident

Row = dict[str, str]


def incident_row(incident: Incident, closed_at: datetime | None = None) -> Row:
    """Return the row of the incidents feed."""
    closed = closed_at or incident.closed_at
    return {
        "incident_ref": incident.ref,
        "kind": incident.kind,
        "opened_at": incident.opened_at.isoformat(),
        "closed_at": closed.isoformat() if closed else "",
        "recorded_at": incident.recorded_at.isoformat(),
        "unit": incident.unit,
        "location": incident.location,
    }


def assignment_rows(incident: Incident) -> list[Row]:
    """Return the incident's rows of the assignments feed."""
    return [
        {
            "incident_ref": incident.ref,
            "staff_id": one.staff_id,
            "unit": one.unit,
            "from": one.since.isoformat(),
            "to": one.until.isoformat() if one.until else "",
            "role": one.role,
            "recorded_at": one.recorded_at.isoformat(),
        }
        for one in incident.assignments
    ]


def subject_rows(incident: Incident) -> list[Row]:
    """Return the incident's rows of the incident_subjects feed."""
    return [
        {"incident_ref": incident.ref, "subject_type": kind, "subject_key": key, "from": "", "to": ""}
        for kind, key in incident.subjects
    ]
