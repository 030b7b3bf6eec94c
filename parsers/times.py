"""Times as logs write them to UTC microseconds, with how far they may be off. Never reads the clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

REPEATED_HOUR_SECONDS: Final = 3600
# Years a log record can be of. Outside them a time is a fault, and reckoning with it could leave the calendar.
LOG_YEARS: Final = (1970, 2199)

TIMES_SCHEMA: Final = pl.Schema(
    {
        "timestamp": pl.Datetime("us", "UTC"),
        "time_uncertainty_seconds": pl.Int32(),
        "time_zone_source": pl.String(),
    }
)

_HEAD: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}$"
_TAIL: Final = r"^(?:[.,][0-9]+)? ?(?:[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?$"
_MOST_OFFSET_HOURS: Final = 15
_FIRST: Final = datetime(1, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
_FIRST_MICROSECOND: Final = (_FIRST - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
_NO_DOUBT: Final = pl.Series([0], dtype=pl.Int32)

# Expressions are made once: making them costs more than a small block does.
_TEXT: Final = pl.col("text")
_WITH_SECONDS: Final = _TEXT.str.slice(0, 19).str.contains(_HEAD)


def _parts(head: pl.Expr, tail: pl.Expr) -> list[pl.Expr]:
    """Expressions that cut a time into what the reader takes and what follows, and say what those look like."""
    return [
        head.alias("head"),
        tail.alias("tail"),
        # Only this shape reaches the reader, which would otherwise take signs, spaces and short fields too.
        head.str.contains(_HEAD).fill_null(value=False).alias("shaped"),
        tail.str.contains(_TAIL).fill_null(value=False).alias("ended"),
        # Asked of well ended times, so little is enough.
        (tail.str.starts_with(".") | tail.str.starts_with(",")).alias("fraction"),
        tail.str.contains("[+-]").alias("offset"),
        tail.str.contains("[Zz+-]").fill_null(value=False).alias("in_record"),
    ]


@dataclass(frozen=True, slots=True)
class _Shape:
    """A usual shape of times: what it looks like, how the clock in it is read, whether it names its zone, which is UTC then.

    A fraction of a second, where there is one, has as many digits in all times of a column.
    """

    pattern: re.Pattern[str]
    clock: str
    in_record: bool
    fraction: bool = False


_SECONDS_WIDTH: Final = len("2026-03-03T14:02:11")
_DAY: Final = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME: Final = "[0-9]{2}:[0-9]{2}:[0-9]{2}"
_UTC: Final = r"(?:Z|\+00:00)"
_USUAL: Final = (
    _Shape(re.compile(f"^{_DAY}T{_TIME}$"), "%Y-%m-%dT%H:%M:%S", in_record=False),
    _Shape(re.compile(f"^{_DAY} {_TIME}$"), "%Y-%m-%d %H:%M:%S", in_record=False),
    _Shape(re.compile(f"^{_DAY}T{_TIME}{_UTC}$"), "%Y-%m-%dT%H:%M:%S", in_record=True),
    _Shape(
        re.compile(rf"^{_DAY}T{_TIME}\.[0-9]{{1,9}}{_UTC}$"),
        "%Y-%m-%dT%H:%M:%S",
        in_record=True,
        fraction=True,
    ),
)
_IN_RECORD: Final = pl.Series(["record"], dtype=pl.String)
_IN_CONFIG: Final = pl.Series(["config"], dtype=pl.String)

_PARTS: Final = _parts(_TEXT.str.slice(0, 19), _TEXT.str.slice(19))
_PARTS_OR_MINUTES: Final = _parts(
    pl.when(_WITH_SECONDS).then(_TEXT.str.slice(0, 19)).otherwise(_TEXT.str.slice(0, 16) + ":00"),
    pl.when(_WITH_SECONDS).then(_TEXT.str.slice(19)).otherwise(_TEXT.str.slice(16)),
)
_READER_TEXT: Final = pl.when(pl.col("shaped") & pl.col("ended")).then(
    pl.col("head").str.replace("T", " ", literal=True)
)
_CLOCK: Final = _READER_TEXT.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)


def local_to_utc(naive: pl.Expr, zone: ZoneInfo) -> pl.Expr:
    """Read naive local times in `zone` as UTC.

    A time in the repeated hour at the end of summer time is taken as the first of the two; one in the hour that
    the clocks skip is taken as if they had not been moved yet. Both are marked by `local_uncertainty_seconds`.
    """
    known = naive.dt.replace_time_zone(zone.key, ambiguous="earliest", non_existent="null")
    hour = pl.duration(hours=1)
    skipped = (naive - hour).dt.replace_time_zone(zone.key, ambiguous="earliest", non_existent="null") + hour
    return pl.coalesce(known, skipped).dt.convert_time_zone("UTC").cast(pl.Datetime("us", "UTC"))


def local_uncertainty_seconds(naive: pl.Expr, zone: ZoneInfo) -> pl.Expr:
    """Return the seconds by which `local_to_utc` may be wrong: 3600 in a repeated or skipped hour, else 0."""
    first = naive.dt.replace_time_zone(zone.key, ambiguous="earliest", non_existent="null")
    second = naive.dt.replace_time_zone(zone.key, ambiguous="latest", non_existent="null")
    doubtful = first.is_null() | (first != second)
    return (
        pl.when(naive.is_null())
        .then(None)
        .when(doubtful)
        .then(REPEATED_HOUR_SECONDS)
        .otherwise(0)
        .cast(pl.Int32)
    )


def iso_to_utc(text: pl.Expr, zone: ZoneInfo) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Read ISO 8601 date-times as `iso_times` does, as expressions: slower, since each of the three reads again.

    Returns (timestamp UTC, uncertainty in seconds, zone source "record" or "config"); null where unreadable.
    """
    stamp, uncertainty, known_from = (
        text.map_batches(
            lambda series, name=name: iso_times(series, zone)[name],  # type: ignore[misc]  # mypy does not infer a lambda with a default
            return_dtype=dtype,
            is_elementwise=True,
        )
        for name, dtype in TIMES_SCHEMA.items()
    )
    return stamp, uncertainty, known_from


