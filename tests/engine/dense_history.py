"""Random histories as awkward as can be: few people, few subjects, few moments, so that everything collides.

Equal times, events exactly at the edge of every reach, blank fields, identifiers that change hands or become known late,
accounts and terminals that are shared, identifiers that are written in other ways, incidents recorded late and corrected, contacts listed and protected late, records delivered twice.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dense_cell import Cell, Row, protected
from dense_contacts import WATCH_LIST
from engine_rig import Rig, at

FIRST, LAST = at(days=-1), at(days=9)


@dataclass(frozen=True)
class Delivery:
    """One thing that arrives: lines of a log, a feed file, or an authority. Feeds keep their order among themselves."""

    what: str
    arrive: Callable[[Rig], object]
    is_feed: bool = False


@dataclass
class History:
    """Everything that will have arrived in the end."""

    rng: random.Random
    lines: dict[str, list[str]] = field(
        default_factory=lambda: {"pnc": [], "exchange": [], "cucm": [], "squid": []}
    )
    waves: list[dict[str, list[Row]]] = field(default_factory=lambda: [{}, {}, {}])
    grants: list[dict[str, Any]] = field(default_factory=list)

    def row(self, feed: str, row: Row, *, wave: int | None = None) -> None:
        chosen = self.rng.choice((0, 0, 1, 2)) if wave is None else wave
        self.waves[chosen].setdefault(feed, []).append(row)

    def deliveries(self) -> list[Delivery]:
        """Return what arrives, in an order that is possible: log lines anyhow, feed files in their order."""
        parts = [*self._log_parts(), *self._grants()]
        self.rng.shuffle(parts)
        feeds = [
            Delivery(feed, lambda rig, f=feed, r=rows: rig.feed(f, r), is_feed=True)  # type: ignore[misc]
            for wave in self.waves
            for feed, rows in wave.items()
        ]
        # Feeds early, late or anywhere: what comes last must not always be a feed that has everything judged again.
        first, last = self.rng.choice(((0.0, 0.2), (0.0, 1.0), (0.6, 1.0)))
        places = sorted(round(self.rng.uniform(first, last) * len(parts)) for _ in feeds)
        for count, (place, feed) in enumerate(zip(places, feeds, strict=True)):
            parts.insert(place + count, feed)
        self._put_last(parts, feeds[-1])
        return parts

    def _put_last(self, parts: list[Delivery], last_feed: Delivery) -> None:
        """Let one to three things of any kind come last: what each must have judged again then shows by itself."""
        kinds = {part.what for part in parts if not part.is_feed}
        for kind in self.rng.sample([*sorted(kinds), "feed"], self.rng.randint(1, 3)):
            chosen = last_feed if kind == "feed" else next(part for part in parts if part.what == kind)
            parts.remove(chosen)
            parts.append(chosen)

    def _log_parts(self) -> list[Delivery]:
        """Cut each log into pieces, shuffled across a few files, some lines in two of them."""
        parts = []
        for source, lines in self.lines.items():
            twice = [line for line in lines if self.rng.random() < 0.15]
            mixed = lines + twice
            if self.rng.random() < 0.7:
                self.rng.shuffle(mixed)
            while mixed:
                size = self.rng.choice((1, 5, 20, 80))
                piece, mixed = mixed[:size], mixed[size:]
                name = {
                    "pnc": "pnc{}.csv",
                    "exchange": "MSGTRK{}.LOG",
                    "cucm": "cdr_{}",
                    "squid": "access.log.{}",
                }[source]
                name = name.format(self.rng.randint(1, 3))
                parts.append(
                    Delivery(source, lambda rig, s=source, p=piece, n=name: rig.log(s, p, n))  # type: ignore[misc]
                )
        return parts

    def _grants(self) -> list[Delivery]:
        return [
            Delivery("grant", lambda rig, r=request: rig.grant(FIRST, **r))  # type: ignore[misc]
            for request in self.grants
        ]


def make_history(seed: int, cells: int = 4) -> History:
    """Return a history of `cells` small groups of people who have nothing to do with each other."""
    rng = random.Random(seed)
    history = History(rng)
    for number in range(cells):
        Cell(history, rng, number).fill()
    history.row("protected_contacts", protected("phone", "+442079460199"), wave=0)
    history.grants = rng.choice(_AUTHORITIES)
    if history.grants:
        history.grants = [*history.grants, _WATCH]
    return history


_ALL: dict[str, Any] = {"scope": (at(days=-5), at(days=5))}
_WATCH = _ALL | {"outlets": (WATCH_LIST,), "detectors": ("listed_number_contact",)}
_AUTHORITIES: tuple[list[dict[str, Any]], ...] = (
    [_ALL],
    [_ALL],
    [{"scope": (at(), at(hours=24))}],
    [_ALL | {"outlets": ("Daily Lantern",)}],
    [_ALL | {"people": ("S001", "S010")}],
    [
        _ALL | {"outlets": ("Northmere Herald",)},
        {"scope": (at(minutes=5), at(days=3)), "people": ("S000", "S002")},
    ],
    [],
)
