"""Numbers and addresses that cases name beside victims and witnesses, and whose cases those were.

It must never hold who the victim is: of the case there remain its reference, its times and the flag.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from detectors.listed import Listing, listing
from detectors.reference import Reference
from parsers.force import Force
from parsers.numbers import canonical_number

FLAGS: Final = ("victim", "witness")
KINDS: Final = ("phone", "email")
_SUBJECT: Final = ["subject_type", "subject_key"]


@dataclass(frozen=True, slots=True)
class LinesOfCases:
    """Whose cases name which number or address, for `Reference.once`.

    Columns: staff_id, kind (phone or email), value (canonical, as contacts have it), incident_ref, opened_at, closed_at,
    flag: victim or witness where the case names such a person, else null. Only values that some flagged case names.
    """

    force: Force

    def __call__(self, reference: Reference) -> pl.DataFrame:
        """Return a row per person, value, case and flag."""
        named = reference["incident_subjects"]
        flags = (
            reference["sensitive_subjects"]
            .filter(pl.col("flag").is_in(FLAGS))
            .select(*_SUBJECT, "flag")
            .unique()
        )
        flagged = named.join(flags, on=_SUBJECT).select("incident_ref", "flag").unique()
        lines = named.filter(pl.col("subject_type").is_in(KINDS)).select(
            "incident_ref", kind="subject_type", value="subject_key"
        )
        told = lines.join(flagged.select("incident_ref"), on="incident_ref", how="semi").select(
            "kind", "value"
        )
        cases = reference["incidents"].select("incident_ref", "opened_at", "closed_at")
        found = (
            lines.join(told.unique(), on=["kind", "value"], how="semi")
            .join(flagged, on="incident_ref", how="left")
            .join(cases, on="incident_ref")
            .join(reference["assignments"].select("incident_ref", "staff_id").drop_nulls(), on="incident_ref")
            .unique()
        )
        return self._canonical(found).drop_nulls(["kind", "value"])

    def _canonical(self, lines: pl.DataFrame) -> pl.DataFrame:
        phone = pl.col("kind") == "phone"
        numbers = canonical_number(lines.select(pl.when(phone).then("value")).to_series(), self.force)
        return lines.with_columns(
            pl.when(phone).then(numbers.alias("number")).otherwise("value").alias("value")
        )


@dataclass(frozen=True, slots=True)
class ListedLines:
    """The same as a list to search contacts for, for `Reference.once`: valid from when the first such case closed."""

    lines: LinesOfCases

    def __call__(self, reference: Reference) -> Listing:
        """Return the list."""
        closed = (
            reference.once(self.lines)
            .filter(pl.col("closed_at").is_not_null(), pl.col("flag").is_not_null())
            .group_by("kind", "value")
            .agg(pl.col("closed_at").min().alias("valid_from"))
            .with_columns(outlet=pl.lit(""), valid_to=pl.lit(None, pl.Datetime("us", "UTC")))
        )
        return listing(closed, reference["protected_contacts"])
