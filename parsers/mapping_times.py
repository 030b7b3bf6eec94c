"""Times in the notations that exports use (ISO 8601, strptime patterns, seconds since 1970) to UTC microseconds.

It must never take a time that does not look exactly like its notation: the reader alone would take more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from parsers.delimited import REMEMBERED
from parsers.times import TIMES_SCHEMA, iso_times, local_times

ISO: Final = "iso"
# Parts of a second that one unit is.
EPOCHS: Final = {
    "epoch_seconds": 1,
    "epoch_milliseconds": 1_000,
    "epoch_microseconds": 1_000_000,
}
_DIRECTIVES: Final = {
    "%d": "[0-9]{1,2}", "%m": "[0-9]{1,2}", "%Y": "[0-9]{4}", "%y": "[0-9]{2}", "%j": "[0-9]{1,3}",
    "%H": "[0-9]{1,2}", "%I": "[0-9]{1,2}", "%M": "[0-9]{1,2}", "%S": "[0-9]{1,2}", "%p": "[AaPp][Mm]",
    "%b": "[A-Za-z]{3}", "%B": "[A-Za-z]{3,9}", "%a": "[A-Za-z]{3}", "%A": "[A-Za-z]{6,9}",
}  # fmt: skip
_SHORT: Final = {"%T": "%H:%M:%S", "%R": "%H:%M", "%F": "%Y-%m-%d", "%D": "%m/%d/%y", "%e": "%d", "%h": "%b"}
_FRACTION: Final = "%f"
_ZONES: Final = ("%z", "%Z")
_ZONE: Final = "Z|UTC|GMT|BST|[+-][0-9]{2}:?[0-9]{2}"
_NAMED_ZONES: Final = {"Z": 0, "UTC": 0, "GMT": 0, "BST": 60}
_MOST_EPOCH_DIGITS: Final = 17
_TEXT: Final = pl.col("text")
_PIECES: Final = re.compile(r"%.|[^%]+|%$", re.DOTALL)
KNOWN: Final = (*_DIRECTIVES, *_SHORT, _FRACTION, *_ZONES, "%%")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A strptime pattern, ready to read with.

    shape: what a text must look like, with groups `fraction` and `zone`. clock: the pattern without fraction and zone,
    as the reader takes it. kept: what cuts these out of a text of that shape, "" where there are none.
    """

    shape: str
    clock: str
    kept: str
    has_fraction: bool
    has_zone: bool


def fault_of(notation: str, *, date_only: bool = False) -> str | None:
    """Return what is wrong with a notation of times (of dates, if date_only), None where nothing is."""
    if notation == ISO or (notation in EPOCHS and not date_only):
        return None
    if "%" not in notation:
        words = ISO if date_only else ", ".join((ISO, *EPOCHS))
        return f"{notation!r} is no notation of times: {words}, or a pattern such as '%d/%m/%Y %H:%M:%S'"
    pieces = _pieces(notation)
    unknown = [piece for piece in pieces if piece.startswith("%") and piece not in KNOWN]
    if unknown:
        return f"{unknown[0]!r} is not understood in a pattern; known are {' '.join(KNOWN)}"
    return _what_lacks(pieces, date_only=date_only)


def _what_lacks(pieces: list[str], *, date_only: bool) -> str | None:
    found = set(pieces)
    twice = next(
        (one for one in pieces if one.startswith("%") and one != "%%" and pieces.count(one) > 1), None
    )
    if twice:
        return f"{twice!r} stands twice in the pattern"
    if date_only and "%y" in found:
        return "two digits of a year do not say which century somebody was born in"
    has_year = bool(found & {"%Y", "%y"})
    has_day = "%j" in found or ("%d" in found and bool(found & {"%m", "%b", "%B"}))
    if not (has_year and has_day):
        return "the pattern needs a year, a month and a day"
    if date_only:
        return None
    if "%H" not in found and not {"%I", "%p"} <= found:
        return "the pattern needs the hour: %H, or %I with %p"
    return None if "%M" in found else "the pattern needs the minute: %M"


