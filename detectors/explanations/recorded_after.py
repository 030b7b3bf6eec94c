"""A stop, arrest, ticket or crime that the person who looked recorded within hours after the look-up names the subject.

It must never take a record made whenever it suits: what began or was written down too late explains nothing.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from detectors.case import Case, Row, gap, naming, nearest, when
from detectors.explanations import NO_EXPLANATIONS, Question, answers

ORDER: Final = 24
PERSONAL: Final = True
KINDS: Final = ("stop", "custody", "incident", "crime")


def explain(question: Question) -> pl.DataFrame:
    """Explain a look-up at t by a person assigned by name to a stop, custody record, incident or crime that began after.

    t < begins <= t + options.recorded, it opened no longer than options.early before t, and it was on record by t +
    options.recorded_late. The kinds a person may open without any event (tasks, intelligence) do not count.
    """
    if question.kinds.isdisjoint(KINDS):
        return NO_EXPLANATIONS
    of_people = question.held.filter(
        pl.col("assigned_staff_id").is_not_null(),
        pl.col("opened_at").is_not_null(),
        pl.col("incident_kind").is_in(KINDS),
    )
    at, options = pl.col("timestamp"), question.options
    matched = question.pending.join(
        of_people,
        left_on=["subject_type", "subject_key", "staff_id"],
        right_on=["subject_type", "subject_key", "assigned_staff_id"],
    ).filter(
        at < pl.col("begins"),
        pl.col("begins") <= at + options.recorded,
        pl.col("opened_at") >= at - options.early,
        pl.col("recorded_at") <= at + options.recorded_late,
    )
    return answers(matched.drop("originator_collar"), "recorded_after")


def why_not(case: Case) -> list[str]:
    """Return why no record made afterwards explains the look-up."""
    if said := case.nobody():
        return said
    records = case.records(pl.col("assigned_staff_id") == case.look["staff_id"], pl.col("begins") > case.at)
    if not records:
        hours = case.question.options.recorded.total_seconds() / 3600
        return [
            f"{case.who} recorded no stop, arrest, incident or crime that names {case.it} in the {hours:g} h after"
        ]
    return nearest((_missed(record, case) for record in records), len(records))


def _missed(record: Row, case: Case) -> str:
    options, begins = case.question.options, naming(record, case)
    if record["incident_kind"] not in KINDS:
        return f"{begins}, but a record of that kind can be made without any event"
    if record["opened_at"] is None:
        return f"{begins}, but the incident itself is not on record"
    if record["begins"] > case.at + options.recorded:
        return f"{begins}, but it began only at {when(record['begins'])}, {gap(case.at, record['begins'])} after the look-up"
    if record["opened_at"] < case.at - options.early:
        return f"{begins}, but it had been open since {when(record['opened_at'])}, and {case.who} joined it afterwards"
    late = next(case.made_late(record, options.recorded_late), "it did not begin after the look-up")
    return f"{begins}, but {late}"
