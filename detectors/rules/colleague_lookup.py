"""Look-ups of colleagues. It must never fire for a colleague who is a victim, witness or suspect in work of the look-up's maker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from detectors.detector import About, Naming, Window
from detectors.finding import Severity
from detectors.judged_look_ups import LookUpDetector, certain, looked_at, unexplained
from detectors.people import serving, units
from detectors.personal import OWN, VEHICLE, personal_look_ups


class ColleagueLookup(LookUpDetector):
    """A look-up that nothing explains, of the record or vehicle of somebody else who worked for the force then."""

    name = "colleague_lookup"
    version = 2
    about = About(
        title="Look-up of a colleague",
        meaning=(
            "Somebody looked up a person who worked for the force at that time, or a vehicle of theirs, and nothing on record "
            "explains it."
        ),
        severity=Severity.MEDIUM,
        category="misuse of force systems",
        concern="look-ups",
        innocent_causes=(
            "Vetting and professional standards look up colleagues as their duty: give them the duty in the explanations.",
            "A vehicle in the station yard with its lights on, or in the way.",
            "The colleague is a victim or witness, and the record is made late or kept apart.",
            "A namesake born on the same day.",
        ),
        runbook=(
            "Look at how the two stand to each other: same unit, same line, a complaint or relationship between them.",
            "Look at other look-ups of the same colleague, by anybody, over the last year.",
            "Look at contacts between the two around the look-up.",
            "Ask professional standards whether they had it done before asking anybody else.",
        ),
    )

    def judge(self, window: Window) -> pl.DataFrame:
        """Return one finding per look-up; its key is the event id. Within one unit or line of management it weighs more."""
        of_another = pl.col("relation").is_in(OWN) & (pl.col("owner_id") != pl.col("staff_id"))
        looked = certain(window.once(personal_look_ups)).filter(of_another)
        if looked.is_empty():
            return self.found(looked, window, Severity.MEDIUM)
        people = window.reference.once(units)
        owners = people.select(
            "serves_from", "serves_to", owner_id="staff_id", owner_unit="unit_key", owner_manager="manager"
        )
        theirs = people.select("staff_id", own_unit="unit_key", own_manager="manager")
        known = looked.join(owners, on="owner_id", maintain_order="left").filter(serving())
        placed = known.join(theirs, on="staff_id", how="left", maintain_order="left")
        told = unexplained(
            placed.unique("event_id", keep="first", maintain_order=True), window, self.settings.options
        )
        near = pl.any_horizontal(
            pl.col("own_unit") == pl.col("owner_unit"),
            pl.col("own_manager") == pl.col("owner_id"),
            pl.col("owner_manager") == pl.col("staff_id"),
        ).fill_null(value=False)
        severity = pl.when(near).then(int(Severity.MEDIUM)).otherwise(int(Severity.LOW))
        return self.found(told, window, severity, "relation", "owner_id", near.alias("near"))

    def describe(self, facts: Mapping[str, Any], naming: Naming) -> Sequence[str]:
        """Return the look-up, whose record it is, and how near the two work."""
        colleague = naming.person(facts["owner_id"], f"staff:{facts['owner_id']}")
        what = "a vehicle of" if facts["relation"] == VEHICLE else "the record of"
        sentences = [f"{looked_at(facts, naming)}: {what} {colleague}, and nothing on record explains it."]
        if facts["near"]:
            sentences.append("The two work in one unit, or one is the line manager of the other.")
        return sentences
