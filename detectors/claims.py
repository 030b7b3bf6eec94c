"""What is wrong with a reference that was claimed as the reason of a look-up, where something is.

It must never hold a reference against anybody that is written like a real one, nor one of a kind that no incident has.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import polars as pl

from detectors.grounds import unit_name
from detectors.identity import resolve
from detectors.people import units
from detectors.reference import Reference
from detectors.variants import misspelt
from parsers.subjects import canonical_collar

_DIGITS: Final = frozenset("0123456789")
_SUBJECT: Final = ("subject_type", "subject_key")

NOWHERE: Final = "nowhere"
ELSEWHERE: Final = "elsewhere"
CLOSED: Final = "closed"


def ref_key(ref: pl.Expr) -> pl.Expr:
    """Return a reference as it is compared: capitals and digits alone, without zeros at the front of its numbers."""
    plain = ref.str.to_uppercase().str.replace_all("[^A-Z0-9]", "")
    return plain.str.replace_all("(^|[A-Z])0+([0-9])", "${1}${2}")


def like(keys: pl.Series) -> pl.DataFrame:
    """Return `key` and each `other` key that is one slip of the finger away from it, itself included: it goes both ways.

    A slip: a digit wrong, left out or typed too many, or two neighbours swapped.
    """
    rows = [(key, other) for key in keys for other in {key, *_slips(key)}]
    return pl.DataFrame(rows, schema={"key": pl.String, "other": pl.String}, orient="row")


def _slips(key: str) -> Iterator[str]:
    for place in range(len(key) + 1):
        before, after = key[:place], key[place:]
        yield from (before + digit + after for digit in _DIGITS)
        if after[:1] in _DIGITS:
            yield before + after[1:]
            yield from (before + digit + after[1:] for digit in _DIGITS)
        yield before + after[1:2] + after[:1] + after[2:]


def claims(looked: pl.DataFrame, reference: Reference, closed: timedelta) -> pl.DataFrame:
    """Return event_id and `why` of the look-ups (ACCESS_SCHEMA) whose claimed reference does not hold.

    nowhere: no incident has it, or one written like it, though incidents have references of its kind (the letters it begins
    with). elsewhere: an incident has it that is nobody's work for whom it was made, and neither that nor one written like it
    names the subject, or one that is written like the subject. closed: it names the subject, but was closed longer ago than
    `closed`.
    """
    asked = looked.with_columns(key=ref_key(pl.col("claimed_ref"))).filter(
        pl.col("key").str.contains("[0-9]")
    )
    known = reference.once(_known)
    if asked.is_empty() or known.is_empty():
        return looked.clear().select("event_id", why=pl.lit(None, pl.String))
    near = like(asked["key"].unique()).join(known, left_on="other", right_on="key")
    meant = asked.select("event_id", "timestamp", *_SUBJECT, "key").join(near, on="key")
    exact, long_ago = pl.col("other") == pl.col("key"), pl.col("closed_at") + closed < pl.col("timestamp")
    itself = (pl.col("subject_type") == "occurrence") & (ref_key(pl.col("subject_key")) == pl.col("other"))
    named = reference["incident_subjects"].select(
        "incident_ref", named_type="subject_type", named_key="subject_key"
    )
    pairs = meant.join(named.join(meant, on="incident_ref", how="semi"), on="incident_ref", how="left")
    same = pl.col("named_type") == pl.col("subject_type")
    about = (same & (pl.col("named_key") == pl.col("subject_key"))).fill_null(value=False) | itself
    alike = misspelt(pairs["named_key"], pairs["subject_key"]) & (
        pairs["named_type"] == pairs["subject_type"]
    )
    told = pairs.with_columns(alike=alike.fill_null(value=False)).group_by("event_id").agg(
        exact.any().alias("exact"), about.any().alias("names"), pl.col("alike").any(),
        (about & ~long_ago.fill_null(value=False)).any().alias("current"),
    )  # fmt: skip
    theirs = pl.col("event_id").is_in(_own_work(asked, meant, reference)["event_id"].implode())
    kind = pl.col("key").str.extract("^([A-Z]*)")
    why = (
        pl.when(pl.col("exact").is_null() & kind.is_in(known["kind"].unique().implode()))
        .then(pl.lit(NOWHERE))
        .when(pl.col("exact") & ~pl.col("names") & ~pl.col("alike") & ~theirs)
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


def _own_work(asked: pl.DataFrame, meant: pl.DataFrame, reference: Reference) -> pl.DataFrame:
    """Return the look-ups (event_id) that claim work of the enquirer, of the originator, or of their units."""
    collar = canonical_collar(pl.col("originator_collar"))
    for_whom = resolve(
        asked.select("event_id", "timestamp", collar=collar), reference, kind="collar", value=pl.col("collar"), time="timestamp"
    )  # fmt: skip
    people = pl.concat(
        (asked.select("event_id", "staff_id"), for_whom.select("event_id", "staff_id"))
    ).drop_nulls()
    in_units = people.join(reference.once(units).select("staff_id", "unit_key"), on="staff_id")
    claimed = meant.select("event_id", "incident_ref").unique()
    work = reference["assignments"].select("incident_ref", "staff_id", unit_key=unit_name("unit"))
    owned = reference["incidents"].select("incident_ref", unit_key=unit_name("unit"))
    given = claimed.join(work.join(claimed, on="incident_ref", how="semi"), on="incident_ref")
    sent = pl.concat(
        (
            given.select("event_id", "unit_key"),
            claimed.join(owned, on="incident_ref").select("event_id", "unit_key"),
        )
    )
    return pl.concat(
        (
            given.join(people, on=["event_id", "staff_id"], how="semi").select("event_id"),
            sent.join(in_units, on=["event_id", "unit_key"], how="semi").select("event_id"),
        )
    )


def _known(reference: Reference) -> pl.DataFrame:
    """Return `key`, `kind` (the letters it begins with), incident_ref and closed_at of every incident."""
    key = ref_key(pl.col("incident_ref")).alias("key")
    incidents = reference["incidents"].select("incident_ref", "closed_at", key)
    return incidents.with_columns(kind=pl.col("key").str.extract("^([A-Z]*)"))
