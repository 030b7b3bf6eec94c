"""Look-ups of matters that name the one who looks. It must never tell them apart by what they typed as reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from detectors.accesses import span_look_ups
from detectors.detector import About, Naming, Window
from detectors.finding import Severity
from detectors.judged_look_ups import (
    LookUpDetector,
    certain,
    looked_at,
    unexplained,
)
from detectors.personal import own_records
from detectors.reference import Reference


class OwnInvestigationLookup(LookUpDetector):
    """A look-up of an occurrence that names the person themselves, or of somebody whom such an occurrence names beside them."""

    name = "own_investigation_lookup"
    version = 2
    about = About(
        title="Look-up of a matter that names them",
        meaning=(
            "Somebody opened an incident, crime or intelligence record that names themselves or a vehicle of theirs, or, with "
            "nothing on record to explain it, another person, vehicle or number that such a record names beside them: to see "
            "whether they or their associates are under investigation."
        ),
        severity=Severity.HIGH,
        category="infiltration",
        concern="look-ups",
        innocent_causes=(
            "They reported the matter themselves, as a victim or witness, and read what became of it.",
            "A namesake born on the same day, or a vehicle they have sold.",
            "The record names them as the officer dealing with it, in the place of a subject.",
        ),
        runbook=(
            "Keep it from the person and from their line: a live investigation may be at stake.",
            "Ask whoever holds the matter what they are in it: suspect, victim, witness, or the officer dealing with it.",
            "Look at everything they opened in the six hours before and after, and at who is named there.",
            "Look at contacts of theirs with anybody whom the matter names, from the look-up on.",
        ),
    )

    def judge(self, window: Window) -> pl.DataFrame:
        """Return one finding per look-up; its key is the event id. The matter itself weighs more than those named in it."""
        matters = window.reference.once(_matters)
        theirs = pl.col("subject_key").is_in(matters["subject_key"].unique().implode())
        found = certain(span_look_ups(window, theirs)).join(
            matters,
            on=["subject_type", "subject_key", "staff_id"],
            maintain_order="left",
        )
        once = found.sort("row", "beside", "matter").unique("row", keep="first", maintain_order=True)
        beside = unexplained(once.filter("beside"), window, self.settings.options).drop("explained_by")
        told = pl.concat((once.filter(~pl.col("beside")), beside))
        severity = pl.when("beside").then(int(Severity.MEDIUM)).otherwise(int(Severity.HIGH))
        return self.found(told, window, severity, "matter", "beside")

    def describe(self, facts: Mapping[str, Any], naming: Naming) -> Sequence[str]:
        """Return the look-up and the matter that names the person."""
        if facts["beside"]:
            return [
                f"{looked_at(facts, naming)}, which {facts['matter']} names beside them, and nothing on record explains it."
            ]
        return [f"{looked_at(facts, naming)}, which names them or a vehicle of theirs as a subject."]


def _matters(reference: Reference) -> pl.DataFrame:
    """Return what there is to look at of matters that name people of the force: by subject and person, and the matter.

    beside: it is not the matter itself, but another subject of it.
    """
    named = reference["incident_subjects"].select("incident_ref", "subject_type", "subject_key").unique()
    own = reference.once(own_records).rename(
        {"relation": "subject_type", "key": "subject_key", "owner_id": "staff_id"}
    )
    theirs = named.join(own, on=["subject_type", "subject_key"]).select("incident_ref", "staff_id").unique()
    itself = theirs.select(
        subject_type=pl.lit("occurrence"),
        subject_key=pl.col("incident_ref").str.to_uppercase(),
        staff_id="staff_id",
        matter="incident_ref",
        beside=pl.lit(value=False),
    )
    others = named.join(theirs, on="incident_ref").join(
        own, on=["subject_type", "subject_key", "staff_id"], how="anti"
    )
    return pl.concat(
        (
            itself,
            others.select(
                "subject_type", "subject_key", "staff_id", matter="incident_ref", beside=pl.lit(value=True)
            ),
        )
    )
