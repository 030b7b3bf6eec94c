"""What happened to a file that no writer or rotation does: told once, by the tailer. It must never hold log content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Oddity:
    """A file whose read bytes are no longer in it, and no copy of them beside it.

    kind: shrunk (it is shorter than what was read of it) or edited (it is not, but has other bytes there). read: bytes
    read of it; size: its size when that was noticed.
    """

    source: str
    file: str
    kind: Literal["shrunk", "edited"]
    read: int
    size: int