def read_times(text: pl.Series, notations: Sequence[str], zone: ZoneInfo) -> pl.DataFrame:
    """Read trimmed times into TIMES_SCHEMA by the first notation that fits each; null where none does.

    A time without a zone of its own is local in `zone`; seconds since 1970 are UTC.
    """
    times = _read(text, notations[0], zone)
    for notation in notations[1:]:
        unread = times["timestamp"].is_null() & text.is_not_null()
        if not unread.any():
            break
        others = _read(text.set(~unread, None), notation, zone)
        times = pl.DataFrame(
            [others[name].zip_with(unread, times[name]).alias(name) for name in TIMES_SCHEMA]
        )
    return times


def read_dates(text: pl.Series, notations: Sequence[str]) -> pl.Series:
    """Read dates into text `YYYY-MM-DD` by the first notation that fits; null where none does."""
    found = pl.Series(text.name, [None] * len(text), dtype=pl.String)
    for notation in notations:
        if found.null_count() > text.null_count():
            found = found.fill_null(_dates(text, notation))
    return found


def _dates(text: pl.Series, notation: str) -> pl.Series:
    pattern = compiled(_DATE if notation == ISO else notation)
    shaped = text.set(~text.str.contains(pattern.shape).fill_null(value=False), None)
    if notation != ISO:
        return shaped.str.to_date(pattern.clock, strict=False).dt.strftime(_DATE)
    # What follows the date, a time of midnight, is no part of a birthday.
    days = shaped.str.slice(0, 10)
    return days.set(days.str.to_date(_DATE, strict=False).is_null(), None)


_DATE: Final = "%Y-%m-%d"


def _read(text: pl.Series, notation: str, zone: ZoneInfo) -> pl.DataFrame:
    if notation == ISO:
        return iso_times(text, zone)
    if notation in EPOCHS:
        return _epochs(text, EPOCHS[notation])
    return _patterned(text, compiled(notation), zone)


def _epochs(text: pl.Series, units: int) -> pl.DataFrame:
    """Read counts since 1970, decimals allowed, without going through a float."""
    frame = text.alias("text").to_frame().select(_EPOCH_SHAPE)
    with_fraction = text.str.contains(".", literal=True).any()
    return frame.select((_EPOCH_STEPS if with_fraction else _WHOLE_EPOCH_STEPS)[units])


