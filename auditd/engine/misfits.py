"""Which sources' lines have stopped matching their format: told within seconds, however few lines come.

It must never take a burst of odd lines among good ones for a wrong format.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

WRONG_FORMAT_LINES: Final = 50
"""So many rejects more than events, since they last outweighed each other: lines may come one at a time."""
RUN_LINES: Final = 5
RUN_SECONDS: Final = 10.0
"""So many rejects, and no event for so long after the first of them, are enough where little comes."""


@dataclass(slots=True)
class _Lines:
    excess: int = 0
    run: int = 0
    run_since: float = 0.0


class Misfits:
    """Counts what became of the lines of each source."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lines: dict[str, _Lines] = {}

    def read(self, source: str, *, rejects: int, events: int) -> None:
        """Lines of a source were read: so many were rejected, so many became events."""
        if not rejects and not events:
            return
        lines = self._lines.setdefault(source, _Lines())
        lines.excess = max(0, min(lines.excess + rejects - events, 2 * WRONG_FORMAT_LINES))
        if events:
            lines.run = 0
        elif not lines.run:
            lines.run_since = self._monotonic()
        if not events:
            lines.run += rejects

    def known(self) -> Mapping[str, bool]:
        """Return whether its lines have stopped matching, by source; of a source not in it nothing was read yet."""
        return {source: self._is_misfit(lines) for source, lines in self._lines.items()}

    def _is_misfit(self, lines: _Lines) -> bool:
        lasting = self._monotonic() - lines.run_since >= RUN_SECONDS
        return lines.excess > WRONG_FORMAT_LINES or (lines.run >= RUN_LINES and lasting)
