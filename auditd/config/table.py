"""What every table of the configuration is like: types as written, unknown keys refused. It must never hold a setting."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Glob = Annotated[str, StringConstraints(min_length=1)]


class Table(BaseModel):
    """A TOML table: types as written (no coercion), unknown keys are faults."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)
