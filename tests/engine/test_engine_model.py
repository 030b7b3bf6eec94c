"""Random histories of a log against a model: per file lines = events + rejects + non-records, and nothing is lost or
doubled that the model says was readable.

A failure names its seed; `ACCESS_AUDITD_SEED=123 make unit` (or pytest on this file) plays that one history again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest
from model_history import History

SEED = os.environ.get("ACCESS_AUDITD_SEED")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that an ordinary user may look into."""
    memory = Path("/dev/shm")  # many histories, each with many commits: no need to wait for a disk
    path = Path(mkdtemp(prefix="access-auditd-model-", dir=memory if os.access(memory, os.W_OK) else None))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def check_histories(seeds: range, steps: int, folder: Path) -> None:
    for seed in seeds:
        history = History(seed, folder / str(seed))
        try:
            history.run(steps)
            history.check()
        except Exception as error:
            raise AssertionError(
                f"seed {seed} of {steps} steps: {error!r}; play it again with "
                f"ACCESS_AUDITD_SEED={seed}:{steps} .venv/bin/pytest {__file__} -m '' -k again\n{history.done}"
            ) from error
        finally:
            history.close()
            shutil.rmtree(folder / str(seed))


@pytest.mark.parametrize("first", range(0, 100, 25))
def test_nothing_is_lost_or_doubled_in_random_histories(folder: Path, first: int) -> None:
    check_histories(range(first, first + 25), 25, folder)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("first", range(1000, 3000, 250))
def test_nothing_is_lost_or_doubled_in_thousands_of_random_histories(folder: Path, first: int) -> None:
    check_histories(range(first, first + 250), 60, folder)


@pytest.mark.soak
def test_one_history_played_again(folder: Path) -> None:
    if SEED is None:
        pytest.skip("ACCESS_AUDITD_SEED=SEED:STEPS says which")
    seed, _, steps = SEED.partition(":")
    check_histories(range(int(seed), int(seed) + 1), int(steps or 30), folder)
