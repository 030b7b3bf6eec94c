"""The person who looked was assigned to an incident, crime, custody record, warrant or task that names the subject.

It must never count an assignment of somebody else, nor one that ended long before.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from detectors.explanations import EXPLANATION_SCHEMA, Question

ORDER: Final = 10


def explain(question: Question) -> pl.DataFrame:
    """Explain a look-up at t of a subject by a person assigned to an incident that names it.

    With w = options.window, t must lie in [max(assignment.from, subject.from) - w, end + w], both ends included, where
    end is the earlier of subject.to and (assignment.to, else incident.closed_at, else never): see `grounds`.
    """
    by_person = question.held.filter(pl.col("assigned_staff_id").is_not_null())
    matched = question.pending.join(
        by_person,
        left_on=["subject_type", "subject_key", "staff_id"],
        right_on=["subject_type", "subject_key", "assigned_staff_id"],
    ).filter(
        pl.col("timestamp") >= pl.col("opens"),
        (pl.col("timestamp") <= pl.col("closes")).fill_null(value=True),
    )
    return matched.select(
        "row",
        "event_id",
        "timestamp",
        pl.lit("assigned").alias("template"),
        "incident_ref",
        "incident_kind",
        "recorded_at",
        unit=pl.lit(None),
        originator_collar=pl.lit(None),
        follows=pl.lit(None),
    ).cast(EXPLANATION_SCHEMA)
