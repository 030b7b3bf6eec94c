"""One feed file to good rows and refused lines, judged row by row.

It must never let a bad row through or drop one unreported: rows = good + rejects, always.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from auditd.reference.columns import find_columns
from auditd.reference.records import Chunk, FeedRefused, read_header, read_records
from auditd.reference.values import canonical_values
from detectors.feed import MONEY
from detectors.reference import FEEDS, Feed, Field
from parsers.force import Force
from parsers.times import iso_to_utc, local_to_utc

__all__ = ["LINE", "LONDON", "REASONS", "FeedRefused", "Reading", "read_feed", "read_table"]

LONDON: Final = ZoneInfo("Europe/London")
LINE: Final = "_line"
LIST_SEPARATOR: Final = ";"
NO_MAPPING: Final[Mapping[str, str]] = MappingProxyType({})

REASONS: Final[dict[str, str]] = {
    "not_text": "the line is not UTF-8 text",
    "unbalanced_quote": "a quote is opened and never closed",
    "bad_quoting": "a quoted value is followed by something other than a comma",
    "too_few_fields": "the row has fewer values than the header has columns",
    "too_many_fields": "the row has more values than the header has columns",
    "missing_value": "a column that must be filled is empty",
    "none_of": "none of the columns is filled of which one must be",
    "bad_time": "not an ISO 8601 time, such as 2026-03-03T14:02:00Z",
    "bad_date": "not an ISO 8601 date, such as 2026-03-03",
    "bad_amount": "not an amount of money, such as 1250.00 or £1,250.00",
    "unknown_choice": "not one of the words this column may hold",
    "bad_value": "not a value of the kind the row says",
    "superseded": "a later line of the file says something else about the same thing",
}

REJECTS: Final = pl.Schema({"line": pl.Int64(), "reason": pl.String(), "detail": pl.String()})
LISTS: Final = ("list", "subjects")
AMOUNT: Final = r"^-?£?\s*(?:\d{1,16}|\d{1,3}(?:,\d{3}){1,4})(?:\.\d{1,2})?$"
DATE_ALONE: Final = r"^\d{4}-\d{2}-\d{2}$"
PERIOD_ENDS: Final = frozenset({"to", "valid_to", "closed_at"})
FAULTS: Final = {"time": "bad_time", "date": "bad_date", "money": "bad_amount"}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file says: `rows` of the feed's schema plus `_line`, `rejects` (line, reason, detail).

    detail names the column, as the feed calls it, never a value. total = rows + rejects. unfinished: the number of the
    last line where it has no end: half a row, perhaps, of a file that is still being written; 0 where it has one.
    """

    feed: str
    rows: pl.DataFrame
    rejects: pl.DataFrame
    total: int
    hints: tuple[str, ...] = ()
    unfinished: int = 0


def read_feed(
    data: bytes,
    feed: str,
    *,
    zone: ZoneInfo = LONDON,
    mapping: Mapping[str, str] = NO_MAPPING,
    force: Force | None = None,
) -> Reading:
    """Read one CSV file of a feed; FeedRefused where it cannot be taken as a whole.

    zone: in which times without zone are read. mapping: our column name -> theirs. Line numbers are those of a
    text editor; a record that spans lines has the number of its first.
    """
    reading = read_table(read_header(data), read_records(data), feed, zone=zone, mapping=mapping, force=force)
    return reading if data.endswith(b"\n") else replace(reading, unfinished=data.count(b"\n") + 1)


def read_table(
    header: Sequence[str],
    chunks: Iterable[Chunk],
    feed: str,
    *,
    zone: ZoneInfo = LONDON,
    mapping: Mapping[str, str] = NO_MAPPING,
    force: Force | None = None,
) -> Reading:
    """Read the records of a table under its column names, wherever they come from; else as `read_feed`."""
    shape = FEEDS[feed]
    columns = find_columns(shape, header, mapping)
    rows = [pl.Schema({LINE: pl.Int64(), **shape.schema}).to_frame()]
    rejects = [REJECTS.to_frame()]
    total = 0
    for chunk in chunks:
        total += len(chunk.lines) + len(chunk.faults)
        good, bad = _judge(_texts(chunk, shape, columns.positions), shape, zone, force or Force())
        rows.append(good)
        rejects += [_unread(chunk), bad]
    return Reading(feed, pl.concat(rows), pl.concat(rejects).sort("line"), total, columns.hints)


def _unread(chunk: Chunk) -> pl.DataFrame:
    rows = [(line, reason, "the line") for line, reason in chunk.faults]
    return pl.DataFrame(rows, schema=REJECTS, orient="row")


