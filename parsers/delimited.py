"""Delimited lines to columns, exactly: columnar speed, and no line swallowed between unbalanced quotes.

Columnar CSV readers join lines when a quote is left open, without an error; an insider could plant two such
lines and hide what stands between. So every line is judged on its own: quotes must balance on the line, the
number of fields must be right, and the frame that comes back has one row per good line, or the code fails loudly.
It must never return a row count other than the number of lines it was given minus its rejects.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence

import polars as pl

from parsers.lines import reject


def split_fields(
    lines: pl.DataFrame, columns: Sequence[str], *, separator: str = ","
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Split quoted, separated lines (RFC 4180, one record per line) into string columns.

    lines: frame of LINES_SCHEMA (parsers/lines.py), without header lines. columns: names, in file order.
    Returns (fields, kept, rejects): `fields` has `columns` as strings (an empty unquoted field is null, a quoted empty
    one is ""), `kept` is the rows of `lines` they came from, same height and order, `rejects` is of REJECTS_SCHEMA.
    """
    names = list(columns)
    reasons = _obvious_faults(lines, len(names), separator)
    if reasons.null_count() == lines.height:
        fields = _read(lines, names, separator)
        if fields is not None and not _short_rows(fields, lines, separator).any():
            return fields, lines, reject(lines.clear(), "too_few_fields")
    reasons = _every_fault(lines, reasons, names, separator)
    good = lines.filter(reasons.is_null())
    bad = lines.with_columns(reasons.alias("reason")).filter(reasons.is_not_null())
    fields = _read(good, names, separator)
    if fields is None:
        return _read_one_by_one(good, reject(bad), names, separator)
    return fields, good, reject(bad)


def split_header(line: str, *, separator: str = ",") -> list[str]:
    """Return the names on a header line, trimmed; [] where the line is not one readable record."""
    try:
        return [name.strip() for name in next(csv.reader([line], delimiter=separator, strict=True))]
    except (csv.Error, StopIteration):
        return []


def _read(lines: pl.DataFrame, names: list[str], separator: str) -> pl.DataFrame | None:
    """Read the lines as one block; None when the reader fails or its rows are not the lines."""
    schema = pl.Schema({name: pl.String() for name in names})
    if not lines.height:
        return schema.to_frame()
    block = str(lines["line"].str.join("\n").item()).encode() + b"\n"
    try:
        frame = pl.read_csv(block, has_header=False, schema=schema, separator=separator, quote_char='"')
    except pl.exceptions.PolarsError:
        return None
    return frame if frame.height == lines.height else None


def _read_one_by_one(
    lines: pl.DataFrame, rejects: pl.DataFrame, names: list[str], separator: str
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Read each line alone: the last resort when lines that look well made are not read as that many rows."""
    alone = [_read(lines[row], names, separator) for row in range(lines.height)]
    readable = pl.Series([fields is not None for fields in alone], dtype=pl.Boolean)
    empty = pl.Schema({name: pl.String() for name in names}).to_frame()
    fields = pl.concat([empty, *(row for row in alone if row is not None)])
    return (
        fields,
        lines.filter(readable),
        pl.concat([rejects, reject(lines.filter(~readable), "bad_quoting")]),
    )


def _obvious_faults(lines: pl.DataFrame, width: int, separator: str) -> pl.Series:
    """Return a reject reason per line (null: none) from what can be counted without reading the fields."""
    line = pl.col("line")
    quotes = line.str.count_matches('"', literal=True)
    fields = line.str.count_matches(separator, literal=True) + 1
    return lines.select(
        pl.when(quotes % 2 == 1)
        .then(pl.lit("unbalanced_quote"))
        .when((quotes == 0) & (fields > width))
        .then(pl.lit("too_many_fields"))
        .when(fields < width)
        .then(pl.lit("too_few_fields"))
        .alias("reason")
    ).to_series()


def _short_rows(fields: pl.DataFrame, lines: pl.DataFrame, separator: str) -> pl.Series:
    """Return which rows may have fewer fields than columns: the reader fills those with nulls, silently.

    Lines without quotes were counted already; of the others only those whose last field is missing are in doubt.
    """
    last = fields[:, -1].is_null()
    return last & lines["line"].str.contains('"', literal=True) & ~lines["line"].str.ends_with(separator)


def _every_fault(lines: pl.DataFrame, reasons: pl.Series, names: list[str], separator: str) -> pl.Series:
    """Complete `reasons` by looking at quoted lines: properly quoted fields are folded away, then fields counted."""
    quoted = r'"(?:[^"]|"")*"'
    escaped = "\\t" if separator == "\t" else separator
    folded = pl.col("line").str.replace_all(quoted, "\u0002")
    checked = lines.select(
        pl.lit(reasons).alias("reason"),
        folded.alias("folded"),
        folded.str.contains(rf'"|[^{escaped}]\x02|\x02[^{escaped}]').alias("odd"),
    ).select(
        "odd",
        pl.when(pl.col("reason").is_not_null())
        .then("reason")
        .when(pl.col("odd"))
        .then(None)
        .when(pl.col("folded").str.count_matches(separator, literal=True) + 1 > len(names))
        .then(pl.lit("too_many_fields"))
        .when(pl.col("folded").str.count_matches(separator, literal=True) + 1 < len(names))
        .then(pl.lit("too_few_fields"))
        .alias("reason"),
    )
    result = checked["reason"].to_list()
    for row in checked.with_row_index().filter("odd", pl.col("reason").is_null())["index"].to_list():
        # Quotes inside an unquoted field: the reader is asked about this one line, so that the verdict on a line
        # never depends on its neighbours.
        alone = _read(lines[row], names, separator)
        if alone is None or _short_rows(alone, lines[row], separator).any():
            result[row] = "bad_quoting"
    return pl.Series("reason", result, dtype=pl.String)
