"""Look-ups that nothing explains. It must never judge an access that has no subject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from detectors.detector import About, Naming, Window
from detectors.explained import span_unexplained
from detectors.finding import Severity
from detectors.findings import NO_FINDINGS
from detectors.identity import CERTAIN
from detectors.identity_words import identity
from detectors.judged_look_ups import LookUpDetector
from detectors.lookers import with_identities
from detectors.sentences import clock_and_day, no_explanation, subject


class UnlinkedLookup(LookUpDetector):
    """A look-up of a subject that no explanation covers."""

    name = "unlinked_lookup"
    version = 4
    about = About(
        title="Look-up that nothing explains",
        meaning=(
            "Somebody looked at a person, vehicle or other subject, and no incident, crime, custody record, stop, "
            "warrant or task that they, their unit or the named originator worked on names it."
        ),
        severity=Severity.LOW,
        category="misuse of force systems",
        concern="look-ups",
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

    def judge(self, window: Window) -> pl.DataFrame:
        """Return one finding per unexplained look-up of the span; its key is the event id."""
        told = span_unexplained(window, self.settings.options)
        if told.is_empty():
            return NO_FINDINGS
        severity = pl.when(certainty=CERTAIN).then(int(Severity.LOW)).otherwise(int(Severity.MEDIUM))
        return self.found(
            with_identities(told, window.reference, window.force),
            window,
            severity,
            "identity",
            "originator_collar",
            "originator_identity",
            pl.lit(float(self.settings.window_hours)).alias("window_hours"),
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