def iso_times(text: pl.Series, zone: ZoneInfo) -> pl.DataFrame:
    """Read ISO 8601 date-times (`T` or space between; seconds, fraction and zone optional) into TIMES_SCHEMA.

    A fraction follows `.` or `,` and is cut to microseconds. A zone is `Z`, `+hh:mm`, `+hhmm` or `+hh`; a time without
    one is read in `zone`. All three columns are null where the text is not such a time, or lies outside the
    years 1 to 9999 in UTC.
    """
    quick = _usual_times(text, zone)
    if quick is not None:
        return quick
    cleaned = text.alias("text").to_frame().select(_TEXT.str.strip_chars())
    parts = cleaned.select(_PARTS)
    if not parts["shaped"].all():
        parts = cleaned.select(_PARTS_OR_MINUTES)
    local = parts.select(_CLOCK_WITH_FRACTION if parts["fraction"].any() else _CLOCK).to_series()
    in_record = parts["in_record"]
    if in_record.all():
        stamp, doubt = _from_record(local, parts), _NO_DOUBT.new_from_index(0, len(text))
    elif not in_record.any():
        stamp, doubt = _from_zone(local, zone)
    else:
        stamp, doubt = _from_zone(local, zone)
        stamp = _from_record(local, parts).zip_with(in_record, stamp)
        doubt = doubt.set(in_record, 0)
    return pl.DataFrame({"stamp": stamp, "doubt": doubt, "in_record": in_record}).select(_TIMES)


def _usual_times(text: pl.Series, zone: ZoneInfo) -> pl.DataFrame | None:
    """Read a column whose every time has the same usual shape and can be read; None where one has another, or cannot.

    Several times faster than asking each time what it looks like.
    """
    shape = _shape_of(text)
    if shape is None:
        return None
    local = text.str.head(_SECONDS_WIDTH) if shape.in_record else text
    stamp = local.str.to_datetime(shape.clock, time_unit="us", strict=False)
    if stamp.null_count():
        return None
    if shape.in_record:
        stamp, doubt = stamp.dt.replace_time_zone("UTC"), _NO_DOUBT.new_from_index(0, len(text))
        if shape.fraction:
            digits = min(len(text[0].rstrip("Z").removesuffix("+00:00")) - _SECONDS_WIDTH - 1, 6)
            fraction = text.str.slice(_SECONDS_WIDTH + 1, digits).cast(pl.Int64)
            stamp = stamp + (fraction * 10 ** (6 - digits)).cast(pl.Duration("us"))
    else:
        stamp, doubt = _from_zone(stamp, zone)
    if (stamp.to_physical() < _FIRST_MICROSECOND).any():
        return None
    known_from = (_IN_RECORD if shape.in_record else _IN_CONFIG).new_from_index(0, len(text))
    columns = zip((stamp, doubt, known_from), TIMES_SCHEMA, strict=True)
    return pl.DataFrame([column.alias(name) for column, name in columns])


