"""One account at two places in turn. It must never fire on somebody who moved once from one terminal to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import polars as pl
from pydantic import Field

from detectors.accesses import terminal
from detectors.detector import About, Detector, DetectorSettings, Naming, Window
from detectors.finding import Severity
from detectors.findings import NO_FINDINGS, to_findings, utc_text
from detectors.identity import resolve
from detectors.sentences import clock_and_day


class SimultaneousUseSettings(DetectorSettings):
    """Settings of simultaneous_use."""

    minutes: float = Field(
        10, gt=0, description="how soon an account must be back at the first terminal, minutes"
    )
    carried: tuple[str, ...] = Field(
        (), description="how names of terminals begin that people carry about; they are not counted"
    )


class SimultaneousUse(Detector):
    """An account used at one terminal, then at another, then at the first again within minutes: two people, or one password."""

    name = "simultaneous_use"
    about = About(
        title="One account at two terminals in turn",
        meaning=(
            "An account was used at one terminal, then at another, then at the first one again, all within minutes: it is "
            "probably used by two people, so nothing it did is surely its holder's."
        ),
        severity=Severity.MEDIUM,
        category="misuse of force systems",
        concern="account",
        innocent_causes=(
            "Two screens on one desk, or a terminal and a handheld: name what is carried in the settings.",
            "Terminal names that change within one session, as on a pool of virtual desktops.",
            "A service account that several machines use by design.",
        ),
        runbook=(
            "Check where the two terminals stand, and whether one person can reach both.",
            "Look at what was looked up at each of them: does it look like two people's work?",
            "Ask the service desk for log-ins of the account on both at that time.",
            "Until it is clear, take nothing the account did in that hour for its holder's.",
        ),
    )
    reads = ("access",)
    by = "actor"
    feeds = ("identifiers",)
    Settings = SimultaneousUseSettings

    @property
    def before(self) -> timedelta:
        """The time within which an account must be back."""
        return timedelta(minutes=self.settings.minutes)

    def judge(self, window: Window) -> pl.DataFrame:
        """Return one finding per return to the first terminal in the span; its key is the event id of the return."""
        carried = pl.any_horizontal(
            pl.lit(value=False),
            *(terminal().str.starts_with(prefix.upper()) for prefix in self.settings.carried),
        )
        used = (
            window.events("access")
            .filter(pl.col("user_id").is_not_null(), terminal().is_not_null(), ~carried)
            .select("event_id", "timestamp", "user_id", terminal().alias("terminal"))
            .collect()
            .sort("user_id", "timestamp", "event_id")
        )
        last = [
            pl.col(name).shift(1).over("user_id").alias(f"last {name}")
            for name in ("terminal", "timestamp", "event_id")
        ]
        moves = used.with_columns(last).filter(pl.col("terminal") != pl.col("last terminal"))
        before = [
            pl.col(name).shift(1).over("user_id").alias(f"before {name}")
            for name in ("last terminal", "last timestamp", "last event_id", "timestamp", "event_id")
        ]
        back = moves.with_columns(before).filter(
            pl.col("terminal") == pl.col("before last terminal"),
            pl.col("timestamp") - pl.col("before last timestamp") <= self.before,
            window.in_span(),
        )
        if back.is_empty():
            return NO_FINDINGS
        return self._findings(
            resolve(back, window.reference, kind="account", value=pl.col("user_id"), time="timestamp")
        )

    def describe(self, facts: Mapping[str, Any], naming: Naming) -> Sequence[str]:
        """Return where the account was used, and when."""
        account = facts["actor"].removeprefix("account:")
        person = naming.person(facts["staff_id"], facts["actor"])
        held = f"the account {account} of {person}" if facts["staff_id"] else f"the account {account}"
        return [
            f"{held[0].upper()}{held[1:]} was used at terminal {facts['first']} at {clock_and_day(facts['first_at'])}, "
            f"at {facts['second']} at {clock_and_day(facts['second_at'])}, and at {facts['first']} again at "
            f"{clock_and_day(facts['at'])}."
        ]

    def _findings(self, back: pl.DataFrame) -> pl.DataFrame:
        facts = pl.struct(
            utc_text("timestamp").alias("at"),
            "actor",
            "staff_id",
            pl.col("terminal").alias("first"),
            utc_text("before last timestamp").alias("first_at"),
            pl.col("last terminal").alias("second"),
            utc_text("before timestamp").alias("second_at"),
        )
        return to_findings(
            back.with_columns(
                pl.col("event_id").alias("key"),
                pl.concat_str(pl.lit("account:"), "user_id").alias("actor"),
                pl.lit(int(Severity.MEDIUM)).alias("severity"),
                pl.concat_list("before last event_id", "before event_id", "event_id").alias("event_ids"),
            ).with_columns(facts.struct.json_encode().alias("facts"))
        )
