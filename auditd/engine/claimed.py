"""Events that claim an incident as their reason: when the incident comes or changes, what is said of the claim may differ.

It must never name too few: a claim that is written like the reference of what changed is touched too.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

import polars as pl

from auditd.archive.archive import Archive
from detectors.claims import like, ref_key


def claimed_times(archive: Archive, refs: Collection[str]) -> pl.Series:
    """Return the times of look-ups that claim one of the references, or one written like it."""
    # Few references, many events: each is made comparable once.
    written = archive.collect_intact("access", None, None, _written, streaming=True).drop_nulls().unique()
    changed = pl.DataFrame({"ref": sorted(refs)}, schema={"ref": pl.String}).select(ref_key(pl.col("ref")))[
        "ref"
    ]
    concerned = written.filter(ref_key(pl.col("written")).is_in(like(changed.unique())["other"].implode()))
    naming = partial(_naming, concerned["written"])
    return archive.collect_intact("access", None, None, naming)["timestamp"]


def _written(events: pl.LazyFrame) -> pl.LazyFrame:
    return events.select(written="pnc_incident_ref").unique()


def _naming(written: pl.Series, events: pl.LazyFrame) -> pl.LazyFrame:
    return events.filter(pl.col("pnc_incident_ref").is_in(written.implode())).select("timestamp")
