"""Look-ups by people who were off duty. It must never fire on overtime, on-call duty, or where the roster says nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import polars as pl
from pydantic import Field

from detectors.detector import About, Naming, Window
from detectors.duty import BETWEEN, with_duty
from detectors.explained import span_unexplained
from detectors.explanations import EXPLAINING_FEEDS
from detectors.finding import Severity
from detectors.findings import NO_FINDINGS, utc_text
from detectors.judged_look_ups import (
    JudgedSettings,
    LookUpDetector,
    certain,
    looked_at,
)
from detectors.sentences import clock_and_day

_WORDS: Final = {"rest": "on a rest day", "leave": "on leave", "sick": "off sick", "suspended": "suspended"}
_GRAVE: Final = ("sick", "suspended")


class OffDutyLookupSettings(JudgedSettings):
    """Settings of off_duty_lookup."""

    tolerance_minutes: float = Field(
        90, ge=0, description="how long before and after a shift somebody may still be at work, minutes"
    )


class OffDutyLookup(LookUpDetector):
    """A look-up that nothing explains, by somebody whom the roster has off duty."""

    name = "off_duty_lookup"
    version = 2
    about = About(
        title="Look-up while off duty",
        meaning=(
            "Somebody looked up a record while the roster had them on a rest day, on leave, sick, suspended, or between two "
            "shifts, and nothing on record explains the look-up."
        ),
        severity=Severity.MEDIUM,
        category="misuse of force systems",
        concern="look-ups",
        innocent_causes=(
            "Overtime or a changed shift that the roster learnt of late.",
            "Somebody recalled to duty, or on call without being rostered so.",
            "An account left open at the end of a shift and used by the next one.",
            "A clock of the source or the roster's zone set wrong.",
        ),
        runbook=(
            "Check the roster and the overtime claims of that day with the person's unit.",
            "Look at where it was done from: a station terminal, remote access, somebody else's place.",
            "Look at other look-ups off duty by the same person over the last year.",
            "Look at contacts of the person in the hours around it.",
        ),
    )
    feeds = EXPLAINING_FEEDS
    Settings = OffDutyLookupSettings

    def judge(self, window: Window) -> pl.DataFrame:
        """Return one finding per look-up; its key is the event id. By the sick and the suspended it weighs more."""
        if window.reference["roster"].is_empty():
            return NO_FINDINGS
        tolerance = timedelta(minutes=self.settings.tolerance_minutes)
        looked = certain(span_unexplained(window, self.settings.options))
        told = with_duty(looked, window.reference, tolerance).drop_nulls("off")
        severity = (
            pl.when(pl.col("off").is_in(_GRAVE)).then(int(Severity.HIGH)).otherwise(int(Severity.MEDIUM))
        )
        ends = (utc_text("shift_ended").alias("shift_ended"), utc_text("shift_begins").alias("shift_begins"))
        return self.found(told, window, severity, "off", *ends)

    def describe(self, facts: Mapping[str, Any], naming: Naming) -> Sequence[str]:
        """Return the look-up, what the roster says, and the nearest shifts."""
        sentences = [f"{looked_at(facts, naming)}, and nothing on record explains it."]
        if facts["off"] != BETWEEN:
            sentences.append(f"The roster had them {_WORDS[facts['off']]} then.")
        else:
            sentences.append("No shift of theirs on the roster covers that time.")
        if facts["shift_ended"] and facts["shift_begins"]:
            ended, begins = clock_and_day(facts["shift_ended"]), clock_and_day(facts["shift_begins"])
            sentences.append(f"Their shift before it ended at {ended}; the next one begins at {begins}.")
        return sentences
