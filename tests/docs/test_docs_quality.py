"""docs/quality.md says which columns bear each aspect, and no other."""

from __future__ import annotations

import re

import pytest
from pages import ROOT

from parsers.aspects import BEARERS
from parsers.event import FAMILIES, Family


@pytest.mark.parametrize("family", FAMILIES)
def test_the_columns_that_bear_each_aspect_are_documented(family: Family) -> None:
    text = (ROOT / "docs/quality.md").read_text("utf-8")
    row = re.search(rf"^\| `{family}` \|(.+)\|$", text, re.MULTILINE)
    assert row is not None
    cells = [re.findall(r"`(\w+)`", cell) for cell in row[1].split(" | ")]
    borne = [
        [name for group in BEARERS[family].get(aspect, ()) for name in group]
        for aspect in ("who", "what", "why", "where")
    ]
    assert cells == borne
