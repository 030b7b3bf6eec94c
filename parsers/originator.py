"""Originator lines of PNC checks, conventionally `NAME COLLAR/REASON/LOCATION`. Practice differs: it never refuses one."""

from __future__ import annotations

from typing import Final

import polars as pl

PARTS: Final = (
    "pnc_originator_name",
    "pnc_originator_collar",
    "pnc_originator_reason",
    "pnc_originator_location",
)
_MOST_WORDS_ALONE: Final = 3

_WHO, _LAST, _REASON = pl.col("who"), pl.col("last"), pl.col("reason")
_MARKED: Final = _LAST.str.contains("[0-9]")
_TRIMMED: Final = pl.all().str.strip_chars()
_BELIEVED: Final = pl.when(
    _REASON.is_not_null() | (_WHO.str.count_matches(r"\S+") <= _MOST_WORDS_ALONE)
).then("who")
_LAST_WORD: Final = _WHO.str.split(" ").list.last().alias("last")
_LAST_IS_COLLAR: Final = [
    _MARKED.alias("marked"),
    pl.col("who", "reason", "location"),
    pl.when(_MARKED).then(_WHO.str.strip_suffix(_LAST).str.strip_chars_end()).otherwise(_WHO).alias("name"),
    pl.when(_MARKED).then(_LAST.str.to_uppercase()).alias("collar"),
]
_WORDS: Final = r"\S*[0-9]\S*"
_SINGLE: Final = ~pl.col("marked") & (_WHO.str.count_matches(_WORDS) == 1)
_ONLY_WORD_IS_COLLAR: Final = [
    pl.col("reason", "location"),
    pl.when(_SINGLE).then(_WHO.str.replace(rf"{_WORDS}\s*", "")).otherwise("name").alias("name"),
    pl.when(_SINGLE)
    .then(_WHO.str.extract(rf"({_WORDS})").str.to_uppercase())
    .otherwise("collar")
    .alias("collar"),
]
_TOLD: Final = [
    pl.when(pl.col(column) != "").then(column).alias(part)
    for part, column in zip(PARTS, ("name", "collar", "reason", "location"), strict=True)
]


def read_originators(text: pl.Series) -> pl.DataFrame:
    """Return PARTS of each originator line, null where a part cannot be told.

    Before the first `/` stand name and collar number: the collar is the last word if that has a digit, else the only
    word that has one, in capitals. Without any `/` that is believed only of up to three words. After it come the
    reason and, behind a second `/`, the location with whatever slashes it holds.
    """
    pieces = text.str.splitn("/", 3).struct.unnest()
    pieces.columns = ["who", "reason", "location"]
    trimmed = pieces.select(_TRIMMED)
    if trimmed["reason"].null_count() > trimmed["who"].null_count():
        trimmed = trimmed.with_columns(_BELIEVED)
    split = trimmed.with_columns(_LAST_WORD).select(_LAST_IS_COLLAR)
    if not split["marked"].all(ignore_nulls=True):
        split = split.select(_ONLY_WORD_IS_COLLAR)
    return split.select(_TOLD)
