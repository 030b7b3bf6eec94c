"""docs/reliability.md and the tests agree: all forty-two cases, and exactly the tests that prove each."""

from __future__ import annotations

import re

import pytest
from cases import NUMBERS, PAGE, ROW, proofs, with_proofs
from pages import ROOT

ROWS = {number: (case, tests, rest) for number, case, tests, rest in ROW.findall(PAGE.read_text("utf-8"))}


def test_every_case_has_its_row_in_order() -> None:
    assert list(ROWS) == NUMBERS


@pytest.mark.parametrize("number", NUMBERS)
def test_a_row_names_the_tests_that_prove_its_case_and_no_others(number: str) -> None:
    named = set(re.findall(r"`(test_\w+)`", ROWS[number][1]))
    assert named == proofs().get(number, set())


@pytest.mark.parametrize("number", NUMBERS)
def test_a_case_that_no_test_proves_says_why(number: str) -> None:
    _, tests, rest = ROWS[number]
    assert "`test_" in tests or rest.strip()


def test_no_test_claims_a_case_that_does_not_exist() -> None:
    assert set(proofs()) <= set(NUMBERS)


def test_the_page_is_as_it_would_be_written() -> None:
    page = PAGE.read_text("utf-8")
    assert with_proofs(page) == page, "run python tests/docs/cases.py"


def test_every_other_test_the_page_names_exists() -> None:
    there = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text("utf-8"))
    }
    assert set(re.findall(r"`(test_\w+)`", PAGE.read_text("utf-8"))) <= there
