"""Whose own records look-ups are of: those of people of the force, of their homes and of their next of kin.

It must never hand on what the staff feed says of anybody: of a match there remain whom it concerns, and of which kind it is.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from detectors.accesses import span_look_ups
from detectors.detector import Window
from detectors.people import person_key
from detectors.reference import Reference
from parsers.subjects import canonical_vehicle

PERSON: Final = "person"
VEHICLE: Final = "vehicle"
HOME: Final = "home"
KIN: Final = "kin"
OWN: Final = (PERSON, VEHICLE)
"""Relations to a record that is the person's own; the others are to records near to them."""


def records(reference: Reference) -> pl.DataFrame:
    """Return what records of people look like: `probe` (what of a look-up is compared), `owner_id`, `relation`.

    A person's record is known by the key that feeds/logs use where there is no PNCID: SURNAME/FORENAME/date of birth.
    """
    staff = reference["staff"]
    owner = pl.col("staff_id").alias("owner_id")
    parts = (
        staff.select(_probe(PERSON, person_key()), owner, pl.lit(PERSON).alias("relation")),
        staff.select(
            _probe(HOME, canonical_vehicle(pl.col("home_postcode"))), owner, pl.lit(HOME).alias("relation")
        ),
        staff.explode("vehicles").select(
            _probe(VEHICLE, canonical_vehicle(pl.col("vehicles"))), owner, pl.lit(VEHICLE).alias("relation")
        ),
        staff.explode("next_of_kin_surnames").select(
            _probe(KIN, pl.col("next_of_kin_surnames").str.strip_chars().str.to_uppercase()),
            owner,
            pl.lit(KIN).alias("relation"),
        ),
    )
    return pl.concat(parts).drop_nulls().unique(maintain_order=True)


def own_records(reference: Reference) -> pl.DataFrame:
    """Return people's own records and vehicles as subjects: `relation` is the subject's type, `key` its key."""
    own = reference.once(records).filter(pl.col("relation").is_in(OWN))
    prefix = pl.concat_str("relation", pl.lit(":"))
    return own.select("owner_id", "relation", key=pl.col("probe").str.strip_prefix(prefix))


def personal_look_ups(window: Window) -> pl.DataFrame:
    """Return the span's look-ups of such records: ACCESS_SCHEMA, `owner_id` and `relation`; one row for each of both.

    It looks at nothing outside the span, so every detector may share it.
    """
    known = window.reference.once(records)
    kind, key, first = pl.col("subject_type"), pl.col("subject_key"), _first(pl.col("subject_key"))
    looked = span_look_ups(window, _may_be(window.reference))
    if looked.is_empty():
        return looked.with_columns(owner_id=pl.lit(None, pl.String), relation=pl.lit(None, pl.String))
    probes = pl.concat(
        (
            looked.select("row", _probe(kind, key)),
            looked.filter(kind == "person").select("row", _probe(KIN, first)),
            looked.filter(kind == "address").select("row", _probe(HOME, first)),
        )
    )
    found = probes.join(known, on="probe").drop("probe")
    return looked.join(found, on="row", maintain_order="left")


def _first(key: pl.Expr) -> pl.Expr:
    """Return what stands before the first stroke: the surname of a person, the postcode of an address."""
    return key.str.splitn("/", 2).struct.field("field_0")


def _may_be(reference: Reference) -> pl.Expr:
    """Boolean expression over access events: their subject looks like one of the records; a few more may."""
    key, kind, first = pl.col("subject_key"), pl.col("subject_type"), _first(pl.col("subject_key"))
    known = reference.once(records)
    values = {
        relation: known.filter(relation=relation)["probe"].str.strip_prefix(f"{relation}:").unique().implode()
        for relation in (PERSON, VEHICLE, HOME, KIN)
    }
    return (
        key.is_in(values[PERSON])
        | key.is_in(values[VEHICLE])
        | ((kind == "person") & first.is_in(values[KIN]))
        | ((kind == "address") & first.is_in(values[HOME]))
    )


def _probe(kind: str | pl.Expr, value: pl.Expr) -> pl.Expr:
    prefix = pl.lit(kind) if isinstance(kind, str) else kind
    return pl.concat_str(prefix, pl.lit(":"), value).alias("probe")
