"""Whole words in roles, units and ranks: who has a kind of work. It must never match a part of a word."""

from __future__ import annotations

import re
from collections.abc import Iterable

import polars as pl


def holds_words(text: pl.Expr, words: Iterable[str]) -> pl.Expr:
    """Boolean expression, never null: the text holds one of the words (or groups of words) whole, in any case.

    No words: nothing holds any.
    """
    wanted = "|".join(re.escape(word.strip().lower()) for word in words)
    if not wanted:
        return pl.lit(value=False)
    return (
        text.str.to_lowercase().str.contains(rf"(?:^|[^a-z])(?:{wanted})(?:[^a-z]|$)").fill_null(value=False)
    )
