"""Which column of a file is which column of the feed: by name, through the configured mapping.

It must never guess: a column that is only nearly named right is a hint in a message, not a match.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from auditd.reference.records import FeedRefused
from detectors.reference import Feed

NEAR: Final = 0.6


@dataclass(frozen=True, slots=True)
class Columns:
    """Positions in the file of the feed's columns that it has; `hints` are sentences about likely slips."""

    positions: Mapping[str, int]
    hints: tuple[str, ...] = ()


def find_columns(feed: Feed, header: Sequence[str], mapping: Mapping[str, str]) -> Columns:
    """Find the feed's columns in the header, letter case aside; FeedRefused where a needed one is missing.

    mapping: our column name -> theirs. A column that the mapping names must be there, even an optional one.
    """
    fields = {column.name: column for column in feed.fields}
    strangers = [ours for ours in mapping if ours not in fields]
    if strangers:
        raise FeedRefused(
            f"the mapping names {_listed(strangers)}, which feed {feed.name} does not have: "
            f"its columns are {', '.join(fields)}"
        )
    names = [name.casefold() for name in header]
    wanted = {ours: mapping.get(ours, ours).strip().casefold() for ours in fields}
    positions = {ours: names.index(theirs) for ours, theirs in wanted.items() if theirs in names}
    unused = [name for name in header if name.casefold() not in wanted.values()]
    missing = [
        ours for ours in fields if ours not in positions and (fields[ours].required or ours in mapping)
    ]
    if feed.one_of and not any(name in positions for name in feed.one_of):
        missing += [name for name in feed.one_of if name not in missing]
    if missing:
        raise FeedRefused(_missing_message(missing, mapping, header, unused))
    twice = sorted({theirs for theirs in wanted.values() if names.count(theirs) > 1})
    if twice:
        raise FeedRefused(f"the header names {_listed(twice)} more than once: keep one of them")
    return Columns(positions, tuple(_hints(feed, positions, unused)))


def _missing_message(
    missing: Sequence[str], mapping: Mapping[str, str], header: Sequence[str], unused: Sequence[str]
) -> str:
    """Say what is missing and what it may be called instead."""
    parts = []
    for ours in missing:
        theirs = mapping.get(ours, ours)
        near = _nearest(theirs, unused) or _nearest(ours, unused)
        called = f" (mapped to `{theirs}`)" if theirs != ours else ""
        hint = f': did you mean `{near}`? Then map it: [feeds.columns] {ours} = "{near}"' if near else ""
        parts.append(f"column `{ours}`{called} is missing{hint}")
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        parts.append("the columns do not seem to be separated by commas: save the file as CSV with commas")
    return "; ".join(parts)


def _hints(feed: Feed, positions: Mapping[str, int], unused: Sequence[str]) -> list[str]:
    """Name ignored columns that look like optional ones that are absent."""
    hints = []
    for column in feed.fields:
        near = None if column.name in positions else _nearest(column.name, unused)
        if near:
            hints.append(f"column `{near}` is ignored: if it is {column.name}, map it under [feeds.columns]")
    return hints


def _nearest(name: str, candidates: Sequence[str]) -> str | None:
    by_plain = {
        candidate.casefold().replace(" ", "_").replace("-", "_"): candidate for candidate in candidates
    }
    found = get_close_matches(name.casefold(), list(by_plain), n=1, cutoff=NEAR)
    return by_plain[found[0]] if found else None


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
