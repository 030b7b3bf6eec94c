"""The gate: what detectors may see of contact lists, under which authority.

Without a live authority there is no list, at all. With one there is what its scope names and nothing more, and a
protected contact never passes. A watch-list passes only by its name: an authority for all outlets opens none. It must never take two authorities at once: the people of one would be searched
against the outlets of the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from alerts.authority import Authority


@dataclass(frozen=True, slots=True)
class Gated:
    """What passed: gated feeds by name, the people who may be looked at (None: all), how many entries were stripped."""

    lists: Mapping[str, pl.DataFrame]
    people: frozenset[str] | None
    stripped: int


def the_live_one(authorities: Sequence[Authority], now: datetime) -> Authority | None:
    """Return the authority that is live, None where none is; ValueError where several are."""
    live = [authority for authority in authorities if authority.live(now)]
    if len(live) > 1:
        raise ValueError(f"{len(live)} live authorities at once: build one reference for each")
    return live[0] if live else None


def gate(lists: Mapping[str, pl.DataFrame], protected: pl.DataFrame, authority: Authority | None) -> Gated:
    """Return what may be seen of the gated feeds under the authority."""
    if authority is None:
        return Gated({feed: entries.clear() for feed, entries in lists.items()}, None, 0)
    passed: dict[str, pl.DataFrame] = {}
    stripped = 0
    for feed, entries in lists.items():
        scoped = _in_dates(_named(feed, entries, authority.outlets), authority)
        shielded = _shielded(scoped, protected)
        passed[feed] = scoped.filter(~shielded)
        stripped += int(shielded.sum())
    return Gated(passed, frozenset(authority.people) if authority.people else None, stripped)


def _named(feed: str, entries: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Return the entries that an authority over these outlets and lists names."""
    if feed == "watch_lists":
        return entries.filter(pl.col("list").is_in(list(names)))
    return _of_outlets(entries, names)


def _of_outlets(media: pl.DataFrame, outlets: Sequence[str]) -> pl.DataFrame:
    return media.filter(pl.col("outlet").is_in(list(outlets))) if outlets else media


def _in_dates(media: pl.DataFrame, authority: Authority) -> pl.DataFrame:
    """Clip each entry's validity to the stretch of time the authority covers; drop what lies outside."""
    moment = pl.Datetime("us", "UTC")
    clipped = media.with_columns(
        pl.max_horizontal("valid_from", pl.lit(authority.events_from, dtype=moment)).alias("valid_from"),
        pl.min_horizontal("valid_to", pl.lit(authority.events_to, dtype=moment)).alias("valid_to"),
    )
    return clipped.filter(pl.col("valid_from") < pl.col("valid_to"))


def _shielded(media: pl.DataFrame, protected: pl.DataFrame) -> pl.Series:
    """Tell which entries are protected: the same one, or an address or domain under a protected domain."""
    same = set(protected.select("kind", "value").iter_rows())
    domains = {value for kind, value in same if kind == "domain"}
    return pl.Series(
        "shielded",
        [
            (kind, value) in same or (kind != "phone" and _is_under(value.rpartition("@")[2], domains))
            for kind, value in media.select("kind", "value").iter_rows()
        ],
        dtype=pl.Boolean,
    )


def _is_under(domain: str, domains: set[str]) -> bool:
    """Tell whether the domain, or one it is a part of, is among `domains`."""
    labels = domain.split(".")
    return any(".".join(labels[start:]) in domains for start in range(len(labels)))
