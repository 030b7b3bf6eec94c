"""From what a record says to the text of each field: parts joined, lists split, codes looked up. Never to a meaning.

It must never depend on the family. Expressions are made once for a configuration: making them costs more than parsing a
small block does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import polars as pl

from parsers.mapping import FieldTable
from parsers.mapping_fields import LISTS, Kind

_NOTHING: Final = pl.lit(None, dtype=pl.String)
NO_LIST: Final = pl.lit(None, dtype=pl.List(pl.String))


def given(name: str) -> pl.Expr:
    """Return what a record gives under a name of the log: trimmed text, null where empty; or a list of those."""
    return pl.col(input_name(name))


def input_name(name: str) -> str:
    """Return the name of the column with what the log has under `name`: none of ours can be called so."""
    return f"in {name}"


def value_of(table: FieldTable, kind: Kind, *, lists: frozenset[str]) -> pl.Expr:
    """Return the text of a field (for kinds that are lists: its texts); `lists` are the inputs that are lists."""
    if kind in LISTS:
        return _list_of(table, lists)
    value = _scalar_of(table)
    if table.codes:
        known = value.str.to_lowercase().replace_strict(
            folded(table.codes), default=None, return_dtype=pl.String
        )
        other = (
            value if table.otherwise is None else pl.when(value.is_not_null()).then(pl.lit(table.otherwise))
        )
        value = pl.coalesce(known, other)
    return value if table.default is None else value.fill_null(pl.lit(table.default))


def folded(codes: Mapping[str, str]) -> dict[str, str]:
    """Return a table of codes as they are compared."""
    return {code.strip().lower(): meaning for code, meaning in codes.items()}


def _scalar_of(table: FieldTable) -> pl.Expr:
    if table.value is not None:
        return pl.lit(table.value, dtype=pl.String)
    parts = [given(name) for name in table.read]
    if len(parts) == 1:
        return parts[0]
    joined = pl.concat_str(parts, separator=table.join, ignore_nulls=True)
    return pl.when(pl.any_horizontal(part.is_not_null() for part in parts)).then(joined)


def _list_of(table: FieldTable, lists: frozenset[str]) -> pl.Expr:
    if table.value is not None:
        return pl.lit([table.value], dtype=pl.List(pl.String))
    parts = [
        given(name) if name in lists else _split(given(name), table.separator).fill_null([])
        for name in table.read
    ]
    whole = parts[0] if len(parts) == 1 else pl.concat_list(part.fill_null([]) for part in parts)
    if table.default is not None:
        whole = pl.when(whole.list.len() > 0).then(whole).otherwise(pl.lit([table.default]))
    return pl.when(whole.list.len() > 0).then(whole)


def _split(text: pl.Expr, separator: str | None) -> pl.Expr:
    if separator is None:
        return pl.when(text.is_not_null()).then(pl.concat_list(text))
    values = text.str.split(separator).list.eval(pl.element().str.strip_chars())
    return values.list.eval(pl.element().filter(pl.element() != ""))


class Codes:
    """The tables of codes of a mapping, and which codes that come they do not name."""

    def __init__(self, mapped: Mapping[str, FieldTable]) -> None:
        self._coded = {
            field: (_scalar_of(table), folded(table.codes))
            for field, table in mapped.items()
            if table.codes and table.read
        }
        self._strange = [
            (value.is_not_null() & ~value.str.to_lowercase().is_in(list(codes))).any().alias(field)
            for field, (value, codes) in self._coded.items()
        ]

    def unknown(self, inputs: pl.DataFrame) -> dict[str, int]:
        """Return how often each code that its table does not name occurs, by `field:code`."""
        if not self._coded or not inputs.height:
            return {}
        strange = inputs.select(self._strange).row(0)
        return dict(
            pair
            for found, field in zip(strange, self._coded, strict=True)
            if found
            for pair in self._counts(inputs, field)
        )

    def _counts(self, inputs: pl.DataFrame, field: str) -> Iterator[tuple[str, int]]:
        value, codes = self._coded[field]
        written = inputs.select(value.alias("code")).to_series().drop_nulls()
        lower = written.str.to_lowercase()
        for code, count in sorted(lower.filter(~lower.is_in(list(codes))).value_counts().iter_rows()):
            yield f"{field}:{code}", count
