"""Contacts with listed media: the join of the contacts view with the list that an authority has opened.

It must never let a protected counterpart through, nor look at an event while the list is empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import polars as pl

from detectors.confidence import IDENTITY_DTYPE, Asked, identity
from detectors.contacts import CONTACT_SCHEMA, FOLD, contacts
from detectors.detector import Window
from detectors.findings import utc_text
from detectors.identity import resolve
from detectors.reference import Reference
from parsers.event import TEXT, UTC_MICROSECONDS, Family

PARTIES: Final[Mapping[Family, tuple[str, ...]]] = {
    "email": ("email_from_address", "email_to_address"),
    "call": ("call_from", "call_to_dialled", "call_to_final", "call_numbers"),
}
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
    }
)
NO_MEDIA: Final = MEDIA_SCHEMA.to_frame()


@dataclass(frozen=True, slots=True)
class _Named:
    """Parties that a list names: numbers and addresses exactly, domains with their subdomains."""

    exactly: frozenset[str]
    domains: frozenset[str]

    def __contains__(self, party: str) -> bool:
        """Whether the canonical number or address is named."""
        if party in self.exactly:
            return True
        domain = party.rpartition("@")[2] if "@" in party else ""
        while domain and domain not in self.domains:
            domain = domain.partition(".")[2]
        return bool(domain)


@dataclass(frozen=True, slots=True)
class _Listing:
    """What an open list says: its entries, whom it names, who of them is protected, and `_label_counts` of its domains."""

    entries: pl.DataFrame
    named: _Named
    protected: _Named
    label_counts: list[int]


def media_contacts(window: Window) -> pl.DataFrame:
    """Return the span's contacts with listed media (MEDIA_SCHEMA), with person, outlet and state of the register.

    A contact counts when a list entry is valid at its time, its counterpart is not protected and, where the authority
    is limited to people, it is one of theirs: a contact of nobody known is then nobody's and is left out. Of several
    entries that match, the most exact gives the outlet.
    """
    return window.once(_media_contacts)


def _media_contacts(window: Window) -> pl.DataFrame:
    listing = window.reference.once(_listing)
    found = None if listing.entries.is_empty() else _touching(window, listing)
    if found is None:
        return NO_MEDIA
    view = contacts(found.events.__getitem__, window.force, only=pl.col("other_value").is_in(found.parties))
    rows = view.filter(window.in_span()).collect()
    if rows.is_empty():
        return NO_MEDIA
    people = resolve(
        _with_outlet(rows, listing),
        window.reference,
        kind=pl.col("own_kind"),
        value=pl.col("own_value"),
        time="timestamp",
    )
    scope = window.reference.scope_people
    if scope is not None:
        people = people.filter(pl.col("staff_id").is_in(sorted(scope)))
    own = Asked(pl.col("own_kind"), pl.col("own_value"))
    people = people.with_columns(identity(people, window.reference, window.force, own))
    return _with_register(people, window.reference).select(MEDIA_SCHEMA.names())


def _listing(reference: Reference) -> _Listing:
    entries = reference["media_contacts"].drop_nulls(["kind", "value"])
    named = _named(entries)
    return _Listing(
        entries=entries.select("kind", "value", "outlet", "valid_from", "valid_to"),
        named=named,
        protected=_named(reference["protected_contacts"]),
        label_counts=_label_counts(named.domains),
    )


def _named(listing: pl.DataFrame) -> _Named:
    values = listing.select("kind", "value").drop_nulls().rows()
    return _Named(
        exactly=frozenset(value for kind, value in values if kind != "domain"),
        domains=frozenset(value for kind, value in values if kind == "domain"),
    )


@dataclass(frozen=True, slots=True)
class _Touching:
    """The listed parties that turn up, and the events in which they take part."""

    parties: list[str]
    events: Mapping[Family, pl.LazyFrame]


def _touching(window: Window, listing: _Listing) -> _Touching | None:
    """Return the events in which a listed party takes part, as far back as contacts fold; None where there is none.

    Few events have one: finding those by their raw parties first spares the contacts view nearly all of its work. It
    cannot change what folds, because rows that fold name the same counterpart.
    """
    near = pl.col("timestamp") >= window.span.start - FOLD
    events: dict[Family, pl.LazyFrame] = {family: window.events(family).filter(near) for family in PARTIES}
    read = pl.collect_all([events[family].select("event_id", *PARTIES[family]) for family in PARTIES])
    columns = [
        (frame["event_id"], frame[name])
        for frame, names in zip(read, PARTIES.values(), strict=True)
        for name in names
    ]
    parties = pl.concat([_flat(column) for _, column in columns]).unique().drop_nulls()
    listed = [party for party in parties if party in listing.named and party not in listing.protected]
    if not listed:
        return None
    ids = pl.concat([event_ids.filter(_names(column, listed)) for event_ids, column in columns])
    wanted = pl.col("event_id").is_in(ids.unique().implode())
    return _Touching(listed, {family: frame.filter(wanted) for family, frame in events.items()})


def _flat(column: pl.Series) -> pl.Series:
    flat = column.explode() if column.dtype == pl.List else column
    return flat.alias("party")


def _names(column: pl.Series, parties: Sequence[str]) -> pl.Series:
    """Return whether a row of the column names one of the parties."""
    if column.dtype == pl.List:
        return column.list.eval(pl.element().is_in(parties)).list.any()
    return column.is_in(parties)


def _label_counts(domains: Iterable[str]) -> list[int]:
    """Return how many labels the listed domains have: only tails of these lengths need comparing."""
    return sorted({domain.count(".") + 1 for domain in domains})


def _domain_tail(labels: int) -> pl.Expr:
    """Return the last `labels` labels of the counterpart's domain; null where it has fewer."""
    return pl.col("other_domain").str.extract(rf"((?:[^.]+\.){{{labels - 1}}}[^.]+)$")


