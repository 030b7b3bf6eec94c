"""Email addresses to the one form in which they are compared, and whose they are: one mailbox always reads the same.

It must never drop text that is not an address (an X.500 name, a bare account): that comes back folded, so that it can
still be matched. It must never guess beyond what is written: `+tags` and dots in the local part stay.

Canonical form: compatibility-normalised (NFKC) without invisible characters; without display name, angle brackets,
`smtp:` or `mailto:` prefix, enclosing quotes or needless ones around the local part; casefolded as a whole (Exchange
compares local parts without case); internationalised domains decoded from `xn--`; no dot at the end of the domain.
"""

from __future__ import annotations

import re
from typing import Final
from unicodedata import category, normalize

import polars as pl

from parsers.force import Force

# Text free of these is canonical once it is in lower case; the rest goes by the scalar, once per distinct value.
_ODD: Final = r"[^A-Za-z0-9@.!#$%&'*+/=?^_{|}~-]|^'|'$|\.$|[xX][nN]--"
_NAMED: Final = re.compile(r"<([^<>]*)>$")
_PREFIX: Final = re.compile(r"(?:smtp|mailto):")
_NEEDLESSLY_QUOTED: Final = re.compile(r'"([a-z0-9.!#$%&\'*+/=?^_{|}~-]+)"(?=@)')
_DOMAIN: Final = r"@([^@]+)$"


def canonical_address(address: pl.Expr) -> pl.Expr:
    """Return the canonical form of an address (String to String), null where nothing is left of it."""
    return address.map_batches(_canonical, return_dtype=pl.String(), is_elementwise=True)


def canonical_addresses(addresses: pl.Expr) -> pl.Expr:
    """Return the canonical form of each address of a list: same length and order, null where nothing is left."""
    return addresses.list.eval(canonical_address(pl.element()))


def address_domain(address: pl.Expr) -> pl.Expr:
    """Return what follows the last `@` of a canonical address, null where it has none."""
    return address.str.extract(_DOMAIN)


def with_email_direction(
    events: pl.DataFrame, force: Force, *, from_us: pl.Expr | None = None
) -> pl.DataFrame:
    """Return the events with `email_direction`, as `email_direction_steps` makes it."""
    for step in email_direction_steps(force, from_us=from_us):
        events = events.with_columns(step)
    return events.drop("_sent", "_leaves", "_received", strict=False)


def email_direction_steps(force: Force, *, from_us: pl.Expr | None = None) -> list[list[pl.Expr]]:
    """Return what to add to events, one step after the other, to have `email_direction`.

    It goes by the domains of `email_from_address` and `email_to_address`: outbound, internal, inbound or unknown; one
    recipient outside is enough for outbound. Text without `@` is on neither side, and without configured domains all is
    unknown. from_us: true on rows where the message leaves from us whoever its sender is (a forwarding rule, a bounce).
    """
    if not force.domains:
        return [[pl.lit("unknown").alias("email_direction")]]
    recipients = pl.col("email_to_address").list.eval(_owned(force, pl.element()))
    sent, received = pl.col("_sent"), pl.col("_received").list
    owned = _owned(force, pl.col("email_from_address"))
    leaves = owned if from_us is None else owned.fill_null(value=False) | from_us
    direction = (
        pl.when(pl.col("_leaves") & ~received.all())
        .then(pl.lit("outbound"))
        .when(sent & received.any())
        .then(pl.lit("internal"))
        .when(~sent & received.any())
        .then(pl.lit("inbound"))
        .otherwise(pl.lit("unknown"))
    )
    sides = [owned.alias("_sent"), leaves.alias("_leaves"), recipients.alias("_received")]
    return [sides, [direction.alias("email_direction")]]


def canonical_address_text(text: str) -> str | None:
    """Return the canonical form of one address, None where nothing is left: always what `canonical_address` returns."""
    previous, current = None, text
    while current != previous:
        # Wrappings can be nested (a prefix in quotes in brackets). It ends: each further pass unwraps or decodes something.
        previous, current = current, _one_pass(current)
    return current or None


def _owned(force: Force, address: pl.Expr) -> pl.Expr:
    """Whether the address is ours; null where that cannot be told."""
    return pl.when(address.str.contains("@", literal=True)).then(force.owns_address(address))


def _canonical(addresses: pl.Series) -> pl.Series:
    odd = addresses.str.contains(_ODD)
    lower = addresses.str.to_lowercase()
    lower = lower.set(lower == "", None)
    if not odd.any():
        return lower
    written = addresses.filter(odd).unique()
    canonical = pl.Series([canonical_address_text(text) for text in written], dtype=pl.String)
    return addresses.replace_strict(written, canonical, default=lower, return_dtype=pl.String)


def _one_pass(text: str) -> str:
    bare = _bare(_folded(text))
    local, at, domain = bare.rpartition("@")
    if not at:
        return bare
    domain = ".".join(_decoded(label) for label in domain.rstrip(".").split("."))
    return _NEEDLESSLY_QUOTED.sub(r"\1", f"{local}@{domain}")


def _folded(text: str) -> str:
    visible = "".join(letter for letter in normalize("NFKC", text) if category(letter) not in ("Cf", "Cc"))
    return " ".join(normalize("NFKC", visible.casefold()).split())


def _bare(text: str) -> str:
    """Strip what is written around an address: display name and brackets, prefixes, enclosing quotes."""
    named = _NAMED.search(text)
    if named and (named[1].strip() or named.start() == 0):
        text = named[1].strip()
    text = _PREFIX.sub("", text, count=1) if _PREFIX.match(text) else text
    while len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip()
    return text.strip("'").strip()


def _decoded(label: str) -> str:
    """Return a domain label in Unicode; as it is where it is no sound punycode or would read as something else."""
    if not label.startswith("xn--"):
        return label
    try:
        decoded = _folded(label[4:].encode("ascii").decode("punycode"))
        decoded.encode()  # Punycode can spell half a character, which is no text.
    except UnicodeError:
        return label
    sound = decoded and not decoded.startswith("xn--") and not set(decoded) & set("@.<>\"' :;,/\\")
    return decoded if sound else label
