"""The bounds of explanations: how far from a record a look-up may lie, and which duties need no record at all.

It must never hold a bound wide enough to excuse for ever: whatever a record leaves open ends by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from detectors.detector import DetectorSettings


class Duty(BaseModel):
    """Work that is looking things up: whose it is, and what kind of look-up belongs to it.

    A person has the duty when their role or unit holds one of `who` (whole words). A look-up belongs to it when its
    subject is one of `subject_types` and the reason given fits; see detectors/explanations/duty.py.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, description="Name of the duty, shown as evidence.")
    who: tuple[str, ...] = Field(min_length=1, description="Words of a role or unit that has the duty.")
    subject_types: tuple[str, ...] = Field(min_length=1, description="Kinds of subject it looks up.")
    reason_codes: tuple[str, ...] = Field(
        (), description="Reason codes it uses; empty: any code, as far as the words of the reason fit."
    )
    reason_words: tuple[str, ...] = Field(
        (), description="Beginnings of words, one of which a reason written in words must have."
    )


DUTIES: Final = (
    Duty(
        name="vetting",
        who=("vetting",),
        subject_types=("person", "address"),
        reason_words=("vet", "recruit", "clearance", "applica"),
    ),
    Duty(
        name="firearms licensing",
        who=("firearms licensing", "firearms enquiry"),
        subject_types=("person", "address"),
        reason_words=("licen", "firearm", "shotgun", "certificate", "renew", "grant", "applica"),
    ),
    Duty(
        name="front counter",
        who=("front counter", "public counter", "enquiry office"),
        subject_types=("person", "vehicle", "property"),
        reason_words=("counter", "produc", "document", "insur", "seiz", "lost", "found", "bail", "sign"),
    ),
    Duty(
        name="bureau",
        who=("pnc bureau", "bureau"),
        subject_types=("person", "vehicle", "property", "occurrence"),
        reason_words=("bureau", "updat", "audit", "weed", "circulat", "confirm", "record", "amend"),
    ),
)


class ExplanationSettings(BaseModel):
    """How far explanations reach; what the two detectors that ask for explanations share."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    early_minutes: float = Field(
        60,
        ge=0,
        le=1440,
        description="How long before an incident or an assignment begins a look-up may lie, minutes.",
    )
    late_days: float = Field(
        30, gt=0, le=3650, description="A record made longer after the look-up explains nothing, days."
    )
    open_days: float = Field(
        365, gt=0, le=3650, description="How long an assignment counts that nothing ends, days."
    )
    unit_days: float = Field(
        28,
        gt=0,
        le=3650,
        description="How long an assignment of a whole unit counts that nothing ends, days.",
    )
    recorded_hours: float = Field(
        12, ge=0, le=168, description="How soon a stop, arrest or ticket must follow the look-up, hours."
    )
    recorded_late_hours: float = Field(
        36, ge=0, le=720, description="How soon after the look-up that must be on record, hours."
    )
    handover_hours: float = Field(
        72, ge=0, le=720, description="How far from the handover of a case both may look, hours."
    )
    shift_minutes: float = Field(
        60, ge=0, le=720, description="How far from a stop by a colleague of the shift, minutes."
    )
    circulation_days: float = Field(
        180, gt=0, le=3650, description="How long a circulation counts that nobody closes, days."
    )
    duties: tuple[Duty, ...] = Field(
        DUTIES, description="Duties that need no record: `[[explanations.duties]]`; `[]`: none."
    )

    def __str__(self) -> str:
        """Return how documentation shows the default: a table of its own."""
        return "`[explanations]`"


@dataclass(frozen=True, slots=True)
class Options:
    """The bounds as templates use them: see ExplanationSettings. `window`: how long after an end it still counts.

    `follow_on`: how soon a keeper follows a vehicle.
    """

    window: timedelta = timedelta(hours=24)
    follow_on: timedelta = timedelta(minutes=5)
    early: timedelta = timedelta(minutes=60)
    late: timedelta = timedelta(days=30)
    open_for: timedelta = timedelta(days=365)
    unit_for: timedelta = timedelta(days=28)
    recorded: timedelta = timedelta(hours=12)
    recorded_late: timedelta = timedelta(hours=36)
    handover: timedelta = timedelta(hours=72)
    shift: timedelta = timedelta(minutes=60)
    circulation: timedelta = timedelta(days=180)
    duties: tuple[Duty, ...] = DUTIES

    @property
    def doubt(self) -> timedelta:
        """How long after somebody was looked up for no reason nobody counts as a keeper."""
        return 3 * self.follow_on

    @property
    def reach(self) -> timedelta:
        """How far before a look-up others may lie that explain it: vehicle, then keeper, then who is linked.

        And whoever was looked up before the keeper without reason, which makes them doubtful, or as another vehicle's keeper.
        """
        return self.doubt + 2 * self.follow_on


class ExplainingSettings(DetectorSettings):
    """Settings of a detector that asks whether look-ups are explained."""

    window_hours: float = Field(
        24, ge=0, description="how long after an assignment ended a look-up may lie, hours"
    )
    follow_on_minutes: float = Field(5, ge=0, description="how soon a keeper follows a vehicle, minutes")
    explanations: ExplanationSettings = Field(
        ExplanationSettings(), description="the other bounds: one table for all detectors"
    )

    @property
    def options(self) -> Options:
        """Return the bounds that these settings say."""
        bounds = self.explanations
        return Options(
            window=timedelta(hours=self.window_hours),
            follow_on=timedelta(minutes=self.follow_on_minutes),
            early=timedelta(minutes=bounds.early_minutes),
            late=timedelta(days=bounds.late_days),
            open_for=timedelta(days=bounds.open_days),
            unit_for=timedelta(days=bounds.unit_days),
            recorded=timedelta(hours=bounds.recorded_hours),
            recorded_late=timedelta(hours=bounds.recorded_late_hours),
            handover=timedelta(hours=bounds.handover_hours),
            shift=timedelta(minutes=bounds.shift_minutes),
            circulation=timedelta(days=bounds.circulation_days),
            duties=bounds.duties,
        )
