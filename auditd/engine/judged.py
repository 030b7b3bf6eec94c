"""What judging did, in counts: for one piece, for one round. It must never name a person or a record."""

from __future__ import annotations

from collections.abc import Collection
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


def judged_piece(difference: Difference, staying: Collection[str] = ()) -> Judged:
    """Return what judging one piece came to; `staying` are ids of findings that count as the same, whatever it says."""
    changed = sum(one.finding_id not in staying for one in difference.changed)
    withdrawn = sum(one.finding_id not in staying for one in difference.gone)
    return Judged(
        pieces=1,
        added=len(difference.added),
        changed=changed,
        same=len(difference.same) + len(staying),
        withdrawn=withdrawn,
    )
