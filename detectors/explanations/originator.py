"""The look-up was made for somebody else, whose own work explains it: a control room asks for officers all day.

It must never count an originator whose collar number is shared or belongs to nobody.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import polars as pl

from detectors.case import Case
from detectors.explanations import NO_EXPLANATIONS, Question, all_templates, answers
from detectors.identity import SHARED, resolve
from parsers.subjects import canonical_collar

ORDER: Final = 40


def explain(question: Question) -> pl.DataFrame:
    """Explain a look-up whose originator's collar number resolves, on that day, to a person whose work explains it.

    Every template that goes by the person is asked as if the originator had looked. The look-up then belongs to both:
    the evidence names the collar number as well as the incident. An enquirer may type a false collar number: the
    originator being innocently assigned is then the cover, which is a matter for a dip sample, not for this template.
    """
    named = question.pending.filter(pl.col("originator_collar").is_not_null())
    if named.is_empty() or question.held.is_empty():
        return NO_EXPLANATIONS
    enquirers = named.select("row", enquirer="staff_id")
    originators = (
        _holders(replace(question, pending=named))
        .filter(pl.col("staff_id").is_not_null())
        .join(enquirers, on="row")
        .filter(pl.col("staff_id").ne_missing(pl.col("enquirer")))
        .drop("enquirer")
    )
    found = [NO_EXPLANATIONS]
    rest = originators
    for template in all_templates():
        if not template.personal or rest.is_empty():
            continue
        found.append(template.explain(replace(question, pending=rest)))
        rest = rest.join(found[-1].select("row"), on="row", how="anti")
    explained = pl.concat(found).drop("originator_collar", "template")
    return answers(explained.join(originators.select("row", "originator_collar"), on="row"), "originator")


def why_not(case: Case) -> list[str]:
    """Return why the person named as originator, if any, does not explain the look-up."""
    typed = case.look["originator_collar"]
    if typed is None:
        return ["no originator's collar number is given"]
    [holder] = _holders(case.question).iter_rows(named=True)
    if holder["staff_id"] is None:
        held = "several people" if holder["certainty"] == SHARED else "nobody known"
        return [f"collar number {typed} belonged to {held} then"]
    if holder["staff_id"] == case.look["staff_id"]:
        return [f"collar number {typed} is {case.who}'s own"]
    asked = replace(
        case,
        look={**case.look, "staff_id": holder["staff_id"], "certainty": holder["certainty"]},
        question=replace(case.question, pending=_holders(case.question)),
    )
    name = asked.who
    personal = [template for template in all_templates() if template.personal]
    return [
        f"it was made for {name}, whom {template.name} does not explain: {reason}"
        for template in personal
        for reason in template.why_not(asked)[:1]
    ]


def _holders(question: Question) -> pl.DataFrame:
    """Return the pending look-ups with who held the originator's collar number in the place of the enquirer."""
    collar = canonical_collar(pl.col("originator_collar"))
    return resolve(question.pending, question.reference, kind="collar", value=collar, time="timestamp")
