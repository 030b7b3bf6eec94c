"""Look-ups of one's own record. It must never show what the staff feed says of the person beyond what they looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from detectors.detector import About, Naming, Window
from detectors.finding import Severity
from detectors.judged_look_ups import (
    LookUpDetector,
    certain,
    looked_at,
    why_explained,
    with_explanations,
)
from detectors.personal import OWN, VEHICLE, personal_look_ups


class SelfLookup(LookUpDetector):
    """Somebody looks up themselves or their own vehicle; an incident that names them makes it less severe, not innocent."""

    name = "self_lookup"
    version = 2
    about = About(
        title="Look-up of one's own record",
        meaning=(
            "Somebody looked up themselves, by name and date of birth, or a vehicle that is theirs: to see whether they are "
            "under investigation, or out of curiosity. Nobody may work on a record of their own."
        ),
        severity=Severity.MEDIUM,
        category="misuse of force systems",
        concern="look-ups",
        innocent_causes=(
            "A test or training look-up that the force tells people to make on themselves.",
            "The vehicle was sold and the staff feed is behind.",
            "A namesake born on the same day.",
            "A colleague used the account while it was open on a shared terminal.",
        ),
        runbook=(
            "Read what was looked up, and check with the vehicle or person record that it is theirs.",
            "Look at what else they opened six hours before and after: occurrences, intelligence, colleagues.",
            "Compare with open matters about the person: did they look for an investigation into themselves?",
            "Ask whether a supervisor or trainer asked for it; one look-up long ago is advice, a row of them is not.",
        ),
    )

    def judge(self, window: Window) -> pl.DataFrame:
        """Return one finding per look-up of an own record; its key is the event id."""
        own = pl.col("relation").is_in(OWN) & (pl.col("owner_id") == pl.col("staff_id"))
        looked = certain(window.once(personal_look_ups)).filter(own).unique("event_id", maintain_order=True)
        told = with_explanations(looked, window, self.settings.options)
        severity = (
            pl.when(pl.col("explained_by").is_null()).then(int(Severity.MEDIUM)).otherwise(int(Severity.LOW))
        )
        return self.found(told, window, severity, "relation", "explained_by")

    def describe(self, facts: Mapping[str, Any], naming: Naming) -> Sequence[str]:
        """Return the look-up, whose record it is, and whether work is on record that leads there."""
        what = "a vehicle of their own" if facts["relation"] == VEHICLE else "their own record"
        return [f"{looked_at(facts, naming)}: {what}.", why_explained(facts)]

    def why_quiet(self, window: Window, keys: Sequence[str]) -> Mapping[str, str]:
        """Return nothing: an explanation does not make it quiet."""
        del window, keys
        return {}
