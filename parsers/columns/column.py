"""What a column is, and the types several of them have. It must never name one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

UTC_MICROSECONDS: Final = pl.Datetime("us", "UTC")
TEXT: Final = pl.String()
TEXTS: Final = pl.List(pl.String())


@dataclass(frozen=True, slots=True)
class Column:
    """One column: name, polars type, meaning and unit, its place in ECS and in OCSF ("" where they have none)."""

    name: str
    dtype: pl.DataType
    meaning: str
    ecs: str = ""
    ocsf: str = ""