def _with_outlet(rows: pl.DataFrame, listing: _Listing) -> pl.DataFrame:
    """Keep the contacts that an entry valid at their time names, with the outlet of the most exact such entry."""
    numbered = rows.with_row_index("row")
    candidates = [
        numbered.select("row", "timestamp", kind="other_kind", value="other_value", labels=pl.lit(99))
    ]
    candidates += [
        numbered.select(
            "row", "timestamp", kind=pl.lit("domain"), value=_domain_tail(labels), labels=pl.lit(labels)
        )
        for labels in listing.label_counts
    ]
    best = (
        pl.concat(candidates)
        .join(listing.entries, on=["kind", "value"])
        .filter(
            (pl.col("valid_from") <= pl.col("timestamp")).fill_null(value=True),
            (pl.col("timestamp") < pl.col("valid_to")).fill_null(value=True),
        )
        .sort("row", "labels", "outlet", descending=[False, True, False])
        .unique("row", keep="first", maintain_order=True)
    )
    return numbered.join(best.select("row", "outlet"), on="row", maintain_order="left").drop("row")


def _with_register(rows: pl.DataFrame, reference: Reference) -> pl.DataFrame:
    """Add whether the person registered a contact with that outlet within REGISTER_REACH of it."""
    if "media_register" not in reference.loaded:
        return rows.with_columns(
            pl.lit(NOT_LOADED).alias("register"), pl.lit(None, TEXT).alias("register_entry")
        )
    numbered = rows.with_row_index("row").with_columns(_plain("outlet").alias("outlet_plain"))
    entries = reference["media_register"].select(
        "staff_id",
        "contact_at",
        _plain("outlet").alias("outlet_plain"),
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


def _plain(column: str) -> pl.Expr:
    """Return an outlet's name without case and surrounding blanks, as lists and registers write it differently."""
    return pl.col(column).str.strip_chars().str.to_lowercase()


def contact_facts() -> pl.Expr:
    """Return a media contact (MEDIA_SCHEMA) as a struct of facts, for `sentences.contact`."""
    return pl.struct(
        utc_text("timestamp").alias("at"),
        "family",
        "direction",
        pl.concat_str("own_kind", pl.lit(":"), "own_value").alias("actor"),
        "staff_id",
        "certainty",
        "own_kind",
        pl.col("own_value").alias("own"),
        utc_text("since").alias("since"),
        "identity",
        pl.col("other_value").alias("other"),
        "other_written",
        "outlet",
        pl.col("talk_seconds").alias("seconds"),
        "outcome",
        "register",
        "register_entry",
    )


def why_no_contact(reference: Reference, keys: Sequence[str]) -> dict[str, str]:
    """Return why contacts are no longer found, where it is known: no authority opens the list any more."""
    if not reference["media_contacts"].is_empty():
        return {}
    return dict.fromkeys(keys, "no live authority opens the list of media contacts any more")
