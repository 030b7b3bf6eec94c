"""Compressed copies beside a log that were never seen before: each is left alone until it is written.

While it is being written its time is that of its making; afterwards it has its original's, which tells whether it holds
history. It must never let a copy be read that is older than the log's first sight.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditd.tail.content import Key
from auditd.tail.discover import Sighting, siblings, sight


@dataclass(frozen=True, slots=True)
class _Found:
    sighting: Sighting
    home: str
    since_ns: int
    unchanged_since: float


class Waiting:
    """The copies that wait."""

    def __init__(self, settle_seconds: float) -> None:
        self._settle = settle_seconds
        self._found: dict[Key, _Found] = {}

    def add(self, sighting: Sighting, home: str, since_ns: int, now: float) -> None:
        """Note a copy of what was written at `home` since a time."""
        self._found.setdefault(sighting.key, _Found(sighting, home, since_ns, now))

    def remove(self, sighting: Sighting) -> None:
        """Forget a copy that is being read, or was read before."""
        self._found.pop(sighting.key, None)

    def ripe(self, now: float) -> Iterator[tuple[Sighting, str]]:
        """Yield the copies nobody has touched for the settle time, oldest first, each with its log's path."""
        for key, found in sorted(self._found.items(), key=lambda one: one[1].sighting.modified_ns):
            try:
                seen = sight(found.sighting.path)
            except OSError:
                seen = None
            if seen is None or seen.key != key:  # it was renamed by the next rotation, or deleted
                seen = next((one for one in siblings(found.home) if one.key == key and one.compressed), None)
            if seen is None:
                del self._found[key]
            elif seen != found.sighting:
                self._found[key] = _Found(seen, found.home, found.since_ns, now)
            elif not seen.modified_since(found.since_ns):
                del self._found[key]
            elif now - found.unchanged_since >= self._settle:
                yield seen, found.home
