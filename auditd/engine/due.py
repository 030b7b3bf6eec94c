"""When something that happens every so many seconds is due. It must never be used for times that are stored."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(slots=True)
class Due:
    """Says when something that happens every so many seconds is due."""

    every: float
    last: float = float("-inf")

    def now(self) -> bool:
        """Return whether it is due, and count from now on if so."""
        moment = time.monotonic()
        if moment - self.last < self.every:
            return False
        self.last = moment
        return True
