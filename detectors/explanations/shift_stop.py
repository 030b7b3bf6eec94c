"""A colleague of the same unit and shift made a stop or an arrest about then: two officers, one record.

It must never count a stop by another unit or at another time, nor one made while either of them was off.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from detectors.case import Case, Row, gap, naming, nearest, when
from detectors.duty import off_shift
from detectors.explanations import NO_EXPLANATIONS, Question, answers
from detectors.explanations.unit import of_their_unit
from detectors.people import units

ORDER: Final = 30
PERSONAL: Final = True
KINDS: Final = ("stop", "custody")


def explain(question: Question) -> pl.DataFrame:
    """Explain a look-up within options.shift of a stop or arrest by somebody else of the same unit (feed staff).

    The stop names the subject and is assigned to the colleague by name; the roster, where it knows them, must have both
    on shift at the moment of the look-up; it was on record by the look-up + options.late.
    """
    if question.kinds.isdisjoint(KINDS):
        return NO_EXPLANATIONS
    stops = (
        question.held.filter(
            pl.col("assigned_staff_id").is_not_null(),
            pl.col("opened_at").is_not_null(),
            pl.col("incident_kind").is_in(KINDS),
        )
        .rename({"assigned_staff_id": "colleague"})
        .join(
            question.reference.once(units).select(colleague="staff_id", colleague_unit="unit_key"),
            on="colleague",
        )
    )
    at, options = pl.col("timestamp"), question.options
    matched = of_their_unit(question, stops, "colleague_unit").filter(
        pl.col("colleague") != pl.col("staff_id"),
        (at - pl.col("begins")).abs() <= options.shift,
        pl.col("recorded_at") <= at + options.late,
    )
    if matched.is_empty():
        return NO_EXPLANATIONS
    off = off_shift(matched, question.reference) | off_shift(matched, question.reference, person="colleague")
    return answers(matched.filter(~off).drop("originator_collar"), "shift_stop")


def why_not(case: Case) -> list[str]:
    """Return why no colleague's stop explains the look-up."""
    if said := case.nobody():
        return said
    stops = case.records(
        pl.col("incident_kind").is_in(KINDS),
        pl.col("assigned_staff_id").is_not_null(),
        pl.col("assigned_staff_id") != case.look["staff_id"],
    )
    if not stops:
        return [f"no stop or arrest by a colleague names {case.it}"]
    return nearest((_missed(record, case) for record in stops), len(stops))


def _missed(record: Row, case: Case) -> str:
    begins, options = naming(record, case), case.question.options
    people = case.question.reference.once(units)
    pair = {row["staff_id"]: row["unit_key"] for row in people.iter_rows(named=True)}
    other = record["assigned_staff_id"]
    if pair.get(other) is None or pair.get(other) != pair.get(case.look["staff_id"]):
        return f"{begins}, but {case.person(other)}, who made it, is not of the unit of {case.who}"
    if abs(case.at - record["begins"]) > options.shift:
        return f"{begins}, but it was at {when(record['begins'])}, {gap(case.at, record['begins'])} from the look-up"
    if late := next(case.made_late(record, options.late), ""):
        return f"{begins}, but {late}"
    look = case.question.pending
    off = case.who if off_shift(look, case.question.reference).any() else case.person(other)
    return f"{begins}, but {off} was not on shift then"
