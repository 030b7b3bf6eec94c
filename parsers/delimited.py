"""Delimited lines to columns, exactly: columnar speed, and no line swallowed between unbalanced quotes.

Columnar CSV readers join lines when a quote is left open, without an error; an insider could plant two such
lines and hide what stands between. So every line is judged on its own: quotes must balance on the line, the
number of fields must be right, and the frame that comes back has one row per good line, or the code fails loudly.
It must never return a row count other than the number of lines it was given minus its rejects.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import polars as pl

from parsers.format import NO_REJECTS
from parsers.lines import reject

# Lines with more columns are read whole: the pattern that judges a line counts its columns, and must stay small.
WIDEST: Final = 1000
# Layouts whose patterns and schemas are remembered: making them costs more than a small block does.
REMEMBERED: Final = 16
_LINE: Final = pl.col("line")
_FOLDED: Final = _LINE.str.replace_all(r'"(?:[^"]|"")*"', "\u0002")


@dataclass(frozen=True, slots=True)
class _Shape:
    """Names of the fields of a line, what stands between them, and the value that is read as null, if any is."""

    names: tuple[str, ...]
    separator: str
    null: str | None

    @property
    def width(self) -> int:
        return len(self.names)


def split_fields(
    lines: pl.DataFrame,
    columns: Sequence[str],
    *,
    separator: str = ",",
    wanted: Sequence[str] | None = None,
    empty_is_null: bool = False,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Split quoted, separated lines (RFC 4180, one record per line) into string columns.

    lines: frame of LINES_SCHEMA (parsers/lines.py), without header lines. columns: names, in file order, all different.
    wanted: the columns to return, in this order; all of them by default. Few of many are several times faster, and
    the lines are judged by all their fields all the same. empty_is_null: a quoted empty field is null too.
    Returns (fields, kept, rejects): `fields` has the columns as strings (an empty unquoted field is null, a quoted empty
    one is ""), `kept` is the rows of `lines` they came from, same height and order, `rejects` is of REJECTS_SCHEMA.
    """
    shape = _Shape(tuple(columns), separator, "" if empty_is_null else None)
    if wanted is None:
        return _split_all(lines, shape)
    if len(columns) > WIDEST:
        fields, kept, rejects = _split_all(lines, shape)
        return fields.select(wanted), kept, rejects
    plain = lines.select(is_plain(len(columns), separator)).to_series()
    rows = lines if plain.all() else lines.filter(plain)
    some = _read_some(rows, shape, list(wanted))
    if some is None:
        fields, kept, rejects = _split_all(lines, shape)
        return fields.select(wanted), kept, rejects
    if rows.height == lines.height:
        return some, lines, NO_REJECTS
    place = pl.Series("place", range(lines.height), dtype=pl.UInt32)
    others = lines.with_columns(place).filter(~plain)
    fields, kept, rejects = _split_all(others, shape)
    kept = pl.concat([lines.with_columns(place).filter(plain), kept])
    in_order = kept["place"].arg_sort()
    return pl.concat([some, fields.select(wanted)])[in_order], kept.drop("place")[in_order], rejects


def _split_all(lines: pl.DataFrame, shape: _Shape) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    fields = _read_sound(lines, shape)
    if fields is not None:
        return fields, lines, NO_REJECTS
    reasons = _every_fault(lines, _obvious_faults(lines, shape), shape)
    good = lines.filter(reasons.is_null())
    bad = lines.with_columns(reasons.alias("reason")).filter(reasons.is_not_null())
    fields = _read(good, shape)
    if fields is None:
        return _read_one_by_one(good, reject(bad), shape)
    return fields, good, reject(bad)


def split_header(line: str, *, separator: str = ",") -> list[str]:
    """Return the names on a header line, trimmed; [] where the line is not one readable record."""
    try:
        return [name.strip() for name in next(csv.reader([line], delimiter=separator, strict=True))]
    except (csv.Error, StopIteration):
        return []


@lru_cache(maxsize=REMEMBERED)
def is_plain(width: int, separator: str) -> pl.Expr:
    """Boolean expression: nothing about the line is open to reading, whatever stands next to it.

    Every field is either free of quotes or quoted from end to end without quotes inside, and there are `width` of
    them: leaving out columns can then neither shift a field nor join two lines.
    """
    mark = "\\t" if separator == "\t" else re.escape(separator)
    one = rf'(?:[^"{mark}]*|"[^"]*")'
    return _LINE.str.contains(rf"^{one}(?:{mark}{one}){{{width - 1}}}$")


def _read_some(lines: pl.DataFrame, shape: _Shape, wanted: list[str]) -> pl.DataFrame | None:
    """Read some columns of plain lines; None when the reader fails or its rows are not the lines."""
    if not lines.height:
        return pl.Schema({name: pl.String() for name in wanted}).to_frame()
    schema, places = _schema(shape.names), [shape.names.index(name) for name in wanted]
    try:
        frame = pl.read_csv(
            _as_block(lines),
            has_header=False,
            schema=schema,
            columns=places,
            separator=shape.separator,
            null_values=shape.null,
        )
    except pl.exceptions.PolarsError:
        return None
    return frame[wanted] if frame.height == lines.height else None


def _as_block(lines: pl.DataFrame) -> bytes:
    """Return the lines as one text, each ended by a newline."""
    block: bytes = lines["line"].extend_constant("", 1).str.join("\n").cast(pl.Binary).item()
    return block


@lru_cache(maxsize=REMEMBERED)
def _schema(names: tuple[str, ...]) -> pl.Schema:
    return pl.Schema({name: pl.String() for name in names})


