"""The weights of the score, as `[score]` of the configuration has them: points for each reason, and how many at most.

They must never hold anything about who somebody is: what is alike weighs alike, whatever the rank.
"""

from __future__ import annotations

from hashlib import sha256

from pydantic import BaseModel, ConfigDict, Field


class Weights(BaseModel):
    """Points. What each is given for: docs/score.md."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)

    low: int = Field(10, ge=0, le=1000, description="Points where the gravest finding is of low severity.")
    medium: int = Field(30, ge=0, le=1000, description="Points where it is of medium severity.")
    high: int = Field(50, ge=0, le=1000, description="Points where it is of high severity.")
    critical: int = Field(70, ge=0, le=1000, description="Points where it is of critical severity.")
    agreement: int = Field(
        10, ge=0, le=1000, description="Points for each further detector that found the same event."
    )
    agreement_most: int = Field(30, ge=0, le=1000, description="Most points for agreement.")
    sensitive: int = Field(15, ge=0, le=1000, description="Points where a subject is flagged as sensitive.")
    rare: int = Field(
        5, ge=0, le=1000, description="Points where nobody else looked at a subject in the days around it."
    )
    off_duty: int = Field(15, ge=0, le=1000, description="Points where the roster has the person off duty.")
    repetition: int = Field(
        5, ge=0, le=1000, description="Points for each further day on which the same subject was looked at."
    )
    repetition_most: int = Field(30, ge=0, le=1000, description="Most points for repetition.")
    contact: int = Field(
        20,
        ge=0,
        le=1000,
        description="Points for a contact, or something sent out, right after a look-up that nothing explains.",
    )
    contact_hours: float = Field(
        24.0, gt=0, le=720, description="Hours after which a contact adds nothing; before it falls evenly."
    )
    unexplained: int = Field(
        20,
        ge=0,
        le=1000,
        description="Points where nothing explains any of a day's look-ups; one does not count.",
    )
    breadth: int = Field(3, ge=0, le=1000, description="Points for each further subject on one day.")
    breadth_most: int = Field(15, ge=0, le=1000, description="Most points for breadth.")
    uncertain: int = Field(
        15, ge=0, le=1000, description="Points taken away where it is not certain of any finding who it was."
    )

    def digest(self) -> str:
        """Return a short digest of all weights."""
        return sha256(self.model_dump_json().encode()).hexdigest()[:12]
