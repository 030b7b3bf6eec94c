"""Web addresses to what may be kept of them: where, not what was typed. A query string is content, and may name people.

It must never let user information, a query or a fragment through as part of an address. It must never guess: what is no
address keeps its text, and has no domain.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final
from urllib.parse import unquote

import polars as pl

HASH_CHARACTERS: Final = 32
_BARE: Final = r"[?#].*$"
_USER: Final = r"^([A-Za-z][A-Za-z0-9+._-]*://)?[^/@]*@"
_SCHEME: Final = r"^[A-Za-z][A-Za-z0-9+._-]*$"
_AUTHORITY: Final = r"^(\[[0-9A-Fa-f:.]+\]|[^\s/:@\[\]]+)(?::([0-9]{1,5}))?$"
_PLACE: Final = pl.Struct({"host": pl.String(), "port": pl.Int32()})
_QUERY: Final = r"^[^?#]*\?([^#]+)"


def bare_address(address: pl.Expr) -> pl.Expr:
    """Return addresses without user information, query and fragment, otherwise as written; null where nothing is left."""
    return address.map_batches(_bare, return_dtype=pl.String(), is_elementwise=True)


def host_and_port(bare: pl.Expr) -> pl.Expr:
    """Return a struct of host (lower case, IPv6 in its brackets, no dot at the end) and port of `bare_address`.

    Both are null where the text is no address: `error:invalid-request`, a path alone, nothing. A scheme is not needed.
    """
    return bare.map_batches(_place, return_dtype=_PLACE, is_elementwise=True)


def query_of(address: pl.Expr) -> pl.Expr:
    """Return the query of addresses, null where there is none or an empty one."""
    return address.map_batches(_query, return_dtype=pl.String(), is_elementwise=True)


def hashed(text: pl.Expr) -> pl.Expr:
    """Return the first half of the SHA-256 of texts in hexadecimal: whether two are the same, not what they say.

    Short or guessable text can be found out by trying: it hides nothing from somebody who knows what to look for.
    """
    return text.map_batches(_hashed, return_dtype=pl.String(), is_elementwise=True)


def unescaped(text: pl.Expr) -> pl.Expr:
    """Return text with its percent escapes decoded, once per distinct text; what they spell is always text."""
    return text.map_batches(_unescaped, return_dtype=pl.String(), is_elementwise=True)


def _bare(addresses: pl.Series) -> pl.Series:
    bare = addresses
    if addresses.str.contains_any(["?", "#"]).any():
        bare = bare.str.replace(_BARE, "")
    if bare.str.contains("@", literal=True).any():
        bare = bare.str.replace(_USER, "${1}")
    return bare.set(bare == "", None) if (bare == "").any() else bare


def _query(addresses: pl.Series) -> pl.Series:
    if not addresses.str.contains("?", literal=True).any():
        return pl.Series(addresses.name, [None], dtype=pl.String).new_from_index(0, len(addresses))
    return addresses.str.extract(_QUERY)


def _place(bare: pl.Series) -> pl.Series:
    """Read each distinct host and port once: people go to few, however long their addresses are."""
    parts = bare.str.splitn("://", 2).struct.unnest()
    schemed = parts["field_1"].is_not_null() & parts["field_0"].str.contains(_SCHEME)
    authority = parts["field_1"].zip_with(schemed.fill_null(value=False), bare)
    authority = authority.str.splitn("/", 2).struct.field("field_0")
    written = authority.drop_nulls().unique()
    found = written.str.extract_groups(_AUTHORITY).struct.rename_fields(["host", "port"]).struct.unnest()
    host = found["host"].str.to_lowercase().str.strip_chars_end(".")
    port = found["port"].cast(pl.Int32).set(host == "", None)
    host = host.set(host == "", None)
    return pl.DataFrame(
        [
            authority.replace_strict(written, told, default=None, return_dtype=told.dtype).alias(name)
            for name, told in (("host", host), ("port", port))
        ]
    ).to_struct(bare.name)


def _hashed(texts: pl.Series) -> pl.Series:
    written = texts.drop_nulls().unique()
    if not written.len():
        return texts
    hashes = [sha256(text.encode()).hexdigest()[:HASH_CHARACTERS] for text in written]
    return texts.replace_strict(written, hashes, default=None, return_dtype=pl.String())


def _unescaped(texts: pl.Series) -> pl.Series:
    escaped = texts.str.contains("%[0-9A-Fa-f]{2}")
    if not escaped.any():
        return texts
    written = texts.filter(escaped).unique()
    plain = pl.Series([unquote(text, errors="replace") for text in written], dtype=pl.String)
    return texts.replace_strict(written, plain, default=texts, return_dtype=pl.String())
