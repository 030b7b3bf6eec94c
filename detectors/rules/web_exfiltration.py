"""Uploads to personal sites after look-ups. It must never judge where somebody only read: what counts is what left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import polars as pl
from pydantic import Field

from detectors.detector import About, Detector, Naming, Window
from detectors.explanations import EXPLAINING_FEEDS
from detectors.finding import Severity
from detectors.findings import NO_FINDINGS, to_findings, utc_text
from detectors.identity import CERTAIN, UNKNOWN, resolve
from detectors.judged_look_ups import JudgedSettings
from detectors.preceding import gathered, look_up_sentences, preceding_look_ups
from detectors.private import under
from detectors.sentences import clock_and_day
from detectors.words import holds_words
from parsers.subjects import canonical_terminal

SITES: Final = (
    "0bin.net", "box.com", "controlc.com", "dropbox.com", "drive.google.com", "file.io", "filebin.net", "gofile.io",
    "hastebin.com", "icloud.com", "mail.aol.com", "mail.google.com", "mail.proton.me", "mail.yahoo.com", "mediafire.com",
    "mega.io", "mega.nz", "onedrive.live.com", "outlook.live.com", "paste.ee", "pastebin.com", "pcloud.com",
    "privatebin.net", "sendspace.com", "transfer.sh", "web.telegram.org", "web.whatsapp.com", "wetransfer.com",
)  # fmt: skip
_CATEGORIES: Final = (
    "file sharing", "file share", "online storage", "personal storage", "web-based email", "webmail", "web mail",
)  # fmt: skip
_SENDING: Final = ("POST", "PUT", "PATCH")
VISIT: Final = timedelta(minutes=30)
"""Requests of one person to one site are one visit while the pauses between them are no longer."""


class WebExfiltrationSettings(JudgedSettings):
    """Settings of web_exfiltration."""

    hours: float = Field(2, gt=0, le=168, description="how long before the upload a look-up may lie, hours")
    upload_bytes: int = Field(100_000, ge=1, description="from which size on a request is an upload, bytes")
    domains: tuple[str, ...] = Field(
        SITES, description="personal mail, paste and file-sharing sites, subdomains included"
    )
    categories: tuple[str, ...] = Field(
        _CATEGORIES, description="words of the proxy's categories that stand for such sites"
    )


class WebExfiltration(Detector):
    """Somebody looks up a record without reason, then sends data to a personal mail, paste or file-sharing site."""

    name = "web_exfiltration"
    about = About(
        title="Look-up, then upload to a personal site",
        meaning=(
            "Somebody looked at records that nothing explains, and within hours sent data through the web proxy to a site for "
            "personal mail, pasted text, messages or shared files."
        ),
        severity=Severity.HIGH,
        category="disclosure of information",
        concern="disclosure",
        innocent_causes=(
            "Evidence or forms taken from, or sent to, a partner who uses such a site: name only the sites you forbid.",
            "A private upload on the same day as a look-up that is recorded elsewhere.",
            "A page of such a site that sends much by itself.",
            "A tunnel of which the proxy does not log what was sent: then it is a visit, and no more is known.",
        ),
        runbook=(
            "Look at their look-ups six hours before and after: what could have been copied, and was anything printed or exported?",
            "Look at their visits to the same site in the 30 days before: is it a habit, or the first time?",
            "Ask the proxy's owner for the bytes of each request, and whether content was kept.",
            "Look at mail to private addresses and at calls in the six hours after.",
            "Have the computer kept as it is before anybody is asked.",
        ),
    )
    reads = ("access", "web")
    by = "actor"
    feeds = EXPLAINING_FEEDS
    Settings = WebExfiltrationSettings

    @property
    def before(self) -> timedelta:
        """The reach of look-ups, and of one visit."""
        reach: timedelta = self.settings.options.reach
        return max(self._within + reach, VISIT)

    @property
    def grace(self) -> timedelta:
        """The setting: how long an explanation of a look-up may still arrive."""
        return timedelta(hours=self.settings.grace_hours)

    def judge(self, window: Window) -> pl.DataFrame:
        """Return one finding per visit of the span that unexplained look-ups precede; its key is its first event's id.

        Severity: high where something is known to have been sent, medium for a tunnel of which nothing is known.
        """
        visits = self._visits(window)
        if visits.is_empty():
            return NO_FINDINGS
        people = resolve(
            visits, window.reference, kind=pl.col("own_kind"), value=pl.col("own_value"), time="timestamp"
        )
        known = people.filter(pl.col("certainty").is_in([CERTAIN, UNKNOWN])).with_row_index("act")
        pairs = preceding_look_ups(known, window, self.settings.options, self._within)
        unexplained = pairs.filter(~pl.col("is_explained"))
        if unexplained.is_empty():
            return NO_FINDINGS
        severity = pl.when("tunnel").then(int(Severity.MEDIUM)).otherwise(int(Severity.HIGH))
        facts = pl.struct(
            utc_text("timestamp").alias("at"),
            "actor",
            "staff_id",
            "certainty",
            "site",
            "bytes",
            "tunnel",
            "look_ups",
            "look_ups_total",
            pl.lit(float(self.settings.window_hours)).alias("window_hours"),
        )
        return to_findings(
            known.join(gathered(unexplained), on="act").with_columns(
                pl.col("event_id").alias("key"),
                severity.alias("severity"),
                pl.concat_list("looked", "event_id").alias("event_ids"),
                facts.struct.json_encode().alias("facts"),
            )
        )

    def describe(self, facts: Mapping[str, Any], naming: Naming) -> Sequence[str]:
        """Return the look-ups, then what was sent where."""
        person = naming.person(facts["staff_id"], facts["actor"])
        if facts["tunnel"]:
            sent = "opened a tunnel; how much was sent is not logged"
        elif facts["bytes"] is None:
            sent = "sent data; how much is not logged"
        else:
            sent = f"sent {facts['bytes'] / 1_000_000:.1f} MB in one request"
        return [
            *look_up_sentences(facts, person),
            f"At {clock_and_day(facts['at'])} {person} was at {facts['site']} and {sent}.",
        ]

    @property
    def _within(self) -> timedelta:
        return timedelta(hours=self.settings.hours)

    def _visits(self, window: Window) -> pl.DataFrame:
        """Return the first request of each visit that lies in the span."""
        near = pl.col("timestamp").is_between(
            window.span.start - VISIT, pl.lit(window.span.end), closed="left"
        )
        sent, method = pl.col("http_request_bytes"), pl.col("http_request_method")
        tunnel = (sent.is_null() & (method == "CONNECT")).fill_null(value=False)
        upload = (sent >= self.settings.upload_bytes) | (sent.is_null() & method.is_in(_SENDING))
        allowed = pl.col("web_action").ne_missing(pl.lit("blocked"))
        terminal = canonical_terminal(pl.col("source_address"))
        name = pl.col("user_id")
        kind = (
            pl.when(name.is_null())
            .then(pl.lit("terminal"))
            .when(name.str.contains("@", literal=True))
            .then(pl.lit("email"))
            .otherwise(pl.lit("account"))
        )
        rows = (
            window.events("web")
            .filter(near, allowed, tunnel | upload.fill_null(value=False))
            .select(
                "event_id",
                "timestamp",
                kind.alias("own_kind"),
                pl.coalesce(name, terminal).alias("own_value"),
                pl.col("url_domain").alias("site"),
                "web_category",
                sent.alias("bytes"),
                tunnel.alias("tunnel"),
            )
            .drop_nulls(["own_value", "site"])
            .collect()
            .pipe(self._personal)
            .with_columns(pl.concat_str("own_kind", pl.lit(":"), "own_value").alias("actor"))
            .sort("actor", "site", "tunnel", "timestamp", "event_id")
        )
        # A tunnel says less than an upload: the one never stands for the other.
        same = ["actor", "site", "tunnel"]
        soon = pl.col("timestamp") - pl.col("timestamp").shift(1).over(same) <= VISIT
        return rows.filter(soon.ne_missing(pl.lit(value=True))).filter(window.in_span())

    def _personal(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the requests to personal sites. Each host and category is looked at once, not each request."""
        kinds = rows.select("site", "web_category").unique()
        such = under("site", self.settings.domains) | holds_words(
            pl.col("web_category"), self.settings.categories
        )
        return rows.join(kinds.filter(such), on=["site", "web_category"], how="semi", nulls_equal=True)
