"""One look-up without reason in the middle of many with one. It must never fire on a slip of the finger that was put right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import polars as pl
from pydantic import Field

from detectors.accesses import actor, look_ups, made_by
from detectors.detector import About, Naming, Window
from detectors.explained import span_unexplained
from detectors.explanations import explain
from detectors.finding import Severity
from detectors.findings import NO_FINDINGS
from detectors.judged_look_ups import JudgedSettings, LookUpDetector, certain, looked_at
from detectors.sentences import length
from detectors.sliding import count_in
from detectors.variants import misspelt

_TICK: Final = timedelta(microseconds=1)


class PaddingSettings(JudgedSettings):
    """Settings of padding."""

    minutes: float = Field(
        10, gt=0, le=120, description="how far before and after it the other look-ups may lie, minutes"
    )
    explained: int = Field(6, ge=2, description="how many explained look-ups of other subjects make a burst")


class Padding(LookUpDetector):
    """A single look-up that nothing explains, with a burst of explained ones on both sides of it: hidden among honest work."""

    name = "padding"
    about = About(
        title="One look-up without reason inside a burst of work",
        meaning=(
            "Within minutes somebody looked up many subjects that their work explains, and in the middle of them one that nothing "
            "on record explains: it may have been hidden there."
        ),
        severity=Severity.MEDIUM,
        category="misuse of force systems",
        concern="look-ups",
        innocent_causes=(
            "One of a list of subjects is missing from the record that names the others.",
            "A colleague at the next desk asked for it.",
            "The subject was mistyped, and what was meant was looked up much later.",
        ),
        runbook=(
            "Read the burst in order: does the one subject belong to what the others are about?",
            "Look at six hours before and after for the same subject, by the same person and by others.",
            "Look at how the subject stands to the person: home, family, colleagues, earlier look-ups of it.",
            "Ask whoever gave the task whether that subject was part of it.",
        ),
    )
    Settings = PaddingSettings

    @property
    def recalls(self) -> timedelta:
        """The reach of explanations of the burst, at least that of signals."""
        reach: timedelta = self.settings.options.reach
        return max(self._reach + reach, super().recalls)

    @property
    def after(self) -> timedelta:
        """The burst after it."""
        return self._reach + _TICK

    def judge(self, window: Window) -> pl.DataFrame:
        """Return one finding per such look-up; its key is the event id."""
        settings = self.settings
        told = self._in_a_burst(certain(span_unexplained(window, settings.options)), window)
        if told.is_empty():
            return NO_FINDINGS
        at, near = pl.col("timestamp"), self._near(told, window)
        pairs = told.select("event_id", "timestamp", "actor", "subject_type", "subject_key").join(
            near.select(
                "actor",
                "explained",
                when="timestamp",
                which="event_id",
                kind="subject_type",
                key="subject_key",
            ),
            on="actor",
        )
        around = pairs.filter(
            (at - pl.col("when")).abs() <= self._reach, pl.col("which") != pl.col("event_id")
        )
        around = around.with_columns(
            alike=misspelt(around["key"], around["subject_key"]) & (around["kind"] == around["subject_type"])
        )
        other = (pl.col("kind") != pl.col("subject_type")) | (pl.col("key") != pl.col("subject_key"))
        good = other & pl.col("explained")
        counted = around.group_by("event_id").agg(
            pl.struct("kind", "key").filter(good).n_unique().cast(pl.Int64).alias("explained"),
            (good & (pl.col("when") <= at)).any().alias("begun"),
            (good & (pl.col("when") >= at)).any().alias("went_on"),
            (other & ~pl.col("explained")).any().alias("more"),
            (other & pl.col("alike")).any().alias("mistyped"),
        )
        hidden = counted.filter(
            pl.col("explained") >= settings.explained,
            "begun",
            "went_on",
            ~pl.col("more"),
            ~pl.col("mistyped"),
        )
        told = told.join(hidden.select("event_id", "explained"), on="event_id", maintain_order="left")
        return self.found(
            told, window, Severity.MEDIUM, "explained", pl.lit(float(settings.minutes)).alias("minutes")
        )

    def describe(self, facts: Mapping[str, Any], naming: Naming) -> Sequence[str]:
        """Return the look-up and the burst around it."""
        return [
            f"{looked_at(facts, naming)}, and nothing on record explains it.",
            f"Within {length(facts['minutes'] * 60)} before and after they looked up {facts['explained']} other subjects, each "
            "of which their work explains.",
        ]

    @property
    def _reach(self) -> timedelta:
        return timedelta(minutes=self.settings.minutes)

    def _in_a_burst(self, told: pl.DataFrame, window: Window) -> pl.DataFrame:
        """Return those around which the account looked up so many subjects, whatever explains them: few are then asked about."""
        if told.is_empty():
            return told
        subject = pl.struct("subject_type", "subject_key").hash().alias("subject")
        looked = self._events(told, window).select("timestamp", actor(), subject).collect()
        ends = told.with_columns(pl.col("timestamp") + self._reach)
        subjects = count_in(ends, looked, by=("actor",), what="subject", reach=2 * self._reach + _TICK)
        return told.filter(subjects > self.settings.explained)

    def _events(self, told: pl.DataFrame, window: Window, before: timedelta = timedelta(0)) -> pl.LazyFrame:
        """Return the access events by those who made look-ups, as far around them as a burst goes."""
        times = told.select(
            first=pl.col("timestamp").min() - self._reach - before,
            last=pl.col("timestamp").max() + self._reach,
        ).row(0)
        near = pl.col("timestamp").is_between(*times) & pl.col("subject_key").is_not_null()
        return window.events("access").filter(near, made_by(told["actor"]))

    def _near(self, told: pl.DataFrame, window: Window) -> pl.DataFrame:
        """Return the look-ups around, with whether something is `explained`."""
        options = self.settings.options
        rows = look_ups(self._events(told, window, options.reach), window.reference)
        bare = explain(rows, window.reference, options).unexplained["row"]
        return rows.with_columns(explained=~pl.col("row").is_in(bare.implode()))
