"""Contacts with listed parties: the join of the contacts view with a list that an authority has opened.

It must never let a protected counterpart through, nor look at an event while the list is empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from detectors.confidence import Asked, identity
from detectors.contacts import CONTACT_SCHEMA, FOLD, contacts
from detectors.detector import Window
from detectors.findings import utc_text
from detectors.identity import resolve
from detectors.reference import Reference
from parsers.event import TEXT, Family

PARTIES: Final[Mapping[Family, tuple[str, ...]]] = {
    "email": ("email_from_address", "email_to_address"),
    "call": ("call_from", "call_to_dialled", "call_to_final", "call_numbers"),
}

LISTED_SCHEMA: Final = pl.Schema({**CONTACT_SCHEMA, "outlet": TEXT})
NO_LISTED: Final = LISTED_SCHEMA.to_frame()


CONTACT_FACTS: Final = (
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
    pl.col("talk_seconds").alias("seconds"),
    "outcome",
)
"""What every fact of a contact (`whose`) holds, for `sentences.in_contact`."""


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
class Listing:
    """What an open list says: its entries, whom it names, who of them is protected, and `_label_counts` of its domains."""

    entries: pl.DataFrame
    named: _Named
    protected: _Named
    label_counts: list[int]


def listing(entries: pl.DataFrame, protected: pl.DataFrame) -> Listing:
    """Return a list ready to be searched for.

    entries: kind, value, outlet (what the entry stands for), valid_from, valid_to. protected: kind, value.
    """
    filled = entries.drop_nulls(["kind", "value"])
    named = _named(filled)
    return Listing(
        entries=filled.select("kind", "value", "outlet", "valid_from", "valid_to"),
        named=named,
        protected=_named(protected),
        label_counts=_label_counts(named.domains),
    )


def listed_contacts(window: Window, listed: Listing, start: datetime, end: datetime) -> pl.DataFrame:
    """Return the contacts (CONTACT_SCHEMA, `outlet`) of [start, end) with parties that an entry valid then names.

    Of several entries that match, the most exact gives the outlet. It reads from FOLD before `start`.
    """
    found = None if listed.entries.is_empty() else _touching(window, listed, start, end)
    if found is None:
        return NO_LISTED
    view = contacts(found.events.__getitem__, window.force, only=pl.col("other_value").is_in(found.parties))
    rows = view.filter(pl.col("timestamp") >= start, pl.col("timestamp") < end).collect()
    return _with_outlet(rows, listed)


def whose(rows: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Add to contacts whose the own identifier was (`resolve`), and how sure that is (`identity`).

    Where the authority is limited to people, contacts of anybody else are left out: also those of nobody known.
    """
    kind, value = pl.col("own_kind"), pl.col("own_value")
    people = resolve(rows, window.reference, kind=kind, value=value, time="timestamp")
    scope = window.reference.scope_people
    if scope is not None:
        people = people.filter(pl.col("staff_id").is_in(sorted(scope)))
    return people.with_columns(identity(people, window.reference, window.force, Asked(kind, value)))


def unprotected(rows: pl.DataFrame, reference: Reference) -> pl.DataFrame:
    """Return the rows whose counterpart (`other_value`) is no protected contact."""
    protected = reference.once(_protected)
    shielded = [party for party in rows["other_value"].unique() if party in protected]
    return rows.filter(~pl.col("other_value").is_in(shielded)) if shielded else rows


def _protected(reference: Reference) -> _Named:
    return _named(reference["protected_contacts"])


def _named(entries: pl.DataFrame) -> _Named:
    values = entries.select("kind", "value").drop_nulls().rows()
    return _Named(
        exactly=frozenset(value for kind, value in values if kind != "domain"),
        domains=frozenset(value for kind, value in values if kind == "domain"),
    )


@dataclass(frozen=True, slots=True)
class _Touching:
    """The listed parties that turn up, and the events in which they take part."""

    parties: list[str]
    events: Mapping[Family, pl.LazyFrame]


def _touching(window: Window, listed: Listing, start: datetime, end: datetime) -> _Touching | None:
    """Return the events in which a listed party takes part, as far back as contacts fold; None where there is none.

    Few events have one: finding those by their raw parties first spares the contacts view nearly all of its work. It
    cannot change what folds, because rows that fold name the same counterpart.
    """
    near = (pl.col("timestamp") >= start - FOLD) & (pl.col("timestamp") < end)
    events: dict[Family, pl.LazyFrame] = {family: window.events(family).filter(near) for family in PARTIES}
    read = pl.collect_all([events[family].select("event_id", *PARTIES[family]) for family in PARTIES])
    columns = [
        (frame["event_id"], frame[name])
        for frame, names in zip(read, PARTIES.values(), strict=True)
        for name in names
    ]
    parties = pl.concat([_flat(column) for _, column in columns]).unique().drop_nulls()
    names = [party for party in parties if party in listed.named and party not in listed.protected]
    if not names:
        return None
    ids = pl.concat([event_ids.filter(_names(column, names)) for event_ids, column in columns])
    wanted = pl.col("event_id").is_in(ids.unique().implode())
    return _Touching(names, {family: frame.filter(wanted) for family, frame in events.items()})


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


def _with_outlet(rows: pl.DataFrame, listed: Listing) -> pl.DataFrame:
    """Keep the contacts that an entry valid at their time names, with the outlet of the most exact such entry."""
    numbered = rows.with_row_index("row")
    candidates = [
        numbered.select("row", "timestamp", kind="other_kind", value="other_value", labels=pl.lit(99))
    ]
    candidates += [
        numbered.select(
            "row", "timestamp", kind=pl.lit("domain"), value=_domain_tail(labels), labels=pl.lit(labels)
        )
        for labels in listed.label_counts
    ]
    best = (
        pl.concat(candidates)
        .join(listed.entries, on=["kind", "value"])
        .filter(
            (pl.col("valid_from") <= pl.col("timestamp")).fill_null(value=True),
            (pl.col("timestamp") < pl.col("valid_to")).fill_null(value=True),
        )
        .sort("row", "labels", "outlet", descending=[False, True, False])
        .unique("row", keep="first", maintain_order=True)
    )
    return numbered.join(best.select("row", "outlet"), on="row", maintain_order="left").drop("row")
