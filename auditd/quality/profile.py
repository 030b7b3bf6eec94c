"""What a batch of events tells, counted per source: aspects, filled columns, columns that never change. Pure.

It must never keep a value: of one that never changes two bytes of its hash, which many others share, tell a change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from hashlib import sha256
from typing import Any, Final

import polars as pl

from parsers.aspects import FIELDS, Aspect, aspects_of, is_filled
from parsers.event import TEXTS, Family

FUTURE: Final = timedelta(minutes=5)
"""An event dated so long after it was read is dated in the future."""
_MARK_BYTES: Final = 2


@dataclass(frozen=True, slots=True)
class Filled:
    """How many events have a column filled; mark: of the value, where it is the same in all of them."""

    events: int
    mark: str | None

    def __add__(self, other: Filled) -> Filled:
        """Return the same of both together."""
        if not self.events or not other.events:
            return self if self.events else other
        return Filled(self.events + other.events, self.mark if self.mark == other.mark else None)


@dataclass(frozen=True, slots=True)
class Profile:
    """What events tell: how many there are, and of those how many tell each aspect and fill each column."""

    events: int = 0
    aspects: Mapping[Aspect, int] = field(default_factory=dict)
    fields: Mapping[str, Filled] = field(default_factory=dict)
    future: int = 0

    def __add__(self, other: Profile) -> Profile:
        """Return the same of both together; they are of one family."""
        if not self.events or not other.events:
            return self if self.events else other
        return Profile(
            events=self.events + other.events,
            aspects={name: told + other.aspects.get(name, 0) for name, told in self.aspects.items()},
            fields={name: filled + other.fields[name] for name, filled in self.fields.items()},
            future=self.future + other.future,
        )


def columns_of(family: Family) -> list[str]:
    """Return the columns a profile is made from."""
    return [
        "source",
        "timestamp",
        "event_ingested",
        "time_zone_source",
        "time_uncertainty_seconds",
        *FIELDS[family],
    ]


def profiles_of(events: pl.DataFrame, family: Family) -> dict[str, Profile]:
    """Return the profile of each source that has events in the batch, which has the columns of `columns_of`."""
    return {
        source: _profile(own, family)
        for (source,), own in events.partition_by("source", as_dict=True, include_key=False).items()
    }


def total(profiles: Iterable[Mapping[str, Profile]]) -> dict[str, Profile]:
    """Return the profiles of several batches of one family together, by source."""
    found: dict[str, Profile] = {}
    for batch in profiles:
        for source, profile in batch.items():
            found[source] = found.get(source, Profile()) + profile
    return found


def _profile(events: pl.DataFrame, family: Family) -> Profile:
    counts = events.select(_counts(family)).row(0, named=True)
    fields = {
        name: Filled(counts[name], _mark(events[name]) if counts[name] else None) for name in FIELDS[family]
    }
    aspects: dict[Aspect, int] = {aspect: counts[f"?{aspect}"] for aspect in aspects_of(family)}
    return Profile(events.height, aspects, fields, counts["?future"])


@cache
def _counts(family: Family) -> list[pl.Expr]:
    is_future = pl.col("timestamp") > pl.col("event_ingested") + FUTURE
    return [
        *(is_filled(name).sum().alias(name) for name in FIELDS[family]),
        *(told.sum().alias(f"?{aspect}") for aspect, told in aspects_of(family).items()),
        is_future.sum().alias("?future"),
    ]


def _mark(column: pl.Series) -> str | None:
    """Return the mark of the one value a column has, None where it has several. Most are told from three of them."""
    values = column.drop_nulls()
    if values.dtype == pl.String:
        values = values.filter(values != "") if (values == "").any() else values
    first = _plain(values[0])
    if any(_plain(values[place]) != first for place in (len(values) // 2, len(values) - 1)):
        return None
    if values.dtype == TEXTS:
        values = values.filter(values.list.len() > 0)
        same = values.n_unique() == 1
    else:
        same = bool((values == first).all())
    return sha256(repr(first).encode()).hexdigest()[: 2 * _MARK_BYTES] if same else None


def _plain(value: Any) -> Any:
    return value.to_list() if isinstance(value, pl.Series) else value
