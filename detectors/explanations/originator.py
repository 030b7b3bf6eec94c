"""The look-up was made for somebody else, whom assignment or unit explains: a control room asks for officers all day.

It must never count an originator whose collar number is shared or belongs to nobody.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import polars as pl

from detectors.explanations import EXPLANATION_SCHEMA, Question, assigned, unit
from detectors.identity import resolve

ORDER: Final = 30


def explain(question: Question) -> pl.DataFrame:
    """Explain a look-up whose originator's collar number resolves to a person that `assigned` or `unit` explains.

    The evidence names the collar number as well as the incident. An enquirer may type a false collar number: the
    originator being innocently assigned is then the cover, which is a matter for a dip sample, not for this template.
    """
    collar = pl.col("originator_collar").str.replace_all(r"\s+", "").str.to_uppercase()
    collars = question.pending.filter(pl.col("originator_collar").is_not_null())
    originators = resolve(
        collars,
        question.reference,
        kind="collar",
        value=collar,
        time="timestamp",
    ).filter(pl.col("staff_id").is_not_null())
    asked = replace(question, pending=originators)
    by_person = assigned.explain(asked)
    rest = originators.join(by_person.select("row"), on="row", how="anti")
    by_unit = unit.explain(replace(question, pending=rest))
    answers = pl.concat((by_person, by_unit)).drop("originator_collar", "template")
    return (
        answers.join(originators.select("row", "originator_collar"), on="row", how="left")
        .with_columns(pl.lit("originator").alias("template"))
        .select(EXPLANATION_SCHEMA.names())
    )
