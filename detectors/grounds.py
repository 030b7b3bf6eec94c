"""Grounds: who, or which unit, had work on a subject, and when. What explanations join look-ups with.

It must never look at a reason that an enquirer typed: grounds come from records made elsewhere.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from detectors.reference import Reference


def grounds(reference: Reference, subjects: pl.DataFrame, *, window: timedelta) -> pl.DataFrame:
    """Return a row per assignment to an incident and subject it names.

    subjects: subject_type and subject_key of interest; others may be left out. Columns: subject_type, subject_key,
    incident_ref, incident_kind, assigned_staff_id, assigned_unit, opens, closes (null: never), recorded_at.

    opens  = the later of assignment.from and subject.from, minus `window`
    closes = the earlier of subject.to and (assignment.to, else incident.closed_at, else never), plus `window`
    recorded_at = when assignment and incident were both on record.
    An assignment whose incident is not (yet) known counts as one to an open incident of kind "incident".
    """
    named = reference["incident_subjects"].rename({"from": "subject_from", "to": "subject_to"})
    assignments, incidents = reference["assignments"], reference["incidents"]
    if subjects.height < named.height:  # a tick: touch little of what may be years of incidents
        named = named.join(subjects, on=["subject_type", "subject_key"], how="semi")
        assignments = assignments.join(named, on="incident_ref", how="semi")
        incidents = incidents.join(assignments, on="incident_ref", how="semi")
    known = incidents.select(
        "incident_ref", "closed_at", incident_kind="kind", incident_recorded_at="recorded_at"
    )
    joined = named.join(assignments, on="incident_ref").join(known, on="incident_ref", how="left")
    return joined.select(
        "subject_type",
        "subject_key",
        "incident_ref",
        pl.col("incident_kind").fill_null("incident"),
        pl.col("staff_id").alias("assigned_staff_id"),
        unit_name("unit").alias("assigned_unit"),
        (pl.max_horizontal("from", "subject_from") - window).alias("opens"),
        (pl.min_horizontal(pl.coalesce("to", "closed_at"), "subject_to") + window).alias("closes"),
        pl.max_horizontal("recorded_at", "incident_recorded_at").alias("recorded_at"),
    )


def unit_name(column: str) -> pl.Expr:
    """Return a unit's name as compared: without surrounding blanks and case."""
    return pl.col(column).str.strip_chars().str.to_lowercase()
