"""An account at a terminal it does not use. It must never fire on terminals that many share, nor on accounts that are new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import polars as pl
from pydantic import Field

from detectors.accesses import actor, made_by, terminal
from detectors.detector import About, Naming, Window
from detectors.explained import span_unexplained
from detectors.finding import Severity
from detectors.findings import NO_FINDINGS
from detectors.judged_look_ups import JudgedSettings, LookUpDetector, certain, looked_at
from detectors.sliding import count_in

_USE: Final = ["actor", "terminal"]


class NewTerminalOrPlaceSettings(JudgedSettings):
    """Settings of new_terminal_or_place."""

    weeks: float = Field(
        4, gt=0, le=26, description="how long an account must not have used a terminal, weeks"
    )
    used_days: int = Field(
        5,
        ge=1,
        description="on how many days in that time the account must have been used at all, before that day",
    )
    many: int = Field(
        4, ge=1, description="a terminal that so many other accounts used in that time is shared"
    )


class NewTerminalOrPlace(LookUpDetector):
    """A look-up that nothing explains, at a terminal the account has not used for weeks, nor anybody it shares terminals with."""

    name = "new_terminal_or_place"
    about = About(
        title="Look-up at a terminal not used before",
        meaning=(
            "Somebody looked up a record, with nothing on record to explain it, at a terminal that their account had not used for "
            "weeks, that few use, and that nobody uses who works at the same terminals as they do: somebody else's desk, remote "
            "access, or somebody else with their password."
        ),
        severity=Severity.LOW,
        category="misuse of force systems",
        concern="look-ups",
        innocent_causes=(
            "A visit to another station, court or hospital, with work that is not on record.",
            "A new or renamed terminal, or a laptop given out.",
            "A move to another unit, in its first days.",
        ),
        runbook=(
            "Find out where the terminal stands, whose it is, and who was there.",
            "Compare with the roster and the door log: could the person have been there?",
            "Look at what was looked up at that terminal six hours before and after, by this account and by others.",
            "If the person was elsewhere, treat the account as used by somebody else: nothing it did then is surely theirs.",
        ),
    )
    Settings = NewTerminalOrPlaceSettings

    @property
    def before(self) -> timedelta:
        """The weeks without use, or the reach of signals."""
        return max(self._reach, super().before)

    def judge(self, window: Window) -> pl.DataFrame:
        """Return one finding per first look-up at a new terminal; its key is the event id. Only logs tell what is new."""
        told = certain(span_unexplained(window, self.settings.options)).drop_nulls(_USE)
        told = self._not_of_late(told, window)
        if told.is_empty():
            return NO_FINDINGS
        uses = self._uses(told, window)
        day = pl.col("timestamp").dt.convert_time_zone("Europe/London").dt.date()
        # Logs are written to the second: what happened in the same one is not before it.
        at_once = uses.group_by(*_USE, "timestamp").agg(pl.len().cast(pl.Int64).alias("at_once"))
        told = told.join(at_once, on=[*_USE, "timestamp"], how="left", maintain_order="left").with_columns(
            count_in(told, uses.with_columns(day=day), by=("actor",), what="day", reach=self._reach).alias(
                "days_active"
            ),
            count_in(told, uses, by=_USE, what=None, reach=self._reach).alias("used"),
        )
        new = told.filter(
            pl.col("used") == pl.col("at_once"), pl.col("days_active") > self.settings.used_days
        )
        if new.is_empty():
            return NO_FINDINGS
        near = self._around(new, uses, window)
        accounts = count_in(new, near, by=("terminal",), what="actor", reach=self._reach) - 1
        few = new.with_columns(accounts.alias("others_there")).filter(
            pl.col("others_there") < self.settings.many
        )
        known = few.join(self._of_fellows(few, near), on="event_id", how="anti", maintain_order="left")
        return self.found(
            known,
            window,
            Severity.LOW,
            "terminal",
            "others_there",
            pl.lit(float(self.settings.weeks)).alias("weeks"),
        )

    def describe(self, facts: Mapping[str, Any], naming: Naming) -> Sequence[str]:
        """Return the look-up and what is new about its terminal."""
        others = facts["others_there"]
        used = (
            "No other account"
            if not others
            else "One other account"
            if others == 1
            else f"{others} other accounts"
        )
        return [
            f"{looked_at(facts, naming)}, at terminal {facts['terminal']}, and nothing on record explains it.",
            f"Their account had not used that terminal for {facts['weeks']:g} weeks, though it was used elsewhere. {used} did, and "
            "none that shares terminals with theirs.",
        ]

    @property
    def _reach(self) -> timedelta:
        return timedelta(weeks=self.settings.weeks)

    def _history(self, window: Window) -> pl.LazyFrame:
        near = pl.col("timestamp").is_between(window.span.start - self._reach, window.span.end, closed="left")
        return (
            window.history("access")
            .filter(near)
            .select("event_id", "timestamp", actor(), terminal().alias("terminal"))
        )

    def _not_of_late(self, told: pl.DataFrame, window: Window) -> pl.DataFrame:
        """Leave out those whose account used the terminal so shortly before the span that it is new for nobody in it."""
        if told.is_empty():
            return told
        late = pl.col("timestamp").is_between(window.span.end - self._reach, window.span.start, closed="left")
        pairs = told.select(_USE).unique()
        used = (
            window.history("access")
            .filter(late, made_by(pairs["actor"]))
            .select(actor(), terminal().alias("terminal"))
            .unique()
            .join(pairs.lazy(), on=_USE, how="semi")
            .collect()
        )
        return told.join(used, on=_USE, how="anti", maintain_order="left")

    def _uses(self, told: pl.DataFrame, window: Window) -> pl.DataFrame:
        """Return when the accounts were used, and at which terminals."""
        accounts = told["actor"].unique().implode()
        return self._history(window).filter(pl.col("actor").is_in(accounts)).drop_nulls(_USE).collect()

    def _around(self, new: pl.DataFrame, uses: pl.DataFrame, window: Window) -> pl.DataFrame:
        """Return who used the new terminals, and those that the same accounts use."""
        theirs = uses.join(new.select("actor").unique(), on="actor", how="semi")["terminal"].unique()
        return (
            self._history(window)
            .filter(pl.col("terminal").is_in(theirs.implode()))
            .drop_nulls(_USE)
            .collect()
        )

    def _of_fellows(self, few: pl.DataFrame, near: pl.DataFrame) -> pl.DataFrame:
        """Return the look-ups (event_id) at whose terminal somebody was who used another terminal of the account before."""
        at, when = pl.col("timestamp"), pl.col("when")
        seen = (at - when).is_between(timedelta(0), self._reach, closed="left")
        uses = near.select("actor", "terminal", when="timestamp")
        first = few.select("event_id", "timestamp", "actor", "terminal")
        own = (
            first.rename({"terminal": "new"})
            .join(uses, on="actor")
            .filter(seen, pl.col("terminal") != pl.col("new"))
        )
        fellows = (
            own.select("event_id", "timestamp", "terminal", me="actor").unique()
            .join(uses, on="terminal").filter(seen, pl.col("actor") != pl.col("me"))
            .select("event_id", fellow="actor").unique()
        )  # fmt: skip
        there = first.join(uses.rename({"actor": "fellow"}), on="terminal").filter(seen)
        return (
            there.select("event_id", "fellow")
            .unique()
            .join(
                fellows.join(first, on="event_id").select("event_id", "fellow"),
                on=["event_id", "fellow"],
                how="semi",
            )
        )
