"""Which incidents belong together: linked on record, or naming the same subject as well.

It must never hold two incidents for neighbours by a subject that very many name: a hospital, a serial caller.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import polars as pl

from detectors.grounds import occurrence_key
from detectors.reference import Reference

HUB: Final = 50
"""A subject that more incidents name than this makes no neighbours."""
_SUBJECT: Final = ["subject_type", "subject_key"]
_SHARED: Final = ["shared_type", "shared_key"]


def links(reference: Reference) -> pl.DataFrame:
    """Return ref_key, other_key, link_from and link_to of incidents one of which names the other, each link both ways."""
    stated = (
        reference["incident_subjects"]
        .filter(subject_type="occurrence")
        .select(
            occurrence_key("incident_ref").alias("ref_key"),
            occurrence_key("subject_key").alias("other_key"),
            link_from="from",
            link_to="to",
        )
    )
    back = stated.select(
        pl.col("other_key").alias("ref_key"), pl.col("ref_key").alias("other_key"), "link_from", "link_to"
    )
    return pl.concat((stated, back)).filter(pl.col("ref_key") != pl.col("other_key")).unique()


def beside(
    asked: pl.DataFrame, reference: Reference, *, most: int = HUB, types: Collection[str] = ()
) -> pl.DataFrame:
    """Return, for records `on` and the subject looked up, each `other` incident that names another of their subjects.

    asked: on, subject_type, subject_key. most: of the incidents that name a shared subject; types: of shared subjects,
    any but occurrences unless told. Columns: on, subject_type, subject_key, other.
    """
    every = reference["incident_subjects"].select("incident_ref", *_SUBJECT)
    wanted = asked.select("on", *_SUBJECT).unique()
    mine = every.join(wanted, left_on="incident_ref", right_on="on", how="semi").filter(
        pl.col("subject_type").is_in(list(types)) if types else pl.col("subject_type") != "occurrence"
    )
    if mine.is_empty():
        return wanted.clear().with_columns(other=pl.lit(None, pl.String))
    naming = every.join(mine, on=_SUBJECT, how="semi").unique()
    few = naming.filter(pl.len().over(_SUBJECT) <= most).rename(
        {"incident_ref": "other", "subject_type": "shared_type", "subject_key": "shared_key"}
    )
    shared = mine.unique().rename(
        {"incident_ref": "on", "subject_type": "shared_type", "subject_key": "shared_key"}
    )
    return (
        wanted.join(shared, on="on")
        .filter(
            (pl.col("shared_type") != pl.col("subject_type"))
            | (pl.col("shared_key") != pl.col("subject_key"))
        )
        .join(few, on=_SHARED)
        .filter(pl.col("other") != pl.col("on"))
        .select("on", *_SUBJECT, "other")
        .unique()
    )
