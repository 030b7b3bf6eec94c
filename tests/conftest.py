"""Fixtures shared by every test: a real, empty database on each back end, with every table of the project."""

from __future__ import annotations

import importlib
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError

from alerts.tables import Base
from auditd.database import open_database

ROOT = Path(__file__).parent.parent
POSTGRES = os.environ.get(
    "ACCESS_AUDITD_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres?connect_timeout=3"
)
SOAK_SECONDS = 3600
# A busy machine is no fault: what hangs is ended by the timeout of the test.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
DECLARES_TABLES = re.compile(r"^from alerts\.tables import .*\bBase\b", re.MULTILINE)


def import_all_tables() -> None:
    """Import every module of the project that hangs a table off `Base`."""
    for package in ("alerts", "auditd"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if DECLARES_TABLES.search(path.read_text("utf-8")) and "migrations" not in path.parts:
                importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give long runs the time they need, also where they are not run by `make soak`."""
    for item in items:
        if item.get_closest_marker("soak") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(SOAK_SECONDS))


@pytest.fixture(scope="session")
def postgres_server() -> URL:
    """The test server, or a skip that says how to have one."""
    url = make_url(POSTGRES)
    engine = create_engine(url)
    try:
        engine.connect().close()
    except OperationalError:
        pytest.skip(f"no PostgreSQL at {url.host}:{url.port}: start one or set ACCESS_AUDITD_TEST_POSTGRES")
    finally:
        engine.dispose()
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[URL]:
    """The address of an empty database: a SQLite file, or a schema of its own on the PostgreSQL server."""
    if request.param == "sqlite":
        yield make_url(f"sqlite:///{tmp_path / 'state.sqlite'}")
        return
    server: URL = request.getfixturevalue("postgres_server")
    schema = f"test_{secrets.token_hex(6)}"
    admin = create_engine(server)
    with admin.begin() as conn:
        conn.execute(text(f"CREATE SCHEMA {schema}"))
    yield server.update_query_dict({"options": f"-csearch_path={schema}"})
    with admin.begin() as conn:
        conn.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    admin.dispose()


@pytest.fixture
def database(database_url: URL) -> Iterator[Engine]:
    """An open database with every table of the project, on each back end."""
    import_all_tables()
    engine = open_database(database_url)
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()
