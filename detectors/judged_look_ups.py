"""What detectors of look-ups share: which of some look-ups are explained, and how a look-up stands in facts and sentences.

It must never decide what a look-up means: that is each detector's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar, Literal

import polars as pl
from pydantic import Field

from detectors import signals
from detectors.accesses import look_ups
from detectors.bounds import ExplainingSettings, Options
from detectors.detector import Detector, Naming, Window
from detectors.explained import explained_before
from detectors.explanations import EVIDENCE_DTYPE, EXPLAINING_FEEDS
from detectors.finding import FINDING_SCHEMA, Severity
from detectors.findings import to_findings, utc_text
from detectors.identity import CERTAIN
from detectors.sentences import clock_and_day, explanation, subject


class JudgedSettings(ExplainingSettings):
    """Settings of detectors that wait for what may explain a look-up."""

    grace_hours: float = Field(
        24, ge=0, description="how long to wait for an explanation before judging, hours"
    )


class LookUpDetector(Detector):
    """A detector of look-ups, which an explanation may make innocent: with its reach, its grace and why it is quiet."""

    reads = ("access",)
    by: ClassVar[Literal["actor", "subject", "any"]] = "any"
    feeds: ClassVar[tuple[str, ...]] = EXPLAINING_FEEDS
    Settings = JudgedSettings

    @property
    def before(self) -> timedelta:
        """The reach of signals, or of explanations where that is longer."""
        return max(signals.REACH, self.recalls)

    @property
    def recalls(self) -> timedelta:
        """The reach of explanations, of the day's other look-ups too: what signals count further back is as the logs have it."""
        return signals.recalls(self.settings.options)

    @property
    def grace(self) -> timedelta:
        """The setting: what explains a look-up lies before it or in reference data, however late that comes."""
        return timedelta(hours=self.settings.grace_hours)

    def found(
        self, looked: pl.DataFrame, window: Window, severity: Severity | pl.Expr, *more: str | pl.Expr
    ) -> pl.DataFrame:
        """Return a finding per look-up of the span, keyed by its event id, with signals and further facts."""
        told = signals.with_signals(looked, window, self.settings.options)
        return look_findings(told, severity, *signals.SIGNALS, *more)

    def why_quiet(self, window: Window, keys: Sequence[str]) -> Mapping[str, str]:
        """Return what explains the look-ups now."""
        events = window.events("access").filter(window.in_span(), pl.col("event_id").is_in(list(keys)))
        looked = look_ups(events, window.reference)
        told = with_explanations(looked, window, self.settings.options).drop_nulls("explained_by")
        return {
            event_id: f"explained by {explanation(why)}"
            for event_id, why in told.select("event_id", "explained_by").iter_rows()
        }


def with_explanations(looked: pl.DataFrame, window: Window, options: Options) -> pl.DataFrame:
    """Return look-ups (few of a window's) with `explained_by` (explanations.evidence), null where nothing explains them."""
    if looked.is_empty():
        return looked.with_columns(explained_by=pl.lit(None, EVIDENCE_DTYPE))
    best = explained_before(looked, window, options).select("event_id", "explained_by").unique("event_id")
    return looked.join(best, on="event_id", how="left", maintain_order="left")


def unexplained(looked: pl.DataFrame, window: Window, options: Options) -> pl.DataFrame:
    """Return those of the look-ups that nothing explains."""
    return with_explanations(looked, window, options).filter(pl.col("explained_by").is_null())


def certain(looked: pl.DataFrame) -> pl.DataFrame:
    """Return the look-ups whose maker is certain: nothing may be said of somebody because of who they perhaps are."""
    return looked.filter(certainty=CERTAIN)


def look_facts(*more: str | pl.Expr) -> pl.Expr:
    """Return a look-up's facts as JSON text, with further ones."""
    return (
        pl.struct(
            utc_text("timestamp").alias("at"),
            "actor",
            "staff_id",
            "certainty",
            "subject_type",
            "subject_key",
            "system",
            "reason_code",
            "claimed_ref",
            *more,
        )
        .struct.json_encode()
        .alias("facts")
    )


def look_findings(looked: pl.DataFrame, severity: Severity | pl.Expr, *more: str | pl.Expr) -> pl.DataFrame:
    """Return a finding per look-up, keyed by its event id; `event_ids` are the evidence, where given. more: further facts."""
    weight = pl.lit(int(severity)) if isinstance(severity, Severity) else severity
    if looked.is_empty():
        return FINDING_SCHEMA.to_frame()
    return to_findings(
        looked.with_columns(
            pl.col("event_id").alias("key"),
            pl.col("actor").fill_null("account:unknown"),
            weight.alias("severity"),
            pl.col("event_ids")
            if "event_ids" in looked.columns
            else pl.concat_list("event_id").alias("event_ids"),
            look_facts(*more),
        )
    )


def looked_at(facts: Mapping[str, Any], naming: Naming) -> str:
    """Return a look-up as a clause: "PC Jo Briar queried vehicle AB12CDE on PNC at 14:02 on 3 Mar 2026"."""
    person = naming.person(facts["staff_id"], facts["actor"] or "account:unknown")
    return f"{person} queried {subject(facts)} on {facts['system']} at {clock_and_day(facts['at'])}"


def why_explained(facts: Mapping[str, Any]) -> str:
    """Return what explains the look-up of these facts, as a sentence."""
    why = facts.get("explained_by")
    words = f"{explanation(why)} explains it" if why else "nothing on record explains it"
    return f"{words[0].upper()}{words[1:]}."
