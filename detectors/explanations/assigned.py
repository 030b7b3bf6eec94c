"""The person who looked was assigned to an incident, crime, custody record, warrant or task that names the subject.

It must never count an assignment of somebody else, nor one that had not begun or had ended long before.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from detectors.case import Case, Row, naming, nearest
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


def why_not(case: Case) -> list[str]:
    """Return why nobody's assignment, or not this person's, explains the look-up."""
    if said := case.nobody() or case.unnamed():
        return said
    records = case.records()
    own = [record for record in records if record["assigned_staff_id"] == case.look["staff_id"]]
    reasons = [
        f"{naming(record, case)}, but {missed}"
        for record in own
        for missed in case.missed(
            record, f"{case.who} was assigned to it only from", "their part in it ended at"
        )
    ]
    return nearest(
        reasons or (f"{naming(record, case)}, but {_whose(record, case)}" for record in records), len(records)
    )


def _whose(record: Row, case: Case) -> str:
    if record["assigned_staff_id"] is not None:
        return f"{case.person(record['assigned_staff_id'])} was assigned to it, not {case.who}"
    if record["assigned_from"] is not None:
        return f"unit {record['assigned_unit']} was assigned to it, nobody by name"
    return "nobody is assigned to it"
