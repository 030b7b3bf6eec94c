"""Identifiers written otherwise: what somebody may have meant by a value that nobody holds. Pairs of values, no people.

It must never say that two ways of writing are one thing: a variant is a lead, and whoever follows it says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import polars as pl

from detectors.reference import Reference
from parsers.event import TEXT
from parsers.force import Force

DOMAIN: Final = "domain"
SPACES: Final = "spaces"
ZEROS: Final = "zeros"
RANK: Final = "rank"
MIXED: Final = "mixed"
MAILBOX: Final = "mailbox"
DIGIT: Final = "digit"
SWAPPED: Final = "swapped"
SLIPS: Final = (DIGIT, SWAPPED)
"""A slip of the finger leads to another number that may well be somebody's: weaker than the other ways."""

MOST_WRONG: Final = 2

VARIANT_SCHEMA: Final = pl.Schema(
    {"kind": TEXT, "value": TEXT, "held_kind": TEXT, "held_value": TEXT, "way": TEXT}
)
NO_VARIANTS: Final = VARIANT_SCHEMA.to_frame()

_PREFIXED: Final = r"^[^\\]*\\"  # NORTHMERE\jdoe
_ADDRESSED: Final = r"@.*$"  # jdoe@police.northmere.example
_QUALIFIED: Final = r"^([^.]*[^.0-9][^.]*)\..*$"  # NM-PC-0101.northmere.example, but not 10.0.0.1
_RANKED: Final = r"^(?:PCSO|INSP|SGT|PC|PS|DC|DS|DI|SC)[.-]?([0-9].*)$"  # PC1234
_ZEROS: Final = r"(^|[^0-9])0+([0-9])"  # 0077, u012345


def variants(asked: pl.DataFrame, reference: Reference, force: Force) -> pl.DataFrame:
    """Return the values of the identifiers feed that an asked value may have been meant for (VARIANT_SCHEMA).

    asked: kind and value, canonical. What is after an `@` can be left out only where it is one of the force's own
    domains. Only collar numbers are typed by hand, so only they may have a digit wrong or two neighbours swapped.
    """
    wanted = asked.select("kind", "value").drop_nulls().unique()
    if wanted.is_empty() or reference["identifiers"].is_empty():
        return NO_VARIANTS
    found = pl.concat(
        (_alike(wanted, reference, force), _mailboxes(wanted, reference), _slips(wanted, reference))
    )
    return found.sort(VARIANT_SCHEMA.names())


def loose(kind: pl.Expr, value: pl.Expr) -> pl.Expr:
    """Return a canonical value without what people leave out or add in writing it: equal for values that are alike."""
    return _without_zeros(kind, _without_rank(kind, _without_spaces(kind, _without_domain(kind, value))))


def slips_of(collar: str) -> Iterable[tuple[str, str]]:
    """Yield what a collar number becomes with one digit wrong, or two neighbouring digits swapped: (value, way)."""
    for place, letter in enumerate(collar):
        if letter not in "0123456789":
            continue
        before, after = collar[:place], collar[place + 1 :]
        yield from ((f"{before}{digit}{after}", DIGIT) for digit in "0123456789" if digit != letter)
        following = after[:1]
        if following and following in "0123456789" and following != letter:
            yield f"{before}{following}{letter}{after[1:]}", SWAPPED


def misspelt(one: pl.Series, two: pl.Series) -> pl.Series:
    """Tell of each pair of texts whether they are of one length and differ in at most MOST_WRONG letters; never null.

    Two neighbours swapped are two letters. For few pairs: it takes every letter apart.
    """
    pairs = pl.DataFrame({"one": one, "two": two}).with_row_index("pair")
    same_length = pairs.drop_nulls().filter(pl.col("one").str.len_chars() == pl.col("two").str.len_chars())
    letters = same_length.with_columns(pl.col("one", "two").str.extract_all("(?s).")).explode("one", "two")
    wrong = letters.group_by("pair").agg((pl.col("one") != pl.col("two")).sum().alias("wrong"))
    found = wrong.filter(pl.col("wrong") <= MOST_WRONG)
    return pairs["pair"].is_in(found["pair"].implode())


