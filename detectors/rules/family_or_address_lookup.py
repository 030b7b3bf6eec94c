"""Look-ups near home: next of kin by surname, and the look-up's maker's own postcode.

It must never show who somebody's family is or where they live: only that a look-up came near it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from detectors.detector import About, Naming, Window
from detectors.finding import Severity
from detectors.judged_look_ups import LookUpDetector, certain, looked_at, unexplained
from detectors.personal import HOME, KIN, personal_look_ups

_WORDS = {
    KIN: "its surname is one of those of their next of kin",
    HOME: "it lies in the postcode of their home",
}


class FamilyOrAddressLookup(LookUpDetector):
    """A look-up that nothing explains, of somebody with a surname of the maker's next of kin or of an address near theirs."""

    name = "family_or_address_lookup"
    version = 2
    about = About(
        title="Look-up of family or of the own neighbourhood",
        meaning=(
            "Somebody looked up a person who bears a surname of their next of kin, or an address in the postcode of their own "
            "home, and nothing on record explains it. Personnel data is matched, not shown."
        ),
        severity=Severity.LOW,
        category="misuse of force systems",
        concern="look-ups",
        innocent_causes=(
            "A surname that many people bear.",
            "Police work in the street the person lives in, whose record is made late or elsewhere.",
            "The incident is recorded in a system that is not fed in.",
        ),
        runbook=(
            "Ask the personnel department, not the person, whether the record is of family or of a neighbour.",
            "Look at look-ups of the same record by the same person, and of others of that surname, over the last year.",
            "Look for a dispute, separation or neighbour complaint in which the person is a party.",
            "A common surname and one look-up: close it, or keep it for a pattern.",
        ),
    )

    def judge(self, window: Window) -> pl.DataFrame:
        """Return one finding per look-up; its key is the event id. The postcode weighs more than a surname."""
        near = pl.col("relation").is_in([HOME, KIN]) & (pl.col("owner_id") == pl.col("staff_id"))
        looked = certain(window.once(personal_look_ups)).filter(near)
        # The maker's own record is self_lookup's, even where the surname is that of the kin too.
        own = certain(window.once(personal_look_ups)).filter(
            ~pl.col("relation").is_in([HOME, KIN]), pl.col("owner_id") == pl.col("staff_id")
        )
        of_others = looked.join(own, on="event_id", how="anti", maintain_order="left")
        told = unexplained(
            of_others.unique("event_id", keep="first", maintain_order=True), window, self.settings.options
        )
        severity = pl.when(relation=HOME).then(int(Severity.MEDIUM)).otherwise(int(Severity.LOW))
        return self.found(told, window, severity, "relation")

    def describe(self, facts: Mapping[str, Any], naming: Naming) -> Sequence[str]:
        """Return the look-up and how near it came."""
        return [
            f"{looked_at(facts, naming)}: {_WORDS[facts['relation']]}, and nothing on record explains it."
        ]
