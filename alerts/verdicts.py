"""What people made of each detector's alerts: how often there was something to it. Shown, never used to judge or to order.

It must never count what the daemon closed by itself, nor guess where nobody has decided yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import Connection, select

from alerts.models import AlertRow, FindingRow
from alerts.vocabulary import MISUSE_OUTCOMES, OUTCOMES

UNDECIDED: Final = "continuing"
Word = Literal["right", "wrong", "undecided"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Alerts that people closed and in which a finding of the detector stood: right, wrong, or not decided yet."""

    detector: str
    right: int
    wrong: int
    undecided: int

    @property
    def precision(self) -> float | None:
        """The share of decided ones that were right, None where nothing is decided."""
        decided = self.right + self.wrong
        return self.right / decided if decided else None


def word_of(outcome: str | None) -> Word:
    """Return what an outcome that a person chose (one of OUTCOMES) says of the alert."""
    if outcome == UNDECIDED:
        return "undecided"
    return "right" if outcome in MISUSE_OUTCOMES else "wrong"


def verdicts(conn: Connection) -> tuple[Verdict, ...]:
    """Return what people made of the alerts of each detector, by name. A finding withdrawn since does not count."""
    query = (
        select(FindingRow.detector, FindingRow.alert_id, AlertRow.outcome)
        .join(AlertRow, AlertRow.alert_id == FindingRow.alert_id)
        .where(AlertRow.state == "closed", AlertRow.outcome.in_(OUTCOMES), FindingRow.state == "active")
        .distinct()
    )
    counts = Counter((detector, word_of(outcome)) for detector, _, outcome in conn.execute(query))
    names = sorted({detector for detector, _ in counts})
    return tuple(
        Verdict(name, counts[name, "right"], counts[name, "wrong"], counts[name, "undecided"])
        for name in names
    )


def verdict_of_findings(conn: Connection) -> Mapping[str, Word]:
    """Return what people said of each finding by closing its alert, by its id."""
    query = (
        select(FindingRow.finding_id, AlertRow.outcome)
        .join(AlertRow, AlertRow.alert_id == FindingRow.alert_id)
        .where(AlertRow.state == "closed", AlertRow.outcome.in_(OUTCOMES))
    )
    return {finding_id: word_of(outcome) for finding_id, outcome in conn.execute(query)}
