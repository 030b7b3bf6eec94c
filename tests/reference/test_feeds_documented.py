"""docs/feeds.md names every feed, column, word and reason there is, and nothing else."""

import re
from pathlib import Path

import pytest

from auditd.reference.reading import REASONS
from detectors.reference import FEEDS, Feed

PAGE = (Path(__file__).parents[2] / "docs" / "feeds.md").read_text("utf-8")
SECTIONS = dict(part.split("\n", 1) for part in PAGE.partition("## The feeds")[2].split("\n### ")[1:])


def test_every_feed_has_a_section_and_every_section_a_feed() -> None:
    assert list(SECTIONS) == list(FEEDS)


@pytest.mark.parametrize("feed", FEEDS.values(), ids=FEEDS)
def test_every_column_is_in_the_table_optional_ones_in_italics(feed: Feed) -> None:
    columns = re.findall(r"^\| (\*?)`(\w+)`", SECTIONS[feed.name], re.MULTILINE)
    assert columns == [("" if column.required else "*", column.name) for column in feed.fields]


@pytest.mark.parametrize("feed", FEEDS.values(), ids=FEEDS)
def test_the_key_and_the_closed_lists_are_told(feed: Feed) -> None:
    section = SECTIONS[feed.name]
    [key] = re.findall(r"Key:\s((?:`\w+`[,.]\s+)+)", section)
    assert tuple(re.findall(r"\w+", key)) == feed.key
    for column in feed.fields:
        row = re.search(rf"`{column.name}`\*? \| (.*) \|$", section, re.MULTILINE)
        assert row
        if column.choices:
            assert tuple(re.findall(r"`(\w+)`", row[1])) == column.choices
        elif column.kind in ("time", "date", "list", "money", "subjects"):
            assert row[1].startswith(column.kind)


def test_every_reason_is_explained_in_its_own_words() -> None:
    told = re.findall(r"^\| `(\w+)` \| (.*) \|$", PAGE.partition("## The feeds")[0], re.MULTILINE)
    assert dict(told) == REASONS