def _texts(chunk: Chunk, shape: Feed, positions: Mapping[str, int]) -> pl.DataFrame:
    """Return the chunk as text columns under our names: trimmed, empty ones null, lists split."""
    values = list(zip(*chunk.rows, strict=True))
    absent: list[str] = []
    frame = pl.DataFrame(
        {
            LINE: pl.Series(chunk.lines, dtype=pl.Int64),
            **{
                column.name: pl.Series(
                    values[positions[column.name]] if values and column.name in positions else absent,
                    dtype=pl.String,
                ).extend_constant(None, 0 if column.name in positions else len(chunk.lines))
                for column in shape.fields
            },
        }
    )
    return frame.with_columns(_cleaned(column) for column in shape.fields)


def _cleaned(column: Field) -> pl.Expr:
    text = pl.col(column.name).str.strip_chars()
    if column.kind not in LISTS:
        return pl.when(text != "").then(text).alias(column.name)
    parts = text.str.split(LIST_SEPARATOR).list.eval(pl.element().str.strip_chars())
    filled = parts.list.eval(pl.element().filter(pl.element() != ""))
    return pl.when(filled.list.len() > 0).then(filled).alias(column.name)


def _judge(
    texts: pl.DataFrame, shape: Feed, zone: ZoneInfo, force: Force
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split rows into good ones, with canonical typed values, and rejects, each under its first fault."""
    canonical = canonical_values(texts, shape.name, force)
    values = canonical.select(LINE, *(_value(column, zone) for column in shape.fields))
    faults = pl.concat(
        [
            texts.select(
                pl.col(column.name).is_not_null().alias(f"{column.name}?") for column in shape.fields
            ),
            values,
        ],
        how="horizontal",
    ).with_columns(_first_fault(shape).alias("_fault"))
    good = faults.filter(pl.col("_fault").is_null()).select(LINE, *shape.schema.names())
    bad = faults.filter(pl.col("_fault").is_not_null()).select(
        pl.col(LINE).alias("line"), pl.col("_fault").struct.unnest()
    )
    return good, bad.select(pl.col(name).cast(dtype) for name, dtype in REJECTS.items())


def _value(column: Field, zone: ZoneInfo) -> pl.Expr:
    text = pl.col(column.name)
    if column.kind == "time":
        return _time(text, zone, ends=column.name in PERIOD_ENDS).alias(column.name)
    if column.kind == "date":
        return pl.when(text.str.contains(DATE_ALONE)).then(text.str.to_date("%Y-%m-%d", strict=False))
    if column.kind == "money":
        plain = text.str.replace_all(r"[£,\s]", "")
        return pl.when(text.str.contains(AMOUNT)).then(plain).cast(MONEY, strict=False).alias(column.name)
    if column.choices:
        return pl.when(text.is_in(list(column.choices))).then(text)
    return text


def _time(text: pl.Expr, zone: ZoneInfo, *, ends: bool) -> pl.Expr:
    """Read a time; a date alone is its local midnight, or the end of that day where it ends a period."""
    day: pl.Expr = pl.when(text.str.contains(DATE_ALONE)).then(text.str.to_date("%Y-%m-%d", strict=False))
    if ends:  # open ends are often written as the last day there is, which has no next one
        day = pl.when(day.dt.year() < 9999).then(day.dt.offset_by("1d")).otherwise(day)
    stamp, _, _ = iso_to_utc(text, zone)
    return pl.coalesce(stamp, local_to_utc(day.cast(pl.Datetime("us")), zone))


def _first_fault(shape: Feed) -> pl.Expr:
    """Return the row's first fault as a struct of reason and detail; null where it has none."""
    faults = [fault for column in shape.fields for fault in _faults(column)]
    if shape.one_of:
        none = pl.all_horizontal(~pl.col(f"{name}?") for name in shape.one_of)
        faults.append(pl.when(none).then(_fault("none_of", " or ".join(shape.one_of))))
    return pl.coalesce(faults)


def _faults(column: Field) -> list[pl.Expr]:
    given, value = pl.col(f"{column.name}?"), pl.col(column.name)
    unreadable = "unknown_choice" if column.choices else FAULTS.get(column.kind, "bad_value")
    faults: list[pl.Expr] = [pl.when(given & value.is_null()).then(_fault(unreadable, column.name))]
    if column.required:
        faults.insert(0, pl.when(~given).then(_fault("missing_value", column.name)))
    return faults


def _fault(reason: str, detail: str) -> pl.Expr:
    return pl.struct(pl.lit(reason).alias("reason"), pl.lit(detail).alias("detail"))
