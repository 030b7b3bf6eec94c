"""Look-ups through accounts whose holder had left. It must never name the former holder as the one who looked, unless certain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from detectors.accesses import made_by, span_look_ups
from detectors.detector import About, Detector, Naming, Window
from detectors.finding import Severity
from detectors.findings import NO_FINDINGS, utc_text
from detectors.identity import CERTAIN, UNKNOWN
from detectors.judged_look_ups import look_findings, looked_at
from detectors.reference import Reference
from detectors.sentences import day


class AfterAccessEnd(Detector):
    """A look-up by somebody after their last day, or through an account after everybody's time with it had ended."""

    name = "after_access_end"
    about = About(
        title="Look-up after access should have ended",
        meaning=(
            "An account was used for a look-up after the last day of the person who holds it, or after the account was taken "
            "from its last holder: a leaver, a contract that ended, or somebody who uses a leaver's account."
        ),
        severity=Severity.HIGH,
        category="misuse of force systems",
        concern="account",
        innocent_causes=(
            "The person's contract was extended, or they came back, and the staff feed is behind.",
            "The account was given to somebody else, and the identifiers feed is behind.",
            "The last day in the staff feed is that of pay, not of service, or was typed wrong.",
        ),
        runbook=(
            "Ask personnel for the last day of service, and the service desk who has the account now.",
            "Have the account closed if nobody should have it.",
            "Look at where it was used from, and at what else it was used for since the last day.",
            "Look at the former holder's look-ups in the month before the last day.",
        ),
    )
    reads = ("access",)
    by = "actor"
    feeds = ("staff", "identifiers")

    def judge(self, window: Window) -> pl.DataFrame:
        """Return one finding per look-up; its key is the event id."""
        looked = span_look_ups(window, made_by(window.reference.once(_ended)))
        if looked.is_empty():
            return NO_FINDINGS
        # The last day is worked: access ends with the end of it, on the clock of the force.
        today = pl.col("timestamp").dt.convert_time_zone("Europe/London").dt.date()
        left = (
            looked.filter(certainty=CERTAIN)
            .join(window.reference.once(_leavers), on="staff_id")
            .filter(today > pl.col("end_date"))
            .with_columns(ended=pl.col("end_date").dt.strftime("%Y-%m-%dT12:00:00Z"), whose="staff_id")
        )
        taken = (
            looked.filter(pl.col("certainty") == UNKNOWN, pl.col("actor").is_not_null())
            .join(window.reference.once(_ends), on="actor")
            .filter(pl.col("timestamp") >= pl.col("ended_at"))
            .sort("ended_at", descending=True)
            .unique("row", keep="first", maintain_order=True)
            .with_columns(ended=utc_text("ended_at"), whose=pl.lit(None, pl.String))
        )
        late = pl.concat((left.drop("end_date"), taken.drop("ended_at")), how="diagonal").sort("row")
        return look_findings(late, Severity.HIGH, "ended", "whose")

    def describe(self, facts: Mapping[str, Any], naming: Naming) -> Sequence[str]:
        """Return the look-up and when the access should have ended."""
        if facts["whose"]:
            return [f"{looked_at(facts, naming)}, after their last day, {day(facts['ended'])}."]
        return [
            f"{looked_at(facts, naming)}.",
            f"Nobody has held the account since {day(facts['ended'])}.",
        ]


def _ended(reference: Reference) -> pl.Series:
    """Return the accounts and terminals that were taken from somebody, or are those of a leaver."""
    held = reference["identifiers"].filter(pl.col("kind").is_in(["account", "terminal"]))
    leavers = reference.once(_leavers)["staff_id"].implode()
    theirs = held.filter(pl.col("valid_to").is_not_null() | pl.col("staff_id").is_in(leavers))
    return theirs.select(actor=pl.concat_str("kind", pl.lit(":"), "value"))["actor"]


def _leavers(reference: Reference) -> pl.DataFrame:
    return reference["staff"].select("staff_id", "end_date").drop_nulls()


def _ends(reference: Reference) -> pl.DataFrame:
    """Return when people's time with accounts and terminals ended."""
    held = reference["identifiers"].filter(pl.col("kind").is_in(["account", "terminal"]))
    actor = pl.concat_str("kind", pl.lit(":"), "value").alias("actor")
    return held.select(actor, ended_at="valid_to").drop_nulls()
