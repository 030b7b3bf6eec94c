"""What detectors of look-ups share: which of some look-ups are explained, and how a look-up stands in facts and sentences.

It must never decide what a look-up means: that is each detector's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Literal

import polars as pl
from pydantic import Field

from detectors import signals
from detectors.accesses import look_ups, made_by
from detectors.bounds import ExplainingSettings, Options
from detectors.detector import Detector, Naming, Window
from detectors.explanations import EVIDENCE_DTYPE, EXPLAINING_FEEDS, Explained, evidence, explain
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
    by: ClassVar[Literal["actor", "subject", "both"]] = "both"
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


@dataclass(frozen=True, slots=True)
class SpanExplained:
    """All look-ups of the span with what explains them, for `Window.once`: made once for all who have the same bounds."""

    options: Options

    def __call__(self, window: Window) -> pl.DataFrame:
        """Return the span's look-ups (ACCESS_SCHEMA) with `explained_by` (explanations.evidence), null where nothing does."""
        told = explained(window, self.options)
        why = told.best().select("row", evidence().alias("explained_by"))
        rows = told.look_ups.filter(window.in_span())
        return rows.join(why, on="row", how="left", maintain_order="left")


def span_unexplained(window: Window, options: Options) -> pl.DataFrame:
    """Return the look-ups of the span that nothing explains (ACCESS_SCHEMA)."""
    every = window.once(SpanExplained(options))
    return every.filter(pl.col("explained_by").is_null()).drop("explained_by")


def explained(window: Window, options: Options) -> Explained:
    """Return what explains the look-ups of the span and of the reach of explanations before it."""
    # What explains a look-up lies before it or in reference data: what the grace brings of events is not asked.
    time = pl.col("timestamp")
    events = window.events("access").filter(time >= window.span.start - options.reach, time < window.span.end)
    return explain(look_ups(events, window.reference), window.reference, options)


def with_explanations(looked: pl.DataFrame, window: Window, options: Options) -> pl.DataFrame:
    """Return look-ups (few of a window's) with `explained_by` (explanations.evidence), null where nothing explains them.

    Every look-up of the same accounts and terminals in reach is asked about, since one may follow on from another. Where
    the whole span was asked already, that is the answer.
    """
    if looked.is_empty():
        return looked.with_columns(explained_by=pl.lit(None, EVIDENCE_DTYPE))
    first = looked["timestamp"].min()
    whole = SpanExplained(options)
    if window.has(whole) and first >= window.span.start:  # type: ignore[operator]  # of a column of times
        best = window.once(whole).select("event_id", "explained_by")
    else:
        time = pl.col("timestamp")
        near = time.is_between(first - options.reach, window.span.end, closed="left")  # type: ignore[operator]  # as above
        events = window.events("access").filter(near, made_by(looked["actor"]))
        given = explain(look_ups(events, window.reference), window.reference, options).best()
        best = given.select("event_id", evidence().alias("explained_by"))
    return looked.join(best.unique("event_id"), on="event_id", how="left", maintain_order="left")


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
    """Return a finding per look-up, keyed by its event id. more: further facts."""
    weight = pl.lit(int(severity)) if isinstance(severity, Severity) else severity
    if looked.is_empty():
        return FINDING_SCHEMA.to_frame()
    return to_findings(
        looked.with_columns(
            pl.col("event_id").alias("key"),
            pl.col("actor").fill_null("account:unknown"),
            weight.alias("severity"),
            pl.concat_list("event_id").alias("event_ids"),
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
