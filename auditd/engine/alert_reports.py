"""What the loop tells of alerts: how many there are, what people made of them, how suppressions stand. Now and then.

It must never be given anything about a person: counts and words alone.
"""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine, func, select

from alerts.models import AlertRow, FindingRow
from alerts.suppressions import list_suppressions, suppressed_counts
from alerts.verdicts import verdicts
from auditd.database import reading
from auditd.telemetry import events
from auditd.telemetry.metrics import Metrics

SUPPRESSIONS_SECONDS: Final = 10.0


class AlertReports:
    """Metrics and log lines about the alerts of one database."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._suppressions_at = float("-inf")

    def tell(self, engine: Engine, now: datetime) -> None:
        """Show how alerts stand."""
        with reading(engine) as conn:
            counts = select(AlertRow.severity, AlertRow.state, func.count())
            alerts = conn.execute(counts.group_by(AlertRow.severity, AlertRow.state)).all()
            every = select(FindingRow.detector, FindingRow.state, func.count())
            findings = conn.execute(every.group_by(FindingRow.detector, FindingRow.state)).all()
            if time.monotonic() - self._suppressions_at >= SUPPRESSIONS_SECONDS:
                self._suppressions_at = time.monotonic()
                self._suppressions(conn, now)
                self._verdicts(conn)
        events.alerts_standing(self._metrics, {(row[0], row[1]): row[2] for row in alerts})
        self._metrics.show(self._metrics.findings, {(row[0], row[1]): row[2] for row in findings})

    def _suppressions(self, conn: Connection, now: datetime) -> None:
        every = list_suppressions(conn)
        events.suppressions_standing(
            self._metrics,
            states=Counter(one.state(now) for one in every),
            ending=sum(one.ending(now) for one in every),
            findings=sum(suppressed_counts(conn).values()),
        )

    def _verdicts(self, conn: Connection) -> None:
        shown: dict[tuple[str, ...], float] = {
            (one.detector, word): float(number)
            for one in verdicts(conn)
            for word, number in (("right", one.right), ("wrong", one.wrong), ("undecided", one.undecided))
        }
        self._metrics.show(self._metrics.alert_verdicts, shown)
