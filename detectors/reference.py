"""Reference data as detectors see it: one frame per feed, as known at one moment, gated by authority.

It must never be filled with media contacts or protected contacts by anyone but auditd/reference, which applies
the authority and strips protected contacts first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import polars as pl

from detectors.feed import Feed, Field
from detectors.feeds import (
    CONTACT_KINDS,
    FEEDS,
    IDENTIFIER_KINDS,
    INCIDENT_KINDS,
    PROTECTED_CATEGORIES,
    SUBJECT_TYPES,
)
from detectors.patterns import Approved

__all__ = [
    "CONTACT_KINDS",
    "FEEDS",
    "GATED",
    "IDENTIFIER_KINDS",
    "INCIDENT_KINDS",
    "PROTECTED_CATEGORIES",
    "SUBJECT_TYPES",
    "Feed",
    "Field",
    "Reference",
]

Made = TypeVar("Made")

GATED: Final = ("media_contacts", "watch_lists")
"""Feeds that are empty unless an authority is live, and then hold what its scope names."""

_EMPTY: Final = {name: feed.schema.to_frame() for name, feed in FEEDS.items()}


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Every feed as one frame, as known at one moment. Compared by identity.

    frames: by feed name, each of FEEDS[name].schema; canonical values (see auditd/reference). A feed that was never
    loaded is an empty frame and is absent from `loaded`. Those that are GATED are empty unless an authority is
    live, and hold no protected contact. `protected_contacts` serves to strip counterparts, never to report one.
    scope_people: staff ids the authority is limited to, None where it covers everybody (or there is none).
    approved: the patterns that people approved as explanations, the first approved first.
    protected_stripped: how many listed contacts were withheld because they are protected; nothing else comes out.
    """

    frames: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    loaded: frozenset[str] = frozenset()
    scope_people: frozenset[str] | None = None
    protected_stripped: int = 0
    approved: tuple[Approved, ...] = ()
    _made: dict[Callable[[Reference], Any], Any] = field(default_factory=dict, repr=False)

    def once(self, make: Callable[[Reference], Made]) -> Made:
        """Return `make(self)`, made once: a reference never changes, and serves every tick until the next one comes."""
        if make not in self._made:
            self._made[make] = make(self)
        made: Made = self._made[make]
        return made

    def __getitem__(self, feed: str) -> pl.DataFrame:
        """Return the feed's frame, empty where nothing is known. An unknown feed name is a KeyError."""
        return self.frames[feed] if feed in self.frames else _EMPTY[feed]
