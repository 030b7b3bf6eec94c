"""Mail to private mailboxes: rules that pass mail on, what they passed on, large mail after look-ups.

It must never judge small mail home, nor show a protected counterpart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import polars as pl
from pydantic import Field

from detectors.contacts import FOLD, contact_key, contacts
from detectors.detector import About, Detector, Naming, Window
from detectors.explanations import EXPLAINING_FEEDS
from detectors.finding import Severity
from detectors.findings import NO_FINDINGS, to_findings, utc_text
from detectors.identity import CERTAIN, resolve
from detectors.judged_look_ups import JudgedSettings
from detectors.listed import unprotected
from detectors.preceding import gathered, look_up_sentences, preceding_look_ups
from detectors.private import FREE_MAIL, is_private, under
from detectors.sentences import clock_and_day
from parsers.event import NO_EVENTS

RULES: Final = ("email-forward-rule-created", "email-forward-rule-changed", "email-forwarding-set")
_DAY: Final = timedelta(hours=25)
"""The longest day, in which the first of the messages passed on is the finding."""


class PrivateMailboxSettings(JudgedSettings):
    """Settings of private_mailbox."""

    hours: float = Field(4, gt=0, le=168, description="how long before large mail a look-up may lie, hours")
    large_bytes: int = Field(500_000, ge=1, description="from which size on mail is large, bytes")
    private_domains: tuple[str, ...] = Field(
        FREE_MAIL, description="domains where anybody gets a mailbox, subdomains included"
    )
    trusted_domains: tuple[str, ...] = Field(
        (), description="domains of partners to which mail may be passed on, subdomains included"
    )


class PrivateMailbox(Detector):
    """Mail that leaves for a private mailbox: by a rule, or by hand after a look-up."""

    name = "private_mailbox"
    about = About(
        title="Mail to a private mailbox",
        meaning=(
            "A mailbox of ours passes mail on to an address outside, or a rule was made to do so; or somebody sent large mail, as "
            "with attachments, to a free mail service or to an address that bears their own name, after a look-up."
        ),
        severity=Severity.HIGH,
        category="disclosure of information",
        concern="disclosure",
        innocent_causes=(
            "A mailbox of a project or partner that is meant to pass mail on: name its domain in `trusted_domains`.",
            "Pictures or forms sent to a member of the public who has free mail, after a look-up recorded elsewhere.",
            "Papers of their own: payslips, a certificate, a photograph.",
            "A namesake outside.",
        ),
        runbook=(
            "For a rule: ask the service desk who made it, when, and whether it still runs; have it stopped.",
            "Look at their look-ups six hours before and after the mail: is the subject of one in it?",
            "Look at what else went to that address in the 30 days before, and from which mailboxes.",
            "Have the message kept by whoever runs the mail system before anybody is asked; its content needs its own grounds.",
            "Ask whether the person was told, and permitted, to work from a private mailbox.",
        ),
    )
    reads = ("access", "email")
    by = "actor"
    feeds = (*EXPLAINING_FEEDS, "protected_contacts")
    Settings = PrivateMailboxSettings

    @property
    def before(self) -> timedelta:
        """The reach of look-ups before large mail, and of a day of what was passed on."""
        reach: timedelta = self.settings.options.reach
        return max(self._within + reach, _DAY + FOLD)

    @property
    def grace(self) -> timedelta:
        """The setting: how long an explanation of a look-up may still arrive."""
        return timedelta(hours=self.settings.grace_hours)

    def judge(self, window: Window) -> pl.DataFrame:
        """Return a finding per rule (key: its event), per day of what was passed on, and per large mail (keys: contacts)."""
        found = [self._rules(window), self._passed_on(window), self._mailed(window)]
        return pl.concat(found).sort("timestamp", "key")

    def describe(self, facts: Mapping[str, Any], naming: Naming) -> Sequence[str]:
        """Return what happened to which mailbox, and the look-ups before it."""
        person = naming.person(facts["staff_id"], facts["actor"])
        at, other = clock_and_day(facts["at"]), facts["other"]
        kind = "a private address" if facts["private"] else "an address outside"
        match facts["what"]:
            case "rule":
                return [
                    f"At {at} the mailbox {facts['own']} of {person} was set to pass mail on to {other}, {kind}."
                ]
            case "passed on":
                return [
                    f"At {at} the mailbox {facts['own']} of {person} passed mail on to {other}, {kind}: the first of that day."
                ]
        size = f"{facts['bytes'] / 1_000_000:.1f} MB"
        mailed = f"At {at} {person} sent {size} from {facts['own']} to {other}, {facts['whose']}."
        return [*look_up_sentences(facts, person), mailed]

    @property
    def _within(self) -> timedelta:
        return timedelta(hours=self.settings.hours)

    def _rules(self, window: Window) -> pl.DataFrame:
        outside = ~window.force.owns_address(pl.col("other_value")).fill_null(value=False)
        rows = (
            window.events("email")
            .filter(
                window.in_span(), pl.col("event_action").is_in(RULES), pl.col("event_outcome") != "failure"
            )
            .select("event_id", "timestamp", own_value="email_from_address", other_value="email_to_address")
            .explode("other_value")
            .drop_nulls()
            .filter(outside)
            .unique("event_id", keep="first", maintain_order=True)
            .collect()
        )
        return self._leaving(rows.with_columns(key="event_id", what=pl.lit("rule")), window)

    def _passed_on(self, window: Window) -> pl.DataFrame:
        near = pl.col("timestamp").is_between(
            window.span.start - _DAY - FOLD, pl.lit(window.span.end), closed="left"
        )
        told = pl.col("email_related_address").is_not_null() & near
        rows = contacts(_only_mail(window, told), window.force, only=pl.col("passed_on")).collect()
        day = pl.col("timestamp").dt.convert_time_zone("Europe/London").dt.date()
        first = (
            rows.sort("timestamp", "event_id")
            .unique(["own_value", "other_value", day.alias("day")], keep="first", maintain_order=True)
            .filter(window.in_span())
        )
        return self._leaving(first.with_columns(key=_key("passed on"), what=pl.lit("passed on")), window)

    def _leaving(self, rows: pl.DataFrame, window: Window) -> pl.DataFrame:
        """Return findings on mail that a mailbox passes on, unless a partner gets it."""
        left = unprotected(rows, window.reference).filter(
            ~under("other_value", self.settings.trusted_domains)
        )
        if left.is_empty():
            return NO_FINDINGS
        people = self._people(left, window)
        severity = pl.when(pl.col("private")).then(int(Severity.HIGH)).otherwise(int(Severity.MEDIUM))
        facts = pl.struct("what", *_FACTS)
        return to_findings(
            people.with_columns(
                severity.alias("severity"),
                pl.concat_list("event_id").alias("event_ids"),
                facts.struct.json_encode().alias("facts"),
            )
        )

    def _mailed(self, window: Window) -> pl.DataFrame:
        near = pl.col("timestamp").is_between(
            window.span.start - FOLD, pl.lit(window.span.end), closed="left"
        )
        ours = window.force.owns_address(pl.col("email_from_address")).fill_null(value=False)
        large = near & ours & (pl.col("email_bytes") >= self.settings.large_bytes)
        view = contacts(_only_mail(window, large), window.force).filter(~pl.col("passed_on"))
        rows = unprotected(
            view.filter(window.in_span(), pl.col("direction") == "outbound").collect(), window.reference
        ).filter(~under("other_value", self.settings.trusted_domains))
        if rows.is_empty():
            return NO_FINDINGS
        people = self._people(rows, window).filter(pl.col("private"), certainty=CERTAIN).with_row_index("act")
        pairs = preceding_look_ups(people, window, self.settings.options, self._within)
        if pairs.is_empty():
            return NO_FINDINGS
        sizes = (
            window.events("email")
            .filter(near, pl.col("event_id").is_in(people["event_id"].implode()))
            .select("event_id", bytes="email_bytes")
            .collect()
        )
        severity = (
            pl.when(pl.col("own_name") & pl.col("some_unexplained"))
            .then(int(Severity.HIGH))
            .otherwise(int(Severity.MEDIUM))
        )
        whose = (
            pl.when("own_name").then(pl.lit("an address of their own name")).otherwise(pl.lit("free mail"))
        )
        facts = pl.struct(
            pl.lit("mailed").alias("what"),
            *_FACTS,
            "bytes",
            whose.alias("whose"),
            "look_ups",
            "look_ups_total",
            pl.lit(float(self.settings.window_hours)).alias("window_hours"),
        )
        return to_findings(
            people.join(gathered(pairs), on="act")
            .filter(pl.col("own_name") | pl.col("some_unexplained"))
            .join(sizes, on="event_id")
            .with_columns(
                _key("mailed").alias("key"),
                severity.alias("severity"),
                pl.concat_list("looked", "event_id").alias("event_ids"),
                facts.struct.json_encode().alias("facts"),
            )
        )

    def _people(self, rows: pl.DataFrame, window: Window) -> pl.DataFrame:
        """Add whose mailbox it is, and whether the address outside is a private one (`private`, `own_name`)."""
        known = resolve(rows, window.reference, kind="email", value=pl.col("own_value"), time="timestamp")
        actor = pl.concat_str(pl.lit("email:"), "own_value").alias("actor")
        return is_private(known.with_columns(actor), window.reference, self.settings.private_domains)


_FACTS: Final = (
    utc_text("timestamp").alias("at"),
    "actor",
    "staff_id",
    "certainty",
    pl.col("own_value").alias("own"),
    pl.col("other_value").alias("other"),
    "private",
)


def _key(what: str) -> pl.Expr:
    """Return the key of a contact, told from that of the same message seen otherwise."""
    return pl.concat_str(pl.lit(f"{what}|"), contact_key())


def _only_mail(window: Window, wanted: pl.Expr) -> Any:
    """Return the events that contacts are made of: the mail that is wanted, and no call."""
    return {"email": window.events("email").filter(wanted), "call": NO_EVENTS["call"].lazy()}.__getitem__
