"""Contacts with whom a watch-list names. It must never look at a list that no live authority names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import polars as pl

from detectors.contacts import FOLD, contact_key
from detectors.detector import About, Detector, Naming, Window
from detectors.finding import Severity
from detectors.findings import NO_FINDINGS, to_findings
from detectors.identity_words import identity
from detectors.listed import CONTACT_FACTS, Listing, listed_contacts, listing, whose
from detectors.reference import Reference
from detectors.sentences import in_contact


class ListedNumberContact(Detector):
    """An email or call, either way, between one of ours and a party on a watch-list that an authority names."""

    name = "listed_number_contact"
    about = About(
        title="Contact with a watch-listed number or address",
        meaning=(
            "An email or a call, in either direction, between an identifier of the force and a number, address or domain on a "
            "watch-list that a live authority names: of people of interest, of numbers found in an inquiry, of a firm."
        ),
        severity=Severity.HIGH,
        category="inappropriate association",
        concern="association",
        innocent_causes=(
            "Somebody whose case it is calls the listed person as their work: an arrest, an interview, a return of property.",
            "The listed person calls a public desk, a wrong number, or an officer they know by name.",
            "A number that has changed hands since the list was reviewed.",
            "A shared line: a hostel, a shop, a family.",
        ),
        runbook=(
            "Check that the list entry is right for that day, and that the identifier was theirs.",
            "Look whether any incident they work on names the listed person: then ask their supervisor before anybody else.",
            "Look at their look-ups six hours before and after the contact.",
            "Look at contacts of others with the same number 30 days before and after: one person, or a whole desk?",
            "Say in the case under which authority the list was used.",
        ),
        needs_authority=True,
        lists_by_name=True,
    )
    reads = ("email", "call")
    by = "actor"
    feeds = ("identifiers", "watch_lists", "protected_contacts")

    @property
    def before(self) -> timedelta:
        """The reach of folding the rows of one message or call."""
        return FOLD

    def judge(self, window: Window) -> pl.DataFrame:
        """Return one finding per contact of the span; its key is `contact_key`, its outlet the name of the list."""
        rows = listed_contacts(window, window.reference.once(_listing), window.span.start, window.span.end)
        if rows.is_empty():
            return NO_FINDINGS
        facts = pl.struct(*CONTACT_FACTS, pl.col("outlet").alias("list"))
        return to_findings(
            whose(rows, window).with_columns(
                contact_key().alias("key"),
                pl.concat_str("own_kind", pl.lit(":"), "own_value").alias("actor"),
                pl.lit(int(Severity.HIGH)).alias("severity"),
                pl.concat_list("event_id").alias("event_ids"),
                facts.struct.json_encode().alias("facts"),
            )
        )

    def describe(self, facts: Mapping[str, Any], naming: Naming) -> Sequence[str]:
        """Return who was in contact with a party of which list, and how."""
        person = naming.person(facts["staff_id"], facts["actor"])
        lead = f"{person} was in contact with somebody on the watch-list {facts['list']}."
        told = identity(facts.get("identity"), facts["actor"], naming)
        return [lead, f"{in_contact(facts, 'watch-list: ' + facts['list'])}.", *told]

    def why_quiet(self, window: Window, keys: Sequence[str]) -> Mapping[str, str]:
        """Return the reason where no list is open any more."""
        if not window.reference["watch_lists"].is_empty():
            return {}
        return dict.fromkeys(keys, "no live authority opens a watch-list any more")


def _listing(reference: Reference) -> Listing:
    return listing(reference["watch_lists"].rename({"list": "outlet"}), reference["protected_contacts"])
