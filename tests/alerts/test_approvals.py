"""Approved explanations on each back end: attributed, versioned, revocable, with a history that only grows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from judging import Judge, row
from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.exc import DBAPIError

from alerts import desk
from alerts.approval_tables import ApprovalHistoryRow
from alerts.approvals import (
    Approval,
    ApprovalError,
    approve,
    approved,
    known_misuse,
    last_entry,
    list_approvals,
    revoke,
)
from detectors.patterns import parse

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
DAY = timedelta(days=1)
PATTERN = parse("crime+stop:named.assigned.manager")


def give(conn: Connection, **changes: Any) -> Approval:
    request: dict[str, Any] = {
        "by": "Det Supt R. Example", "reason": "Sergeants review stops.", "now": NOW, "support": 40, "share": 0.25,
        "excuses": (),
    }  # fmt: skip
    return approve(conn, PATTERN, **request | changes)


def history(conn: Connection) -> list[tuple[str, str, str]]:
    kept = ApprovalHistoryRow
    rows = conn.execute(select(kept.approval_id, kept.actor, kept.action).order_by(kept.entry))
    return [(approval_id, actor, action) for approval_id, actor, action in rows]


def test_an_approval_says_who_why_when_and_what_they_were_shown(database: Engine) -> None:
    with database.begin() as conn:
        given = give(conn)
        assert list_approvals(conn) == (given,)
        assert (given.version, given.support, given.share, given.approved_at) == (1, 40, 0.25, NOW)
        [one] = approved(conn)
        assert (one.approval_id, one.pattern) == (given.approval_id, PATTERN)
        assert history(conn) == [(given.approval_id, "Det Supt R. Example", "approved")]


def test_a_revoked_one_no_longer_counts_and_another_approval_is_another_version(database: Engine) -> None:
    with database.begin() as conn:
        first = give(conn)
        before = last_entry(conn)
        ended = revoke(
            conn, first.approval_id.lower(), by="A. Other", reason="They are tasks now.", now=NOW + DAY
        )
        assert (ended.revoked_by, ended.revoked_at) == ("A. Other", NOW + DAY)
        assert approved(conn) == ()
        assert last_entry(conn) > before
        second = give(conn, now=NOW + 2 * DAY)
        assert second.version == 2
        assert [one.approval_id for one in list_approvals(conn)] == [second.approval_id, first.approval_id]
        assert [action for _, _, action in history(conn)] == ["approved", "revoked", "approved"]


def test_what_counted_on_a_past_day_can_be_asked(database: Engine) -> None:
    with database.begin() as conn:
        first = give(conn)
        revoke(conn, first.approval_id, by="A. Other", reason="Enough.", now=NOW + DAY)
        counted = [
            bool(approved(conn, known_on=NOW + hours)) for hours in (-DAY, 0 * DAY, DAY / 2, DAY, 2 * DAY)
        ]
        assert counted == [False, True, True, False, False]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"by": " "}, "nobody is named"),
        ({"reason": ""}, "no reason"),
        ({"excuses": ("A-00000-00001",)}, "would excuse known misuse"),
    ],
)
def test_what_is_refused(database: Engine, changes: dict[str, Any], says: str) -> None:
    with database.begin() as conn:
        with pytest.raises(ApprovalError, match=says):
            give(conn, **changes)
        assert list_approvals(conn) == ()
        assert last_entry(conn) == 0


def test_an_approval_despite_known_misuse_keeps_it(database: Engine) -> None:
    with database.begin() as conn:
        give(conn, excuses=("A-2", "A-1"), despite_misuse=True)
        assert list_approvals(conn)[0].excuses == ("A-1", "A-2")


def test_a_pattern_counts_once_and_is_revoked_once(database: Engine) -> None:
    with database.begin() as conn:
        given = give(conn)
        with pytest.raises(ApprovalError, match=f"already, as {given.approval_id}"):
            give(conn)
        with pytest.raises(ApprovalError, match="there is no approval AX-00000000"):
            revoke(conn, "ax-oooooooo", by="x", reason="y", now=NOW)
        revoke(conn, given.approval_id, by="x", reason="y", now=NOW)
        with pytest.raises(ApprovalError, match="already revoked"):
            revoke(conn, given.approval_id, by="x", reason="y", now=NOW)


@pytest.mark.parametrize("act", ["UPDATE {0} SET actor = 'nobody'", "DELETE FROM {0}"])
def test_the_history_only_grows(database: Engine, act: str) -> None:
    with database.begin() as conn:
        give(conn)
    with pytest.raises(DBAPIError, match="append-only"), database.begin() as conn:
        conn.execute(text(act.format(ApprovalHistoryRow.__tablename__)))


@pytest.mark.parametrize(
    ("outcome", "known"),
    [("management advice or warning", True), ("misconduct proceedings", True), ("no further action", False)],
)
def test_known_misuse_is_what_people_closed_as_such(judge: Judge, outcome: str, known: bool) -> None:
    [alert_id] = judge.judges(row("K1")).new_alerts
    desk.close(
        judge.conn, alert_id, outcome=outcome, category="misuse of force systems", rationale="Seen.", by="A. N. Alyst",
        now=NOW,
    )  # fmt: skip
    found = known_misuse(judge.conn)
    assert [one.alert_id for one in found] == ([alert_id] if known else [])
    assert all(one.event_ids for one in found)
