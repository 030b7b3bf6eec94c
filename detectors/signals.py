"""Signals: what surrounds a look-up, as facts for whoever weighs a finding. The names here are those in the facts.

It must never decide anything, nor name another person: numbers, and what the roster and the flags say.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import polars as pl

from detectors.accesses import actor
from detectors.bounds import Options
from detectors.detector import Window
from detectors.duty import with_duty
from detectors.explained import DAY, SpanExplained, explained_before, span_unexplained
from detectors.reference import Reference
from detectors.sliding import count_in

REACH: Final = timedelta(days=30)
"""How far back others and earlier days are counted."""
TOLERANCE: Final = timedelta(minutes=90)
"""How long before and after a shift somebody counts as on duty."""

ON: Final = "on"
SIGNALS: Final = ("duty", "sensitive", "others_looked", "days_looked", "day_looked", "day_unexplained")
"""In the facts of every finding on a look-up:

duty: `on`, or why the roster has the person off duty (detectors/duty.py); null where it does not say.
sensitive: the flag the subject had then, null where it had none; of several the first of the alphabet.
others_looked: how many other accounts and terminals looked the subject up in the 30 days up to the look-up.
days_looked: on how many days of those the same account did, that of the look-up included.
day_looked: how many look-ups the account made in the 24 hours up to it, it included.
day_unexplained: how many of those nothing explains.
"""

_SUBJECT: Final = ("subject_type", "subject_key")


def recalls(options: Options) -> timedelta:
    """Return how far back signals depend on reference data: explanations of the other look-ups of the day."""
    return DAY + options.reach


def with_signals(told: pl.DataFrame, window: Window, options: Options) -> pl.DataFrame:
    """Return look-ups (ACCESS_SCHEMA; few of a window's, all in its span) with SIGNALS.

    The window must reach REACH back. It reads of the archive only what was done by the same accounts, or to the same subjects.
    """
    if not told.is_empty() and window.has(SpanExplained(options)):
        known = told.join(window.once(SpanSignals(options)), on="event_id", maintain_order="left")
        if known.height == told.height:
            return known
    return told.with_columns(_signals(told, window, options))


@dataclass(frozen=True, slots=True)
class SpanSignals:
    """The signals of all look-ups of the span that nothing explains, by event_id, for `Window.once`."""

    options: Options

    def __call__(self, window: Window) -> pl.DataFrame:
        """Return event_id and SIGNALS."""
        told = span_unexplained(window, self.options)
        return told.select("event_id").with_columns(_signals(told, window, self.options))


def _signals(told: pl.DataFrame, window: Window, options: Options) -> list[pl.Series]:
    if told.is_empty():
        return [pl.Series(name, [], pl.String if name in SIGNALS[:2] else pl.Int64) for name in SIGNALS]
    return [
        _duty(told, window.reference),
        _sensitive(told, window.reference),
        *_around_subject(told, window),
        *_of_the_day(told, window, options),
    ]


def _duty(told: pl.DataFrame, reference: Reference) -> pl.Series:
    if reference["roster"].is_empty():
        return pl.Series("duty", [None], pl.String).new_from_index(0, told.height)
    asked = with_duty(told.select("staff_id", "timestamp"), reference, TOLERANCE)
    return asked.select(duty=pl.when("on_duty").then(pl.lit(ON)).otherwise("off"))["duty"]


def _sensitive(told: pl.DataFrame, reference: Reference) -> pl.Series:
    flags = reference["sensitive_subjects"].rename({"from": "flagged", "to": "unflagged"})
    at = pl.col("timestamp")
    then = (at >= pl.col("flagged")) & (at < pl.col("unflagged")).fill_null(value=True)
    found = (
        told.join(flags, on=_SUBJECT).filter(then).group_by("event_id").agg(sensitive=pl.col("flag").min())
    )
    return told.select("event_id").join(found, on="event_id", how="left", maintain_order="left")["sensitive"]


def _around_subject(told: pl.DataFrame, window: Window) -> tuple[pl.Series, pl.Series]:
    """Return others_looked and days_looked."""
    keys = told["subject_key"].unique().implode()
    day = pl.col("timestamp").dt.convert_time_zone("Europe/London").dt.date()
    near = window.history("access").filter(_around(told, REACH), pl.col("subject_key").is_in(keys)).select(
        "timestamp", *_SUBJECT, actor(), day=day
    ).collect()  # fmt: skip
    accounts = count_in(told, near, by=_SUBJECT, what="actor", reach=REACH)
    days = count_in(told, near, by=(*_SUBJECT, "actor"), what="day", reach=REACH)
    itself = told["actor"].is_not_null().cast(pl.Int64)
    return (accounts - itself).rename("others_looked"), days.rename("days_looked")


def _of_the_day(told: pl.DataFrame, window: Window, options: Options) -> tuple[pl.Series, pl.Series]:
    """Return day_looked and day_unexplained."""
    theirs = explained_before(told, window, options, DAY)
    nothing = theirs.filter(pl.col("explained_by").is_null())
    made, bare = (count_in(told, rows, by=("actor",), what=None, reach=DAY) for rows in (theirs, nothing))
    return made.rename("day_looked"), bare.rename("day_unexplained")


def _around(told: pl.DataFrame, reach: timedelta) -> pl.Expr:
    """Boolean expression over events: from `reach` before the first of the look-ups until the last of them."""
    times = told.select(first=pl.col("timestamp").min() - reach, last=pl.col("timestamp").max()).row(0)
    return pl.col("timestamp").is_between(*times)
