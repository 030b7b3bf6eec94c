"""Many look-ups without reason in a day, of many subjects. It must never count what is explained, nor judge by a few."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import polars as pl
from pydantic import Field

from detectors.accesses import actor
from detectors.detector import About, Naming, Window
from detectors.explained import DAY, explained_before, span_unexplained
from detectors.finding import Severity
from detectors.findings import NO_FINDINGS
from detectors.identity import resolve
from detectors.judged_look_ups import JudgedSettings, LookUpDetector, certain, looked_at
from detectors.people import units
from detectors.signals import SIGNALS, with_signals
from detectors.sliding import count_in
from detectors.usual import USUAL_DAYS, usual

_PEERS: Final = timedelta(days=8, hours=2)
"""Seven whole days before the day of a look-up, on the clock of the force."""
_LONGEST_DAY: Final = timedelta(hours=26)
_SUBJECT: Final = ["subject_type", "subject_key"]


class VolumeAndBreadthSettings(JudgedSettings):
    """Settings of volume_and_breadth."""

    look_ups: int = Field(8, ge=2, description="how many look-ups without reason in 24 hours at least")
    subjects: int = Field(6, ge=1, description="of how many subjects at least")
    share: float = Field(
        0.25, gt=0, description="what share of a busy day's look-ups may be without reason: more is too many"
    )
    spread: float = Field(
        3.0, ge=0, description="how many spreads (median absolute deviations) above the middle a day is busy"
    )


class VolumeAndBreadth(LookUpDetector):
    """More unexplained look-ups in 24 hours than a share of what this person, their role and their unit look up on a busy day."""

    name = "volume_and_breadth"
    about = About(
        title="Many look-ups without reason",
        meaning=(
            "Within 24 hours somebody looked up so many subjects for which there is nothing on record that it stands out against "
            "all that they, people of their role and people of their unit look up on a busy day: collecting, browsing, or an "
            "account in other hands."
        ),
        severity=Severity.HIGH,
        category="misuse of force systems",
        concern="look-ups",
        innocent_causes=(
            "A list worked through for a task that is not on record: an audit, a clean-up, a transfer of records.",
            "A new duty whose records are kept in a system that is not fed in.",
            "Feeds of incidents that stopped: then it is many people at once.",
        ),
        runbook=(
            "Check that the incident feeds were current that day, and whether others of the unit stand out too.",
            "Read the subjects as a list: one street, one family, one kind of vehicle, or at random?",
            "Look at where and at what hours they were looked up, six hours before and after, and at printing and sending.",
            "Ask the supervisor whether a task was given; ask the person last.",
        ),
    )
    Settings = VolumeAndBreadthSettings

    @property
    def recalls(self) -> timedelta:
        """The days whose look-ups by people of the same role and unit are what is usual."""
        return max(_PEERS, super().recalls)

    def judge(self, window: Window) -> pl.DataFrame:
        """Return one finding per look-up at which there are too many in the 24 hours up to it; its key is the event id."""
        settings = self.settings
        told = with_signals(certain(span_unexplained(window, settings.options)), window, settings.options)
        many = told.filter(pl.col("day_unexplained") >= settings.look_ups)
        if many.is_empty():
            return NO_FINDINGS
        theirs = pl.col("actor").is_in(many["actor"].unique().implode())
        day = explained_before(many, window, settings.options, DAY).filter(
            pl.col("explained_by").is_null(), theirs
        )
        subject = pl.concat_str(*_SUBJECT, separator=":").alias("subject")
        subjects = count_in(many, day.with_columns(subject), by=("actor",), what="subject", reach=DAY)
        broad = many.with_columns(subjects.alias("subjects")).filter(pl.col("subjects") >= settings.subjects)
        known = self._usual(broad, window)
        found = known.filter(pl.col("day_unexplained") > settings.share * pl.col("busy"))
        return self.found(
            found.drop(SIGNALS),
            window,
            Severity.HIGH,
            "subjects",
            "own_usual",
            "role_usual",
            "unit_usual",
            "busy",
        )

    def describe(self, facts: Mapping[str, Any], naming: Naming) -> Sequence[str]:
        """Return the look-up, how many there were that day, and what is usual."""
        usual_days = [
            f"{facts[name]:g} {words}"
            for name, words in (
                ("own_usual", "by themselves"), ("role_usual", "by people of their role"), ("unit_usual", "by people of their unit"),
            )
            if facts[name] is not None
        ]  # fmt: skip
        sentences = [
            f"{looked_at(facts, naming)}: look-up number {facts['day_unexplained']} within 24 h that nothing on record explains, "
            f"of {facts['subjects']} subjects."
        ]
        if usual_days:
            sentences.append(f"Usual for a whole day, with everything explained: {', '.join(usual_days)}.")
        return sentences

    def _usual(self, broad: pl.DataFrame, window: Window) -> pl.DataFrame:
        """Return the look-ups with what is usual for a day before theirs: own, by role and by unit, and how many are `busy`."""
        if broad.is_empty():
            return broad.with_columns(
                *(
                    pl.lit(None, pl.Float64).alias(name)
                    for name in ("own_usual", "role_usual", "unit_usual", "busy")
                )
            )
        people = window.reference.once(units).select("staff_id", "unit_key", "role_key")
        asked = broad.join(people, on="staff_id", how="left", maintain_order="left")
        spread = self.settings.spread
        own = usual(asked, _days(asked, window, own=True), by="actor", spread=spread)
        peers = resolve(
            _days(asked, window, own=False),
            window.reference,
            kind=pl.col("kind"),
            value=pl.col("value"),
            time="last",
        ).join(people, on="staff_id")
        role, unit = (usual(asked, peers, by=key, spread=spread) for key in ("role_key", "unit_key"))
        parts = {"own": own, "role": role, "unit": unit}
        return asked.with_columns(
            *(part["usual"].alias(f"{name}_usual") for name, part in parts.items()),
            pl.DataFrame({name: part["busy"] for name, part in parts.items()})
            .max_horizontal()
            .fill_null(0.0)
            .alias("busy"),
        )


def _days(asked: pl.DataFrame, window: Window, *, own: bool) -> pl.DataFrame:
    """Return how many look-ups accounts made on days before: `actor`, kind, value, `day`, `looked` and the `last` of them.

    own: of the accounts asked about, over USUAL_DAYS; else of everybody, over a week: what is asked about them rests on who
    they are, and is judged again when that changes.
    """
    first = asked.select(pl.col("timestamp").min()).item()
    if own:
        events = window.history("access").filter(pl.col("timestamp") >= first - USUAL_DAYS - _LONGEST_DAY)
    else:
        events = window.events("access").filter(pl.col("timestamp") >= first - _PEERS)
    day = pl.col("timestamp").dt.convert_time_zone("Europe/London").dt.date().alias("day")
    counted = (
        events.filter(pl.col("subject_key").is_not_null(), pl.col("timestamp") < window.span.end)
        .select("timestamp", actor(), day)
        .drop_nulls()
    )
    if own:
        counted = counted.filter(pl.col("actor").is_in(asked["actor"].unique().implode()))
    days = counted.group_by("actor", "day").agg(
        pl.len().alias("looked"), pl.col("timestamp").max().alias("last")
    )
    parts = pl.col("actor").str.splitn(":", 2).struct
    return days.with_columns(kind=parts.field("field_0"), value=parts.field("field_1")).collect()
