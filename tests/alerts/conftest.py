"""Fixtures of the alerts tests."""

from collections.abc import Iterator

import pytest
from judging import Judge
from sqlalchemy import Engine


@pytest.fixture
def judge(database: Engine) -> Iterator[Judge]:
    """A judge inside one transaction."""
    with database.begin() as conn:
        yield Judge(conn)
