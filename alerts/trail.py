"""Collects what is done to alerts and writes it to their append-only history, one row per alert and kind of action.

It must never write a row without naming who acted.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from alerts.models import AlertHistoryRow
from alerts.vocabulary import SYSTEM


@dataclass(slots=True)
class Trail:
    """History in the making. `findings` holds, by alert and action, an entry per finding concerned."""

    findings: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    acts: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    def finding(self, alert_id: str, action: str, finding_id: str, **detail: Any) -> None:
        """Note what was done with one finding of an alert."""
        self.findings[alert_id, action].append({"finding_id": finding_id} | detail)

    def act(self, alert_id: str, action: str, **detail: Any) -> None:
        """Note what was done to the alert itself, after what was done with its findings."""
        self.acts.append((alert_id, action, detail))

    def alerts(self, *actions: str) -> tuple[str, ...]:
        """Return the alerts to which any of these was done, sorted."""
        noted = [*self.findings, *((alert_id, action) for alert_id, action, _ in self.acts)]
        return tuple(sorted({alert_id for alert_id, action in noted if action in actions}))

    def write(self, conn: Connection, *, now: datetime, actor: str = SYSTEM) -> None:
        """Append the rows."""
        entries = [(alert, action, {"findings": found}) for (alert, action), found in self.findings.items()]
        rows = [
            {"alert_id": alert, "at": now, "actor": actor, "action": action, "detail": detail}
            for alert, action, detail in (*entries, *self.acts)
        ]
        if rows:
            conn.execute(insert(AlertHistoryRow), rows)
