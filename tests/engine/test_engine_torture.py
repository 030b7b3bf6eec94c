"""Logs at a steady rate, rotated in every way, and a daemon that is killed all the time: no line is lost or doubled.

`ACCESS_AUDITD_TORTURE=60:7 .venv/bin/pytest tests/engine/test_engine_torture.py -m '' -k as_long_as` does it for 60
seconds with seed 7.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from engine_rig import database_text
from sqlalchemy.engine import URL
from torture import Torture

ASKED = os.environ.get("ACCESS_AUDITD_TORTURE", "600:1")


def torture(folder: Path, *, seconds: float, seed: int, rate: int, database: str = "") -> None:
    one = Torture(folder, seed=seed, lines_per_second=rate, database=database)
    try:
        one.run(seconds)
        one.check()
        print(one.report())
    finally:
        one.rig.close()


@pytest.mark.case("T1", "T3", "T20", "T27", "T40")
def test_rotated_and_killed_for_a_few_seconds_no_line_is_lost_or_doubled(tmp_path: Path) -> None:
    torture(tmp_path, seconds=4, seed=1, rate=2000)


@pytest.mark.case("T1", "T3", "T20", "T27", "T40")
@pytest.mark.soak
def test_rotated_and_killed_for_as_long_as_asked_no_line_is_lost_or_doubled(tmp_path: Path) -> None:
    seconds, _, seed = ASKED.partition(":")
    torture(tmp_path, seconds=float(seconds), seed=int(seed or 1), rate=5000)


@pytest.mark.case("T1", "T3", "T20", "T27", "T40")
@pytest.mark.soak
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_rotated_and_killed_over_a_server_no_line_is_lost_or_doubled(
    tmp_path: Path, database_url: URL
) -> None:
    torture(tmp_path, seconds=60, seed=2, rate=5000, database=database_text(database_url))
