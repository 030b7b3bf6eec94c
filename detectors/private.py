"""Which addresses outside are private: free mail, and those that bear the name of the person who wrote to them.

It must never hand on a name: of a comparison there remains whether it held.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import polars as pl

from detectors.people import forename_of, surname_of
from detectors.reference import Reference

FREE_MAIL: Final = (
    "aol.com", "btinternet.com", "gmail.com", "gmx.com", "googlemail.com", "hotmail.co.uk", "hotmail.com", "icloud.com",
    "live.co.uk", "live.com", "mail.com", "me.com", "outlook.com", "proton.me", "protonmail.com", "sky.com",
    "talktalk.net", "tutanota.com", "virginmedia.com", "yahoo.co.uk", "yahoo.com", "yandex.com", "zoho.com",
)  # fmt: skip
_SHORTEST: Final = 3
"""A surname of fewer letters stands in too many addresses by chance."""


def under(address: str, domains: Iterable[str]) -> pl.Expr:
    """Boolean expression, never null: the address (or host) in this column lies in one of the domains, or under one."""
    ends = [domain.strip().lower().lstrip("@.") for domain in domains]
    host = pl.col(address).str.split("@").list.last()
    held = host.is_in(ends)
    for end in ends:
        held = held | host.str.ends_with(f".{end}")
    return held.fill_null(value=False)


def is_private(rows: pl.DataFrame, reference: Reference, domains: Iterable[str]) -> pl.DataFrame:
    """Add to rows (staff_id, other_value) `own_name` and `private`: free mail, or the person's own name; never null.

    An address bears their name where its part before the @ holds the surname, and the forename or its initial beside it.
    """
    names = reference.once(_names)
    known = rows.join(names, on="staff_id", how="left", maintain_order="left")
    letters = pl.col("other_value").str.extract(r"^([^@]*)@").str.to_lowercase().str.replace_all("[^a-z]", "")
    surname, forename = pl.col("__surname"), pl.col("__forename")
    initial = forename.str.slice(0, 1)
    named = letters.str.contains(surname, literal=True) & (
        letters.str.contains(forename, literal=True)
        | letters.str.contains(pl.concat_str(initial, surname), literal=True)
        | letters.str.contains(pl.concat_str(surname, initial), literal=True)
    )
    return (
        known.with_columns(named.fill_null(value=False).alias("own_name"))
        .with_columns((pl.col("own_name") | under("other_value", domains)).alias("private"))
        .drop("__surname", "__forename")
    )


def _names(reference: Reference) -> pl.DataFrame:
    """Return staff_id, surname and forename in small letters, of people whose surname tells them from others."""
    plain = [
        name.str.to_lowercase().str.replace_all("[^a-z]", "").alias(column)
        for name, column in ((surname_of("name"), "__surname"), (forename_of("name"), "__forename"))
    ]
    return (
        reference["staff"]
        .select("staff_id", *plain)
        .filter(pl.col("__surname").str.len_bytes() >= _SHORTEST, pl.col("__forename") != "")
        .unique("staff_id", keep="first")
    )
