"""Feeds that cannot be relied on: late, refused, full of bad rows, ahead of the clock, or no longer knowing our people.

It must never find anything about a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import polars as pl
from pydantic import Field

from detectors.detector import About, Detector, DetectorSettings, Naming, Window
from detectors.feed_facts import FEED_ACTOR
from detectors.finding import Severity
from detectors.findings import NO_FINDINGS, to_findings, utc_text
from detectors.gaps import SOURCE_ACTOR
from detectors.sentences import clock_and_day

AGE_HOURS: Final[dict[str, float]] = {
    "incidents": 24,
    "incident_subjects": 24,
    "assignments": 24,
    "roster": 72,
    "media_contacts": 744,
    "watch_lists": 744,
    "protected_contacts": 744,
    "contracts": 744,
    "business_interests": 744,
}
"""How old a feed may become where no setting says so, hours; a feed that is not here: `age_hours`."""
_USUAL_OF: Final = timedelta(days=14)
_FEWEST_USUAL: Final = 3


class FeedStaleSettings(DetectorSettings):
    """Settings of feed_stale."""

    age_hours: float = Field(168, gt=0, description="how old a feed may become, hours")
    max_age_hours: dict[str, float] = Field(
        {},
        description="the same for single deliveries or feeds, by name; 0: as old as it likes",
    )
    refused_minutes: float = Field(
        30, ge=0, description="how long a query may fail before it is told, minutes; files are told at once"
    )
    rejected_share: float = Field(0.2, gt=0, le=1, description="share of refused rows that is always told")
    rejected_jump: float = Field(0.05, gt=0, le=1, description="how far above its usual share it is told")
    unknown_share: float = Field(
        0.5, gt=0, le=1, description="share of events by unknown people told where none is usual yet"
    )
    unknown_jump: float = Field(0.1, gt=0, le=1, description="how far above its usual share it is told")
    least_rows: int = Field(20, ge=1, description="fewest rows of a delivery whose shares are judged")
    least_events: int = Field(200, ge=1, description="fewest events of a day whose share is judged")


class FeedStale(Detector):
    """What is wrong with a feed, told by facts about its deliveries and about the events that rest on it."""

    name = "feed_stale"
    about = About(
        title="Reference feed late, refused or no longer fitting",
        meaning=(
            "Look-ups are explained by what the feeds say. One that is late, was refused, lost many of its rows or no "
            "longer knows the people behind the accounts makes innocent look-ups look unexplained, and may hide others."
        ),
        severity=Severity.MEDIUM,
        category="other",
        concern="data",
        innocent_causes=(
            "The export stands still: an expired password, a full disk, a moved folder.",
            "The delivering system was changed: columns renamed, another notation of times, another zone.",
            "Nothing new happened, and the export is only sent when something has: set max_age_hours for it.",
            "A batch of new accounts, before the identifiers feed has them.",
            "access-auditd itself was stopped: see `access-auditd gaps`.",
        ),
        runbook=(
            "Run `access-auditd feed list`: which deliveries are late, refused, or lost rows?",
            "Run `access-auditd feed rejects NAME`: which lines were refused, and why?",
            "Ask whoever delivers it: did the export run, was it changed?",
            "For unknown people: are there new accounts, or did a `complete` file leave people out?",
            "Mend the export or the mapping; the next good delivery is loaded by itself, and what it touches is judged "
            "again.",
            "Until then treat unexplained look-ups with care: the explanation may be what is missing.",
        ),
        audience="soc",
    )
    reads = ()
    by = "actor"
    feeds = ()
    judges_feeds = True
    Settings = FeedStaleSettings

    @property
    def before(self) -> timedelta:
        """How far back the usual shares are taken from."""
        return _USUAL_OF

    def judge(self, window: Window) -> pl.DataFrame:
        """Return one finding per fault of a fact that begins in the span; its key is the fact's id and the fault."""
        facts = window.feed_facts.sort("start")
        if facts.is_empty():
            return NO_FINDINGS
        shares = facts.with_columns(
            self._share().alias("share"),
            (pl.col("seen_until") - pl.col("start")).alias("lasted"),
            self._limit().alias("limit"),
        ).with_columns(_usual(), (pl.col("start") + pl.col("limit")).alias("due"))
        judged = shares.filter(window.in_span("start"))
        faults = [judged.filter(condition).with_columns(fault=pl.lit(f)) for f, condition in self._faults()]
        found = pl.concat(faults)
        return NO_FINDINGS if found.is_empty() else to_findings(_findings(found))

    def _faults(self) -> tuple[tuple[str, pl.Expr], ...]:
        """Return every fault with the condition on a fact's row under which it is one."""
        settings = self.settings
        kind, share, usual = pl.col("kind"), pl.col("share"), pl.col("usual")
        delivered, unknown = kind == "delivered", kind == "unknown_people"
        patience = pl.when("asks").then(timedelta(minutes=settings.refused_minutes)).otherwise(timedelta(0))
        many_rejected = (share >= settings.rejected_share) | (share - usual >= settings.rejected_jump)
        many_unknown = (
            pl.when(usual.is_null())
            .then(share >= settings.unknown_share)
            .otherwise(share - usual >= settings.unknown_jump)
        )
        return (
            ("late", kind.is_in(["delivered", "awaited"]) & (pl.col("lasted") > pl.col("limit"))),
            ("refused", (kind == "refused") & (pl.col("lasted") >= patience)),
            ("rejects", delivered & many_rejected),
            ("ahead", delivered & (pl.col("ahead_rows") > 0)),
            ("unknown", unknown & many_unknown),
        )

    def _share(self) -> pl.Expr:
        """Return the share of bad rows; null where there are too few rows to tell anything."""
        unknown = pl.col("kind") == "unknown_people"
        least = pl.when(unknown).then(self.settings.least_events).otherwise(self.settings.least_rows)
        return pl.when(pl.col("rows") >= least).then(pl.col("bad_rows") / pl.col("rows"))

    def _limit(self) -> pl.Expr:
        """Return how long each delivery may last: by its own name, its feed's, or the general setting; null: for ever."""
        own = {name: float(hours) for name, hours in self.settings.max_age_hours.items()}
        ages = {name: float(hours) for name, hours in AGE_HOURS.items()} | own
        hours = pl.coalesce(
            _of(own, "name", None),
            _of(ages, "feed", self.settings.age_hours),
        )
        return pl.when(hours > 0).then((hours * 3_600_000_000).cast(pl.Int64).cast(pl.Duration("us")))

    def describe(self, facts: Mapping[str, Any], naming: Naming) -> Sequence[str]:
        """Return what is wrong with the feed, and what it was before."""
        del naming
        name, start = facts["name"], clock_and_day(facts["start"])
        match facts["fault"]:
            case "late" if facts["kind"] == "awaited":
                return [f"Feed {name} has never been delivered; it has been awaited since {start}."]
            case "late":
                due = clock_and_day(facts["due"])
                came = f"came at {clock_and_day(facts['end'])}" if facts["end"] else "has not come"
                return [f"Feed {name} was last delivered at {start}; the next was due by {due} and {came}."]
            case "refused":
                over = f" Since {clock_and_day(facts['end'])} it is taken again." if facts["end"] else ""
                return [f"Feed {name} was refused as a whole at {start}: {facts['problem']}.{over}"]
            case "rejects":
                shares = f"{_counts(facts)} ({_percent(facts['share'])}{_was(facts)})"
                return [f"Of the rows of feed {name} delivered at {start}, {shares} were refused."]
            case "ahead":
                minutes = facts["ahead_seconds"] // 60
                return [
                    f"Feed {name}, delivered at {start}, holds {_rows(facts['ahead_rows'])} written down in the future, up "
                    f"to {minutes // 60} h {minutes % 60} min ahead: a clock or a zone is not right."
                ]
            case _:
                shares = f"{_counts(facts)} ({_percent(facts['share'])}{_was(facts)})"
                return [
                    f"Of the events of {name} on the day from {start}, {shares} are by people nobody knows."
                ]


