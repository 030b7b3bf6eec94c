"""Phone numbers as written to the one form in which they are compared.

It must never invent a number: what cannot be read for certain stays as written, and what is withheld or is not a
number becomes null. `is_valid_number` is never asked: it calls newly opened and drama ranges (07700 900xxx) invalid.

Canonical forms:
  E.164 with `+`         international, `00`, and national forms, and own country code at full length without `+`
  the digits             at most `Force.extension_digits` of them: an extension or short code, 999 and 101 among them
  the digits as written  longer, but with neither trunk prefix nor `+` (`5033466594`): ambiguous, so left alone
  prefix and `*`         some digits are masked (`07700900***` is `+447700900*`): a pattern, never a whole number
  null                   withheld, empty, letters, feature codes, impossible international numbers
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final
from unicodedata import normalize

import phonenumbers
import polars as pl
from phonenumbers import (
    NumberParseException,
    PhoneMetadata,
    PhoneNumberFormat,
    ValidationResult,
    region_code_for_country_code,
)

from parsers.force import Force

# Typed before a number in the UK to hide the caller's number, to show it, to ring back: no part of the number.
UK_SERVICE_PREFIXES: Final = ("1470", "1471", "141")
MEMO_SIZE: Final = 1 << 16
FEWEST_DIGITS_BEFORE_MASK: Final = 3

_SPACING: Final = r"[ ().-]"
_INVISIBLE: Final = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]")
_SCHEME: Final = re.compile(r"^(?:sips?|tel):")
_AFTER_NUMBER: Final = re.compile(r"[@;?].*$", re.DOTALL)
# A backslash stands before the plus of a `\+44...` directory number, a comma is a dialling pause.
_PUNCTUATION: Final = re.compile("[\\s().,/\\\\~\u2010-\u2015\u2212-]+")
_SHAPE: Final = re.compile(r"(?P<written>\+?[0-9]+)(?P<mask>(?:[*x][*xyz0-9]*)?)")


def canonical_number(series: pl.Series, force: Force) -> pl.Series:
    """Return numbers in canonical form; equal to `canonical_number_text` on every value.

    The common strict forms are read by expressions; each distinct other value is read once, with a memo between calls.
    """
    text = series.cast(pl.String)
    bare = text.str.replace_all(_SPACING, "") if text.str.contains(_SPACING).any() else text
    read = bare.alias("bare").to_frame().select(_strict(force)).to_series()
    unread = read.is_null() & (text.str.len_bytes() > 0)
    if unread.any():
        residue = text.filter(unread).unique()
        values = pl.Series([_canonical(value, force) for value in residue], dtype=pl.String)
        read = read.fill_null(text.replace_strict(residue, values, default=None, return_dtype=pl.String))
    return read.alias(series.name)


def canonical_number_text(text: str, force: Force) -> str | None:
    """Return one number in canonical form, null where it is withheld or not a number."""
    return _canonical(text, force)


@lru_cache(maxsize=MEMO_SIZE)
def _canonical(text: str, force: Force) -> str | None:
    shape = _SHAPE.fullmatch(_cleaned(text))
    if shape is None:
        return None
    written, mask = shape["written"], shape["mask"]
    return _pattern(written, len(mask), force) if mask else _number(written, force)


def _cleaned(text: str) -> str:
    """Strip what surrounds a number: marks, scheme, host, parameters, punctuation, the `#` that ends dialling."""
    plain = _INVISIBLE.sub("", normalize("NFKC", text)).strip().lower()
    return _PUNCTUATION.sub("", _AFTER_NUMBER.sub("", _SCHEME.sub("", plain))).rstrip("#")


def _number(written: str, force: Force) -> str | None:
    if written.startswith("+"):
        return _e164(written, None)
    if len(written) <= force.extension_digits:
        return written
    for candidate in _without_prefixes(written, force):
        number = _national(candidate, force.country)
        if number is not None:
            return number
    return _own_country(written, force.country) or written


def _pattern(written: str, masked: int, force: Force) -> str | None:
    """Read the digits before a mask as a prefix: zeros stand in until the length is one that can be read."""
    if len(written.lstrip("+")) < FEWEST_DIGITS_BEFORE_MASK:
        return None
    if len(written) + masked > force.extension_digits:
        # A mask says little of a length: where as many digits as it has would be too many, fewer may be right.
        for hidden in (*range(masked, masked + 12), *range(masked - 1, 0, -1)):
            number = _number(written + "0" * hidden, force)
            if number is not None and number.startswith("+"):
                return number[:-hidden] + "*"
    return written + "*"


def _without_prefixes(written: str, force: Force) -> Iterator[str]:
    """Yield what may be the number once access digits and service prefixes are off; the whole comes last."""
    service = UK_SERVICE_PREFIXES if force.country == "GB" else ()
    for access in (*force.access_digits, ""):
        for prefix in (*service, ""):
            if written.startswith(access + prefix):
                yield written[len(access + prefix) :]


def _national(digits: str, country: str) -> str | None:
    """Read digits dialled inside `country`. Where numbers have a trunk zero, digits without it are no such number."""
    trunk = _trunk_zero(country)
    return None if trunk and not digits.startswith("0") else _e164(digits, country)


def _own_country(digits: str, country: str) -> str | None:
    """Read `442079460123`: our country code without plus, too long to be anything national."""
    metadata = PhoneMetadata.metadata_for_region(country, None)
    if metadata is None or metadata.general_desc is None or not digits.startswith(str(metadata.country_code)):
        return None
    return _e164("+" + digits, None) if len(digits) > max(metadata.general_desc.possible_length) else None


def _e164(written: str, country: str | None) -> str | None:
    """Return E.164 of a number of possible length; a length possible only inside one town is not enough."""
    try:
        number = phonenumbers.parse(written, country)
    except NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return None
    # A zero that stayed where numbers have a trunk zero is one that could not be taken off: not a number.
    if number.italian_leading_zero and _trunk_zero(region_code_for_country_code(number.country_code or 0)):
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _trunk_zero(country: str) -> bool:
    metadata = PhoneMetadata.metadata_for_region(country, None)
    return metadata is not None and metadata.national_prefix == "0"


@lru_cache(maxsize=16)
def _strict(force: Force) -> pl.Expr:
    """Expression over `bare`, numbers without spacing, for the forms that need no library; null says nothing about a value.

    Whatever it returns, `_canonical` returns too (a property test holds them together).
    """
    bare = pl.col("bare")
    extension = rf"[0-9]{{1,{force.extension_digits}}}"
    if force.country != "GB":
        return pl.when(bare.str.contains(f"^{extension}$")).then(bare)
    access = "|".join(re.escape(digits) for digits in force.access_digits)
    service = "|".join(UK_SERVICE_PREFIXES)
    # Nothing that could be a trunk prefix, our country code, a service prefix or an access digit stands in front.
    first = "".join(sorted(set("235678") - {digits[:1] for digits in force.access_digits}))
    as_written = rf"{extension}|[{first}][0-9]*" if first else extension
    national = rf"(?:(?:{access})?(?:{service})?(?:00440?|0)|\+440?|44)[1-357-9][0-9]{{9}}"
    return (
        pl.when(bare.str.contains(rf"^(?:{as_written})$"))
        .then(bare)
        .when(bare.str.contains(rf"^{national}$"))
        .then(pl.concat_str(pl.lit("+44"), bare.str.slice(-10)))
    )
