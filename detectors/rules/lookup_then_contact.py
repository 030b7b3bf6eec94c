"""Look-ups, then contact with listed media by the same person. It must never find anything without an open list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import polars as pl
from pydantic import Field

from detectors.bounds import ExplainingSettings
from detectors.contacts import contact_key
from detectors.detector import About, Detector, Naming, Window
from detectors.exempt import ExemptingSettings
from detectors.explanations import EXPLAINING_FEEDS
from detectors.finding import Severity
from detectors.findings import NO_FINDINGS, to_findings
from detectors.identity_words import identity
from detectors.media import REGISTERED, MediaContacts, contact_facts
from detectors.preceding import gathered, look_up_sentences, preceding_look_ups
from detectors.sentences import contact, length


class LookupThenContactSettings(ExplainingSettings, ExemptingSettings):
    """Settings of lookup_then_contact."""

    hours: float = Field(24, gt=0, description="how long before the contact a look-up may lie, hours")


class LookupThenContact(Detector):
    """A contact with listed media that the same person's look-ups precede."""

    name = "lookup_then_contact"
    version = 4
    about = About(
        title="Look-up, then contact with listed media",
        meaning=(
            "Somebody looked at records, and within hours an identifier of the same person was in contact, either "
            "way, with a number, address or domain on the list of media contacts that a live authority has opened."
        ),
        severity=Severity.CRITICAL,
        category="disclosure of information",
        concern="media",
        innocent_causes=(
            "Officers asked to brief the press office look at a record in order to answer a question.",
            "Somebody who looks up records all day had an unrelated private contact.",
            "The explanation of the look-up is recorded late: the finding then falls to medium.",
            "The number or address was somebody else's at that time and the identifiers feed is behind.",
        ),
        runbook=(
            "Read the unexplained look-ups first: is their subject in the news, or soon after?",
            "Check that account, extension or mailbox were this person's at that time.",
            "Look at contacts of the same person with the outlet 30 days before and after, and at the register.",
            "Look at who else looked at the same subject in the 7 days before.",
            "Talk to nobody of their line before the conflict check; preserve the raw lines.",
        ),
        needs_authority=True,
    )
    reads = ("access", "email", "call")
    by = "any"
    feeds = (*EXPLAINING_FEEDS, "media_contacts", "protected_contacts", "media_register")
    Settings = LookupThenContactSettings

    @property
    def before(self) -> timedelta:
        """The reach of look-ups and of their follow-ons; at least that of contacts."""
        reach: timedelta = self.settings.options.reach
        return max(self._reach + reach, self._contacts.before)

    @property
    def after(self) -> timedelta:
        """The wait for the rest of bulk mail."""
        return self._contacts.after

    def judge(self, window: Window) -> pl.DataFrame:
        """Return one finding per contact of the span that look-ups precede; its key is `contact_key`.

        A look-up at t precedes a contact at c when c - hours <= t <= c. Severity: critical if some look-up is
        unexplained (high if the contact is registered), medium if all are explained.
        """
        contacts = self._contacts.shown(window)
        if contacts.is_empty():
            return NO_FINDINGS
        contacts = contacts.with_row_index("act")
        pairs = preceding_look_ups(contacts, window, self.settings.options, self._reach)
        return NO_FINDINGS if pairs.is_empty() else self._findings(contacts, gathered(pairs))

    def describe(self, facts: Mapping[str, Any], naming: Naming) -> Sequence[str]:
        """Return the look-ups, unexplained ones first, then the contact."""
        the_contact = facts["contact"]
        person = naming.person(the_contact["staff_id"], the_contact["actor"])
        sentences = look_up_sentences(facts, person)
        more = facts["look_ups_total"] - len(facts["look_ups"])
        if more:
            sentences.append(
                f"{more} more look-ups lie in the {length(facts['hours'] * 3600)} before the contact."
            )
        told = identity(the_contact.get("identity"), the_contact["actor"], naming)
        return [*sentences, contact(the_contact), *told]

    def why_quiet(self, window: Window, keys: Sequence[str]) -> Mapping[str, str]:
        """Return the reason where the contact is left out by now, or the list itself is gone."""
        return self._contacts.why_not(window, keys)

    @property
    def _contacts(self) -> MediaContacts:
        return MediaContacts(self.settings.contacts)

    @property
    def _reach(self) -> timedelta:
        return timedelta(hours=self.settings.hours)

    def _findings(self, contacts: pl.DataFrame, looked: pl.DataFrame) -> pl.DataFrame:
        """Return a finding per contact that has look-ups (`gathered`)."""
        severity = (
            pl.when(~pl.col("some_unexplained"))
            .then(int(Severity.MEDIUM))
            .when(register=REGISTERED)
            .then(int(Severity.HIGH))
            .otherwise(int(Severity.CRITICAL))
        )
        facts = pl.struct(
            "look_ups",
            "look_ups_total",
            pl.lit(float(self.settings.hours)).alias("hours"),
            pl.lit(float(self.settings.window_hours)).alias("window_hours"),
            contact_facts().alias("contact"),
        )
        return to_findings(
            contacts.join(looked, on="act").with_columns(
                contact_key().alias("key"),
                pl.concat_str("own_kind", pl.lit(":"), "own_value").alias("actor"),
                severity.alias("severity"),
                pl.concat_list("looked", "event_id").alias("event_ids"),
                facts.struct.json_encode().alias("facts"),
            )
        )
