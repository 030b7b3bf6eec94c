"""Uses of personal data are written down by person, purpose and reason, or refused."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from alerts.uses import Use, UseError, list_uses, record_use
from alerts.vocabulary import SYSTEM

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
USE = {
    "action": "who", "detail": {"value": "50009"}, "purpose": "self_monitoring", "reason": "Case 12.",
    "by": "Ann Lee", "now": NOW,
}  # fmt: skip


def test_a_use_is_kept_as_it_was_made(database: Engine) -> None:
    with database.begin() as conn:
        record_use(conn, **USE | {"reason": "  Case 12. ", "by": " Ann Lee "})
    with database.begin() as conn:
        [use] = list_uses(conn)
    assert use == Use(use.entry, NOW, "Ann Lee", "self_monitoring", "Case 12.", "who", {"value": "50009"})


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"by": " "}, "must be a person"),
        ({"by": SYSTEM}, "must be a person"),
        ({"reason": " "}, "reason is empty"),
        ({"purpose": "curiosity"}, "no purpose: one of verify_lawfulness, "),
    ],
)
def test_a_use_without_person_purpose_or_reason_is_refused(
    database: Engine, wrong: dict[str, str], said: str
) -> None:
    with pytest.raises(UseError, match=said), database.begin() as conn:
        record_use(conn, **USE | wrong)
    with database.begin() as conn:
        assert list_uses(conn) == ()


def test_uses_are_found_by_time_person_and_action_the_latest_first(database: Engine) -> None:
    hours = [NOW + timedelta(hours=hour) for hour in range(3)]
    with database.begin() as conn:
        for hour, by in zip(hours, ("A", "B", "A"), strict=True):
            record_use(conn, **USE | {"now": hour, "by": by})
        record_use(conn, **USE | {"now": hours[1], "by": "A", "action": "export"})
    with database.begin() as conn:
        assert [use.at for use in list_uses(conn, actor="A", action="who")] == [hours[2], hours[0]]
        within = list_uses(conn, start=hours[1], end=hours[2])
        assert [(use.actor, use.action) for use in within] == [("A", "export"), ("B", "who")]


@pytest.mark.parametrize("rewrite", ["UPDATE use_log SET actor = 'B'", "DELETE FROM use_log"])
def test_a_use_can_be_neither_changed_nor_deleted(database: Engine, rewrite: str) -> None:
    with database.begin() as conn:
        record_use(conn, **USE)
    with pytest.raises(DBAPIError, match="append-only"), database.begin() as conn:
        conn.execute(text(rewrite))