def _shape_of(text: pl.Series) -> _Shape | None:
    """Return the usual shape that every text has, None where there is none."""
    if not len(text) or text.null_count():
        return None
    widths, first = text.str.len_bytes(), text[0]
    if not (widths == widths[0]).all():
        return None
    for shape in _USUAL:
        if shape.pattern.match(first):
            ending = "Z" if first.endswith("Z") else "+00:00"
            sure = text.str.contains(shape.pattern.pattern).all()
            same = not shape.fraction or text.str.ends_with(ending).all()
            return shape if sure and same else None
    return None


def _from_record(local: pl.Series, parts: pl.DataFrame) -> pl.Series:
    """Return UTC by the offset that the tail ends with; null where that is impossible."""
    if not parts["offset"].any():
        return local.dt.replace_time_zone("UTC")
    return parts.select((pl.lit(local) - _OFFSET).dt.replace_time_zone("UTC")).to_series()


def _from_zone(local: pl.Series, zone: ZoneInfo) -> tuple[pl.Series, pl.Series]:
    """Return UTC as `local_to_utc`, and the seconds of doubt as `local_uncertainty_seconds`; quickly where no clock is moved."""
    sure = local.dt.replace_time_zone(zone.key, ambiguous="null", non_existent="null")
    if sure.null_count() == local.null_count():
        return sure.dt.convert_time_zone("UTC"), _NO_DOUBT.new_from_index(0, len(local))
    column = pl.col("local")
    both = pl.DataFrame({"local": local}).select(
        local_to_utc(column, zone).alias("stamp"), local_uncertainty_seconds(column, zone).alias("doubt")
    )
    return both["stamp"], both["doubt"]


def local_times(local: pl.Series, zone: ZoneInfo) -> tuple[pl.Series, pl.Series]:
    """Return `local_to_utc` and `local_uncertainty_seconds` of naive times, quickly where no clock is moved."""
    stamp, doubt = _from_zone(local, zone)
    return stamp, doubt.set(local.is_null(), None) if local.null_count() else doubt


def _microseconds(tail: pl.Expr) -> pl.Expr:
    """Return the fraction that `tail` starts with, in whole microseconds; 0 where there is none."""
    digits = tail.str.extract(r"^[.,]([0-9]{1,6})")
    return digits.str.pad_end(6, "0").cast(pl.Int64, strict=False).fill_null(0)


def _offset_minutes(tail: pl.Expr) -> pl.Expr:
    """Return the minutes east of UTC that `tail` ends with: 0 for Z, null where impossible."""
    zone = tail.str.extract(r"([+-][0-9:]+)$").str.replace(":", "", literal=True)
    hours = zone.str.slice(1, 2).cast(pl.Int32, strict=False)
    minutes = zone.str.slice(3, 2).cast(pl.Int32, strict=False).fill_null(0)
    size = pl.when((hours <= _MOST_OFFSET_HOURS) & (minutes < 60)).then(hours * 60 + minutes)
    signed = pl.when(zone.str.starts_with("-")).then(-size).otherwise(size)
    return pl.when(zone.is_null()).then(0).otherwise(signed)


_CLOCK_WITH_FRACTION: Final = _CLOCK + pl.duration(microseconds=_microseconds(pl.col("tail")))
_OFFSET: Final = pl.duration(minutes=_offset_minutes(pl.col("tail")))
_READABLE: Final = pl.col("stamp").is_between(_FIRST, _LAST)
_KNOWN_FROM: Final = pl.when("in_record").then(pl.lit("record")).otherwise(pl.lit("config"))
_TIMES: Final = [
    pl.when(_READABLE).then(column).alias(name)
    for name, column in zip(TIMES_SCHEMA, (pl.col("stamp"), pl.col("doubt"), _KNOWN_FROM), strict=True)
]
IN_LOG_YEARS: Final = (
    pl.col("timestamp")
    .is_between(
        datetime(LOG_YEARS[0], 1, 1, tzinfo=UTC), datetime(LOG_YEARS[1] + 1, 1, 1, tzinfo=UTC), closed="left"
    )
    .fill_null(value=False)
)
