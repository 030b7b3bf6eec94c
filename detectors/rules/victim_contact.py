"""Contact with victims and witnesses of one's own cases after they closed. It must never judge one while a case is open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import polars as pl
from pydantic import Field

from detectors.contacts import FOLD, contact_key
from detectors.detector import About, Detector, DetectorSettings, Naming, Window
from detectors.finding import Severity
from detectors.findings import NO_FINDINGS, to_findings, utc_text
from detectors.identity import CERTAIN
from detectors.listed import CONTACT_FACTS, listed_contacts, whose
from detectors.people import units
from detectors.reference import Reference
from detectors.sentences import day, in_contact
from detectors.vulnerable import LinesOfCases, ListedLines
from detectors.words import holds_words

_LIAISON: Final = ("family liaison", "victim liaison", "victim care", "witness care")


class VictimContactSettings(DetectorSettings):
    """Settings of victim_contact."""

    settle_days: float = Field(
        1, ge=0, le=365, description="how long after the case closed they may be told of it, days"
    )
    days: float = Field(
        365, gt=0, le=3650, description="how long after the case closed a contact counts, days"
    )
    liaison: tuple[str, ...] = Field(
        _LIAISON, description="words of a role or unit whose work is to stay in touch with them"
    )


class VictimContact(Detector):
    """A call or mail between somebody and a victim or witness of their own case, after it closed."""

    name = "victim_contact"
    about = About(
        title="Contact with a victim or witness after the case closed",
        meaning=(
            "Somebody was in contact, by desk telephone or force mailbox, with a number or address that a closed case of theirs "
            "names beside a person who is flagged as victim or witness, and no open case of theirs names it."
        ),
        severity=Severity.HIGH,
        category="sexual misconduct",
        concern="relationship",
        innocent_causes=(
            "The victim is told how the case ended, or gets property back, later than usual.",
            "The victim rings the only officer they know, about something else.",
            "A new matter with the same person that is not on record yet.",
            "The number is that of a place: a refuge, a shop, a school.",
        ),
        runbook=(
            "Look at all contacts of the two over the last 90 days: how many, how long, at what hours, who began?",
            "Look at look-ups of the person by the officer six hours before and after each contact, and since the case closed.",
            "Look whether the case was theirs alone, and who closed it.",
            "Look at the officer's other closed cases with vulnerable people: is it the only one?",
            "Do not call the victim: ask those who work with victims of abuse of position how to come near.",
        ),
    )
    reads = ("email", "call")
    by = "actor"
    feeds = (
        "staff", "identifiers", "incidents", "incident_subjects", "assignments", "sensitive_subjects", "protected_contacts",
    )  # fmt: skip
    Settings = VictimContactSettings

    @property
    def before(self) -> timedelta:
        """The reach of folding the rows of one message or call."""
        return FOLD

    def judge(self, window: Window) -> pl.DataFrame:
        """Return one finding per contact of the span; its key is `contact_key`. Severity: high where ours began it, else low."""
        lines = LinesOfCases(window.force)
        listed = window.reference.once(ListedLines(lines))
        rows = listed_contacts(window, listed, window.span.start, window.span.end)
        if rows.is_empty():
            return NO_FINDINGS
        people = whose(rows, window).filter(certainty=CERTAIN)
        found = self._after_close(
            people.join(self._liaison(window.reference), on="staff_id", how="anti"),
            window.reference.once(lines),
        )
        if found.is_empty():
            return NO_FINDINGS
        began = pl.col("direction") == "outbound"
        facts = pl.struct(*CONTACT_FACTS, "flag", "incident_ref", utc_text("closed_at").alias("closed_at"))
        return to_findings(
            found.drop("outlet").with_columns(
                contact_key().alias("key"),
                pl.concat_str("own_kind", pl.lit(":"), "own_value").alias("actor"),
                pl.when(began).then(int(Severity.HIGH)).otherwise(int(Severity.LOW)).alias("severity"),
                pl.concat_list("event_id").alias("event_ids"),
                facts.struct.json_encode().alias("facts"),
            )
        )

    def describe(self, facts: Mapping[str, Any], naming: Naming) -> Sequence[str]:
        """Return the contact, whose case it was, and when that had closed."""
        person = naming.person(facts["staff_id"], facts["actor"])
        who = f"named beside a {facts['flag']} by {facts['incident_ref']}"
        return [
            f"{in_contact(facts, who)}.",
            f"{facts['incident_ref']} was {person}'s case and closed on {day(facts['closed_at'])}; no open case of theirs names it.",
        ]

    def _after_close(self, people: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
        """Return the contacts for which a closed case of theirs speaks and no open one; the case closed last."""
        at, settle = pl.col("timestamp"), timedelta(days=self.settings.settle_days)
        cases = people.with_row_index("row").join(
            lines.rename({"kind": "other_kind", "value": "other_value"}),
            on=["staff_id", "other_kind", "other_value"],
        )
        closed = (pl.col("closed_at") + settle <= at) & (
            at - pl.col("closed_at") <= timedelta(days=self.settings.days)
        )
        still_open = (pl.col("opened_at") - FOLD <= at) & (
            pl.col("closed_at").is_null() | (at < pl.col("closed_at") + settle)
        )
        busy = cases.filter(still_open.fill_null(value=False)).select("row")
        return (
            cases.filter(closed.fill_null(value=False), pl.col("flag").is_not_null())
            .join(busy, on="row", how="anti")
            .sort("row", "closed_at", "incident_ref", "flag", descending=[False, True, False, False])
            .unique("row", keep="first", maintain_order=True)
        )

    def _liaison(self, reference: Reference) -> pl.DataFrame:
        has = [holds_words(pl.col(column), self.settings.liaison) for column in ("role_key", "unit_key")]
        return reference.once(units).filter(pl.any_horizontal(has)).select("staff_id")
