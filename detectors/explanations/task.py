"""A task, warrant or licence that names the subject belongs to the unit of the person who looked: it is their work.

It must never count the unit of any other kind of incident: those are worked on by whoever is assigned.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from detectors.explanations import NO_EXPLANATIONS, Question, answers
from detectors.explanations.unit import of_their_unit

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
