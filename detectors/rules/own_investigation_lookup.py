"""Look-ups of matters that name the one who looks. It must never tell them apart by what they typed as reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

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

ITSELF: Final = "1 the matter itself"
LIVE: Final = "2 a live investigation"
BESIDE: Final = "3 named beside them"
"""What a look-up has to do with the matter, the gravest first."""
_SUBJECT: Final = ("subject_type", "subject_key")


class OwnInvestigationLookup(LookUpDetector):
    """A look-up of an occurrence that names the person, of whom it names beside them, or of a live investigation not theirs."""

    name = "own_investigation_lookup"
    version = 3
    about = About(
        title="Look-up of a matter that names them",
        meaning=(
            "Somebody opened an incident, crime or intelligence record that names themselves or a vehicle of theirs, or, with "
            "nothing on record to explain it, another person, vehicle or number that such a record names beside them, or a "
            "record flagged as a live investigation: to see whether they or their associates are under investigation."
        ),
        severity=Severity.HIGH,
        category="infiltration",
        concern="look-ups",
        innocent_causes=(
            "They reported the matter themselves, as a victim or witness, and read what became of it.",
            "A namesake born on the same day, or a vehicle they have sold.",
            "The record names them as the officer dealing with it, in the place of a subject.",
            "The live investigation is theirs, and nobody assigned them to it on record.",
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
        matters, live = window.reference.once(_matters), _live(window.reference)
        keys = pl.concat((matters["subject_key"], live["subject_key"])).unique().implode()
        looked = certain(span_look_ups(window, pl.col("subject_key").is_in(keys)))
        of_matters = looked.join(matters, on=[*_SUBJECT, "staff_id"], maintain_order="left")
        at = pl.col("timestamp")
        flagged = (at >= pl.col("from")) & (at < pl.col("to")).fill_null(value=True)
        of_live = looked.join(live, on=_SUBJECT, maintain_order="left").filter(flagged).drop("from", "to")
        once = (
            pl.concat((of_matters, of_live))
            .sort("row", "relation", "matter")
            .unique("row", keep="first", maintain_order=True)
        )
        itself = pl.col("relation") == ITSELF
        others = unexplained(once.filter(~itself), window, self.settings.options).drop("explained_by")
        told = pl.concat((once.filter(itself), others))
        severity = pl.when(relation=BESIDE).then(int(Severity.MEDIUM)).otherwise(int(Severity.HIGH))
        return self.found(told, window, severity, "matter", "relation")

    def describe(self, facts: Mapping[str, Any], naming: Naming) -> Sequence[str]:
        """Return the look-up and the matter that names the person."""
        lead, nothing = looked_at(facts, naming), "and nothing on record explains it"
        return [
            {
                ITSELF: f"{lead}, which names them or a vehicle of theirs as a subject.",
                LIVE: f"{lead}, which is flagged as a live investigation, {nothing}.",
                BESIDE: f"{lead}, which {facts['matter']} names beside them, {nothing}.",
            }[facts["relation"]]
        ]


def _matters(reference: Reference) -> pl.DataFrame:
    """Return what there is to look at of matters that name people of the force: by subject and person, matter, relation."""
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
        relation=pl.lit(ITSELF),
    )
    others = named.join(theirs, on="incident_ref").join(
        own, on=["subject_type", "subject_key", "staff_id"], how="anti"
    )
    return pl.concat(
        (
            itself,
            others.select(*_SUBJECT, "staff_id", matter="incident_ref", relation=pl.lit(BESIDE)),
        )
    )


def _live(reference: Reference) -> pl.DataFrame:
    """Return the occurrences that are flagged as live investigations, with from when to when, matter, relation."""
    return (
        reference["sensitive_subjects"]
        .filter(subject_type="occurrence", flag="live_investigation")
        .select(*_SUBJECT, "from", "to", matter=pl.col("subject_key"), relation=pl.lit(LIVE))
    )
