"""Which alert a finding belongs to: findings about one person and one concern gather until a person closes the alert.

It must never decide by the order in which findings arrive, only by what people have closed: so that any batching,
lateness and restart gives the same alerts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from alerts.batches import batches
from alerts.difference import FindingRecord, StoredFinding
from alerts.identity import alert_id
from alerts.models import AlertRow
from alerts.vocabulary import AUTOMATIC_OUTCOMES

AlertRecord = Row[Any]
"""One row of the alerts table as read."""


def is_settled(alert: AlertRecord) -> bool:
    """Whether a person has closed it: what the daemon closed by itself, it reopens by itself."""
    return alert.state == "closed" and alert.outcome not in AUTOMATIC_OUTCOMES


@dataclass(slots=True)
class Shelf:
    """The alerts that findings of one concern may touch, as stored and locked, and the new ones they call for."""

    concern: str
    stored: dict[str, AlertRecord]
    opened: dict[str, tuple[str, int]] = field(default_factory=dict)  # person key -> (alert id, ordinal)
    _of_person: dict[str, list[AlertRecord]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def load(cls, conn: Connection, concern: str, *, people: Iterable[str], ids: Iterable[str]) -> Shelf:
        """Read and lock (on PostgreSQL; SQLite has one writer) all alerts of the people, and those of the ids."""
        known: dict[str, AlertRecord] = {}
        for batch in batches(people):
            known |= _load(conn, AlertRow.concern == concern, AlertRow.person_key.in_(batch))
        for batch in batches(set(ids) - known.keys()):
            known |= _load(conn, AlertRow.alert_id.in_(batch))
        shelf = cls(concern, known)
        for alert in known.values():
            if (
                alert.concern == concern
            ):  # a finding may have a home under another, as when its detector's has changed
                shelf._of_person[alert.person_key].append(alert)
        return shelf

    @property
    def acted_on(self) -> frozenset[str]:
        """The ids of those that a person has acted on."""
        return frozenset(name for name, alert in self.stored.items() if alert.acted_at is not None)

    def place(self, record: FindingRecord, before: StoredFinding | None) -> str:
        """Return the id of the alert the finding belongs to now.

        It stays on an alert that a person closed knowing it. One that had been withdrawn by then is news.
        """
        home = self.stored.get(before.alert_id) if before else None
        if before and home and is_settled(home) and home.person_key == record.person_key:
            judged_without_it = before.state == "withdrawn" and before.changed_at <= home.closed_at
            if not judged_without_it:
                return str(home.alert_id)
        return self._current(record.person_key)

    def _current(self, person_key: str) -> str:
        if person_key in self.opened:
            return self.opened[person_key][0]
        alerts = self._of_person.get(person_key, [])
        waiting = [alert for alert in alerts if not is_settled(alert)]
        if waiting:
            return str(max(waiting, key=lambda alert: (alert.state != "closed", alert.ordinal)).alert_id)
        ordinal = len(alerts)
        self.opened[person_key] = (alert_id(self.concern, person_key, ordinal), ordinal)
        return self.opened[person_key][0]


def _load(conn: Connection, *where: ColumnElement[bool]) -> dict[str, AlertRecord]:
    query = select(AlertRow.__table__).where(*where).order_by(AlertRow.alert_id).with_for_update()
    return {row.alert_id: row for row in conn.execute(query)}