def _read(lines: pl.DataFrame, shape: _Shape) -> pl.DataFrame | None:
    """Read the lines as one block; None when the reader fails or its rows are not the lines."""
    schema = _schema(shape.names)
    if not lines.height:
        return schema.to_frame()
    try:
        frame = pl.read_csv(
            _as_block(lines),
            has_header=False,
            schema=schema,
            separator=shape.separator,
            null_values=shape.null,
        )
    except pl.exceptions.PolarsError:
        return None
    return frame if frame.height == lines.height else None


def _read_one_by_one(
    lines: pl.DataFrame, rejects: pl.DataFrame, shape: _Shape
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Read each line alone: the last resort when lines that look well made are not read as that many rows."""
    alone = [_read(lines[row], shape) for row in range(lines.height)]
    readable = pl.Series([fields is not None for fields in alone], dtype=pl.Boolean)
    empty = _schema(shape.names).to_frame()
    fields = pl.concat([empty, *(row for row in alone if row is not None)])
    return (
        fields,
        lines.filter(readable),
        pl.concat([rejects, reject(lines.filter(~readable), "bad_quoting")]),
    )


def _obvious_faults(lines: pl.DataFrame, shape: _Shape) -> pl.Series:
    """Return a reject reason per line (null: none) from what can be counted without reading the fields."""
    quotes = _LINE.str.count_matches('"', literal=True)
    fields, width = _LINE.str.count_matches(shape.separator, literal=True) + 1, shape.width
    return lines.select(
        pl.when(quotes % 2 == 1)
        .then(pl.lit("unbalanced_quote"))
        .when((quotes == 0) & (fields > width))
        .then(pl.lit("too_many_fields"))
        .when(fields < width)
        .then(pl.lit("too_few_fields"))
        .alias("reason")
    ).to_series()


def _read_sound(lines: pl.DataFrame, shape: _Shape) -> pl.DataFrame | None:
    """Read lines that are all well made; None when any is not.

    The reader itself refuses a line with too many fields. It forgives bad quoting and short lines, silently: so lines
    with quotes are looked at, and lines whose last field is missing, for only such a line can be short.
    """
    quoted = lines["line"].str.contains('"', literal=True)
    any_quoted = quoted.any()
    if any_quoted:
        doubtful = lines["line"].filter(quoted).to_frame()
        checks = (_is_simply_quoted(shape.separator), _is_well_quoted(shape.separator))
        if not any(doubtful.select(check).to_series().all() for check in checks):
            return None
    fields = _read(lines, shape)
    if fields is None:
        return None
    ending = lines["line"].filter(fields[:, -1].is_null())
    if not ending.len():
        return fields
    if any_quoted:
        ending = ending.to_frame().select(_FOLDED).to_series()
    short = ending.str.count_matches(shape.separator, literal=True) + 1 < shape.width
    return None if short.any() else fields


@lru_cache(maxsize=REMEMBERED)
def _is_simply_quoted(separator: str) -> pl.Expr:
    """Boolean expression: well quoted, and no quote stands inside a field. Several times faster to tell.

    Quotes go by pairs, each of which opens behind a separator and closes before one.
    """
    mark = "\\t" if separator == "\t" else re.escape(separator)
    opened = _LINE.str.count_matches(rf'(?:^|{mark})"[^"]*"')
    closed = _LINE.str.count_matches(rf'"[^"]*"(?:{mark}|$)')
    quotes = _LINE.str.count_matches('"', literal=True)
    return (opened * 2 == quotes) & (closed * 2 == quotes)


@lru_cache(maxsize=REMEMBERED)
def _is_well_quoted(separator: str) -> pl.Expr:
    """Boolean expression: quotes balance, and every field that starts with one ends with its closing one."""
    mark = "\\t" if separator == "\t" else re.escape(separator)
    field = rf'(?:[^"{mark}][^{mark}]*|"(?:[^"]|"")*")?'
    balanced = _LINE.str.count_matches('"', literal=True) % 2 == 0
    return balanced & _LINE.str.contains(rf"^{field}(?:{mark}{field})*$")


def _every_fault(lines: pl.DataFrame, reasons: pl.Series, shape: _Shape) -> pl.Series:
    """Complete `reasons` by looking at quoted lines: properly quoted fields are folded away, then fields counted."""
    separator = shape.separator
    escaped = "\\t" if separator == "\t" else separator
    checked = lines.select(
        pl.lit(reasons).alias("reason"),
        _FOLDED.alias("folded"),
        _FOLDED.str.contains(rf'"|[^{escaped}]\x02|\x02[^{escaped}]').alias("odd"),
        _is_well_quoted(separator).alias("well_quoted"),
    ).select(
        "odd",
        pl.when(pl.col("reason").is_not_null())
        .then("reason")
        .when(~pl.col("well_quoted"))
        .then(pl.lit("bad_quoting"))
        .when(pl.col("odd"))
        .then(None)
        .when(pl.col("folded").str.count_matches(separator, literal=True) + 1 > shape.width)
        .then(pl.lit("too_many_fields"))
        .when(pl.col("folded").str.count_matches(separator, literal=True) + 1 < shape.width)
        .then(pl.lit("too_few_fields"))
        .alias("reason"),
    )
    result = checked["reason"].to_list()
    for row in checked.with_row_index().filter("odd", pl.col("reason").is_null())["index"].to_list():
        # Quotes inside an unquoted field: the reader is asked about this one line, so that the verdict on a line
        # never depends on its neighbours.
        if _read(lines[row], shape) is None:
            result[row] = "bad_quoting"
    return pl.Series("reason", result, dtype=pl.String)
