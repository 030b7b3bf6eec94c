"""Proposes explanations from what unexplained look-ups have in common with reference data (explanation-based auditing).

It must never decide: a proposal is counted, held against chance and against known misuse, and waits for a person.
References: D. Fabbri, K. LeFevre, "Explanation-Based Auditing", PVLDB 5(1), 2011: frequent paths from the data accessed
to the user who accessed it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from detectors.bounds import Options
from detectors.grounds import grounds
from detectors.paths import connected, excusable, joined, led_on, named_by
from detectors.patterns import Pattern, every_way
from detectors.people import units
from detectors.reference import Reference

MOST_EXAMPLES: Final = 5
CLEARLY: Final = 2.0
"""How many times as many look-ups as by chance a pattern must connect to be worth proposing."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A pattern that would explain look-ups nothing explains.

    support: how many; people: of how many enquirers; share: of all that are unexplained; by_chance: the same share, had
    the enquirers been other people of those who looked; examples: event ids, the newest first.
    """

    pattern: Pattern
    support: int
    people: int
    share: float
    by_chance: float
    examples: tuple[str, ...]


def propose(
    unexplained: pl.DataFrame, reference: Reference, options: Options, *, min_support: int
) -> Sequence[Proposal]:
    """Return the patterns that connect at least `min_support` of the unexplained look-ups (ACCESS_SCHEMA), most first.

    Those that would connect other people nearly as often are left out.
    """
    if unexplained.is_empty():
        return []
    held = grounds(reference, unexplained, options)
    named = excusable(named_by(unexplained, held, options), reference)
    strangers = excusable(named_by(_shuffled(unexplained), held, options), reference)
    found = [
        proposal
        for way, end, rows, chance in _candidates(named, strangers, reference, options, min_support)
        if (proposal := _proposal(way, end, rows, chance, total=unexplained.height, least=min_support))
        is not None
    ]
    return sorted(
        found, key=lambda proposal: (-proposal.support, len(str(proposal.pattern)), str(proposal.pattern))
    )


def weigh(unexplained: pl.DataFrame, pattern: Pattern, reference: Reference, options: Options) -> Proposal:
    """Return what one pattern would take away of the unexplained look-ups, and what it would by chance."""
    if unexplained.is_empty():
        return Proposal(pattern, 0, 0, 0.0, 0.0, ())
    held = grounds(reference, unexplained, options)
    taken = connected(unexplained, pattern, held, reference, options).unique("row", keep="any")
    by_luck = connected(_shuffled(unexplained), pattern, held, reference, options)["row"].n_unique()
    return _summed(pattern, taken, by_luck, unexplained.height)


def excused(
    look_ups: pl.DataFrame, pattern: Pattern, reference: Reference, options: Options
) -> frozenset[str]:
    """Return the event ids, of these look-ups, that a pattern would explain."""
    if look_ups.is_empty():
        return frozenset()
    held = grounds(reference, look_ups, options)
    return frozenset(connected(look_ups, pattern, held, reference, options)["event_id"])


def _candidates(
    named: pl.DataFrame, strangers: pl.DataFrame, reference: Reference, options: Options, least: int
) -> Iterator[tuple[str, str, pl.DataFrame, pl.DataFrame]]:
    """Yield way, end, the rows it connects and those it would connect by chance."""
    known: dict[str, tuple[pl.DataFrame, pl.DataFrame]] = {}
    for way, end in every_way():
        if way not in known:
            known[way] = (led_on(named, way, reference, options), led_on(strangers, way, reference, options))
        led, chance = known[way]
        yield way, end, joined(led, end, reference, options), joined(chance, end, reference, options)
    roles = reference.once(units).select("staff_id", "role_key")
    counts = named.join(roles, on="staff_id").group_by("role_key").agg(pl.col("row").n_unique())
    for role in counts.filter(pl.col("row") >= least).drop_nulls()["role_key"].sort():
        end = f"role={role}"
        yield "", end, joined(named, end, reference, options), joined(strangers, end, reference, options)


def _proposal(
    way: str, end: str, rows: pl.DataFrame, chance: pl.DataFrame, *, total: int, least: int
) -> Proposal | None:
    """Return the proposal of those kinds of record that alone connect enough, and clearly more than chance does."""
    counts = rows.group_by("incident_kind").agg(support=pl.col("row").n_unique())
    lucky = chance.group_by("incident_kind").agg(lucky=pl.col("row").n_unique())
    worth = counts.join(lucky, on="incident_kind", how="left").filter(
        pl.col("support") >= least, pl.col("support") >= CLEARLY * pl.col("lucky").fill_null(0)
    )
    kinds = tuple(sorted(worth["incident_kind"]))
    if not kinds:
        return None
    taken = rows.filter(pl.col("incident_kind").is_in(kinds)).unique("row", keep="any")
    by_luck = chance.filter(pl.col("incident_kind").is_in(kinds))["row"].n_unique()
    return _summed(Pattern(kinds, way, end), taken, by_luck, total)


def _summed(pattern: Pattern, taken: pl.DataFrame, by_luck: int, total: int) -> Proposal:
    examples = taken.sort("timestamp", "event_id", descending=True)["event_id"].head(MOST_EXAMPLES)
    return Proposal(
        pattern=pattern,
        support=taken.height,
        people=taken["staff_id"].n_unique(),
        share=taken.height / total,
        by_chance=by_luck / total,
        examples=tuple(examples),
    )


def _shuffled(look_ups: pl.DataFrame) -> pl.DataFrame:
    """Return the look-ups as if made by others of the same people: each enquirer takes the place of the next one."""
    people = look_ups["staff_id"].drop_nulls().unique()
    people = people.gather(people.hash(0).arg_sort())  # neighbours by number would often be of one unit
    if people.len() < 2:
        return look_ups.clear()
    following = pl.concat((people[1:], people[:1]))
    return look_ups.with_columns(pl.col("staff_id").replace_strict(people, following, default=None))
