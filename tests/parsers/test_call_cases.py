"""Every case of the telephone and web formats: raw lines, and the events, rejects and counts they must become."""

from __future__ import annotations

from pathlib import Path

import pytest
from call_cases import case_paths, check

NAMES = (
    "asterisk",
    "avaya_ipoffice",
    "teams_pstn",
    "uk_cdr",
    "bt_calls",
    "avaya_cm",
    "mitel",
    "squid",
    "zscaler",
)


@pytest.mark.parametrize("path", case_paths(*NAMES), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_line_of_a_case_ends_where_it_must(path: Path) -> None:
    check(path)
