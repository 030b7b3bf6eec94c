"""How every delivery stands, as the database has it: for `feed list` and `status`. Without personal data."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from auditd.config.runtime import Delivery


def feed_health(conn: Connection, deliveries: Collection[Delivery], now: datetime) -> list[dict[str, Any]]:
    """Return a row per configured delivery: age, rows of what came last, those refused, rows known of its feed."""
    from sqlalchemy import func, select

    from auditd.health.facts import lasting, latest_deliveries
    from auditd.reference.loads import latest_notes
    from auditd.reference.tables import ReferenceRow

    current = select(ReferenceRow.feed, func.count()).where(ReferenceRow.known_to.is_(None))
    known = dict(conn.execute(current.group_by(ReferenceRow.feed)).all())
    latest = latest_deliveries(conn)
    refused = {fact.name: fact for fact in lasting(conn) if fact.kind == "refused"}
    shown = []
    for delivery in deliveries:
        fact, trouble = latest.get(delivery.name), refused.get(delivery.name)
        detail = fact.detail if fact else {}
        rows, bad = detail.get("rows", 0), detail.get("bad_rows", 0)
        notes = latest_notes(conn, delivery.name) if fact else []
        shown.append(
            {
                "name": delivery.name,
                "feed": delivery.feed,
                "from": "query" if delivery.query else "files" if delivery.files else "by hand",
                "delivered_at": fact.start if fact else None,
                "age_seconds": (now - fact.start).total_seconds() if fact else None,
                "rows": rows,
                "rejected_rows": bad,
                "rejected_share": bad / rows if rows else 0.0,
                "known_rows": known.get(delivery.feed, 0),
                "refused_since": trouble.start if trouble else None,
                "problem": str(trouble.detail.get("problem", "")) if trouble else "; ".join(notes),
            }
        )
    return shown
