"""The media register against the logs, both ways. It must never find anything without an open list, nor of the press office."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import polars as pl
from pydantic import Field

from detectors.contacts import contact_key
from detectors.detector import About, Detector, Naming, Window
from detectors.entries import untraced_entries
from detectors.exempt import ExemptingSettings
from detectors.finding import Severity
from detectors.findings import NO_FINDINGS, to_findings, utc_text
from detectors.identity_words import identity
from detectors.media import NONE, REGISTER_REACH, MediaContacts, contact_facts
from detectors.sentences import clock_and_day, contact, length


class UnregisteredMediaContactSettings(ExemptingSettings):
    """Settings of unregistered_media_contact."""

    grace_hours: float = Field(
        24, ge=0, le=720, description="how long people have to register a contact, hours"
    )


class UnregisteredMediaContact(Detector):
    """A contact with listed media that nobody registered, or an entry of the register that no log knows of."""

    name = "unregistered_media_contact"
    about = About(
        title="Media register and logs do not agree",
        meaning=(
            "Somebody was in contact with listed media and the media register has no entry of it; or the register has an entry of a "
            "call or mail of which their telephone and mailbox, though seen before and after, show nothing."
        ),
        severity=Severity.HIGH,
        category="disclosure of information",
        concern="media",
        innocent_causes=(
            "The contact was registered under another outlet's name, or more than a day off.",
            "A wrong number, or a message that nobody answered.",
            "The press office dealt with it and registered it in its own name.",
            "Of an entry without a trace: they used a private telephone, or a number of the journalist that is not listed.",
        ),
        runbook=(
            "Check that the list entry is right and the identifier was theirs at that time.",
            "Look in the register for that week, under every outlet and every name, and ask the press office.",
            "Look at their look-ups six hours before and after the contact.",
            "Look at their other contacts with the outlet 30 days before and after: is this the only one without an entry?",
            "Of an entry without a trace: ask how the contact was made; a habit of private telephones is what matters.",
        ),
        needs_authority=True,
    )
    reads = ("email", "call")
    by = "any"
    feeds = ("staff", "identifiers", "media_contacts", "protected_contacts", "media_register")
    judges_entries = True
    Settings = UnregisteredMediaContactSettings

    @property
    def before(self) -> timedelta:
        """The reach of contacts around an entry."""
        return self._around.before

    @property
    def after(self) -> timedelta:
        """The reach of contacts around an entry."""
        return self._around.after

    @property
    def grace(self) -> timedelta:
        """The time people have to register a contact."""
        return timedelta(hours=self.settings.grace_hours)

    def judge(self, window: Window) -> pl.DataFrame:
        """Return one finding per contact without entry (`contact_key`), and per entry without contact (`entry|ID`).

        Severity: high for a contact, low for an entry.
        """
        if window.reference["media_contacts"].is_empty() or "media_register" not in window.reference.loaded:
            return NO_FINDINGS
        return pl.concat((self._contacts_alone(window), self._entries_alone(window))).sort("timestamp", "key")

    def describe(self, facts: Mapping[str, Any], naming: Naming) -> Sequence[str]:
        """Return the contact, or the entry and what was looked for."""
        person = naming.person(facts["staff_id"], facts["actor"])
        if facts["entry_id"] is None:
            return [
                f"{person} was in contact with {facts['outlet']}.",
                contact(facts),
                *identity(facts.get("identity"), facts["actor"], naming),
            ]
        reach = length(REGISTER_REACH.total_seconds())
        return [
            f"{person} registered a contact with {facts['outlet']} by {facts['channel']} at {clock_and_day(facts['at'])} "
            f"(entry {facts['entry_id']}).",
            f"No log has a contact of theirs with {facts['outlet']} within {reach} of it, though the logs have others of theirs.",
        ]

    def why_quiet(self, window: Window, keys: Sequence[str]) -> Mapping[str, str]:
        """Return the reason where the contact is left out by now, or the list itself is gone."""
        return MediaContacts(self.settings.contacts).why_not(window, keys)

    @property
    def _around(self) -> MediaContacts:
        return MediaContacts(self.settings.contacts, REGISTER_REACH)

    def _contacts_alone(self, window: Window) -> pl.DataFrame:
        found = MediaContacts(self.settings.contacts).shown(window).filter(register=NONE)
        if found.is_empty():
            return NO_FINDINGS
        facts = contact_facts().struct.with_fields(pl.lit(None, pl.String).alias("entry_id"))
        return to_findings(
            found.with_columns(
                contact_key().alias("key"),
                pl.concat_str("own_kind", pl.lit(":"), "own_value").alias("actor"),
                pl.lit(int(Severity.HIGH)).alias("severity"),
                pl.concat_list("event_id").alias("event_ids"),
                facts.struct.json_encode().alias("facts"),
            )
        )

    def _entries_alone(self, window: Window) -> pl.DataFrame:
        alone = untraced_entries(window, self._around)
        if alone.is_empty():
            return NO_FINDINGS
        actor = pl.concat_str(pl.lit("staff:"), "staff_id").alias("actor")
        facts = pl.struct(
            utc_text("timestamp").alias("at"), actor, "staff_id", "outlet", "channel", "entry_id"
        )
        return to_findings(
            alone.with_columns(
                pl.concat_str(pl.lit("entry|"), "entry_id").alias("key"),
                actor,
                pl.lit(int(Severity.LOW)).alias("severity"),
                pl.lit([], pl.List(pl.String())).alias("event_ids"),
                facts.struct.json_encode().alias("facts"),
            )
        )
