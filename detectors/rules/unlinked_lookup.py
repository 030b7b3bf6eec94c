"""Look-ups that nothing explains. It must never judge an access that has no subject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import polars as pl
from pydantic import Field

from detectors.accesses import look_ups
from detectors.bounds import ExplainingSettings
from detectors.detector import About, Detector, Naming, Window
from detectors.explanations import EXPLAINING_FEEDS, Explained, evidence, explain
from detectors.finding import Severity
from detectors.findings import NO_FINDINGS, to_findings, utc_text
from detectors.identity import CERTAIN
from detectors.identity_words import identity
from detectors.lookers import with_identities
from detectors.sentences import clock_and_day, explanation, no_explanation, subject


class UnlinkedLookupSettings(ExplainingSettings):
    """Settings of unlinked_lookup."""

    grace_hours: float = Field(
        24, ge=0, description="how long to wait for an explanation before judging, hours"
    )


class UnlinkedLookup(Detector):
    """A look-up of a subject that no explanation covers."""

    name = "unlinked_lookup"
    version = 3
    about = About(
        title="Look-up that nothing explains",
        meaning=(
            "Somebody looked at a person, vehicle or other subject, and no incident, crime, custody record, stop, "
            "warrant or task that they, their unit or the named originator worked on names it."
        ),
        severity=Severity.LOW,
        category="misuse of force systems",
        innocent_causes=(
            "The incident is recorded late, or in a system that is not fed in.",
            "The incident names the subject differently (an alias, a mistyped registration mark).",
            "A duty that needs no incident: public counter, vetting, firearms licensing, the bureau.",
            "The account is shared, or its holder is missing from the identifiers feed.",
        ),
        runbook=(
            "Read who, what and when; check that the account's holder is right.",
            "Look at other look-ups of the same subject, and by the same person, six hours before and after.",
            "Compare the reference or originator given with the incident system.",
            "Compare with the roster: on duty, and on what duty?",
            "Alone this is a weak sign: close it, or keep it for a pattern, unless the subject is close to the person.",
        ),
    )
    reads = ("access",)
    by = "actor"
    feeds = EXPLAINING_FEEDS
    Settings = UnlinkedLookupSettings

    @property
    def before(self) -> timedelta:
        """The reach of a follow-on."""
        reach: timedelta = self.settings.options.reach
        return reach

    @property
    def grace(self) -> timedelta:
        """The setting: what explains a look-up lies before it or in reference data, however late that comes."""
        return timedelta(hours=self.settings.grace_hours)

    def judge(self, window: Window) -> pl.DataFrame:
        """Return one finding per unexplained look-up of the span; its key is the event id."""
        unexplained = self.explained(window).unexplained.filter(window.in_span())
        if unexplained.is_empty():
            return NO_FINDINGS
        severity = pl.when(certainty=CERTAIN).then(int(Severity.LOW)).otherwise(int(Severity.MEDIUM))
        return to_findings(
            with_identities(unexplained, window.reference, window.force).with_columns(
                pl.col("event_id").alias("key"),
                pl.col("actor").fill_null("account:unknown"),
                severity.alias("severity"),
                pl.concat_list("event_id").alias("event_ids"),
                pl.struct(
                    utc_text("timestamp").alias("at"),
                    "actor",
                    "staff_id",
                    "certainty",
                    "identity",
                    "subject_type",
                    "subject_key",
                    "system",
                    "originator_collar",
                    "originator_identity",
                    "reason_code",
                    "claimed_ref",
                    pl.lit(float(self.settings.window_hours)).alias("window_hours"),
                )
                .struct.json_encode()
                .alias("facts"),
            )
        )

    def describe(self, facts: Mapping[str, Any], naming: Naming) -> Sequence[str]:
        """Return the look-up, and what the enquirer gave for it."""
        actor = facts["actor"] or "account:unknown"
        person = naming.person(facts["staff_id"], actor)
        sentences = [
            f"{person} queried {subject(facts)} on {facts['system']} at {clock_and_day(facts['at'])}; "
            f"{no_explanation(facts, facts['window_hours'])}."
        ]
        sentences += identity(facts.get("identity"), facts["actor"], naming)
        if facts["originator_collar"]:
            collar = facts["originator_collar"]
            sentences.append(f"It was made for collar number {collar}, whom nothing explains either.")
            sentences += identity(facts.get("originator_identity"), f"collar:{collar}", naming)
        if facts["claimed_ref"]:
            sentences.append(
                f"The enquirer gave reference {facts['claimed_ref']}, which does not explain it."
            )
        return sentences

    def why_quiet(self, window: Window, keys: Sequence[str]) -> Mapping[str, str]:
        """Return what explains the look-ups now, with how late that came on record."""
        best = self.explained(window).best().filter(pl.col("event_id").is_in(list(keys)))
        rows = best.select("event_id", evidence().alias("evidence")).iter_rows()
        return {event_id: f"explained by {explanation(why)}" for event_id, why in rows}

    def explained(self, window: Window) -> Explained:
        """Return what explains the look-ups in reach of the window, and those that nothing does."""
        looked = look_ups(window.events("access"), window.reference)
        return explain(looked, window.reference, self.settings.options)
