"""The unit of the person who looked was assigned, as a whole, to an incident that names the subject.

It must never count a unit by resemblance, nor the unit of somebody who was assigned by name.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from detectors.case import Case, Row, naming, nearest
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


def why_not(case: Case) -> list[str]:
    """Return why no assignment of a whole unit explains the look-up."""
    if said := case.nobody() or case.unnamed():
        return said
    own = unit_of(case)
    if own is None:
        return [f"{case.who} is not in the staff feed, so their unit is not known"]
    records = case.records(pl.col("assigned_unit").is_not_null())
    if not records:
        return ["the records that name it are assigned to people by name, or to nobody, and to no whole unit"]
    return nearest(
        (f"{naming(record, case)}, but {_missed(record, case, own)}" for record in records), len(records)
    )


def unit_of(case: Case) -> Row | None:
    """Return the row of `units` of the person who looked."""
    rows = case.question.reference.once(units).filter(pl.col("staff_id") == case.look["staff_id"])
    return next(rows.iter_rows(named=True), None)


def unserved(case: Case, own: Row) -> str:
    """Return that the person did not serve then, "" where they did."""
    began, ended = own["serves_from"], own["serves_to"]
    if (began is None or case.at >= began) and (ended is None or case.at < ended):
        return ""
    return f"{case.who} did not serve in {own['unit']} at that time"


def _missed(record: Row, case: Case, own: Row) -> str:
    if record["assigned_unit"] != own["unit_key"]:
        return f"it is the work of unit {record['assigned_unit']}, and {case.who} is of {own['unit']}"
    if gone := unserved(case, own):
        return gone
    missed = next(case.missed(record, "it was the unit's only from", "the unit's part in it ended at"), "")
    days = case.question.options.unit_for.days
    return missed or f"nothing ended it, and a unit's assignment counts for {days} days"


def of_their_unit(question: Question, held: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return the pending look-ups joined with the grounds whose `column` is the unit of the person who looked."""
    subject = ["subject_type", "subject_key"]
    concerned = question.pending.join(held.select(subject).unique(), on=subject, how="semi")
    return (
        concerned.join(question.reference.once(units), on="staff_id")
        .join(held, left_on=[*subject, "unit_key"], right_on=[*subject, column])
        .filter(serving())
    )
