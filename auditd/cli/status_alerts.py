"""What `status` tells of alerts, suppressions and verdicts: counts. It must never tell whom they are about."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from alerts.models import AlertRow
from alerts.suppressions import list_suppressions, suppressed_counts
from alerts.verdicts import verdicts
from detectors.finding import Severity


def alert_counts(conn: Connection) -> list[dict[str, Any]]:
    """Return how many alerts there are by severity and state, the gravest first."""
    rows = conn.execute(
        select(AlertRow.severity, AlertRow.state, func.count())
        .group_by(AlertRow.severity, AlertRow.state)
        .order_by(AlertRow.severity.desc(), AlertRow.state)
    )
    return [{"severity": Severity(s).name.lower(), "state": state, "alerts": n} for s, state, n in rows]


def suppression_counts(conn: Connection, now: datetime) -> list[dict[str, Any]]:
    """Return how many suppressions are in each state, how many of them end soon, and how many findings they keep back."""
    kept_back, every = suppressed_counts(conn), list_suppressions(conn)
    states = Counter(one.state(now) for one in every)
    return [
        {
            "state": word,
            "suppressions": states[word],
            "end_soon": sum(one.ending(now) for one in every if one.state(now) == word),
            "findings": sum(kept_back.get(one.suppression_id, 0) for one in every if one.state(now) == word),
        }
        for word in sorted(states)
    ]


def verdict_counts(conn: Connection) -> list[dict[str, Any]]:
    """Return what people made of the alerts of each detector."""
    return [
        {"detector": one.detector, "right": one.right, "wrong": one.wrong, "undecided": one.undecided}
        for one in verdicts(conn)
    ]