def _epoch_steps(units: int, *, with_fraction: bool) -> list[pl.Expr]:
    scale = 1_000_000 // units
    count, finer = _TEXT.cast(pl.Int64, strict=False), pl.lit(0, dtype=pl.Int64)
    if with_fraction:
        fraction = _TEXT.str.extract(r"\.([0-9]+)$").str.pad_end(6, "0").str.slice(0, 6)
        count = _TEXT.str.extract(r"^([0-9]+)").cast(pl.Int64, strict=False)
        finer = fraction.cast(pl.Int64, strict=False).fill_null(0)
    # What does not fit is centuries away from any log.
    stamp = pl.when(count <= 2**62 // scale).then(count * scale + finer // units)
    known = pl.when(stamp.is_not_null())
    return [
        stamp.cast(pl.Datetime("us", "UTC")).alias("timestamp"),
        known.then(pl.lit(0, dtype=pl.Int32)).alias("time_uncertainty_seconds"),
        known.then(pl.lit("record")).alias("time_zone_source"),
    ]


_EPOCH_SHAPE: Final = pl.when(_TEXT.str.contains(rf"^[0-9]{{1,{_MOST_EPOCH_DIGITS}}}(?:\.[0-9]+)?$")).then(
    _TEXT
)
_EPOCH_STEPS: Final = {units: _epoch_steps(units, with_fraction=True) for units in EPOCHS.values()}
_WHOLE_EPOCH_STEPS: Final = {units: _epoch_steps(units, with_fraction=False) for units in EPOCHS.values()}
_LOCAL: Final = [
    pl.col("timestamp", "time_uncertainty_seconds"),
    pl.when(pl.col("timestamp").is_not_null()).then(pl.lit("config")).alias("time_zone_source"),
]


def _patterned(text: pl.Series, pattern: Pattern, zone: ZoneInfo) -> pl.DataFrame:
    shape, local, fields = _steps(pattern)
    read = text.alias("text").to_frame().select(shape).with_columns(local)
    if pattern.has_zone:
        return read.select(fields)
    stamp, doubt = local_times(read["local"], zone)
    return pl.DataFrame({"timestamp": stamp, "time_uncertainty_seconds": doubt}).select(_LOCAL)


# Expressions are made once: making them costs more than a small block does.
@lru_cache(maxsize=4 * REMEMBERED)
def _steps(pattern: Pattern) -> tuple[pl.Expr, pl.Expr, list[pl.Expr]]:
    """Return the text where it has the shape, its local time, and the columns of TIMES_SCHEMA by its own zone."""
    shape = pl.when(_TEXT.str.contains(pattern.shape)).then(_TEXT)
    clock = _TEXT.str.replace(pattern.shape, pattern.kept) if pattern.kept else _TEXT
    local = clock.str.to_datetime(pattern.clock, time_unit="us", strict=False)
    if pattern.has_fraction:
        digits = _TEXT.str.replace(pattern.shape, "${fraction}").str.pad_end(6, "0").str.slice(0, 6)
        local = local + pl.duration(microseconds=digits.cast(pl.Int64, strict=False))
    known = pl.when(pl.col("local").is_not_null())
    stamp = (pl.col("local") - pl.duration(minutes=_minutes_east(pattern))).dt.replace_time_zone("UTC")
    fields = [
        stamp.alias("timestamp"),
        known.then(pl.lit(0, dtype=pl.Int32)).alias("time_uncertainty_seconds"),
        known.then(pl.lit("record")).alias("time_zone_source"),
    ]
    return shape, local.alias("local"), fields


def _minutes_east(pattern: Pattern) -> pl.Expr:
    zone = _TEXT.str.replace(pattern.shape, "${zone}").str.replace(":", "", literal=True)
    hours, minutes = (zone.str.slice(at, 2).cast(pl.Int32, strict=False) for at in (1, 3))
    size = hours * 60 + minutes
    signed = pl.when(zone.str.starts_with("-")).then(-size).otherwise(size)
    return pl.coalesce(zone.replace_strict(_NAMED_ZONES, default=None, return_dtype=pl.Int32), signed)


@lru_cache(maxsize=4 * REMEMBERED)
def compiled(notation: str) -> Pattern:
    """Return a pattern in which `fault_of` finds nothing, ready to read with."""
    shape, clock, kept, group = "", "", "", 0
    pieces = _pieces(notation)
    cut = any(piece == _FRACTION or piece in _ZONES for piece in pieces)
    for piece in pieces:
        if piece == _FRACTION:
            shape += "(?P<fraction>[0-9]{1,9})"
        elif piece in _ZONES:
            shape += f"(?P<zone>{_ZONE})"
        else:
            group += 1
            shape += f"(?P<c{group}>{_DIRECTIVES.get(piece) or _literal(piece)})"
            clock += piece
            kept += f"${{c{group}}}"
    end = "(?:[T ].*)?" if notation == _DATE else ""
    return Pattern(
        shape=f"^{shape}{end}$",
        clock=clock,
        kept=kept if cut else "",
        has_fraction=_FRACTION in pieces,
        has_zone=any(piece in _ZONES for piece in pieces),
    )


def _literal(piece: str) -> str:
    return re.sub(r"(?:\\ )+", " +", re.escape("%" if piece == "%%" else piece))


def _pieces(notation: str) -> list[str]:
    pieces: list[str] = _PIECES.findall(notation)
    return [part for piece in pieces for part in _PIECES.findall(_SHORT.get(piece, piece))]
