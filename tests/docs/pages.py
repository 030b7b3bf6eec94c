"""The pages of the documentation, and what stands in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
INDEX = ROOT / "docs/README.md"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def prose(page: Path) -> str:
    """Return the page without its code blocks."""
    return _FENCE.sub("", page.read_text("utf-8"))


def code_blocks(page: Path, *languages: str) -> Iterator[str]:
    """Yield the contents of the page's code blocks in these languages."""
    for block in _FENCE.findall(page.read_text("utf-8")):
        first, _, rest = block.partition("\n")
        if first.removeprefix("```") in languages:
            yield rest.removesuffix("```")


def links(page: Path) -> list[str]:
    """Return the targets of the page's links within the repository, anchors included."""
    return [target for target in _LINK.findall(prose(page)) if "://" not in target]


def target_of(page: Path, link: str) -> Path:
    """Return the file a link leads to."""
    path = link.partition("#")[0]
    return (page.parent / path).resolve() if path else page


def anchors(page: Path) -> set[str]:
    """Return the anchors of the page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
