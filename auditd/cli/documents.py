"""The kinds of JSON that events are handed out in: our own columns, ECS, OCSF. It must never hand out content unasked."""

from __future__ import annotations

from importlib.metadata import version
from typing import Literal

import polars as pl

from parsers.ecs import ecs_documents
from parsers.event import Family
from parsers.flat import flat_documents
from parsers.ocsf import ocsf_documents

Output = Literal["ndjson", "ecs", "ocsf"]


def documents(output: Output, family: Family, events: pl.DataFrame, *, content: bool) -> pl.Series:
    """Return a JSON text per event; content: with the columns that are hidden otherwise."""
    match output:
        case "ndjson":
            made = flat_documents(family, content=content)
        case "ecs":
            made = ecs_documents(family, content=content)
        case "ocsf":
            made = ocsf_documents(family, version=version("access-auditd"), content=content)
    return made.of(events)
