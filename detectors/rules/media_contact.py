"""Contacts with listed media. It must never find anything without the list that a live authority opens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import polars as pl

from detectors.contacts import contact_key
from detectors.detector import About, Detector, Naming, Window
from detectors.exempt import ExemptingSettings
from detectors.finding import Severity
from detectors.findings import NO_FINDINGS, to_findings
from detectors.identity_words import identity
from detectors.media import NONE, REGISTERED, MediaContacts, contact_facts
from detectors.sentences import contact


class MediaContact(Detector):
    """An email or call, either way, between one of ours and listed media."""

    name = "media_contact"
    version = 3
    about = About(
        title="Contact with listed media",
        meaning=(
            "An email or a call, in either direction, between an identifier of the force and a number, address or "
            "domain on the list of media contacts that a live authority has opened."
        ),
        severity=Severity.MEDIUM,
        category="disclosure of information",
        concern="media",
        innocent_causes=(
            "A senior officer, or somebody the press office asked, talks to the media as their work.",
            "A press enquiry sent to a few mailboxes.",
            "A private matter: a relative works for the outlet, a shared switchboard, an advertisement.",
            "A number or domain that has changed hands since the list was reviewed.",
        ),
        runbook=(
            "Check that the list entry is right and the identifier was theirs at that time.",
            "Ask whether talking to media is their role; look in the media-contact register for that week.",
            "Look at their other contacts with the outlet 30 days before and after.",
            "Look at their look-ups in the 24 hours before, and at stories of the outlet in the week after.",
        ),
        needs_authority=True,
    )
    reads = ("email", "call")
    by = "any"
    feeds = ("staff", "identifiers", "media_contacts", "protected_contacts", "media_register")
    Settings = ExemptingSettings

    @property
    def before(self) -> timedelta:
        """The reach of folding the rows of one message or call, and of bulk mail."""
        return self._contacts.before

    @property
    def after(self) -> timedelta:
        """The wait for the rest of bulk mail."""
        return self._contacts.after

    def judge(self, window: Window) -> pl.DataFrame:
        """Return one finding per contact of the span of which the register cannot tell; its key is `contact_key`.

        One that the register should know and does not is for unregistered_media_contact. Severity: medium; low if it is
        registered and shown all the same.
        """
        found = self._contacts.shown(window).filter(pl.col("register") != NONE)
        if found.is_empty():
            return NO_FINDINGS
        severity = pl.when(register=REGISTERED).then(int(Severity.LOW)).otherwise(int(Severity.MEDIUM))
        return to_findings(
            found.with_columns(
                contact_key().alias("key"),
                pl.concat_str("own_kind", pl.lit(":"), "own_value").alias("actor"),
                severity.alias("severity"),
                pl.concat_list("event_id").alias("event_ids"),
                contact_facts().struct.json_encode().alias("facts"),
            )
        )

    def describe(self, facts: Mapping[str, Any], naming: Naming) -> Sequence[str]:
        """Return who was in contact with which outlet, and how."""
        person = naming.person(facts["staff_id"], facts["actor"])
        lead = f"{person} was in contact with {facts['outlet']}."
        return [lead, contact(facts), *identity(facts.get("identity"), facts["actor"], naming)]

    def why_quiet(self, window: Window, keys: Sequence[str]) -> Mapping[str, str]:
        """Return the reason where the contact is left out or for another detector by now, or the list itself is gone."""
        missing = self._contacts.shown(window).filter(register=NONE).select(contact_key().alias("key"))["key"]
        told = dict.fromkeys(missing, "the register tells of it by now: see unregistered_media_contact")
        return {key: told[key] for key in keys if key in told} | self._contacts.why_not(window, keys)

    @property
    def _contacts(self) -> MediaContacts:
        return MediaContacts(self.settings.contacts)
