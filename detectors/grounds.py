"""Grounds: who, or which unit, had work on a subject, and when. What explanations join look-ups with.

It must never look at a reason that an enquirer typed: grounds come from records made elsewhere.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from detectors.bounds import Options
from detectors.reference import Reference
from parsers.event import UTC_MICROSECONDS

SENT: Final = ("incident", "crime", "custody", "stop")
_LONG_AGO: Final = pl.lit(None, UTC_MICROSECONDS)


def grounds(reference: Reference, subjects: pl.DataFrame, options: Options) -> pl.DataFrame:
    """Return a row per assignment to an incident and subject it names; one without person for an unassigned incident.

    subjects: subject_type and subject_key of interest; others may be left out. Columns: subject_type, subject_key,
    incident_ref, incident_kind, opened_at, closed_at, named_from, named_to, owner_unit, assigned_staff_id,
    assigned_unit, assigned_from, assigned_to, begins, ends, opens, closes, recorded_at, written_at (of the
    incident alone); unit names as compared.

    begins = the latest of assignment.from, incident.opened_at and subject.from;  opens  = begins - early
    ends   = the earliest of assignment.to, incident.closed_at and subject.to;    closes = ends + window
    closes, where nothing ends it, is begins + open_for. recorded_at = when assignment and incident were both on record.
    assigned_unit is the unit's name where no person is named beside it; of an incident without any assignment, to which
    a unit is sent (SENT), its own.
    An assignment whose incident is not (yet) known counts as one to an incident of kind "incident". An incident names
    itself, as an occurrence.
    """
    named = reference["incident_subjects"].select(
        "incident_ref", "subject_type", "subject_key", named_from="from", named_to="to"
    )
    assignments, incidents = reference["assignments"], reference["incidents"]
    if subjects.height < named.height:  # a tick: touch little of what may be years of incidents
        named = named.join(subjects, on=["subject_type", "subject_key"], how="semi")
    named = _with_themselves(named, reference, subjects)
    if named.height < assignments.height:
        assignments = assignments.join(named, on="incident_ref", how="semi")
        incidents = incidents.join(named, on="incident_ref", how="semi")
    known = incidents.select(
        "incident_ref",
        "opened_at",
        "closed_at",
        incident_kind="kind",
        incident_recorded_at="recorded_at",
        owner_unit=unit_name("unit"),
    )
    joined = (
        named.join(assignments, on="incident_ref", how="left")
        .join(known, on="incident_ref", how="left")
        .with_columns(
            begins=pl.max_horizontal("from", "opened_at", "named_from"),
            ends=pl.min_horizontal("to", "closed_at", "named_to"),
        )
        .filter(pl.col("from").is_not_null() | pl.col("opened_at").is_not_null())
    )
    alone = pl.when(pl.col("from").is_null(), pl.col("incident_kind").is_in(SENT)).then("owner_unit")
    return joined.select(
        "subject_type",
        "subject_key",
        "incident_ref",
        pl.col("incident_kind").fill_null("incident"),
        "opened_at",
        "closed_at",
        "named_from",
        "named_to",
        "owner_unit",
        pl.col("staff_id").alias("assigned_staff_id"),
        alone.when(pl.col("staff_id").is_null()).then(unit_name("unit")).alias("assigned_unit"),
        pl.col("from").alias("assigned_from"),
        pl.col("to").alias("assigned_to"),
        "begins",
        "ends",
        (pl.col("begins") - options.early).alias("opens"),
        pl.coalesce(pl.col("ends") + options.window, pl.col("begins") + options.open_for).alias("closes"),
        pl.max_horizontal("recorded_at", "incident_recorded_at").alias("recorded_at"),
        pl.col("incident_recorded_at").alias("written_at"),
    )


def in_time(options: Options) -> pl.Expr:
    """Boolean expression: the look-up lies between `opens` and `closes`, and was on record soon enough."""
    at = pl.col("timestamp")
    return at.is_between("opens", "closes") & (pl.col("recorded_at") <= at + options.late)


def unit_name(column: str) -> pl.Expr:
    """Return a unit's name as compared: without surrounding blanks and case."""
    return pl.col(column).str.strip_chars().str.to_lowercase()


def occurrence_key(column: str) -> pl.Expr:
    """Return an incident's reference as the key of an occurrence: trimmed, in capitals."""
    return pl.col(column).str.strip_chars().str.to_uppercase()


def _with_themselves(named: pl.DataFrame, reference: Reference, subjects: pl.DataFrame) -> pl.DataFrame:
    """Add that incidents name themselves, of those looked up as occurrences."""
    keys = subjects.filter(subject_type="occurrence").select("subject_key").unique()
    if keys.is_empty():
        return named
    refs = pl.concat(
        (reference["incidents"].select("incident_ref"), reference["assignments"].select("incident_ref"))
    )
    themselves = (
        refs.with_columns(subject_key=occurrence_key("incident_ref"))
        .join(keys, on="subject_key", how="semi")
        .unique()
        .select(
            "incident_ref",
            pl.lit("occurrence").alias("subject_type"),
            "subject_key",
            _LONG_AGO.alias("named_from"),
            _LONG_AGO.alias("named_to"),
        )
    )
    return pl.concat((named, themselves))
