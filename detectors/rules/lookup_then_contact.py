"""Look-ups, then contact with listed media by the same person. It must never find anything without an open list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import polars as pl
from pydantic import Field

from detectors.accesses import look_ups
from detectors.bounds import ExplainingSettings
from detectors.contacts import contact_key
from detectors.detector import About, Detector, Naming, Window
from detectors.exempt import ExemptingSettings
from detectors.explanations import EXPLAINING_FEEDS, evidence, explain
from detectors.finding import Severity
from detectors.findings import NO_FINDINGS, to_findings, utc_text
from detectors.identity_words import identity
from detectors.media import REGISTERED, MediaContacts, contact_facts
from detectors.reference import Reference
from detectors.sentences import clock_and_day, contact, explanation, length, no_explanation, subject

MOST_LOOK_UPS: Final = 20


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
    by = "actor"
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
        contacts = contacts.with_row_index("contact").with_columns(
            _person(pl.col("own_value")), contact_key().alias("key")
        )
        pairs = self._pairs(contacts, window)
        if pairs.is_empty():
            return NO_FINDINGS
        return self._findings(contacts, pairs)

    def describe(self, facts: Mapping[str, Any], naming: Naming) -> Sequence[str]:
        """Return the look-ups, unexplained ones first, then the contact."""
        the_contact = facts["contact"]
        person = naming.person(the_contact["staff_id"], the_contact["actor"])
        sentences = []
        for look in facts["look_ups"]:
            why = look["explained_by"]
            words = f"explained by {explanation(why)}" if why else no_explanation(look, facts["window_hours"])
            sentences.append(
                f"{person} queried {subject(look)} on {look['system']} at {clock_and_day(look['at'])}; {words}."
            )
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

    def _pairs(self, contacts: pl.DataFrame, window: Window) -> pl.DataFrame:
        """Return (contact, look-up before it by the same person), with what explains the look-up."""
        of_people = window.events("access").filter(_acted_by(contacts, window.reference))
        looks = look_ups(of_people, window.reference)
        explained = explain(looks, window.reference, self.settings.options).best()
        candidates = looks.with_columns(_person(pl.col("actor").str.splitn(":", 2).struct.field("field_1")))
        before = (pl.col("contact_at") - pl.col("timestamp")).is_between(timedelta(0), self._reach)
        return (
            contacts.select("contact", "person", contact_at="timestamp")
            .join(candidates, on="person")
            .filter(before)
            .join(explained.select("row", evidence().alias("explained_by"), "template"), on="row", how="left")
            .with_columns(pl.col("template").is_not_null().alias("is_explained"))
        )

    def _findings(self, contacts: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
        """Return a finding per contact from its look-ups: MOST_LOOK_UPS at most, unexplained and latest first."""
        ranked = pairs.sort(
            "contact", "is_explained", "timestamp", "event_id", descending=[False, False, True, True]
        )
        totals = ranked.group_by("contact").agg(
            pl.len().cast(pl.Int64).alias("look_ups_total"),
            (~pl.col("is_explained")).any().alias("some_unexplained"),
            pl.col("subject_type", "subject_key").first(),
        )
        shown = ranked.group_by("contact", maintain_order=True).head(MOST_LOOK_UPS)
        look = pl.struct(
            utc_text("timestamp").alias("at"), "event_id", "subject_type", "subject_key", "system", "certainty",
            "explained_by",
        )  # fmt: skip
        listed = shown.sort("contact", "is_explained", "timestamp", "event_id").group_by("contact").agg(
            look.alias("look_ups"), pl.col("event_id").sort_by("timestamp", "event_id").alias("looked")
        )  # fmt: skip
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
            contacts.join(totals, on="contact")
            .join(listed, on="contact")
            .with_columns(
                pl.concat_str("own_kind", pl.lit(":"), "own_value").alias("actor"),
                severity.alias("severity"),
                pl.concat_list("looked", "event_id").alias("event_ids"),
                facts.struct.json_encode().alias("facts"),
            )
        )


def _person(identifier: pl.Expr) -> pl.Expr:
    """Return who it is: the person, else the bare identifier, which an unknown user may have in both logs."""
    return pl.coalesce(
        pl.concat_str(pl.lit("staff:"), "staff_id"), pl.concat_str(pl.lit("identifier:"), identifier)
    ).alias("person")


def _acted_by(contacts: pl.DataFrame, reference: Reference) -> pl.Expr:
    """Return whether an access was made through an identifier of the people in `contacts`: few rows are then read."""
    theirs = reference["identifiers"].join(contacts.select("staff_id"), on="staff_id", how="semi")
    accounts = [
        *theirs.filter(kind="account")["value"],
        *contacts.filter(pl.col("staff_id").is_null())["own_value"],
    ]
    terminals = theirs.filter(kind="terminal")["value"].to_list()
    terminal = pl.col("source_address").str.strip_chars().str.to_uppercase()
    return pl.col("user_id").is_in(accounts) | (pl.col("user_id").is_null() & terminal.is_in(terminals))
