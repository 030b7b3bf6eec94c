"""The force's own domains and number ranges: what makes a party internal. Never looks anything up."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class Force:
    """Who "we" are.

    domains: own mail domains, lower case; their subdomains are ours too.
    number_ranges: own E.164 prefixes, each with leading `+`.
    country: ISO 3166 region in which national numbers are read.
    access_digits: prefixes dialled to reach an outside line (for example "9").
    extension_digits: a number of at most this many digits is an extension, and ours.
    """

    domains: tuple[str, ...] = ()
    number_ranges: tuple[str, ...] = ()
    country: str = "GB"
    access_digits: tuple[str, ...] = ("9",)
    extension_digits: int = 6

    def owns_address(self, address: pl.Expr) -> pl.Expr:
        """Boolean expression: the canonical email address is in one of our domains."""
        if not self.domains:
            return address.is_null() & pl.lit(value=False)
        ours = address.is_in(list(self.domains))
        for own in self.domains:
            ours = ours | address.str.ends_with("@" + own) | address.str.ends_with("." + own)
        return ours

    def owns_number(self, number: pl.Expr) -> pl.Expr:
        """Boolean expression: the canonical number is an extension or in one of our ranges."""
        ours = (number.str.len_bytes() <= self.extension_digits) & ~number.str.starts_with("+")
        for prefix in self.number_ranges:
            ours = ours | number.str.starts_with(prefix)
        return ours
