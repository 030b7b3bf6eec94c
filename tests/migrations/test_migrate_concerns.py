"""Alerts of one detector each become alerts by concern, and nothing that a person did is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, MetaData, Table, insert, select
from sqlalchemy.engine import URL

from alerts.appraisal import Appraiser
from alerts.desk import show
from alerts.identity import alert_id
from alerts.settling import rescore
from auditd.database import open_database
from auditd.migrations import downgrade, upgrade
from detectors.rules.self_lookup import SelfLookup

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def old(database_url: URL) -> Iterator[Engine]:
    """A database as it was before alerts had concerns."""
    engine = open_database(database_url)
    upgrade(engine, "0006")
    yield engine
    engine.dispose()


def table(conn: Connection, name: str) -> Table:
    return Table(name, MetaData(), autoload_with=conn)


def plant(
    conn: Connection, alert: str, detector: str, *findings: str, severity: int = 1, **changes: Any
) -> None:
    """Store an alert about S1 as it was, with its findings."""
    values = {
        "alert_id": alert, "concern": detector, "person_key": "S1", "ordinal": 0, "staff_id": "S1",
        "actor": "account:jdoe", "title": detector, "category": "other", "severity": severity,
        "finding_count": len(findings), "first_event_at": NOON, "last_event_at": NOON, "state": "open",
        "opened_at": NOON, "version": 1, "acted_at": None, "closed_at": None, "outcome": None, "assignee": None,
    }  # fmt: skip
    conn.execute(insert(table(conn, "alerts")).values(values | changes))
    history = {"alert_id": alert, "at": NOON, "actor": "access-auditd", "action": "opened", "detail": {}}
    conn.execute(insert(table(conn, "alert_history")).values(history))
    for name in findings:
        conn.execute(
            insert(table(conn, "findings")).values(
                finding_id=name, detector=detector, version=1, key=name, timestamp=NOON, staff_id="S1",
                actor="account:jdoe", severity=severity, event_ids=["e1"], facts="{}", state="active",
                first_found_at=NOON, changed_at=NOON, alert_id=alert,
            )
        )  # fmt: skip


def alerts(conn: Connection) -> dict[str, Any]:
    rows = conn.execute(select(table(conn, "alerts")))
    return {row.alert_id: row for row in rows}


def homes(conn: Connection) -> dict[str, str]:
    findings = table(conn, "findings")
    return dict(conn.execute(select(findings.c.finding_id, findings.c.alert_id)).all())


def test_what_nobody_acted_on_is_gathered_in_one_alert_with_a_trail_both_ways(old: Engine) -> None:
    with old.begin() as conn:
        plant(conn, "A-N0NE", "unlinked_lookup", "f1", "f2")
        plant(conn, "A-S3RF", "self_lookup", "f3", severity=3)
        plant(conn, "A-MED1A", "media_contact", "f4")
    upgrade(old)
    new, media = alert_id("look-ups", "S1", 0), alert_id("media", "S1", 0)
    with old.begin() as conn:
        assert homes(conn) == {"f1": new, "f2": new, "f3": new, "f4": media}
        kept = alerts(conn)
        assert (kept[new].state, kept[new].severity, kept[new].finding_count) == ("open", 3, 3)
        assert (kept["A-S3RF"].state, kept["A-S3RF"].outcome) == ("closed", "gathered in another alert")
        assert kept["A-S3RF"].concern == "self_lookup"
        rescore(conn, Appraiser())
        view = show(conn, new)
        assert (view.alert.lead, view.alert.title) == ("self_lookup", SelfLookup.about.title)
        assert [entry.action for entry in view.history] == ["opened"]
        assert [entry.action for entry in show(conn, "A-S3RF").history] == ["opened", "moved out"]


def test_what_people_have_closed_or_in_hand_keeps_reference_findings_and_decision(old: Engine) -> None:
    acted = {"acted_at": NOON + HOUR}
    with old.begin() as conn:
        decided = {"state": "closed", "outcome": "continuing", "closed_at": NOON + HOUR}
        plant(conn, "A-C10SED", "unlinked_lookup", "f1", **acted, **decided)
        plant(conn, "A-R3V", "self_lookup", "f2", **acted, state="in_review", assignee="Ann Lee")
        plant(conn, "A-NEXT", "unlinked_lookup", "f3", ordinal=1)
    upgrade(old)
    with old.begin() as conn:
        kept = alerts(conn)
        assert homes(conn) == {"f1": "A-C10SED", "f2": "A-R3V", "f3": "A-R3V"}
        assert (kept["A-C10SED"].outcome, kept["A-C10SED"].concern, kept["A-C10SED"].ordinal) == (
            "continuing", "look-ups", 0,
        )  # fmt: skip
        assert (kept["A-R3V"].assignee, kept["A-R3V"].concern, kept["A-R3V"].ordinal) == (
            "Ann Lee", "look-ups", 1,
        )  # fmt: skip
        assert [entry.action for entry in show(conn, "A-R3V").history] == ["opened", "moved in"]


def test_the_next_alert_after_what_people_closed_has_the_reference_a_new_database_would_give(
    old: Engine,
) -> None:
    with old.begin() as conn:
        decided = {
            "state": "closed",
            "outcome": "continuing",
            "closed_at": NOON + HOUR,
            "acted_at": NOON + HOUR,
        }
        plant(conn, "A-C10SED", "unlinked_lookup", "f1", **decided)
        plant(conn, "A-NEXT", "self_lookup", "f2")
    upgrade(old)
    with old.begin() as conn:
        assert homes(conn)["f2"] == alert_id("look-ups", "S1", 1)


def test_a_detector_that_was_not_ours_keeps_its_own_concern_and_the_way_back_works(old: Engine) -> None:
    with old.begin() as conn:
        plant(conn, "A-0THER", "house_rule", "f1")
    upgrade(old)
    with old.begin() as conn:
        assert (alerts(conn)["A-0THER"].concern, homes(conn)) == ("house_rule", {"f1": "A-0THER"})
    downgrade(old, "0006")
    with old.begin() as conn:
        assert "lead" not in table(conn, "alerts").c
