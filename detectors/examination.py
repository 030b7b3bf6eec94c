"""One look-up examined: every template is asked, which explains it and why the others do not.

It must never stop at the first answer, as judging does: who reads this wants to see all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from detectors.bounds import Options
from detectors.case import Case, Row, when
from detectors.detector import Naming
from detectors.explanations import Question, all_templates, evidence, explain
from detectors.grounds import grounds
from detectors.reference import Reference
from detectors.sentences import explanation


@dataclass(frozen=True, slots=True)
class Tried:
    """One template's answer: what it holds by (evidence, one for each record), or why it does not hold."""

    template: str
    held: bool
    sentences: tuple[str, ...]
    evidence: tuple[Row, ...] = ()


def examine(
    look_ups: pl.DataFrame, event_id: str, reference: Reference, options: Options, naming: Naming
) -> Sequence[Tried]:
    """Ask every template about one look-up (of ACCESS_SCHEMA rows that reach back by options.reach), in their order.

    The templates that follow other look-ups see what explains those. An unknown event id is a KeyError.
    """
    look = look_ups.filter(event_id=event_id)
    if look.is_empty():
        raise KeyError(event_id)
    row = look.row(0, named=True)
    given = explain(look_ups, reference, options).given.filter(pl.col("row") != row["row"])
    held = grounds(reference, look, options)
    question = Question(
        look_ups, look, given, held, reference, options, frozenset(held["incident_kind"].unique())
    )
    case = Case(row, question, naming)
    tried = []
    for template in all_templates():
        found = template.explain(_as_asked(question, template.name)).filter(pl.col("row") == row["row"])
        if found.is_empty():
            tried.append(Tried(template.name, held=False, sentences=tuple(template.why_not(case))))
            continue
        rows = found.sort("recorded_at", "incident_ref").select(evidence().alias("why"), "recorded_at")
        shown = [(why, recorded) for why, recorded in rows.iter_rows()]
        sentences = tuple(dict.fromkeys(_sentence(why, recorded, case) for why, recorded in shown))
        tried.append(
            Tried(template.name, held=True, sentences=sentences, evidence=tuple(why for why, _ in shown))
        )
    return tried


def _as_asked(question: Question, template: str) -> Question:
    """Return the question; a keeper that leads to who is linked must be pending as well, as in judging."""
    if template != "follow_on":
        return question
    persons = question.look_ups.join(
        question.given.filter(pl.col("template") != "follow_on"), on="row", how="anti"
    )
    return replace(question, pending=persons)


def _sentence(why: Row, recorded: Any, case: Case) -> str:
    words = explanation(why)
    if why["colleague"]:
        words = f"{words} (colleague: {case.person(why['colleague'])})"
    return f"{words}; on record since {when(recorded)}" if recorded is not None else words
