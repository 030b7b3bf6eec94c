"""The database is opened with the promises that the rest relies on."""

import threading

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from auditd.database import open_database, reading


@pytest.fixture
def counter(database: Engine) -> Engine:
    with database.begin() as conn:
        conn.execute(text("CREATE TABLE counter (n INTEGER NOT NULL)"))
        conn.execute(text("INSERT INTO counter VALUES (0)"))
    return database


def test_sqlite_commits_are_durable_and_keys_enforced(database: Engine) -> None:
    if database.dialect.name != "sqlite":
        pytest.skip("pragmas are SQLite's")
    with database.begin() as conn:
        pragmas = {
            name: conn.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_plain_postgresql_address_gets_the_installed_driver() -> None:
    assert open_database("postgresql://someone@localhost/x").url.drivername == "postgresql+psycopg"


def test_another_kind_of_database_is_refused_with_what_to_use() -> None:
    with pytest.raises(ValueError, match="use sqlite:///FILE or postgresql://"):
        open_database("mysql://localhost/x")


def test_writers_that_first_read_wait_for_each_other_and_lose_nothing(
    counter: Engine, database_url: URL
) -> None:
    lock = " FOR UPDATE" if counter.dialect.name == "postgresql" else ""

    def add_twenty() -> None:
        own = open_database(database_url)
        for _ in range(20):
            with own.begin() as conn:
                n = conn.scalar(text(f"SELECT n FROM counter{lock}"))
                conn.execute(text("UPDATE counter SET n = :n"), {"n": n + 1})
        own.dispose()

    threads = [threading.Thread(target=add_twenty) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(counter) as conn:
        assert conn.scalar(text("SELECT n FROM counter")) == 60


def test_a_reader_sees_one_moment_and_does_not_stop_a_writer(counter: Engine) -> None:
    with reading(counter) as reader:
        before = reader.scalar(text("SELECT n FROM counter"))
        with counter.begin() as writer:
            writer.execute(text("UPDATE counter SET n = 7"))
        assert reader.scalar(text("SELECT n FROM counter")) == before == 0
    with reading(counter) as reader:
        assert reader.scalar(text("SELECT n FROM counter")) == 7


def test_a_reader_cannot_write_and_the_next_transaction_can(counter: Engine) -> None:
    with pytest.raises(DBAPIError), reading(counter) as reader:
        reader.execute(text("UPDATE counter SET n = 1"))
    with counter.begin() as writer:
        writer.execute(text("UPDATE counter SET n = 2"))
