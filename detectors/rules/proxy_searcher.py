"""Look-ups made for somebody who passes them on. It must never judge one that names, on record, who asked for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import polars as pl
from pydantic import Field

from detectors.between import between
from detectors.contacts import FOLD, contacts
from detectors.detector import About, Detector, Naming, Window
from detectors.explained import DAY, span_unexplained
from detectors.explanations import EXPLAINING_FEEDS
from detectors.finding import Severity
from detectors.findings import NO_FINDINGS, to_findings, utc_text
from detectors.identity import resolve
from detectors.judged_look_ups import JudgedSettings, certain
from detectors.listed import unprotected
from detectors.sentences import clock_and_day, no_explanation, number, subject
from parsers.subjects import canonical_collar

SOONEST: Final = timedelta(seconds=30)
"""In less, nobody is asked for somebody, finds them and sees the answer."""


class ProxySearcherSettings(JudgedSettings):
    """Settings of proxy_searcher."""

    asked_minutes: float = Field(
        15, gt=0, le=1440, description="how soon after somebody asked the look-up must follow, minutes"
    )
    answered_minutes: float = Field(
        30, gt=0, le=1440, description="how soon after the look-up the two must speak again, minutes"
    )
    passed_hours: float = Field(
        2,
        gt=0,
        le=24,
        description="how soon after the look-up whoever asked must contact somebody outside, hours",
    )


class ProxySearcher(Detector):
    """A contacts B, B looks somebody up without reason, the two speak again, A contacts somebody outside."""

    name = "proxy_searcher"
    about = About(
        title="Look-up for somebody who passes it on",
        meaning=(
            "Somebody called or wrote to a colleague, who within minutes made a look-up that nothing explains and that does not name "
            "who asked; the two spoke again, and soon after the one who asked called or wrote to somebody outside the force."
        ),
        severity=Severity.HIGH,
        category="disclosure of information",
        concern="disclosure",
        innocent_causes=(
            "A colleague in the street asks for a check of which no record is made, and then calls the owner or a garage.",
            "Two who work together speak all day; one of the look-ups has no record, and the call outside is unrelated.",
            "The look-up is explained by a record that comes later than the grace.",
        ),
        runbook=(
            "Read the four steps in order: do the times fit one errand, and who is the person looked up to the one who asked?",
            "Look at contacts between the two, and at look-ups of the second, six hours before and after.",
            "Find out whose the number or address outside is; under a live authority, whether it is listed.",
            "Look whether the same two did the same before, over the last 90 days.",
            "Treat both as concerned, and find out what the second one was told before judging them.",
        ),
    )
    reads = ("access", "email", "call")
    by = "any"
    feeds = (*EXPLAINING_FEEDS, "protected_contacts")
    Settings = ProxySearcherSettings

    @property
    def before(self) -> timedelta:
        """The reach of whoever asked, and of explanations of a span's look-ups."""
        reach: timedelta = self.settings.options.reach
        return max(self._asked, DAY + reach, FOLD)

    @property
    def after(self) -> timedelta:
        """The time in which the two speak again, and in which what was found is passed on."""
        return max(self._passed, self._answered)

    @property
    def grace(self) -> timedelta:
        """The setting: how long an explanation of the look-up may still arrive."""
        return timedelta(hours=self.settings.grace_hours)

    def judge(self, window: Window) -> pl.DataFrame:
        """Return one finding per look-up and person who asked for it; its key is the event id and that person."""
        looked = certain(span_unexplained(window, self.settings.options))
        if looked.is_empty():
            return NO_FINDINGS
        first, last = window.span.start - self._asked, window.span.end + self._answered
        words = between(window, first, last, looked["staff_id"])
        errands = self._answers(self._questions(looked, words, window), words)
        return NO_FINDINGS if errands.is_empty() else self._findings(self._passed_on(errands, window))

    def describe(self, facts: Mapping[str, Any], naming: Naming) -> Sequence[str]:
        """Return the four steps in order."""
        one = naming.person(facts["staff_id"], facts["actor"])
        other = naming.person(facts["looker_id"], facts["looker"])
        did = {"call": "called", "email": "wrote to"}
        outside = number(facts["other"]) if facts["passed_by"] == "call" else facts["other"]
        back = (
            "the two were still speaking"
            if facts["answered_at"] == facts["asked_at"]
            else f"the two spoke again at {clock_and_day(facts['answered_at'])}"
        )
        return [
            f"At {clock_and_day(facts['asked_at'])} {one} {did[facts['asked_by']]} {other}.",
            f"{other} queried {subject(facts)} on {facts['system']} at {clock_and_day(facts['at'])}; "
            f"{no_explanation(facts, facts['window_hours'])}.",
            f"{back[0].upper()}{back[1:]}.",
            f"At {clock_and_day(facts['passed_at'])} {one} {did[facts['passed_by']]} {outside}, outside the force.",
        ]

    @property
    def _asked(self) -> timedelta:
        return timedelta(minutes=self.settings.asked_minutes)

    @property
    def _answered(self) -> timedelta:
        return timedelta(minutes=self.settings.answered_minutes)

    @property
    def _passed(self) -> timedelta:
        return timedelta(hours=self.settings.passed_hours)

    def _questions(self, looked: pl.DataFrame, words: pl.DataFrame, window: Window) -> pl.DataFrame:
        """Return the look-ups with who had spoken to the enquirer just before, the last time; none that names them."""
        earlier = words.select(
            asker="from_staff",
            asker_actor="from_actor",
            staff_id="to_staff",
            asked_at="timestamp",
            asked_until="ended",
            asked_by="family",
            asked_event="event_id",
        )
        gone = pl.col("timestamp") - pl.col("asked_at")
        asked = (
            looked.join(earlier, on="staff_id")
            .filter(gone.is_between(SOONEST, self._asked))
            .sort("asked_at", "asked_event")
            .unique(["event_id", "asker"], keep="last", maintain_order=True)
        )
        if asked.is_empty():
            return asked
        collar = canonical_collar(pl.col("originator_collar"))
        named = resolve(
            asked.select("timestamp", "originator_collar"),
            window.reference,
            kind="collar",
            value=collar,
            time="timestamp",
        )["staff_id"]
        return asked.filter(named.ne_missing(asked["asker"]))

    def _answers(self, asked: pl.DataFrame, words: pl.DataFrame) -> pl.DataFrame:
        """Return the errands after whose look-up the two spoke: they still did, or did again; the first time."""
        if asked.is_empty():
            return asked
        still = asked.filter(pl.col("asked_until") >= pl.col("timestamp")).with_columns(
            answered_at="asked_at", answered_event="asked_event"
        )
        both = pl.concat(
            words.select(asker=one, staff_id=other, answered_at="timestamp", answered_event="event_id")
            for one, other in (("from_staff", "to_staff"), ("to_staff", "from_staff"))
        )
        wait = pl.col("answered_at") - pl.col("timestamp")
        again = asked.join(both, on=["asker", "staff_id"]).filter(wait > timedelta(0), wait <= self._answered)
        found = pl.concat((still, again.select(still.columns))).sort("answered_at", "answered_event")
        return found.unique(["event_id", "asker"], keep="first", maintain_order=True)

    def _passed_on(self, errands: pl.DataFrame, window: Window) -> pl.DataFrame:
        """Return the errands after which whoever asked contacted somebody outside; the first time."""
        theirs = (
            window.reference["identifiers"]
            .join(errands.select(staff_id="asker"), on="staff_id", how="semi")["value"]
            .unique()
            .implode()
        )
        near = pl.col("timestamp").is_between(
            window.span.start - FOLD, window.span.end + self._passed, closed="left"
        )
        events = {
            "email": window.events("email").filter(near, pl.col("email_from_address").is_in(theirs)),
            "call": window.events("call").filter(near, pl.col("call_from").is_in(theirs)),
        }
        # Folded first: what a mailbox passes on leaves in its sender's name as well.
        view = contacts(events.__getitem__, window.force).filter(~pl.col("passed_on"))
        spoken = (pl.col("family") == "email") | (pl.col("talk_seconds") > 0)
        left = unprotected(view.filter(pl.col("direction") == "outbound", spoken).collect(), window.reference)
        whose = resolve(
            left, window.reference, kind=pl.col("own_kind"), value=pl.col("own_value"), time="timestamp"
        ).select(
            asker="staff_id",
            passed_at="timestamp",
            passed_event="event_id",
            passed_by="family",
            other="other_value",
        )
        wait = pl.col("passed_at") - pl.col("timestamp")
        return (
            errands.join(whose.drop_nulls("asker"), on="asker")
            .filter(wait > timedelta(0), wait <= self._passed)
            .sort("passed_at", "passed_event", "other")
            .unique(["event_id", "asker"], keep="first", maintain_order=True)
        )

    def _findings(self, errands: pl.DataFrame) -> pl.DataFrame:
        if errands.is_empty():
            return NO_FINDINGS
        facts = pl.struct(
            utc_text("timestamp").alias("at"),
            pl.col("asker_actor").alias("actor"),
            pl.col("asker").alias("staff_id"),
            pl.col("actor").alias("looker"),
            pl.col("staff_id").alias("looker_id"),
            "certainty",
            "subject_type",
            "subject_key",
            "system",
            utc_text("asked_at").alias("asked_at"),
            "asked_by",
            utc_text("answered_at").alias("answered_at"),
            utc_text("passed_at").alias("passed_at"),
            "passed_by",
            "other",
            pl.lit(float(self.settings.window_hours)).alias("window_hours"),
        )
        told = errands.with_columns(facts.struct.json_encode().alias("facts"))
        return to_findings(
            told.with_columns(
                pl.concat_str("event_id", pl.lit("|"), "asker").alias("key"),
                pl.lit(int(Severity.HIGH)).alias("severity"),
                pl.concat_list("asked_event", "event_id", "answered_event", "passed_event")
                .list.unique(maintain_order=True)
                .alias("event_ids"),
                pl.col("asker").alias("staff_id"),
                pl.col("asker_actor").alias("actor"),
            )
        )
