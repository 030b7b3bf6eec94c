"""Fixtures of the engine's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from engine_rig import Rig, database_text, small_rig
from sqlalchemy.engine import URL


@pytest.fixture(autouse=True)
def _plain_logging() -> Iterator[None]:
    """Commands set the log of the process up; the next test must not inherit that."""
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """An installation over SQLite."""
    one = small_rig(tmp_path)
    yield one
    one.close()


@pytest.fixture
def rig_on_each(tmp_path: Path, database_url: URL) -> Iterator[Rig]:
    """An installation on each back end."""
    one = Rig(tmp_path, database=database_text(database_url))
    yield one
    one.close()
