"""Many people at one record. It must never count those whose work led them there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import polars as pl
from pydantic import Field

from detectors import signals
from detectors.accesses import actor, look_ups
from detectors.detector import About, Naming, Window
from detectors.explained import span_unexplained
from detectors.explanations import EXPLAINING_FEEDS, explain
from detectors.finding import SUBJECT_ACTOR, Severity
from detectors.findings import NO_FINDINGS, to_findings, utc_text
from detectors.judged_look_ups import JudgedSettings, LookUpDetector, certain, looked_at, unexplained
from detectors.sentences import length

_SUBJECT: Final = ["subject_type", "subject_key"]


class CuriositySurgeSettings(JudgedSettings):
    """Settings of curiosity_surge."""

    people: int = Field(4, ge=2, description="how many people without reason make a surge")
    days: float = Field(7, gt=0, le=31, description="within how many days they looked")


class CuriositySurge(LookUpDetector):
    """Several people look up one record within days, and nothing explains any of them: one alert for all of them."""

    name = "curiosity_surge"
    about = About(
        title="Many people at one record without reason",
        meaning=(
            "Several people looked up the same person, vehicle or matter within days, and nothing on record explains any of "
            "these look-ups: curiosity, as about a case in the news or a well-known person. All of them are one alert."
        ),
        severity=Severity.MEDIUM,
        category="misuse of force systems",
        concern="record",
        innocent_causes=(
            "A briefing asked everybody to look, and the circulation is not on record.",
            "A missing or wanted person circulated by word of mouth.",
            "A record that training or tests use.",
        ),
        runbook=(
            "Find out what happened to the subject: a story, an arrest, a death, a colleague's case.",
            "Ask the duty officer whether a briefing or circulation asked people to look.",
            "Go through the people by the time they looked: the first ones may be the source of the others' interest.",
            "If a story ran, look at contacts of all of them with the outlet under a live authority.",
        ),
    )
    by = "subject"
    version = 2
    feeds = (*EXPLAINING_FEEDS, "stories")
    Settings = CuriositySurgeSettings

    @property
    def before(self) -> timedelta:
        """The days of a surge and the reach of explanations of its first look-up, or the reach of signals."""
        return max(signals.REACH, self.recalls)

    @property
    def recalls(self) -> timedelta:
        """The days of a surge, and the reach of explanations of its first look-up."""
        reach: timedelta = self.settings.options.reach
        return max(self._days + reach, super().recalls)

    def judge(self, window: Window) -> pl.DataFrame:
        """Return one finding per look-up that is at least the `people`-th person's; its key is the event id."""
        keys = self._looked_at_by_many(window)
        if keys.is_empty():
            return NO_FINDINGS
        of_them = self._near(window).filter(pl.col("subject_key").is_in(keys.implode()))
        looked = certain(look_ups(of_them, window.reference))
        people = pl.col("staff_id").n_unique().over(_SUBJECT) >= self.settings.people
        # What is explained by itself is explained among others too: those need not be asked with all around them.
        bare = explain(looked.filter(people), window.reference, self.settings.options).unexplained
        many = unexplained(bare.filter(people), window, self.settings.options)
        if many.is_empty():
            return NO_FINDINGS
        earlier = many.select(*_SUBJECT, who="staff_id", when="timestamp", which="event_id")
        known = (
            many.filter(window.in_span())
            .join(earlier, on=_SUBJECT)
            .filter((pl.col("timestamp") - pl.col("when")).is_between(timedelta(0), self._days))
            .group_by("event_id")
            .agg(
                pl.col("who").n_unique().cast(pl.Int64).alias("people"),
                pl.col("which").sort_by("when", "which").unique(maintain_order=True).alias("event_ids"),
                pl.col("when").min().alias("began"),
            )
            .filter(pl.col("people") >= self.settings.people)
        )
        surge = many.join(known, on="event_id", maintain_order="left")
        return self._findings(signals.with_signals(surge, window, self.settings.options), window)

    def describe(self, facts: Mapping[str, Any], naming: Naming) -> Sequence[str]:
        """Return one look-up of the surge, and how many came before it."""
        sentences = [
            f"{looked_at(facts, naming)}, and nothing on record explains it: the {_ordinal(facts['people'])} person to do so "
            f"within {length(facts['days'] * 86400)}."
        ]
        if facts["in_news"]:
            sentences.append("A story in the news names the subject.")
        return sentences

    def _near(self, window: Window) -> pl.LazyFrame:
        """Return the look-ups that may belong to a surge with one in the span."""
        time, first = pl.col("timestamp"), window.span.start - self._days
        return window.events("access").filter(time.is_between(first, window.span.end, closed="left"))

    def _looked_at_by_many(self, window: Window) -> pl.Series:
        """Return the keys of subjects with an unexplained look-up in the span, and looked at by so many accounts and terminals: few are then read."""
        here = certain(span_unexplained(window, self.settings.options)).select(_SUBJECT).unique()
        by_many = (
            self._near(window)
            .filter(pl.col("subject_key").is_in(here["subject_key"].implode()))
            .join(here.lazy(), on=_SUBJECT, how="semi")
            .group_by(_SUBJECT)
            .agg(actor().n_unique().alias("accounts"))
            .filter(pl.col("accounts") >= self.settings.people)
        )
        return by_many.select("subject_key").unique().collect()["subject_key"]

    @property
    def _days(self) -> timedelta:
        return timedelta(days=self.settings.days)

    def _findings(self, looked: pl.DataFrame, window: Window) -> pl.DataFrame:
        if looked.is_empty():
            return NO_FINDINGS
        subject = pl.concat_str("subject_type", pl.lit(":"), "subject_key")
        told = window.reference["stories"].select(pl.col("subjects").explode()).drop_nulls()["subjects"]
        in_news = subject.is_in(told.unique().implode())
        facts = pl.struct(
            utc_text("timestamp").alias("at"),
            "actor",
            "staff_id",
            "certainty",
            *_SUBJECT,
            "system",
            "people",
            utc_text("began").alias("began"),
            in_news.alias("in_news"),
            pl.lit(float(self.settings.days)).alias("days"),
            *signals.SIGNALS,
        )
        # About the record, not about one of them: so that everybody's look-ups gather in one alert.
        return to_findings(
            looked.with_columns(facts.struct.json_encode().alias("facts")).with_columns(
                pl.col("event_id").alias("key"),
                pl.lit(None, pl.String).alias("staff_id"),
                pl.concat_str(pl.lit(f"{SUBJECT_ACTOR}:"), subject).alias("actor"),
                pl.when(in_news).then(int(Severity.HIGH)).otherwise(int(Severity.MEDIUM)).alias("severity"),
            )
        )


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
