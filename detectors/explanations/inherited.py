"""The person who looked takes a case over from a colleague, or has just handed one over: both read it around that day.

It must never count a case that was merely somebody else's: both assignments must be on record, end to begin.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from detectors.case import Case, naming, nearest, when
from detectors.explanations import NO_EXPLANATIONS, Question, answers

ORDER: Final = 26
PERSONAL: Final = True
_CASE: Final = ["subject_type", "subject_key", "incident_ref"]


def explain(question: Question) -> pl.DataFrame:
    """Explain a look-up around the handover of an incident that names the subject, from one person to another by name.

    A handover: one person's assignment ended, and another's began within options.handover of that. Who takes over may
    look from options.handover before they begin, who hands over until options.handover after they ended, both only
    while the incident is open (until closed_at + window) and names the subject.
    """
    ours = question.held.filter(pl.col("assigned_staff_id").is_not_null())
    ended = ours.filter(pl.col("assigned_to").is_not_null())
    if ended.is_empty():
        return NO_EXPLANATIONS
    options = question.options
    handed = (
        ended.select(*_CASE, giver="assigned_staff_id", given_at="assigned_to")
        .join(ours, on=_CASE)
        .filter(
            pl.col("giver") != pl.col("assigned_staff_id"),
            (pl.col("assigned_from") - pl.col("given_at")).abs() <= options.handover,
        )
    )
    takes = handed.with_columns(
        who="assigned_staff_id",
        colleague="giver",
        earliest=pl.col("assigned_from") - options.handover,
        latest=pl.col("assigned_from"),
    )
    gives = handed.with_columns(
        who="giver",
        colleague="assigned_staff_id",
        earliest=pl.col("given_at"),
        latest=pl.col("given_at") + options.handover,
    )
    at = pl.col("timestamp")
    matched = question.pending.join(
        pl.concat((takes, gives)),
        left_on=["subject_type", "subject_key", "staff_id"],
        right_on=["subject_type", "subject_key", "who"],
    ).filter(
        at.is_between("earliest", "latest"),
        (at >= pl.max_horizontal("opened_at", "named_from")).fill_null(value=True),
        (at <= pl.min_horizontal("closed_at", "named_to") + options.window).fill_null(value=True),
        pl.col("recorded_at") <= at + options.late,
    )
    return answers(matched.drop("originator_collar"), "inherited")


def why_not(case: Case) -> list[str]:
    """Return why no handover of a case explains the look-up."""
    if said := case.nobody() or case.unnamed():
        return said
    own = case.records(pl.col("assigned_staff_id") == case.look["staff_id"])
    if not own:
        return [
            f"{case.who} was never assigned to a record that names {case.it}, so none was handed over to or by them"
        ]
    hours = case.question.options.handover.total_seconds() / 3600
    return nearest(
        (
            f"{naming(record, case)}, and was {case.who}'s from {when(record['assigned_from'])}, but no handover within "
            f"{hours:g} h of the look-up is on record"
            for record in own
        ),
        len(own),
    )
