"""Canonical forms of accounts, terminals, collar numbers and of who or what a look-up was about.

Logs and reference feeds both go through here, so that equal things are written equally. It must never guess what
is not written: an unknown kind of subject keeps its name, a partial registration stays partial.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import polars as pl

SUBJECT_TYPES: Final = ("person", "vehicle", "property", "address", "phone", "email", "occurrence")
SUBJECT_TYPE_SYNONYMS: Final = {"driver": "person"}


def canonical_account(expr: pl.Expr) -> pl.Expr:
    """Return accounts trimmed, in lower case; null where nothing is left."""
    return _null_if_empty(expr.str.strip_chars().str.to_lowercase())


def canonical_collar(expr: pl.Expr) -> pl.Expr:
    """Return collar numbers in capitals, without spaces; null where nothing is left."""
    return _null_if_empty(_without_spaces(expr.str.to_uppercase()))


def canonical_terminal(expr: pl.Expr) -> pl.Expr:
    """Return terminal names trimmed, in capitals; null where nothing is left."""
    return _null_if_empty(expr.str.strip_chars().str.to_uppercase())


def canonical_vehicle(expr: pl.Expr) -> pl.Expr:
    """Return registration marks in capitals, without spaces; null where nothing is left."""
    return _null_if_empty(_without_spaces(expr.str.to_uppercase()))


def canonical_subject_type(expr: pl.Expr) -> pl.Expr:
    """Return kinds of subject in lower case, synonyms (driver) replaced; unknown kinds are kept as they are."""
    return expr.str.strip_chars().str.to_lowercase().replace({"": None, **SUBJECT_TYPE_SYNONYMS})


def canonical_subject_key(subject_type: pl.Expr, key: pl.Expr) -> pl.Expr:
    """Return subject keys as they are compared, by kind of subject (as written or canonical).

    vehicle and address: capitals, no spaces (`AB12CDE`, `AB12CD/14A`). phone: no spaces, brackets, dots or hyphens, the
    national zero in `+44 (0)` dropped; not read any further. email: small letters, no spaces. Everything else (PNCID, `SURNAME/FORENAME/YYYY-MM-DD`,
    references): capitals, runs of spaces made one, none beside a `/`. Null where nothing is left.
    """
    return key_by_kind(canonical_subject_type(subject_type), key.str.strip_chars().str.to_uppercase())


def key_by_kind(kind: pl.Expr, upper: pl.Expr) -> pl.Expr:
    """Return `canonical_subject_key` of canonical kinds and of keys that are trimmed and in capitals already."""
    solid, phone, email = kind.is_in(["vehicle", "address"]), kind == "phone", kind == "email"
    # Masked before the patterns run, so that each of them looks only at the rows it is for; and a pattern matches only
    # what it changes, since a match costs much more than a look.
    number = _without_spaces(pl.when(phone).then(upper))
    number = number.str.replace(r"^(\+\d+)\(0\)", "${1}").str.replace_all(r"[().-]", "")
    # Without spaces first: the last letter of a word may have a small form of its own.
    mailbox = _without_spaces(pl.when(email).then(upper)).str.to_lowercase()
    spaced = pl.when(solid | phone | email).then(None).otherwise(upper)
    spaced = spaced.str.replace_all(r"\s+/\s*|/\s+", "/").str.replace_all(r"\s{2,}|[^\S ]", " ")
    return _null_if_empty(pl.coalesce(_without_spaces(pl.when(solid).then(upper)), number, mailbox, spaced))


def canonical_account_text(text: str) -> str | None:
    """Return one account as `canonical_account` does."""
    return _one(canonical_account, text)


def canonical_collar_text(text: str) -> str | None:
    """Return one collar number as `canonical_collar` does."""
    return _one(canonical_collar, text)


def canonical_terminal_text(text: str) -> str | None:
    """Return one terminal name as `canonical_terminal` does."""
    return _one(canonical_terminal, text)


def canonical_vehicle_text(text: str) -> str | None:
    """Return one registration mark as `canonical_vehicle` does."""
    return _one(canonical_vehicle, text)


def canonical_subject_key_text(subject_type: str, key: str) -> str:
    """Return one subject key as `canonical_subject_key` does; "" where nothing is left."""
    return _one(lambda value: canonical_subject_key(pl.lit(subject_type), value), key) or ""


def _one(canonical: Callable[[pl.Expr], pl.Expr], text: str) -> str | None:
    """Apply an expression to one text: the scalar form cannot differ from the columnar one."""
    result = pl.DataFrame({"text": [text]}).select(canonical(pl.col("text"))).item()
    return None if result is None else str(result)


def _without_spaces(expr: pl.Expr) -> pl.Expr:
    return expr.str.replace_all(r"\s+", "")


def _null_if_empty(expr: pl.Expr) -> pl.Expr:
    return expr.replace("", None)
