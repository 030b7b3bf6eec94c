"""Migrations: a database that was upgraded is the one the code expects, on each back end, and can be taken back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from auditd.database import open_database
from auditd.migrations import _config, current, downgrade, upgrade
from auditd.tables import Base

VERSION_TABLE = "alembic_version"


@pytest.fixture
def empty(database_url: URL) -> Iterator[Engine]:
    """A database with nothing in it."""
    engine = open_database(database_url)
    yield engine
    engine.dispose()


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {VERSION_TABLE}


def test_an_upgraded_database_has_exactly_the_tables_of_the_code(empty: Engine) -> None:
    upgrade(empty)
    with empty.connect() as conn:
        context = MigrationContext.configure(
            conn, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, Base.metadata) == []
    assert tables(empty) == set(Base.metadata.tables)


def test_there_is_one_line_of_revisions_and_upgrade_reaches_its_end(empty: Engine) -> None:
    assert current(empty) is None
    upgrade(empty)
    assert [current(empty)] == ScriptDirectory.from_config(_config()).get_heads()


def test_upgrading_again_changes_nothing(empty: Engine) -> None:
    upgrade(empty)
    before = current(empty)
    with empty.begin() as conn:
        conn.execute(text("INSERT INTO judged VALUES ('watcher', 1, 'x', '2026-03-03 12:00:00')"))
    upgrade(empty)
    assert current(empty) == before
    with empty.connect() as conn:
        assert conn.execute(text("SELECT count(*) FROM judged")).scalar_one() == 1


def test_a_database_can_be_taken_back_to_nothing_and_up_again(empty: Engine) -> None:
    upgrade(empty)
    downgrade(empty)
    assert (tables(empty), current(empty)) == (set(), None)
    upgrade(empty)
    assert tables(empty) == set(Base.metadata.tables)


HISTORIES = {
    "alert_history": "INSERT INTO alert_history (alert_id, at, actor, action, detail) "
    "VALUES ('A-1', '2026-03-03 12:00:00', 'daemon', 'opened', '{}')",
    "authority_history": "INSERT INTO authority_history (authority_id, at, actor, action, detail) "
    "VALUES ('P-1', '2026-03-03 12:00:00', 'somebody', 'granted', '{}')",
    "approved_explanation_history": "INSERT INTO approved_explanation_history (approval_id, at, actor, action, detail) "
    "VALUES ('AX-1', '2026-03-03 12:00:00', 'somebody', 'approved', '{}')",
    "suppression_history": "INSERT INTO suppression_history (suppression_id, at, actor, action, detail) "
    "VALUES ('SU-1', '2026-03-03 12:00:00', 'somebody', 'added', '{}')",
    "detector_history": "INSERT INTO detector_history (run, at, actor, action, detail) "
    "VALUES ('strict', '2026-03-03 12:00:00', 'somebody', 'promoted', '{}')",
    "gap_history": "INSERT INTO gap_history (gap_id, at, action, detail) "
    "VALUES ('G-1', '2026-03-03 12:00:00', 'noticed', '{}')",
    "use_log": "INSERT INTO use_log (at, actor, purpose, reason, action, detail) "
    "VALUES ('2026-03-03 12:00:00', 'somebody', 'self_monitoring', 'r', 'who', '{}')",
}
OWNERS = (
    "INSERT INTO alerts (alert_id, concern, person_key, ordinal, actor, lead, title, category, severity, score, "
    "reasons, score_basis, finding_count, first_event_at, last_event_at, state, opened_at, version) "
    "VALUES ('A-1', 'c', 'p', 0, 'a', 'd', 't', 'c', 1, 0, '[]', '', 1, "
    "'2026-03-03 12:00:00', '2026-03-03 12:00:00', 'open', '2026-03-03 12:00:00', 1)",
    "INSERT INTO authorities (authority_id, purpose, reason, detectors, outlets, people, events_from, events_to, "
    "granted_by, granted_at, expires_at, review_by) VALUES ('P-1', 'integrity_security', 'r', '[]', '[]', '[]', "
    "'2026-03-03 12:00:00', '2026-03-04 12:00:00', 'x', '2026-03-03 12:00:00', '2026-03-04 12:00:00', '2026-03-04')",
    "INSERT INTO approved_explanations (approval_id, pattern, version, reason, support, share, excuses, approved_by, "
    "approved_at) VALUES ('AX-1', 'crime:named.assigned', 1, 'r', 1, 0.5, '[]', 'x', '2026-03-03 12:00:00')",
    "INSERT INTO suppressions (suppression_id, conditions, reason, author, added_at, expires_at) VALUES ('SU-1', '{}', 'r', "
    "'x', '2026-03-03 12:00:00', '2026-04-03 12:00:00')",
    "INSERT INTO gaps (gap_id, source, kind, start, state, noticed_at, detail) VALUES ('G-1', 'pnc', 'silent', "
    "'2026-03-03 12:00:00', 'open', '2026-03-03 12:00:00', '{}')",
)


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize(
    "act", ["UPDATE {0} SET action = 'nothing'", "DELETE FROM {0}"], ids=["change", "delete"]
)
def test_histories_of_an_upgraded_database_only_grow(empty: Engine, history: str, act: str) -> None:
    upgrade(empty)
    with empty.begin() as conn:
        for statement in (*OWNERS, HISTORIES[history]):
            conn.execute(text(statement))
    with pytest.raises(DBAPIError, match="append-only"), empty.begin() as conn:
        conn.execute(text(act.format(history)))
    with empty.connect() as conn:
        rows = conn.execute(text(f"SELECT count(*) FROM {history} WHERE action <> 'nothing'"))
        assert rows.scalar_one() == 1


def test_every_table_that_only_grows_is_protected_after_an_upgrade_as_in_the_code(
    empty: Engine, database_url: URL
) -> None:
    upgrade(empty)
    assert set(triggers(empty)) == set(triggers_of_the_code())


def triggers(engine: Engine) -> list[str]:
    """The tables that have triggers."""
    query = {
        "sqlite": "SELECT DISTINCT tbl_name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT DISTINCT event_object_table FROM information_schema.triggers "
        "WHERE trigger_schema = current_schema()",
    }[engine.dialect.name]
    with engine.connect() as conn:
        return list(conn.execute(text(query)).scalars())


def triggers_of_the_code() -> list[str]:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    return triggers(engine)
