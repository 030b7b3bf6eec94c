"""Which tests say of themselves that they prove a case of docs/reliability.md: by name (test_t05_...) or by mark.

`python tests/docs/cases.py` writes their names into the page; what is not covered is for people to write.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from pages import ROOT

NUMBERS = [f"T{number}" for number in range(1, 43)]
PAGE = ROOT / "docs/reliability.md"
ROW = re.compile(r"^\| (T\d+) \| ([^|]+) \| ([^|]+) \| ([^|]*) \|$", re.MULTILINE)
_NAMED = re.compile(r"test_t(\d\d)_")


@cache
def proofs() -> dict[str, set[str]]:
    """Return the names of the tests that prove each case."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for test in _tests(path):
            for number in _claims(test):
                found[number].add(test.name)
    return dict(found)


def _tests(path: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node


def _claims(test: ast.FunctionDef) -> set[str]:
    named = _NAMED.match(test.name)
    claims = {f"T{int(named[1])}"} if named else set()
    for mark in test.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.case":
            claims |= {str(ast.literal_eval(number)) for number in mark.args}
    return claims


def with_proofs(page: str) -> str:
    """Return the page with the names of the tests as they are."""
    found = proofs()

    def row(old: re.Match[str]) -> str:
        number, case, _, rest = old.groups()
        names = ", ".join(f"`{name}`" for name in sorted(found.get(number, ())))
        return f"| {number} | {case} | {names or 'none'} | {rest} |"

    return ROW.sub(row, page)


if __name__ == "__main__":
    PAGE.write_text(with_proofs(PAGE.read_text("utf-8")), encoding="utf-8")
