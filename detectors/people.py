"""People as explanations need them: their unit while they serve, what is close to them.

It must never widen an explanation: what is known here only takes away.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import polars as pl

from detectors.grounds import unit_name
from detectors.reference import Reference
from parsers.subjects import canonical_vehicle

_DAY: Final = timedelta(days=1)


def units(reference: Reference) -> pl.DataFrame:
    """Return staff_id, unit, unit_key (as compared), role_key, manager, serves_from and serves_to; one row a person."""
    return (
        reference["staff"]
        .select(
            "staff_id",
            "unit",
            unit_name("unit").alias("unit_key"),
            unit_name("role").alias("role_key"),
            pl.col("line_manager_id").alias("manager"),
            pl.col("start_date").cast(pl.Datetime("us", "UTC")).alias("serves_from") - _DAY,
            pl.col("end_date").cast(pl.Datetime("us", "UTC")).alias("serves_to") + 2 * _DAY,
        )
        .unique("staff_id", keep="first", maintain_order=True)
    )


def serving() -> pl.Expr:
    """Boolean expression over `units` and a timestamp: they had joined and had not left, give or take a day."""
    at = pl.col("timestamp")
    began = (at >= pl.col("serves_from")).fill_null(value=True)
    return began & (at < pl.col("serves_to")).fill_null(value=True)


def close_or_sensitive(rows: pl.DataFrame, reference: Reference) -> pl.Series:
    """Tell of each row (staff_id, timestamp, subject_type, subject_key) whether it needs more than a general reason.

    True for subjects that are the enquirer, bear their surname or one of their next of kin, are their vehicles or lie in
    their postcode; that are any member of staff or their vehicle; and that are flagged as sensitive then. Never null.
    """
    asked = rows.select("staff_id", "timestamp", "subject_type", "subject_key").with_row_index("__order")
    theirs = asked.join(reference.once(_own), on="staff_id", how="left")
    key = pl.col("subject_key")
    surname = key.str.split("/").list.first()
    own = (
        ((pl.col("subject_type") == "person") & pl.col("surnames").list.contains(surname))
        | ((pl.col("subject_type") == "address") & key.str.starts_with(pl.col("postcode") + "/"))
    ).fill_null(value=False)
    kin = theirs.select("__order", own.alias("close"))
    staff = asked.join(
        reference.once(_of_staff), on=["subject_type", "subject_key"], how="semi", maintain_order="left"
    )["__order"]
    return (
        kin.sort("__order")["close"]
        | asked["__order"].is_in(staff.implode())
        | asked["__order"].is_in(_flagged(asked, reference).implode())
    )


def _flagged(asked: pl.DataFrame, reference: Reference) -> pl.Series:
    flags = reference["sensitive_subjects"]
    if flags.is_empty():
        return pl.Series([], dtype=pl.UInt32)
    at = pl.col("timestamp")
    then = (at >= pl.col("from")) & (at < pl.col("to")).fill_null(value=True)
    return asked.join(flags, on=["subject_type", "subject_key"]).filter(then)["__order"].unique()


def _own(reference: Reference) -> pl.DataFrame:
    """Return staff_id, the surnames of each person and their kin, and their postcode, as subjects are written."""
    own = surname_of("name")
    kin = pl.col("next_of_kin_surnames").list.eval(pl.element().str.strip_chars().str.to_uppercase())
    return (
        reference["staff"]
        .select(
            "staff_id",
            pl.concat_list(own, kin.fill_null([])).alias("surnames"),
            pl.col("home_postcode").str.replace_all(r"\s+", "").str.to_uppercase().alias("postcode"),
        )
        .unique("staff_id", keep="first", maintain_order=True)
    )


def _of_staff(reference: Reference) -> pl.DataFrame:
    """Return subject_type and subject_key of all staff and their vehicles."""
    return pl.concat((staff_subjects(reference["staff"]), vehicles_of(reference["staff"]))).unique()


def staff_subjects(staff: pl.DataFrame) -> pl.DataFrame:
    """Return subject_type and subject_key of people whose date of birth is known, as look-ups write them."""
    return staff.select(
        pl.lit("person").alias("subject_type"), person_key().alias("subject_key")
    ).drop_nulls()


def vehicles_of(staff: pl.DataFrame) -> pl.DataFrame:
    """Return subject_type and subject_key of the vehicles of people."""
    marks = staff.select(pl.col("vehicles").explode().alias("subject_key")).drop_nulls()
    key = canonical_vehicle(pl.col("subject_key"))
    return marks.select(pl.lit("vehicle").alias("subject_type"), key)


def person_key() -> pl.Expr:
    """Return the subject key of rows of the staff feed: SURNAME/FORENAME/YYYY-MM-DD, null without name or date of birth."""
    born = pl.col("dob").dt.to_string("iso")
    return pl.concat_str(surname_of("name"), forename_of("name"), born, separator="/")


def surname_of(column: str) -> pl.Expr:
    """Return the surname in a name, in capitals: what stands before a comma, else the last word."""
    name = pl.col(column).str.strip_chars().str.to_uppercase()
    return pl.coalesce(name.str.extract(r"^([^,]+?)\s*,"), name.str.extract(r"(\S+)$"))


def forename_of(column: str) -> pl.Expr:
    """Return the first forename in a name, in capitals: the word behind a comma, else the first of several."""
    name = pl.col(column).str.strip_chars().str.to_uppercase()
    return pl.coalesce(name.str.extract(r",\s*(\S+)"), name.str.extract(r"^(\S+)\s"))
