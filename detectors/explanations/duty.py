"""Looking such things up is the duty of the person who looked: vetting, firearms licensing, front counter, bureau.

It must never be a licence to look at anybody they know: only their kind of look-up, at work, for nobody else, and of
nobody close to them, no colleague and nobody sensitive.
"""

from __future__ import annotations

import re
from typing import Final

import polars as pl

from detectors.bounds import Duty
from detectors.case import Case
from detectors.duty import off_shift
from detectors.explanations import NO_EXPLANATIONS, Question, answers
from detectors.explanations.circulation import barred
from detectors.identity import resolve
from detectors.people import close_or_sensitive, serving, units
from detectors.reference import Reference
from detectors.words import holds_words
from parsers.subjects import canonical_collar

ORDER: Final = 60
_WORDS: Final = "[a-z]{3}"


def explain(question: Question) -> pl.DataFrame:
    """Explain a look-up that is of the kind a duty of the enquirer's role or unit makes.

    All must hold: role or unit has the duty (whole words) while the person serves; the subject is of its kinds; a reason
    code, where the duty lists some, is one of them; a reason in words has one of its words; no incident is claimed, for
    an incident that does not explain is no duty; no other originator is named, for their look-up needs their own
    reason; the roster does not have the person off shift; the subject is neither close nor sensitive.
    """
    duties = question.options.duties
    if not duties or question.pending.is_empty():
        return NO_EXPLANATIONS
    # Whoever looked, before the words are searched: a tick must not read through everybody's roles.
    lookers = question.reference.once(units).join(question.pending, on="staff_id", how="semi")
    having = lookers.filter(pl.any_horizontal(*(_has(duty) for duty in duties)).fill_null(value=False))
    if having.is_empty():
        return NO_EXPLANATIONS
    theirs = (
        question.pending.filter(pl.col("claimed_ref").is_null()).join(having, on="staff_id").filter(serving())
    )
    if theirs.is_empty():
        return NO_EXPLANATIONS
    basis = pl.coalesce(*(pl.when(_has(duty) & _is_of(duty)).then(pl.lit(duty.name)) for duty in duties))
    matched = _for_themselves(theirs.with_columns(basis.alias("basis")), question.reference)
    if matched.is_empty():
        return NO_EXPLANATIONS
    barred = off_shift(matched, question.reference) | close_or_sensitive(matched, question.reference)
    return answers(matched.filter(~barred).drop("originator_collar"), "duty")


def why_not(case: Case) -> list[str]:
    """Return which condition of a duty the look-up does not meet."""
    if said := case.nobody():
        return said
    rows = case.question.pending.join(case.question.reference.once(units), on="staff_id")
    if rows.is_empty():
        return [f"{case.who} is not in the staff feed, so their duties are not known"]
    having = [duty for duty in case.question.options.duties if rows.select(_has(duty)).item()]
    role = rows["role_key"].item() or "-"
    if not having:
        return [
            f"neither role ({role}) nor unit ({rows['unit'].item()}) of {case.who} has a duty to look such things up"
        ]
    names = ", ".join(duty.name for duty in having)
    if rows.filter(serving()).is_empty():
        return [f"{case.who} did not serve at that time"]
    if case.look["claimed_ref"] is not None:
        return [
            f"the enquirer claimed {case.look['claimed_ref']}: an incident has to explain it, not the duty ({names})"
        ]
    fitting = [duty for duty in having if rows.select(_is_of(duty)).item()]
    if not fitting:
        reason = case.look["reason_words"] or case.look["reason_code"] or "none given"
        return [
            f"{case.it}, for the reason {reason}, is not the kind of look-up that the duty makes ({names})"
        ]
    if _for_themselves(rows.with_columns(pl.lit(names).alias("basis")), case.question.reference).is_empty():
        return [
            f"it was made for collar number {case.look['originator_collar']}, who needs a reason of their own"
        ]
    return [f"{case.who} has the duty ({names}), but {barred(case)}"]


def _has(duty: Duty) -> pl.Expr:
    """Boolean expression over `units`: the role or the unit holds one of the duty's words, whole."""
    return holds_words(pl.col("role_key"), duty.who) | holds_words(pl.col("unit_key"), duty.who)


def _is_of(duty: Duty) -> pl.Expr:
    """Boolean expression over look-ups: they are of the duty's kind, as far as the record says."""
    fits = pl.col("subject_type").is_in(duty.subject_types)
    if duty.reason_codes:
        fits &= pl.col("reason_code").is_in(duty.reason_codes).fill_null(value=False)
    reason = pl.col("reason_words").str.to_lowercase()
    beginnings = "|".join(re.escape(word.lower()) for word in duty.reason_words) or "$^"
    worded = reason.str.contains(_WORDS)
    return fits & (~worded | reason.str.contains(rf"(?:^|[^a-z])(?:{beginnings})")).fill_null(value=True)


def _for_themselves(rows: pl.DataFrame, reference: Reference) -> pl.DataFrame:
    """Keep the look-ups of a duty that name no originator, or the enquirer's own collar number."""
    kept = rows.filter(pl.col("basis").is_not_null())
    if kept["originator_collar"].null_count() == kept.height:
        return kept
    collar = canonical_collar(pl.col("originator_collar"))
    holder = resolve(
        kept.drop("staff_id", "certainty", "since"), reference, kind="collar", value=collar, time="timestamp"
    )
    own = holder["staff_id"].eq_missing(kept["staff_id"])
    return kept.filter(kept["originator_collar"].is_null() | own)
