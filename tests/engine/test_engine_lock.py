"""One writing process a state: archive and database are each held by one, and free the moment it is done."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from auditd.database import open_database
from auditd.engine.lock import StateInUse, StateLock


@pytest.mark.case("T38")
def test_the_archive_is_held_by_one(database: Engine, tmp_path: Path) -> None:
    with StateLock(tmp_path / "archive", database), pytest.raises(StateInUse, match="archive"):
        StateLock(tmp_path / "archive", database).__enter__()


@pytest.mark.case("T38")
def test_the_database_is_held_by_one_whatever_the_archive(database: Engine, tmp_path: Path) -> None:
    other = open_database(database.url)
    with StateLock(tmp_path / "one", database), pytest.raises(StateInUse, match="database"):
        StateLock(tmp_path / "another", other).__enter__()
    other.dispose()


@pytest.mark.case("T38")
def test_it_is_free_at_once_when_let_go(database: Engine, tmp_path: Path) -> None:
    for _ in range(20):
        with StateLock(tmp_path, database):
            pass


def test_one_that_could_not_have_everything_holds_nothing(database: Engine, tmp_path: Path) -> None:
    with StateLock(tmp_path / "one", database), pytest.raises(StateInUse):
        StateLock(tmp_path / "another", database).__enter__()
    with StateLock(tmp_path / "another", database):
        pass
