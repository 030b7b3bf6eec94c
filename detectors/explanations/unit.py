"""The unit of the person who looked was assigned to an incident that names the subject.

It must never count a unit by resemblance: names are compared whole, without case and surrounding blanks.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from detectors.explanations import EXPLANATION_SCHEMA, NO_EXPLANATIONS, Question
from detectors.grounds import unit_name

ORDER: Final = 20


def explain(question: Question) -> pl.DataFrame:
    """Explain a look-up by a person whose unit (feed staff) was assigned; times as in `assigned`."""
    by_unit = question.held.filter(pl.col("assigned_unit").is_not_null())
    if by_unit.is_empty():
        return NO_EXPLANATIONS
    units = question.reference["staff"].select(
        "staff_id", unit_name("unit").alias("assigned_unit"), unit="unit"
    )
    matched = (
        question.pending.join(
            by_unit.select("subject_type", "subject_key").unique(),
            on=["subject_type", "subject_key"],
            how="semi",
        )
        .join(units.unique("staff_id", keep="first", maintain_order=True), on="staff_id")
        .join(by_unit, on=["subject_type", "subject_key", "assigned_unit"])
        .filter(
            pl.col("timestamp") >= pl.col("opens"),
            (pl.col("timestamp") <= pl.col("closes")).fill_null(value=True),
        )
    )
    return matched.select(
        "row",
        "event_id",
        "timestamp",
        pl.lit("unit").alias("template"),
        "incident_ref",
        "incident_kind",
        "recorded_at",
        "unit",
        originator_collar=pl.lit(None),
        follows=pl.lit(None),
    ).cast(EXPLANATION_SCHEMA)
