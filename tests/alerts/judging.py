"""A small real detector and its findings, judged into a book."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from sqlalchemy import Connection, Row, select

from alerts.book import Applied, FindingRecord, always, apply, compare
from alerts.forming import Forming
from alerts.models import AlertHistoryRow, AlertRow, FindingRow
from detectors.detector import About, Detector, Naming, Window
from detectors.finding import FINDING_SCHEMA, Severity

START = datetime(2026, 3, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)


class NightLookup(Detector):
    """Look-ups at night: small, but a whole detector."""

    name = "night_lookup"
    about = About(
        "Look-up at night", "", Severity.MEDIUM, "misuse of force systems", (), (), concern="look-ups"
    )
    reads = ("access",)
    by = "actor"
    feeds = ()

    def judge(self, window: Window) -> pl.DataFrame:
        return FINDING_SCHEMA.to_frame()

    def describe(self, facts: Mapping[str, Any], naming: Naming) -> Sequence[str]:
        return [f"{naming.person(facts.get('staff_id'), 'account:jdoe')} looked something up at night."]


def row(key: str, hour: int = 0, **changes: Any) -> dict[str, Any]:
    """One finding, hours after START; by S1 unless told."""
    plain = {
        "key": key, "timestamp": START + hour * HOUR, "staff_id": "S1", "actor": "account:jdoe",
        "subject_type": "vehicle", "subject_key": "AB12CDE", "outlet": None, "severity": Severity.MEDIUM.value,
        "event_ids": [f"event-{key}"], "facts": json.dumps({"key": key}),
    }  # fmt: skip
    return plain | changes


@dataclass
class Judge:
    """Judges spans into the book; the clock moves a minute with each judgement."""

    conn: Connection
    detector: Detector = field(default_factory=NightLookup)
    now: datetime = START + 100 * HOUR
    forming: Forming | None = None

    def judges(
        self,
        *rows: dict[str, Any],
        span: tuple[int, int] = (0, 24),
        reasons: Mapping[str, str] | None = None,
        in_scope: Callable[[FindingRecord], bool] = always,
    ) -> Applied:
        self.now += timedelta(minutes=1)
        difference = compare(
            self.conn,
            detector=self.detector.name,
            span_start=START + span[0] * HOUR,
            span_end=START + span[1] * HOUR,
            findings=pl.DataFrame(list(rows), schema=FINDING_SCHEMA),
            in_scope=in_scope,
        )
        return apply(
            self.conn,
            difference,
            detector=self.detector,
            reasons=reasons or {},
            now=self.now,
            forming=self.forming,
        )

    def alerts(self) -> list[Row[Any]]:
        return list(
            self.conn.execute(select(AlertRow.__table__).order_by(AlertRow.ordinal, AlertRow.alert_id))
        )

    def findings(self) -> dict[str, Row[Any]]:
        rows = self.conn.execute(select(FindingRow.__table__))
        return {row.key: row for row in rows}

    def history(self) -> list[str]:
        return list(self.conn.scalars(select(AlertHistoryRow.action).order_by(AlertHistoryRow.entry)))
