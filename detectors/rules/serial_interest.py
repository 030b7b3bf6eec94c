"""One person, the same subject, again and again. It must never count a look-up that work on the subject explains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import polars as pl
from pydantic import Field

from detectors.accesses import actor, look_ups
from detectors.detector import About, Naming, Window
from detectors.explained import span_unexplained
from detectors.explanations import explain
from detectors.finding import Severity
from detectors.findings import NO_FINDINGS, utc_text
from detectors.judged_look_ups import JudgedSettings, LookUpDetector, certain, looked_at
from detectors.reference import Reference
from detectors.sentences import day
from detectors.signals import SIGNALS, with_signals
from detectors.sliding import count_in
from parsers.subjects import canonical_collar

_PAIR: Final = ["actor", "subject_type", "subject_key"]
_MOST_SHOWN: Final = 100


class SerialInterestSettings(JudgedSettings):
    """Settings of serial_interest."""

    days: int = Field(
        3, ge=2, description="on how many days the same subject must be looked at without reason"
    )
    within_days: float = Field(90, gt=0, le=180, description="within how many days they must lie")
    others: int = Field(
        5,
        ge=0,
        description="a subject that more other accounts looked at in 30 days is nobody's own interest",
    )


class SerialInterest(LookUpDetector):
    """Somebody looks at one subject on several days over months, and nothing explains any of it: each look-up alone is small."""

    name = "serial_interest"
    about = About(
        title="The same subject again and again without reason",
        meaning=(
            "Over weeks or months somebody looked at the same person, vehicle or address on several days, few others did, and "
            "nothing on record explains any of these look-ups: an interest of their own, of which each look-up alone is small."
        ),
        severity=Severity.MEDIUM,
        category="inappropriate association",
        concern="look-ups",
        innocent_causes=(
            "A long enquiry in a system that is not fed in.",
            "Somebody the person deals with in their area, whose matters are recorded by others or not at all.",
            "A record used to show others how the system works.",
        ),
        runbook=(
            "Put all these look-ups in order of time: when did it begin, and what happened then?",
            "Look at six hours before and after each of them: whom else did the person look at, and on what duty were they?",
            "Look at whether the subject is a party to anything the person worked on, also long ago.",
            "Look at contacts of the person with numbers and addresses of the subject.",
            "Ask the supervisor whether there is an enquiry before asking the person.",
        ),
    )
    Settings = SerialInterestSettings

    @property
    def before(self) -> timedelta:
        """The days within which it counts, or the reach of signals."""
        return max(self._reach, super().before)

    def judge(self, window: Window) -> pl.DataFrame:
        """Return one finding per look-up that falls on at least the `days`-th day; its key is the event id.

        Earlier look-ups are asked about one by one, without those around them: so nothing counts but what is known of the same
        account and subject, and whatever changes that touches this look-up too.
        """
        settings = self.settings
        told = _for_themselves(certain(span_unexplained(window, settings.options)), window.reference)
        again = self._repeated(told, window)
        if again.is_empty():
            return NO_FINDINGS
        earlier = self._unexplained(again, window)
        days = count_in(again, earlier, by=_PAIR, what="day", reach=self._reach).rename("days")
        serial = again.with_columns(days).filter(pl.col("days") >= settings.days)
        known = with_signals(serial, window, settings.options).filter(
            pl.col("others_looked") <= settings.others
        )
        severity = (
            pl.when(pl.col("days") >= 2 * settings.days)
            .then(int(Severity.HIGH))
            .otherwise(int(Severity.MEDIUM))
        )
        return self.found(
            _with_evidence(known.drop(SIGNALS), earlier, self._reach), window, severity,
            "days", utc_text("began").alias("began"), pl.lit(float(settings.within_days)).alias("within_days"),
        )  # fmt: skip

    def describe(self, facts: Mapping[str, Any], naming: Naming) -> Sequence[str]:
        """Return the look-up, and on how many days it was made before."""
        others = facts["others_looked"]
        few = (
            "Nobody else"
            if not others
            else "One other account"
            if others == 1
            else f"{others} other accounts"
        )
        return [
            f"{looked_at(facts, naming)}; nothing on record explains it, nor any look-up of it that they made on "
            f"{facts['days']} days since {day(facts['began'])}.",
            f"{few} looked at it in the 30 days before.",
        ]

    @property
    def _reach(self) -> timedelta:
        return timedelta(days=self.settings.within_days)

    def _repeated(self, told: pl.DataFrame, window: Window) -> pl.DataFrame:
        """Return those look-ups whose account looked at the same subject on so many days, whatever explains that."""
        if told.is_empty():
            return told
        often = (
            self._rows(told, window)
            .group_by(_PAIR)
            .agg(_day().n_unique().alias("days"))
            .filter(pl.col("days") >= self.settings.days)
            .collect()
        )
        return told.join(often, on=_PAIR, how="semi", maintain_order="left")

    def _rows(self, told: pl.DataFrame, window: Window) -> pl.LazyFrame:
        """Return the access events, with `actor`, by the accounts and on the subjects of look-ups, as far back as counts."""
        first = window.span.start - self._reach
        near = pl.col("timestamp").is_between(first, window.span.end, closed="left")
        keys = told["subject_key"].unique().implode()
        events = window.history("access").filter(near, pl.col("subject_key").is_in(keys))
        return events.with_columns(actor()).join(told.select(_PAIR).unique().lazy(), on=_PAIR, how="semi")

    def _unexplained(self, again: pl.DataFrame, window: Window) -> pl.DataFrame:
        """Return those of the same pairs, now and earlier, that nothing explains by themselves: with `day`."""
        rows = certain(look_ups(self._rows(again, window).drop("actor"), window.reference))
        same = rows.join(again.select("actor", "staff_id").unique(), on=["actor", "staff_id"], how="semi")
        own = _for_themselves(same, window.reference)
        # Without an account none of them follows on from another, and nobody was asked for by anybody.
        alone = own.with_columns(actor=pl.lit(None, pl.String), originator_collar=pl.lit(None, pl.String))
        bare = explain(alone, window.reference, self.settings.options).unexplained
        return own.join(bare.select("row"), on="row", how="semi", maintain_order="left").with_columns(
            day=_day()
        )


def _for_themselves(looked: pl.DataFrame, reference: Reference) -> pl.DataFrame:
    """Return the look-ups that name no originator, or the number of the one who made them, whenever it was theirs."""
    collars = reference["identifiers"].filter(kind="collar").select("staff_id", collar="value").unique()
    asked = looked.with_columns(collar=canonical_collar(pl.col("originator_collar")))
    own = asked.join(collars, on=["staff_id", "collar"], how="semi").select("row")
    return looked.filter(pl.col("originator_collar").is_null() | pl.col("row").is_in(own["row"].implode()))


def _with_evidence(serial: pl.DataFrame, earlier: pl.DataFrame, reach: timedelta) -> pl.DataFrame:
    """Return the look-ups with `event_ids` of those before, the latest hundred, and when they `began`."""
    pairs = serial.select("event_id", "timestamp", *_PAIR).join(
        earlier.select(*_PAIR, at="timestamp", which="event_id"), on=_PAIR
    )
    since = (pl.col("timestamp") - pl.col("at")).is_between(timedelta(0), reach, closed="left")
    told = pairs.filter(since).group_by("event_id").agg(
        pl.col("at").min().alias("began"),
        pl.col("which").sort_by("at", "which").tail(_MOST_SHOWN).alias("event_ids"),
    )  # fmt: skip
    return serial.join(told, on="event_id", maintain_order="left")


def _day() -> pl.Expr:
    return pl.col("timestamp").dt.convert_time_zone("Europe/London").dt.date()
