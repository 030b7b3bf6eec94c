"""Who or what a record of a mapped log is about: kind and key, from the columns that a configuration names.

It must never make a key of parts of which one is missing: a name without a date of birth is many people.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from parsers.mapping import SubjectTable
from parsers.mapping_times import ISO, read_dates
from parsers.mapping_values import given
from parsers.subjects import canonical_subject_type, key_by_kind

_BORN: Final = "born"
UNREADABLE_BORN: Final = "subjects.person.born: not in any of the formats"


class Subjects:
    """Kind and key of subjects, by the tables of a configuration."""

    def __init__(self, tables: Mapping[str, SubjectTable], fields: frozenset[str]) -> None:
        person = tables.get("person", SubjectTable())
        self._born = None if person.born is None else given(person.born)
        self._formats = person.born_format or (ISO,)
        self._keys = [_key(table).alias(f"key {kind}") for kind, table in tables.items()]
        kind = _kind(tables, mapped="subject_type" in fields)
        written = pl.col("subject_key") if "subject_key" in fields else None
        key = _upper_key(tables, written)
        self._kind = kind.alias("kind")
        self._both = [
            pl.col("kind").alias("subject_type"),
            key_by_kind(pl.col("kind"), key).alias("subject_key"),
        ]

    def read(self, inputs: pl.DataFrame, told: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
        """Return `subject_type` and `subject_key` of records, and what to tell of those whose dates cannot be read."""
        unread: dict[str, int] = {}
        if self._born is not None:
            written = inputs.select(self._born.alias(_BORN)).to_series()
            born = read_dates(written, self._formats)
            inputs = inputs.with_columns(born)
            lost = born.null_count() - written.null_count()
            unread = {UNREADABLE_BORN: lost} if lost else {}
        keyed = told.hstack(inputs.select(self._keys)) if self._keys else told
        return keyed.with_columns(self._kind).select(self._both), unread


def _key(table: SubjectTable) -> pl.Expr:
    """Return the key in capitals, as far as the record gives it: the whole one, else the one made of its parts."""
    whole = given(table.key).str.to_uppercase() if table.key else pl.lit(None, dtype=pl.String)
    if table.surname and table.forename and table.born:
        names = [_name(table.surname), _name(table.forename), pl.col(_BORN)]
        return pl.coalesce(whole, pl.concat_str(names, separator="/"))
    if table.postcode and table.number:
        parts = [given(name).str.to_uppercase() for name in (table.postcode, table.number)]
        return pl.coalesce(whole, pl.concat_str(parts, separator="/"))
    return whole


def _name(name: str) -> pl.Expr:
    return given(name).str.to_uppercase()


def _kind(tables: Mapping[str, SubjectTable], *, mapped: bool) -> pl.Expr:
    """Return the kind that the record names, else that of the first key it gives."""
    first = [pl.when(pl.col(f"key {kind}").is_not_null()).then(pl.lit(kind)) for kind in tables]
    named = [canonical_subject_type(pl.col("subject_type"))] if mapped else []
    return pl.coalesce([*named, *first, pl.lit(None, dtype=pl.String)])


def _upper_key(tables: Mapping[str, SubjectTable], written: pl.Expr | None) -> pl.Expr:
    """Return the key of the record's kind, else the one mapped as a whole, in capitals."""
    own = [pl.when(pl.col("kind") == kind).then(f"key {kind}") for kind in tables]
    plain = [] if written is None else [written.str.strip_chars().str.to_uppercase()]
    return pl.coalesce([*own, *plain, pl.lit(None, dtype=pl.String)])
