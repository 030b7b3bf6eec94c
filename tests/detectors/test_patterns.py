"""Patterns: a small closed language that people can read, approve and type."""

from __future__ import annotations

import pytest

from detectors.patterns import Pattern, PatternError, every_way, parse


@pytest.mark.parametrize(
    "text",
    ["crime:named.assigned", "crime+stop:named.assigned.unit", "intel:named.role=intelligence analyst", "task:named.beside.owned",
     "crime:named.linked.assigned.manager"],
)  # fmt: skip
def test_a_pattern_is_the_text_it_says(text: str) -> None:
    assert str(parse(text)) == text


def test_kinds_are_sorted_and_roles_are_compared_in_lower_case() -> None:
    assert str(parse(" stop + crime:named.role=Analyst")) == "crime+stop:named.role=analyst"


def test_every_way_is_a_pattern_in_words_of_its_own() -> None:
    patterns = [Pattern(("crime",), way, end) for way, end in every_way()]
    assert [parse(str(pattern)) for pattern in patterns] == patterns
    assert len({pattern.words() for pattern in patterns}) == len(patterns)


@pytest.mark.parametrize(
    "text", ["", "crime", ":named.assigned", "murder:named.assigned", "crime:assigned", "crime:named", "crime:named.role=",
             "crime:named.linked", "crime:named.assigned.friend", "crime:named.linked.beside.assigned"],
)  # fmt: skip
def test_anything_else_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(PatternError, match="one of"):
        parse(text)


def test_a_pattern_that_is_too_long_to_store_is_refused() -> None:
    with pytest.raises(PatternError, match="at most 256"):
        parse(f"crime:named.role={'x' * 256}")
