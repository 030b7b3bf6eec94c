"""Canonical values of feed columns: written the way events write them, so that equal things are equal.

It must never guess: a value that has no canonical form comes back null, and the row is refused with its reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import polars as pl

from detectors.reference import FEEDS, SUBJECT_TYPES
from parsers.addresses import address_domain, canonical_address
from parsers.force import Force
from parsers.numbers import canonical_number
from parsers.subjects import (
    canonical_account,
    canonical_collar,
    canonical_subject_key,
    canonical_subject_type,
    canonical_terminal,
    canonical_vehicle,
)

COMPANY_DIGITS: Final = 8
DOMAIN_PATTERN: Final = r"^[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)+$"

Canonical = Callable[[pl.DataFrame, Force], pl.DataFrame]


def canonical_values(frame: pl.DataFrame, feed: str, force: Force) -> pl.DataFrame:
    """Return the feed's text columns (trimmed, empty ones null) with canonical values in place of written ones."""
    frame = frame.with_columns(_word(column.name) for column in FEEDS[feed].fields if column.choices)
    for step in CANONICAL.get(feed, ()):
        frame = step(frame, force)
    return frame


def _word(name: str) -> pl.Expr:
    """Return words of a closed list as the list has them: `On call` and `ON-CALL` are on_call."""
    return pl.col(name).str.to_lowercase().str.replace_all(r"[\s-]+", "_")


def canonical_domain(domain: pl.Expr) -> pl.Expr:
    """Return mail domains in lower case without leading @ or closing dot; null where it cannot be one."""
    # As the domain of an address, so that both are folded alike.
    folded = address_domain(canonical_address(pl.concat_str(pl.lit("any@"), domain.str.strip_prefix("@"))))
    return pl.when(folded.str.contains(DOMAIN_PATTERN)).then(folded)


def _address(value: pl.Expr) -> pl.Expr:
    """Return canonical addresses; null where the text is neither an address nor an Exchange X.500 name."""
    folded = canonical_address(value)
    return pl.when(folded.str.contains("@", literal=True) | folded.str.starts_with("/o=")).then(folded)


def _value_by_kind(frame: pl.DataFrame, force: Force) -> pl.DataFrame:
    """Replace `value` according to `kind`; a value of an unknown kind stays (the kind is refused anyway)."""
    kind, value = pl.col("kind"), pl.col("value")
    phones = frame.select(pl.when(kind == "phone").then(value)).to_series()
    digits = value.str.replace_all(r"\D", "")
    # A number with masked digits is a pattern: it names nobody.
    whole = pl.col("_phone").str.contains("*", literal=True).not_()
    return frame.with_columns(canonical_number(phones, force).alias("_phone")).select(
        pl.exclude("value", "_phone"),
        pl.when(kind == "phone")
        .then(pl.when(whole).then("_phone"))
        .when(kind == "email")
        .then(_address(value))
        .when(kind == "domain")
        .then(canonical_domain(value))
        .when(kind == "account")
        .then(canonical_account(value))
        .when(kind == "collar")
        .then(canonical_collar(value))
        .when(kind == "terminal")
        .then(canonical_terminal(value))
        .when(kind == "extension")
        .then(pl.when(digits != "").then(digits))
        .otherwise(value)
        .alias("value"),
    )


def _subject(frame: pl.DataFrame, force: Force) -> pl.DataFrame:
    del force
    subject_type, key = pl.col("subject_type"), pl.col("subject_key")
    return frame.with_columns(
        canonical_subject_type(subject_type),
        canonical_subject_key(subject_type, key).alias("subject_key"),
    )


def _staff(frame: pl.DataFrame, force: Force) -> pl.DataFrame:
    del force
    return frame.with_columns(
        pl.col("vehicles").list.eval(canonical_vehicle(pl.element())).list.drop_nulls(),
        pl.col("next_of_kin_surnames").list.eval(pl.element().str.to_uppercase()),
        pl.col("home_postcode").str.to_uppercase().str.replace_all(r"\s+", " "),
    )


def _subjects(frame: pl.DataFrame, force: Force) -> pl.DataFrame:
    """Replace `subjects` by lists of canonical `type:key`, null where one of them is not such a thing."""
    del force
    parts = pl.element().str.split_exact(":", 1)
    kind = canonical_subject_type(parts.struct[0])
    key = canonical_subject_key(kind, parts.struct[1])
    known = pl.when(kind.is_in(SUBJECT_TYPES)).then(pl.concat_str(kind, pl.lit(":"), key))
    listed = pl.col("subjects").list.eval(known)
    whole = (
        ~listed.list.contains(None)
        & ~pl.col("subjects").list.eval(pl.element().str.count_matches(":", literal=True) != 1).list.any()
    )
    return frame.with_columns(pl.when(whole).then(listed.list.unique(maintain_order=True)).alias("subjects"))


def _company(frame: pl.DataFrame, force: Force) -> pl.DataFrame:
    """Write companies alike: one space between words; numbers in capitals, of digits alone with their leading zeros."""
    del force
    number = pl.col("company_number").str.to_uppercase().str.replace_all(r"\s+", "")
    digits = number.str.contains(r"^\d{1,8}$")
    return frame.with_columns(
        pl.col("counterparty").str.replace_all(r"\s+", " "),
        pl.when(digits).then(number.str.zfill(COMPANY_DIGITS)).otherwise(number).alias("company_number"),
    )


def _currency(frame: pl.DataFrame, force: Force) -> pl.DataFrame:
    del force
    return frame.with_columns(pl.col("currency").str.to_uppercase())


CANONICAL: Final[dict[str, tuple[Canonical, ...]]] = {
    "staff": (_staff,),
    "identifiers": (_value_by_kind,),
    "incident_subjects": (_subject,),
    "media_contacts": (_value_by_kind,),
    "watch_lists": (_value_by_kind,),
    "protected_contacts": (_value_by_kind,),
    "sensitive_subjects": (_subject,),
    "stories": (_subjects,),
    "gifts": (_company,),
    "contracts": (_company,),
    "business_interests": (_company,),
    "diary": (_company,),
    "card_spend": (_company, _currency),
}
