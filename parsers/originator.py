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


def read_originators(text: pl.Series) -> pl.DataFrame:
    """Return PARTS of each originator line, null where a part cannot be told.

    Before the first `/` stand name and collar number: the collar is the last word if that has a digit, else the only
    word that has one, in capitals. Without any `/` that is believed only of up to three words. After it come the
    reason and, behind a second `/`, the location with whatever slashes it holds.
    """
    pieces = text.str.splitn("/", 3).struct.rename_fields(["who", "reason", "location"]).struct.unnest()
    trimmed = pieces.select(pl.all().str.strip_chars())
    if trimmed["reason"].null_count() > trimmed["who"].null_count():
        few = pl.col("who").str.count_matches(r"\S+") <= _MOST_WORDS_ALONE
        who = pl.when(pl.col("reason").is_not_null() | few).then("who")
        trimmed = trimmed.with_columns(who.alias("who"))
    told = trimmed.hstack(_name_and_collar(trimmed["who"]))
    columns = ("name", "collar", "reason", "location")
    return told.select(
        pl.when(pl.col(column) != "").then(column).alias(part)
        for part, column in zip(PARTS, columns, strict=True)
    )


def _name_and_collar(who: pl.Series) -> pl.DataFrame:
    """Split each text into name and collar; the collar is null, or "", where there is none."""
    column = pl.col("who")
    frame = pl.DataFrame({"who": who}).with_columns(last=column.str.split(" ").list.last())
    marked = pl.col("last").str.contains("[0-9]")
    rest = column.str.strip_suffix(pl.col("last")).str.strip_chars_end()
    split = frame.select(
        marked.alias("marked"),
        "who",
        pl.when(marked).then(rest).otherwise(column).alias("name"),
        pl.when(marked).then(pl.col("last").str.to_uppercase()).alias("collar"),
    )
    if split["marked"].all(ignore_nulls=True):
        return split.select("name", "collar")
    words = r"\S*[0-9]\S*"
    single = ~pl.col("marked") & (column.str.count_matches(words) == 1)
    return split.select(
        pl.when(single).then(column.str.replace(rf"{words}\s*", "")).otherwise("name").alias("name"),
        pl.when(single)
        .then(column.str.extract(rf"({words})").str.to_uppercase())
        .otherwise("collar")
        .alias("collar"),
    )
