"""The worked examples of docs/formats/delimited.md and jsonlines.md: a source, a sample, and what it becomes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from auditd.config import load
from parsers.event import FAMILIES
from parsers.format import Block
from parsers.mapping_fields import FIELDS

PAGES = Path(__file__).parents[2] / "docs/formats"
EXAMPLE = re.compile(r"```toml\n(.*?)```\n\n```text\n(.*?)```\n\n```toml\n(.*?)```", re.DOTALL)
EXAMPLES = [
    pytest.param(*example, id=f"{name}-{number}")
    for name in ("delimited", "jsonlines")
    for number, example in enumerate(EXAMPLE.findall((PAGES / f"{name}.md").read_text("utf-8")))
]
FORCE = '[force]\nnumber_ranges = ["+447700900"]\n'


def test_there_are_worked_examples() -> None:
    assert [example.id for example in EXAMPLES] == [
        "delimited-0",
        "delimited-1",
        "delimited-2",
        "jsonlines-0",
    ]


@pytest.mark.parametrize(("source", "sample", "becomes"), EXAMPLES)
def test_an_example_becomes_what_its_page_says(
    tmp_path: Path, source: str, sample: str, becomes: str
) -> None:
    file = tmp_path / "a.toml"
    file.write_text(FORCE + source, "utf-8")
    [configured] = load(file).sources
    parsed = configured.parser().parse(Block(sample.encode()), "")
    expected: list[dict[str, Any]] = tomllib.loads(becomes)["events"]
    events = [event for frame in parsed.events.values() for event in frame.to_dicts()]
    assert parsed.rejects.height == 0
    assert len(events) == len(expected)
    for event, want in zip(events, expected, strict=True):
        assert {column: event[column] for column in want} == want


@pytest.mark.parametrize("family", FAMILIES)
def test_the_page_lists_every_field_that_can_be_mapped(family: str) -> None:
    page = (PAGES / "delimited.md").read_text("utf-8")
    assert [field for field in FIELDS[family] if f"`{field}`" not in page] == []  # type: ignore[index]
