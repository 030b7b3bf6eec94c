"""History is append-only in the database itself."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, insert, text
from sqlalchemy.exc import DBAPIError

from alerts.models import AuthorityHistoryRow, AuthorityRow

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)


@pytest.fixture
def with_history(database: Engine) -> Engine:
    authority = insert(AuthorityRow).values(
        authority_id="AU-1", purpose="self_monitoring", reason="test", detectors=[], outlets=[], people=[],
        events_from=NOW, events_to=NOW, granted_by="A", granted_at=NOW, expires_at=NOW, review_by=NOW.date(),
    )  # fmt: skip
    entry = insert(AuthorityHistoryRow)
    with database.begin() as conn:
        conn.execute(authority)
        conn.execute(entry.values(authority_id="AU-1", at=NOW, actor="A", action="granted", detail={}))
    return database


REWRITES = [
    "UPDATE authority_history SET actor = 'B'",
    "DELETE FROM authority_history",
]


@pytest.mark.parametrize("rewrite", REWRITES)
def test_a_history_row_can_be_neither_changed_nor_deleted(with_history: Engine, rewrite: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"), with_history.begin() as conn:
        conn.execute(text(rewrite))
    with with_history.begin() as conn:
        assert conn.scalar(text("SELECT actor FROM authority_history")) == "A"


def test_a_history_row_cannot_be_replaced_or_truncated(with_history: Engine) -> None:
    rewrite = {
        "sqlite": "INSERT OR REPLACE INTO authority_history SELECT entry, authority_id, at, 'B', action, detail "
        "FROM authority_history",
        "postgresql": "TRUNCATE authority_history",
    }[with_history.dialect.name]
    with pytest.raises(DBAPIError, match="append-only"), with_history.begin() as conn:
        conn.execute(text(rewrite))
