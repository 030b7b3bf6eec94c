"""A pattern that a person approved leads from the subject, over records, to the person who looked.

It must never hold a pattern of its own: each was proposed, approved by somebody by name, and can be revoked.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from detectors.case import Case
from detectors.explanations import NO_EXPLANATIONS, Question, answers
from detectors.paths import connected

ORDER: Final = 70


def explain(question: Question) -> pl.DataFrame:
    """Explain a look-up that an approved pattern connects with the enquirer (detectors/paths.py).

    In the order in which they were approved; the first that connects a look-up explains it. Off shift, and for subjects
    that are close or sensitive, none does.
    """
    pending, found = question.pending, []
    for one in question.reference.approved if not question.held.is_empty() else ():
        matched = connected(pending, one.pattern, question.held, question.reference, question.options)
        if not matched.is_empty():
            found.append(answers(matched.with_columns(pl.lit(one.approval_id).alias("basis")), "approved"))
            pending = pending.join(matched, on="row", how="anti", maintain_order="left")
    return pl.concat(found) if found else NO_EXPLANATIONS


def why_not(case: Case) -> list[str]:
    """Return which approved patterns do not lead to the enquirer."""
    if said := case.nobody():
        return said
    return [
        f"{one.approval_id} does not lead to {case.who}: {one.pattern.words()}"
        for one in case.question.reference.approved
    ] or ["no pattern is approved"]