def _known(reference: Reference) -> pl.DataFrame:
    """Return every identifier that was ever somebody's, with its loose form."""
    held = reference["identifiers"].select("kind", held_value="value").drop_nulls().unique()
    return held.with_columns(loose(pl.col("kind"), pl.col("held_value")).alias("loose"))


def _alike(wanted: pl.DataFrame, reference: Reference, force: Force) -> pl.DataFrame:
    """Return the pairs of one kind that differ in nothing but how they are written."""
    kind, value, held = pl.col("kind"), pl.col("value"), pl.col("held_value")
    pairs = (
        wanted.with_columns(loose(kind, value).alias("loose"))
        .join(reference.once(_known), on=["kind", "loose"])
        .filter(value != held, pl.col("loose") != "", _own_domain(value, force), _own_domain(held, force))
    )
    if pairs.is_empty():
        return NO_VARIANTS
    steps = (
        (DOMAIN, _without_domain),
        (SPACES, _without_spaces),
        (ZEROS, _without_zeros),
        (RANK, _without_rank),
    )
    way = pl.coalesce(
        *(pl.when(step(kind, value) == step(kind, held)).then(pl.lit(name)) for name, step in steps)
    )
    return pairs.select(
        "kind", "value", pl.col("kind").alias("held_kind"), "held_value", way.fill_null(MIXED).alias("way")
    )


def _mailboxes(wanted: pl.DataFrame, reference: Reference) -> pl.DataFrame:
    """Return the accounts that are written as the address of a mailbox: the feed may know the mailbox alone."""
    addresses = wanted.filter(pl.col("value").str.contains("@", literal=True), kind="account")
    if addresses.is_empty():
        return NO_VARIANTS
    mailboxes = reference["identifiers"].filter(kind="email").select("value").unique()
    return addresses.join(mailboxes, on="value", how="semi").select(
        "kind",
        "value",
        pl.lit("email").alias("held_kind"),
        pl.col("value").alias("held_value"),
        pl.lit(MAILBOX).alias("way"),
    )


def _slips(wanted: pl.DataFrame, reference: Reference) -> pl.DataFrame:
    """Return the collar numbers that are one slip of the finger away."""
    collars = wanted.filter(kind="collar")["value"]
    rows = [("collar", collar, "collar", other, way) for collar in collars for other, way in slips_of(collar)]
    if not rows:
        return NO_VARIANTS
    held = reference["identifiers"].filter(kind="collar").select(held_value="value").unique()
    return pl.DataFrame(rows, VARIANT_SCHEMA, orient="row").join(held, on="held_value", how="semi")


def _own_domain(value: pl.Expr, force: Force) -> pl.Expr:
    """Return whether a value names no mail domain, or one of ours."""
    return ~value.str.contains("@", literal=True) | force.owns_address(value).fill_null(value=False)


def _without_domain(kind: pl.Expr, value: pl.Expr) -> pl.Expr:
    return (
        pl.when(kind == "account")
        .then(value.str.replace(_PREFIXED, "").str.replace(_ADDRESSED, ""))
        .when(kind == "email")
        .then(value.str.replace(_ADDRESSED, ""))
        .when(kind == "terminal")
        .then(value.str.replace(_QUALIFIED, "${1}"))
        .otherwise(value)
    )


def _without_spaces(kind: pl.Expr, value: pl.Expr) -> pl.Expr:
    return (
        pl.when(kind.is_in(["account", "terminal"])).then(value.str.replace_all(r"\s+", "")).otherwise(value)
    )


def _without_rank(kind: pl.Expr, value: pl.Expr) -> pl.Expr:
    return pl.when(kind == "collar").then(value.str.replace(_RANKED, "${1}")).otherwise(value)


def _without_zeros(kind: pl.Expr, value: pl.Expr) -> pl.Expr:
    numbered = kind.is_in(["account", "collar", "extension", "terminal"])
    return pl.when(numbered).then(value.str.replace_all(_ZEROS, "${1}${2}")).otherwise(value)
