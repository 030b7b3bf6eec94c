"""A task, warrant or licence that names the subject belongs to the unit of the person who looked: it is their work.

It must never count the unit of any other kind of incident: those are worked on by whoever is assigned.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from detectors.case import Case, Row, naming, nearest, when
from detectors.explanations import NO_EXPLANATIONS, Question, answers
from detectors.explanations.unit import of_their_unit, unit_of, unserved

ORDER: Final = 22
PERSONAL: Final = True
KINDS: Final = ("task", "warrant", "licence")


def explain(question: Question) -> pl.DataFrame:
    """Explain a look-up while a task, warrant or licence of the enquirer's unit is open and names the subject.

    With the record's own unit (feed incidents), whoever is assigned: t must lie in [opened_at, closed_at + window] and
    in the time in which it names the subject; there is no time before it opened. It must have been recorded by
    t + options.late.
    """
    if question.kinds.isdisjoint(KINDS):
        return NO_EXPLANATIONS
    of_units = question.held.filter(pl.col("incident_kind").is_in(KINDS), pl.col("owner_unit").is_not_null())
    at, options = pl.col("timestamp"), question.options
    until = pl.min_horizontal("closed_at", "named_to") + options.window
    matched = of_their_unit(question, of_units, "owner_unit").filter(
        at >= pl.max_horizontal("opened_at", "named_from"),
        (at <= until).fill_null(value=True),
        pl.col("recorded_at") <= at + options.late,
    )
    return answers(matched.drop("originator_collar").unique(["row", "incident_ref"]), "task")


def why_not(case: Case) -> list[str]:
    """Return why no task, warrant or licence explains the look-up."""
    if said := case.nobody():
        return said
    records = case.records(pl.col("incident_kind").is_in(KINDS))
    if not records:
        return [f"no task, warrant or licence names {case.it}"]
    own = unit_of(case)
    if own is None:
        return [f"{case.who} is not in the staff feed, so their unit is not known"]
    return nearest((_missed(record, case, own) for record in records), len(records))


def _missed(record: Row, case: Case, own: Row) -> str:
    begins = naming(record, case)
    if record["owner_unit"] != own["unit_key"]:
        owner = f"unit {record['owner_unit']}" if record["owner_unit"] else "no unit"
        return f"{begins}, but it belongs to {owner}, and {case.who} is of {own['unit']}"
    if gone := unserved(case, own):
        return f"{begins}, but {gone}"
    opened = max(filter(None, (record["opened_at"], record["named_from"])), default=None)
    if opened is None or case.at < opened:
        return f"{begins}, but only from {when(opened) if opened else 'a time that is not known'}"
    late = next(case.made_late(record, case.question.options.late), "")
    ended = min(filter(None, (record["closed_at"], record["named_to"])), default=None)
    return f"{begins}, but {late or f'it ended at {when(ended) if ended else opened}'}"
