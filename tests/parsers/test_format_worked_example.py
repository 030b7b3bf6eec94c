"""The format that docs/adding-a-format.md walks through is one: it passes what is asked of every format."""

from __future__ import annotations

import inspect
import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import test_format_contract as contract

import parsers.guess
from parsers.format import Format, all_formats

PAGE = Path(__file__).parents[2] / "docs/adding-a-format.md"
NAME = "acme_gates"
MOST_LINES = 60
# Its page and its folder of cases are the page itself.
NOT_ASKED = ("test_its_page_explains_every_option", "test_it_has_cases")


def block(language: str) -> str:
    [found] = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> type[Format]:
    """The class on the page, among the other formats, with the case on the page as its only one."""
    module = ModuleType(f"parsers.formats.{NAME}")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(block("python"), str(PAGE), "exec"), vars(module))
    found: type[Format] = module.AcmeGates
    case = contract.Case("page", tomllib.loads(block("toml"))["log"].encode(), {})
    monkeypatch.setattr(contract, "cases", lambda _: (case,))
    monkeypatch.setattr(parsers.guess, "all_formats", lambda: {**all_formats(), NAME: found})
    return found


def asked() -> list[str]:
    """Every test of the contract that is about a format, or a format and a case."""
    tests = {name: one for name, one in vars(contract).items() if name.startswith("test_")}
    return [
        name for name, test in tests.items() if "kind" in inspect.signature(test).parameters and name not in NOT_ASKED
    ]  # fmt: skip


@pytest.mark.parametrize("test", asked())
def test_the_format_on_the_page_passes(kind: type[Format], test: str) -> None:
    ask: Callable[..., None] = getattr(contract, test)
    [case] = contract.cases(NAME)
    wanted = inspect.signature(ask).parameters
    given: dict[str, Any] = {"kind": kind} | ({"case": case} if "case" in wanted else {})
    if "lines" in wanted:
        given |= {"data": b"\n\r\n \n", "lines": 3}
    ask(**given)


def test_the_case_on_the_page_comes_out_as_it_says(kind: type[Format]) -> None:
    [case] = contract.cases(NAME)
    expected = tomllib.loads(block("toml"))["expected"]
    lines = case.data.split(b"\n")
    line_at = {sum(len(line) + 1 for line in lines[:row]): row + 1 for row in range(len(lines))}
    parsed = contract.parse(contract.reader(kind, case), case.data)
    rejects = parsed.rejects.select("log_offset", "reason").iter_rows()
    assert [{"line": line_at[place], "reason": reason} for place, reason in rejects] == expected["rejects"]
    events = parsed.events["access"].to_dicts()
    found = [event | {"line": line_at[event["log_offset"]]} for event in events]
    assert [
        {name: event[name] for name in want} for event, want in zip(found, expected["events"], strict=True)
    ] == (expected["events"])


def test_the_walk_is_short() -> None:
    assert PAGE.read_text("utf-8").count("\n") < MOST_LINES
