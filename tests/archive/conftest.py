"""Fixtures of the archive's tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from auditd.archive.archive import Archive


@pytest.fixture
def archive(database: Engine, tmp_path: Path) -> Archive:
    """An empty archive, its manifest on each back end."""
    root = tmp_path / "archive"
    root.mkdir()
    return Archive(root, database)
