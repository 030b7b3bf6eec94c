"""A Sigma rule as a detector: what all of them share, and those that judge each event by itself.

It must never see a contact list; a rule that names counterparts itself needs an authority, like one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

import polars as pl

from detectors.detector import Detector, Naming, Window
from detectors.finding import SUBJECT_ACTOR
from detectors.findings import NO_FINDINGS, to_findings, utc_text
from detectors.identity import resolve
from detectors.sentences import clock_and_day
from detectors.sigma.events import matched
from detectors.sigma.matching import Matcher

FEEDS: Final = ("identifiers", "protected_contacts")


class SigmaDetector(Detector):
    """What detectors made of Sigma rules share; detectors/sigma/compiling.py fills in the rest."""

    by = "actor"
    feeds = FEEDS

    def findings(self, found: pl.DataFrame, window: Window) -> pl.DataFrame:
        """Return findings made of key, timestamp, actor, event_ids and `told` (a struct of facts)."""
        if found.is_empty():
            return NO_FINDINGS
        parts = pl.col("actor").str.splitn(":", 2).struct
        people = resolve(
            found,
            window.reference,
            kind=parts.field("field_0"),
            value=parts.field("field_1"),
            time="timestamp",
        )
        facts = pl.struct(utc_text("timestamp").alias("at"), "actor", "staff_id", "certainty", "told")
        return to_findings(
            people.with_columns(
                pl.lit(int(self.about.severity)).alias("severity"), facts.struct.json_encode().alias("facts")
            )
        )

    def describe(self, facts: Mapping[str, Any], naming: Naming) -> Sequence[str]:
        """Return what matched, when, by whom, and what the rule looked at."""
        everybody = facts["actor"].startswith(f"{SUBJECT_ACTOR}:")
        person = naming.person(facts["staff_id"], facts["actor"])
        told = {name: value for name, value in facts["told"].items() if value not in (None, [], {})}
        many = told.pop("events", None)
        groups = told.pop("group", {})
        how_many = f" {many} events" if many else ""
        by = f", by {', '.join(f'{k} {v}' for k, v in groups.items())}" if groups and not everybody else ""
        said = [
            f"At {clock_and_day(facts['at'])} {person}:{how_many} matched the rule {self.about.title!r}{by}."
        ]
        if told:
            said.append("; ".join(f"{name}: {_words(value)}" for name, value in told.items()) + ".")
        return said


class EventRule(SigmaDetector):
    """A rule that judges each event by itself: a finding per event, keyed by its id."""

    matcher: ClassVar[Matcher]

    def judge(self, window: Window) -> pl.DataFrame:
        """Return a finding per event of the span that matches."""
        shown = {name: pl.col(name) for name in self.matcher.columns}
        named = {f"told_{name}": expression for name, expression in shown.items()}
        rows = matched(window, self.matcher, window.in_span(), named)
        told = (
            pl.struct(pl.col(f"told_{name}").alias(name) for name in shown) if shown else pl.struct(events=1)
        )
        found = rows.select(
            "timestamp", "actor", key="event_id", event_ids=pl.concat_list("event_id"), told=told
        )
        return self.findings(found, window)


def _words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
