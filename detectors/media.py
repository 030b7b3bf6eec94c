"""Contacts with listed media: whose they are, what the register says of them, and what is left out of them.

It must never let a contact pass without saying whether it is left out, and why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import polars as pl

from detectors.confidence import IDENTITY_DTYPE
from detectors.contacts import CONTACT_SCHEMA, FOLD, contact_key
from detectors.detector import Window
from detectors.exempt import BULK, PRESS, ContactExemptions, is_bulk, press_office
from detectors.listed import CONTACT_FACTS, Listing, listed_contacts, listing, whose
from detectors.reference import Reference
from parsers.event import TEXT, UTC_MICROSECONDS

REGISTER_REACH: Final = timedelta(hours=24)

NOT_LOADED: Final = "not loaded"
REGISTERED: Final = "registered"
NONE: Final = "none"
PERSON_UNKNOWN: Final = "person unknown"

MEDIA_SCHEMA: Final = pl.Schema(
    {
        **CONTACT_SCHEMA,
        "outlet": TEXT,
        "staff_id": TEXT,
        "certainty": TEXT,
        "since": UTC_MICROSECONDS,  # since when the own identifier is that person's
        "identity": IDENTITY_DTYPE,  # how sure it is who it was, where that is not certain
        "register": TEXT,  # not loaded, registered, none or person unknown
        "register_entry": TEXT,
        "left_out": TEXT,  # why nobody needs to see it: registered, press or bulk; null where it is shown
    }
)
NO_MEDIA: Final = MEDIA_SCHEMA.to_frame()


@dataclass(frozen=True, slots=True)
class MediaContacts:
    """The span's contacts with listed media, with person, outlet, state of the register, and why they are left out.

    For `Window.once`: detectors with the same exemptions share the view. It looks from `before` to `after` of the span.
    `reach`: how far around the span the contacts themselves may lie.

    A contact counts when a list entry is valid at its time, its counterpart is not protected and, where the authority
    is limited to people, it is one of theirs: a contact of nobody known is then nobody's and is left out.
    """

    exempt: ContactExemptions
    reach: timedelta = timedelta(0)

    @property
    def before(self) -> timedelta:
        """How far back of a contact it looks."""
        return max(FOLD, self.exempt.before) + self.reach

    @property
    def after(self) -> timedelta:
        """How far ahead of a contact it looks."""
        return self.exempt.after + self.reach

    def __call__(self, window: Window) -> pl.DataFrame:
        """Return the contacts (MEDIA_SCHEMA), in no particular order."""
        start, end = window.span.start - self.reach, window.span.end + self.reach
        rows = listed_contacts(window, window.reference.once(_listing), start, end)
        if rows.is_empty():
            return NO_MEDIA
        people = whose(rows, window)
        known = _with_register(people, window.reference)
        return known.with_columns(self._left_out(known, window)).select(MEDIA_SCHEMA.names())

    def shown(self, window: Window) -> pl.DataFrame:
        """Return the contacts that are not left out."""
        return window.once(self).filter(pl.col("left_out").is_null())

    def why_not(self, window: Window, keys: Sequence[str]) -> dict[str, str]:
        """Return why contacts are no longer shown, where it is known: left out by now, or no authority opens the list."""
        if window.reference["media_contacts"].is_empty():
            return dict.fromkeys(keys, "no live authority opens the list of media contacts any more")
        rows = (
            window.once(self)
            .select(contact_key().alias("key"), "left_out", "register_entry")
            .filter(pl.col("key").is_in(list(keys)), pl.col("left_out").is_not_null())
        )
        return {key: _why(reason, entry) for key, reason, entry in rows.iter_rows()}

    def _left_out(self, rows: pl.DataFrame, window: Window) -> pl.Expr:
        registered = (pl.col("register") == REGISTERED) & (not self.exempt.show_registered)
        press = pl.col("staff_id").is_in(window.reference.once(_Press(self.exempt)).implode())
        return (
            pl.when(registered)
            .then(pl.lit(REGISTERED))
            .when(press.fill_null(value=False))
            .then(pl.lit(PRESS))
            .when(is_bulk(rows, window, self.exempt))
            .then(pl.lit(BULK))
            .alias("left_out")
        )


@dataclass(frozen=True, slots=True)
class _Press:
    """The press office of a reference, for `Reference.once`."""

    exempt: ContactExemptions

    def __call__(self, reference: Reference) -> pl.Series:
        """Return their staff ids."""
        return press_office(reference, self.exempt)


def _why(left_out: str, entry: str | None) -> str:
    """Return why a contact is left out, in words."""
    if left_out == REGISTERED:
        return f"it is registered as a media contact (entry {entry})"
    return {PRESS: "talking to the media is their work", BULK: "it is mail that many of ours got"}[left_out]


def _listing(reference: Reference) -> Listing:
    return listing(reference["media_contacts"], reference["protected_contacts"])


def _with_register(rows: pl.DataFrame, reference: Reference) -> pl.DataFrame:
    """Add whether the person registered a contact with that outlet within REGISTER_REACH of it."""
    if "media_register" not in reference.loaded:
        return rows.with_columns(
            pl.lit(NOT_LOADED).alias("register"), pl.lit(None, TEXT).alias("register_entry")
        )
    numbered = rows.with_row_index("row").with_columns(plain("outlet").alias("outlet_plain"))
    entries = reference["media_register"].select(
        "staff_id",
        "contact_at",
        plain("outlet").alias("outlet_plain"),
        pl.col("entry_id").alias("register_entry"),
    )
    found = (
        numbered.join(entries, on=["staff_id", "outlet_plain"])
        .with_columns((pl.col("contact_at") - pl.col("timestamp")).abs().alias("apart"))
        .filter(pl.col("apart") <= REGISTER_REACH)
        .sort("row", "apart", "register_entry")
        .unique("row", keep="first", maintain_order=True)
    )
    state = (
        pl.when(pl.col("register_entry").is_not_null())
        .then(pl.lit(REGISTERED))
        .when(pl.col("staff_id").is_null())
        .then(pl.lit(PERSON_UNKNOWN))
        .otherwise(pl.lit(NONE))
    )
    joined = numbered.join(found.select("row", "register_entry"), on="row", how="left", maintain_order="left")
    return joined.with_columns(state.alias("register")).drop("row", "outlet_plain")


def plain(column: str) -> pl.Expr:
    """Return an outlet's name without case and surrounding blanks, as lists and registers write it differently."""
    return pl.col(column).str.strip_chars().str.to_lowercase()


def contact_facts() -> pl.Expr:
    """Return a media contact (MEDIA_SCHEMA) as a struct of facts, for `sentences.contact`."""
    return pl.struct(*CONTACT_FACTS, "outlet", "register", "register_entry")
