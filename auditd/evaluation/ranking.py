"""In what order a day's alerts are looked at: one function, so that a better order is measured by replacing it.

It must never look at labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class DaysAlert:
    """What came up on one day about one person and one concern: the findings that fell due then.

    severity: of the gravest. score: their points. due_at: when the first of them would have been raised. findings: their ids.
    """

    day: date
    concern: str
    person_key: str
    severity: int
    score: int
    last_event_at: datetime
    due_at: datetime
    findings: tuple[str, ...]


Order = Callable[[Iterable[DaysAlert]], list[DaysAlert]]


def queue_order(alerts: Iterable[DaysAlert]) -> list[DaysAlert]:
    """Return a day's alerts as the queue has them: most points first, then the gravest, then the latest event."""
    return sorted(
        alerts,
        key=lambda one: (
            -one.score,
            -one.severity,
            -one.last_event_at.timestamp(),
            one.concern,
            one.person_key,
        ),
    )
