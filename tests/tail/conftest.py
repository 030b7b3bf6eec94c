"""Fixtures of the tailer's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tail_reading import Reading


@pytest.fixture
def reading() -> Iterator[Callable[..., Reading]]:
    made: list[Reading] = []

    def make(*patterns: Path | str, **options: int) -> Reading:
        made.append(Reading(*patterns, **options))
        return made[-1]

    yield make
    for one in made:
        one.tailer.close()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "app.log"
