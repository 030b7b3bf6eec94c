"""No setting is undocumented: the reference and the example are held against the models."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from settings import Setting, every_setting

from auditd.config import load
from detectors.detector import all_detectors
from detectors.reference import FEEDS
from parsers.format import all_formats

ROOT = Path(__file__).parents[2]
REFERENCE = (ROOT / "docs/configuration.md").read_text("utf-8")
EXAMPLE = ROOT / "deploy/access-auditd.toml"


@pytest.mark.parametrize("setting", every_setting(), ids=lambda s: f"{s.table}.{s.key}")
def test_each_setting_has_its_row_in_the_reference(setting: Setting) -> None:
    assert setting.description
    section = REFERENCE.partition(f"## `{setting.table}`")[2].partition("\n## ")[0]
    assert setting.row in section


@pytest.mark.parametrize("setting", every_setting(), ids=lambda s: f"{s.table}.{s.key}")
def test_the_example_shows_each_setting(setting: Setting) -> None:
    tables = [tomllib.loads(EXAMPLE.read_text("utf-8"))]
    for name in setting.table.strip("[]").split("."):
        found = [table[name] for table in tables if name in table]
        if name == "NAME":
            found = [one for table in tables for one in table.values()]
        tables = [table for one in found for table in (one if isinstance(one, list) else [one])]
    assert any(setting.key in table for table in tables)


def test_the_example_can_be_used() -> None:
    config = load(EXAMPLE)
    assert {source.parser().name for source in config.sources} == set(all_formats())
    assert {detector.name for detector in config.detectors()} == set(all_detectors())


def test_the_example_uses_every_format_feed_and_detector() -> None:
    raw = tomllib.loads(EXAMPLE.read_text("utf-8"))
    assert {source["format"] for source in raw["sources"]} == set(all_formats())
    assert {feed["feed"] for feed in raw["feeds"]} == set(FEEDS)
    assert set(raw["detectors"]) == set(all_detectors())


@pytest.mark.parametrize("name", all_formats())
def test_each_option_of_a_format_is_in_its_document(name: str) -> None:
    document = (ROOT / f"docs/formats/{name}.md").read_text("utf-8")
    missing = [option for option in all_formats()[name].Options.model_fields if f"`{option}`" not in document]
    assert missing == []


@pytest.mark.parametrize("name", all_detectors())
def test_each_setting_of_a_detector_is_in_its_document(name: str) -> None:
    document = (ROOT / f"docs/detectors/{name}.md").read_text("utf-8")
    settings = all_detectors()[name].Settings.model_fields
    assert [setting for setting in settings if f"`{setting}`" not in document] == []
