"""The person who looked was assigned to an incident, crime, custody record, warrant or task that names the subject.

It must never count an assignment of somebody else, nor one that had not begun or had ended long before.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from detectors.explanations import Question, answers
from detectors.grounds import in_time

ORDER: Final = 10
PERSONAL: Final = True


def explain(question: Question) -> pl.DataFrame:
    """Explain a look-up at t of a subject by a person assigned to an incident that names it.

    t must lie in [opens, closes], both ends included, and the record must be made by t + options.late: see `grounds`.
    """
    by_person = question.held.filter(pl.col("assigned_staff_id").is_not_null())
    matched = question.pending.join(
        by_person,
        left_on=["subject_type", "subject_key", "staff_id"],
        right_on=["subject_type", "subject_key", "assigned_staff_id"],
    ).filter(in_time(question.options))
    return answers(matched.drop("originator_collar"), "assigned")
