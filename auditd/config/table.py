"""What every table of the configuration has in common: strictness, and the kinds of value that several of them hold.

It must never name a setting: those are in auditd/config/model.py.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from auditd.config import values

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Glob = Annotated[str, StringConstraints(min_length=1)]
Domain = Annotated[str, AfterValidator(values.domain)]
Level = Literal["debug", "info", "warning", "error"]
Zone = Annotated[str, AfterValidator(values.zone)]


class Table(BaseModel):
    """A TOML table: types as written (no coercion), unknown keys are faults."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)