def _of(hours: Mapping[str, float], column: str, default: float | None) -> pl.Expr:
    """Return the hours of the column's value, the default where there are none."""
    if not hours:
        return pl.lit(default, pl.Float64)
    return pl.col(column).replace_strict(hours, default=default, return_dtype=pl.Float64)


def _usual() -> pl.Expr:
    """Return the median share of what came before of the same name and kind; null where that is too little to tell."""
    earlier = pl.col("share").rolling_median_by(
        "start", window_size=_USUAL_OF, closed="left", min_samples=_FEWEST_USUAL
    )
    return earlier.over("name", "kind").alias("usual")


def _findings(found: pl.DataFrame) -> pl.DataFrame:
    kind = pl.when(pl.col("fault") == "unknown").then(pl.lit(SOURCE_ACTOR)).otherwise(pl.lit(FEED_ACTOR))
    return found.select(
        pl.concat_str("fact_id", pl.lit(":"), "fault").alias("key"),
        pl.col("start").alias("timestamp"),
        pl.concat_str(kind, pl.lit(":"), "name").alias("actor"),
        pl.lit(int(Severity.MEDIUM)).alias("severity"),
        pl.lit([], pl.List(pl.String())).alias("event_ids"),
        pl.struct(
            "fault",
            "name",
            "kind",
            utc_text("start").alias("start"),
            utc_text("due").alias("due"),
            utc_text("end").alias("end"),
            "rows",
            "bad_rows",
            "share",
            "usual",
            "ahead_rows",
            "ahead_seconds",
            "problem",
        )
        .struct.json_encode()
        .alias("facts"),
    )


def _counts(facts: Mapping[str, Any]) -> str:
    return f"{facts['bad_rows']:,} of {facts['rows']:,}"


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number:,} rows"


def _percent(share: float) -> str:
    return f"{share:.1%}".replace(".0%", "%")


def _was(facts: Mapping[str, Any]) -> str:
    return "" if facts["usual"] is None else f"; usually {_percent(facts['usual'])}"
