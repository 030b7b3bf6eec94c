"""Every page can be reached, every link leads somewhere, and what exists is described."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pages import INDEX, PAGES, ROOT, anchors, links, name, prose, target_of

from auditd.tables import Base
from detectors.detector import all_detectors
from parsers.format import all_formats

every_page = pytest.mark.parametrize("page", PAGES, ids=name)
DECISIONS = sorted((ROOT / "docs/decisions").glob("*.md"))
SOURCE = re.compile(r"`((?:auditd|alerts|detectors|parsers|tests|deploy|docs)/[\w./-]+)`")


@every_page
def test_every_link_leads_to_a_file_and_to_a_heading_in_it(page: Path) -> None:
    for link in links(page):
        target = target_of(page, link)
        assert target.exists(), f"{link} leads nowhere"
        anchor = link.partition("#")[2]
        assert not anchor or anchor in anchors(target), f"{link} has no such heading"


@every_page
def test_every_file_of_ours_that_a_page_names_exists(page: Path) -> None:
    gone = [path for path in SOURCE.findall(prose(page)) if not (ROOT / path).exists() and "NAME" not in path]
    assert gone == []


def test_every_page_can_be_reached_from_the_index() -> None:
    reached, waiting = set(), [INDEX]
    while waiting:
        page = waiting.pop()
        if page not in reached:
            reached.add(page)
            waiting += [target for link in links(page) if (target := target_of(page, link)).suffix == ".md"]
    assert [name(page) for page in PAGES if page not in reached] == []


@pytest.mark.parametrize("kind", ["formats", "detectors"])
def test_every_format_and_detector_has_a_page_in_the_index_and_no_page_is_left_over(kind: str) -> None:
    there = all_formats() if kind == "formats" else all_detectors()
    assert {page.stem for page in (ROOT / "docs" / kind).glob("*.md")} == set(there)
    assert {link for link in links(INDEX) if link.startswith(kind)} == {f"{kind}/{one}.md" for one in there}


def test_every_table_of_the_database_is_described() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", prose(ROOT / "docs/architecture.md"), re.MULTILINE)
    assert set(rows) == set(Base.metadata.tables)


def test_every_package_of_the_process_is_described() -> None:
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    packages = [path.parent.name for path in (ROOT / "auditd").glob("*/__init__.py")]
    assert [package for package in packages if f"| `auditd/{package}/` |" not in text] == []


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_says_context_decision_and_consequences(page: Path) -> None:
    text = page.read_text("utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert text.startswith(f"# {int(page.stem[:4])}. ")


def test_decisions_are_numbered_without_a_gap_and_indexed_under_their_titles() -> None:
    assert [int(page.stem[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    for page in DECISIONS:
        number, _, title = page.read_text("utf-8").partition("\n")[0].removeprefix("# ").partition(". ")
        assert f"\n{number}. [{title}](decisions/{page.name})" in INDEX.read_text("utf-8")
