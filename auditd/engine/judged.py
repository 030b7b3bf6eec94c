"""What judging did, in counts: for one piece, for one round. It must never name a person or a record."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from alerts.difference import Difference


@dataclass(slots=True)
class Judged:
    """What one round did for one detector."""

    seconds: float = 0.0
    pieces: int = 0
    added: int = 0
    changed: int = 0
    same: int = 0
    withdrawn: int = 0
    until: datetime | None = None
    failed: str = ""
    new_alerts: list[str] = field(default_factory=list)

    def add(self, other: Judged) -> None:
        """Add what another round did."""
        for name in ("seconds", "pieces", "added", "changed", "same", "withdrawn"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.new_alerts += other.new_alerts


def judged_piece(difference: Difference) -> Judged:
    """Return what judging one piece came to."""
    return Judged(
        pieces=1,
        added=len(difference.added),
        changed=len(difference.changed),
        same=len(difference.same),
        withdrawn=len(difference.gone),
    )
