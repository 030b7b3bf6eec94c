"""What is wrong with a reference that was claimed as the reason of a look-up, where something is.

It must never hold a reference against anybody that is written like a real one, nor one of a kind that no incident has.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import polars as pl

from detectors.reference import Reference
from detectors.variants import slips_of

NOWHERE: Final = "nowhere"
ELSEWHERE: Final = "elsewhere"
CLOSED: Final = "closed"


def ref_key(ref: pl.Expr) -> pl.Expr:
    """Return a reference as it is compared: capitals and digits alone, without zeros at the front of its numbers."""
    plain = ref.str.to_uppercase().str.replace_all("[^A-Z0-9]", "")
    return plain.str.replace_all("(^|[A-Z])0+([0-9])", "${1}${2}")


def like(keys: pl.Series) -> pl.DataFrame:
    """Return `key` and each `other` key that is one slip of the finger away from it, itself included."""
    rows = [(key, other) for key in keys for other in (key, *(slip for slip, _ in slips_of(key)))]
    return pl.DataFrame(rows, schema={"key": pl.String, "other": pl.String}, orient="row")


def claims(looked: pl.DataFrame, reference: Reference, closed: timedelta) -> pl.DataFrame:
    """Return event_id and `why` of the look-ups (ACCESS_SCHEMA) whose claimed reference does not hold.

    nowhere: no incident has it, or one written like it, though incidents have references of its kind (the letters it begins
    with). elsewhere: an incident has it, and neither that nor one written like it names the subject. closed: it names the
    subject, but was closed longer ago than `closed`.
    """
    asked = looked.select(
        "event_id", "timestamp", "subject_type", "subject_key", ref_key(pl.col("claimed_ref")).alias("key")
    ).filter(pl.col("key").str.contains("[0-9]"))
    known = reference.once(_known)
    if asked.is_empty() or known.is_empty():
        return looked.clear().select("event_id", why=pl.lit(None, pl.String))
    near = like(asked["key"].unique()).join(known, left_on="other", right_on="key")
    meant = asked.join(near, on="key").join(
        reference["incident_subjects"].select(
            "incident_ref", named_type="subject_type", named_key="subject_key"
        ),
        on="incident_ref",
        how="left",
    )
    about = (pl.col("named_type") == pl.col("subject_type")) & (pl.col("named_key") == pl.col("subject_key"))
    itself = (pl.col("subject_type") == "occurrence") & (ref_key(pl.col("subject_key")) == pl.col("other"))
    long_ago = (pl.col("closed_at") + closed < pl.col("timestamp")).fill_null(value=False)
    names = (about | itself).fill_null(value=False)
    exact = pl.col("other") == pl.col("key")
    told = meant.group_by("event_id").agg(
        exact.any().alias("exact"), names.any().alias("names"), (names & ~long_ago).any().alias("current")
    )
    kinds = known["kind"].unique().implode()
    why = (
        pl.when(pl.col("exact").is_null() & pl.col("key").str.extract("^([A-Z]*)").is_in(kinds))
        .then(pl.lit(NOWHERE))
        .when(pl.col("exact") & ~pl.col("names"))
        .then(pl.lit(ELSEWHERE))
        .when(pl.col("names") & ~pl.col("current"))
        .then(pl.lit(CLOSED))
        .alias("why")
    )
    return (
        asked.join(told, on="event_id", how="left", maintain_order="left")
        .select("event_id", why)
        .drop_nulls()
    )


def _known(reference: Reference) -> pl.DataFrame:
    """Return `key`, `kind` (the letters it begins with), incident_ref and closed_at of every incident."""
    key = ref_key(pl.col("incident_ref")).alias("key")
    incidents = reference["incidents"].select("incident_ref", "closed_at", key)
    return incidents.with_columns(kind=pl.col("key").str.extract("^([A-Z]*)"))
