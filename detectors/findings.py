"""Shaping verdicts into the findings frame. It must never add a sentence or a name: facts only."""

from __future__ import annotations

from typing import Final

import polars as pl

from detectors.finding import FINDING_SCHEMA

NO_FINDINGS: Final = FINDING_SCHEMA.to_frame()


def to_findings(frame: pl.DataFrame) -> pl.DataFrame:
    """Return `frame` as FINDING_SCHEMA in time order: absent columns null, further ones dropped."""
    absent = [pl.lit(None).alias(name) for name in FINDING_SCHEMA if name not in frame.columns]
    shaped = frame.with_columns(absent).select(FINDING_SCHEMA.names()).cast(FINDING_SCHEMA)
    return shaped.sort("timestamp", "key")


def utc_text(column: str) -> pl.Expr:
    """Return a UTC time as ISO 8601 text with `Z`, fractions only where there are any."""
    return pl.col(column).dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ")
