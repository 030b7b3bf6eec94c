"""The subject was circulated to everybody at the time: missing, wanted, stolen.

It must never excuse anybody who was not at work, nor a look at oneself, one's own, a colleague or a protected name.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from detectors.case import Case, Row, naming, nearest, when
from detectors.duty import off_shift
from detectors.explanations import NO_EXPLANATIONS, Question, answers
from detectors.people import close_or_sensitive

ORDER: Final = 50


def explain(question: Question) -> pl.DataFrame:
    """Explain a look-up of a subject that an open circulation names, by any known person who was on shift.

    t must lie in [opened_at, closed_at), at most options.circulation after opening, while it names the subject; it must
    have been on record by t + options.recorded, as nobody acts on what is circulated much later. People the roster has
    off shift are not excused, and no subject that is close to the enquirer or sensitive (detectors/people.py).
    """
    if "circulation" not in question.kinds:
        return NO_EXPLANATIONS
    open_to_all = (
        question.held.filter(pl.col("opened_at").is_not_null(), incident_kind="circulation")
        .drop("assigned_staff_id", "assigned_unit", "assigned_from", "assigned_to", "begins", "ends")
        .unique(["subject_type", "subject_key", "incident_ref", "named_from"], keep="any")
    )
    at, options = pl.col("timestamp"), question.options
    begins = pl.max_horizontal("opened_at", "named_from")
    matched = (
        question.pending.filter(pl.col("staff_id").is_not_null())
        .join(open_to_all, on=["subject_type", "subject_key"])
        .filter(
            at >= begins,
            (at < pl.min_horizontal("closed_at", "named_to")).fill_null(value=True),
            at <= begins + options.circulation,
            pl.col("recorded_at") <= at + options.recorded,
        )
    )
    if matched.is_empty():
        return NO_EXPLANATIONS
    barred = off_shift(matched, question.reference) | close_or_sensitive(matched, question.reference)
    return answers(matched.filter(~barred).drop("originator_collar"), "circulation")


def why_not(case: Case) -> list[str]:
    """Return why no circulation explains the look-up."""
    if said := case.nobody():
        return said
    records = case.records(pl.col("incident_kind") == "circulation")
    if not records:
        return [f"{case.it} is not circulated"]
    return nearest((_missed(record, case) for record in records), len(records))


def _missed(record: Row, case: Case) -> str:
    begins, options = naming(record, case), case.question.options
    opened = max(filter(None, (record["opened_at"], record["named_from"])), default=None)
    if opened is None or case.at < opened:
        return f"{begins}, but only from {when(opened) if opened else 'a time that is not known'}"
    ended = min(filter(None, (record["closed_at"], record["named_to"])), default=None)
    if ended is not None and case.at >= ended:
        return f"{begins}, but it ended at {when(ended)}"
    if case.at > opened + options.circulation:
        return f"{begins}, but nobody closed it, and it counts for {options.circulation.days} days"
    if late := next(case.made_late(record, options.recorded), ""):
        return f"{begins}, but {late}"
    return f"{begins}, but {barred(case)}"


def barred(case: Case) -> str:
    """Return why a general reason does not excuse this person's look at this subject."""
    if off_shift(case.question.pending, case.question.reference).any():
        return f"{case.who} was not on shift then"
    return (
        f"{case.it} is close to {case.who}, a colleague or their vehicle, or was flagged as sensitive, and needs a record "
        "of its own"
    )
