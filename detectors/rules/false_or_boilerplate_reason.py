"""Reasons that are none: references that name another matter or no matter, and one text for everything.

A blank reason is lawful and never a finding. It must never hold a slip of the finger for a lie: a reference that is written like a
real one is quiet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import polars as pl
from pydantic import Field

from detectors.accesses import REASON_WORDS, actor
from detectors.claims import CLOSED, ELSEWHERE, NOWHERE, claims
from detectors.detector import About, Naming, Window
from detectors.explained import span_unexplained
from detectors.finding import Severity
from detectors.findings import NO_FINDINGS
from detectors.judged_look_ups import JudgedSettings, LookUpDetector, certain, looked_at
from detectors.sentences import subject
from detectors.signals import REACH
from detectors.sliding import count_in

BOILERPLATE: Final = "boilerplate"
_TEXT: Final = r"[A-Za-z]{2,}.*\s.*[A-Za-z]{2,}"
"""A text worth the name: two words at least, for a code or one word out of a list is what a system asks for."""


class FalseOrBoilerplateReasonSettings(JudgedSettings):
    """Settings of false_or_boilerplate_reason."""

    closed_days: float = Field(
        90, gt=0, description="how long after an incident was closed a claim of it is old, days"
    )
    subjects: int = Field(
        15,
        ge=2,
        description="for how many subjects in 30 days one text is given by one account before it is boilerplate",
    )
    others: int = Field(2, ge=0, description="a text that more other accounts give is everybody's")


class FalseOrBoilerplateReason(LookUpDetector):
    """A look-up that nothing explains, for which the enquirer gave a reference that does not fit or the text they give for all."""

    name = "false_or_boilerplate_reason"
    about = About(
        title="Reason that does not hold",
        meaning=(
            "Nothing on record explains a look-up, and the reason that was typed for it does not hold: its reference names no "
            "incident there is, or one that does not name the subject, or one closed long ago; or it is a text of the person's own "
            "that they give for everything. A blank reason is not one of these."
        ),
        severity=Severity.MEDIUM,
        category="misuse of force systems",
        concern="look-ups",
        innocent_causes=(
            "The reference of the last job was left in the form.",
            "The incident is kept in a system that is not fed in, with references of the same kind.",
            "The record names somebody else whom the subject lives or drives with.",
            "A text that a supervisor told people to use.",
        ),
        runbook=(
            "Look the reference up where it was made: does the matter exist, and has the subject anything to do with it?",
            "Look at look-ups by the same person six hours before and after with the same reference or text.",
            "Look at how often their references hold otherwise: one slip is nothing, a habit is.",
            "Look at how the subject stands to the person.",
        ),
    )
    feeds = LookUpDetector.feeds
    Settings = FalseOrBoilerplateReasonSettings

    def judge(self, window: Window) -> pl.DataFrame:
        """Return one finding per look-up; its key is the event id."""
        told = certain(span_unexplained(window, self.settings.options))
        claimed = claims(told, window.reference, timedelta(days=self.settings.closed_days))
        by_text = self._boilerplate(
            told.join(claimed, on="event_id", how="anti", maintain_order="left"), window
        )
        found = pl.concat((told.join(claimed, on="event_id", maintain_order="left"), by_text), how="diagonal")
        if found.is_empty():
            return NO_FINDINGS
        severity = pl.when(why=BOILERPLATE).then(int(Severity.LOW)).otherwise(int(Severity.MEDIUM))
        return self.found(found, window, severity, "why", "reason_words", "same_text")

    def describe(self, facts: Mapping[str, Any], naming: Naming) -> Sequence[str]:
        """Return the look-up and what is wrong with its reason."""
        ref = facts["claimed_ref"]
        why = {
            NOWHERE: f"The reference given, {ref}, is that of no incident on record, nor written like one.",
            ELSEWHERE: f"The reference given, {ref}, is that of an incident that does not name {subject(facts)}.",
            CLOSED: f"The reference given, {ref}, is that of an incident closed long before.",
            BOILERPLATE: f'The reason given, "{facts["reason_words"]}", is the one they gave for {facts["same_text"]} subjects '
            "within 30 days.",
        }
        return [f"{looked_at(facts, naming)}, and nothing on record explains it.", why[facts["why"]]]

    def _boilerplate(self, told: pl.DataFrame, window: Window) -> pl.DataFrame:
        """Return the look-ups whose text the same account gave for many subjects, and few others gave at all."""
        text = pl.col("reason_words").str.strip_chars().str.to_lowercase()
        worded = told.with_columns(text=text).filter(pl.col("text").str.contains(_TEXT))
        if worded.is_empty():
            return worded.drop("text").with_columns(
                why=pl.lit(None, pl.String), same_text=pl.lit(None, pl.Int64)
            )
        near = pl.col("timestamp").is_between(window.span.start - REACH, window.span.end, closed="left")
        given = REASON_WORDS.str.strip_chars().str.to_lowercase().alias("text")
        subject_of = pl.concat_str("subject_type", "subject_key", separator=":").alias("subject")
        uses = (
            window.history("access").filter(near).select("timestamp", actor(), given, subject_of)
            .filter(pl.col("text").is_in(worded["text"].unique().implode())).collect()
        )  # fmt: skip
        subjects = count_in(worded, uses, by=("actor", "text"), what="subject", reach=REACH)
        accounts = count_in(worded, uses, by=("text",), what="actor", reach=REACH) - 1
        counted = worded.with_columns(
            subjects.alias("same_text"), accounts.alias("others"), why=pl.lit(BOILERPLATE)
        )
        often = pl.col("same_text") >= self.settings.subjects
        return counted.filter(often, pl.col("others") <= self.settings.others).drop("text", "others")
