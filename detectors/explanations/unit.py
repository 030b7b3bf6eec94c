"""The unit of the person who looked was assigned, as a whole, to an incident that names the subject.

It must never count a unit by resemblance, nor the unit of somebody who was assigned by name.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from detectors.explanations import NO_EXPLANATIONS, Question, answers
from detectors.grounds import in_time
from detectors.people import serving, units

ORDER: Final = 20
PERSONAL: Final = True


def explain(question: Question) -> pl.DataFrame:
    """Explain a look-up by a person whose unit (feed staff) was assigned; times as in `assigned`.

    The unit of the incident itself counts where nobody at all is assigned to it. What nothing ends counts for
    options.unit_for; people count while they serve.
    """
    by_unit = question.held.filter(pl.col("assigned_unit").is_not_null())
    if by_unit.is_empty():
        return NO_EXPLANATIONS
    matched = of_their_unit(question, by_unit, "assigned_unit").filter(
        in_time(question.options),
        pl.col("ends").is_not_null() | (pl.col("timestamp") <= pl.col("begins") + question.options.unit_for),
    )
    return answers(matched.drop("originator_collar"), "unit")


def of_their_unit(question: Question, held: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return the pending look-ups joined with the grounds whose `column` is the unit of the person who looked."""
    subject = ["subject_type", "subject_key"]
    concerned = question.pending.join(held.select(subject).unique(), on=subject, how="semi")
    return (
        concerned.join(question.reference.once(units), on="staff_id")
        .join(held, left_on=[*subject, "unit_key"], right_on=[*subject, column])
        .filter(serving())
    )
