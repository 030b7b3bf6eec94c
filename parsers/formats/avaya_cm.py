"""Avaya Communication Manager call records (CDR): fixed columns of a layout that each site decides, dated by date records.

It must never take a time for a start: a record gives the end of a call, to the minute, and the day stands above it.

    00:00 03/28
    1402 0061 7 9    111  02079460123     50009
    1405 0010 9           50010           7700900123

References:
- Avaya, Administrator Guide for Communication Manager: CDR data formats (Int-ISDN), condition codes, date records
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Final, Literal

import polars as pl
from pydantic import Field, model_validator

from parsers.call_numbers import read_numbers
from parsers.durations import LONGEST, whole_seconds
from parsers.fixed_width import Places, check_places, cut_columns
from parsers.force import Force
from parsers.format import NO_REJECTS, Block, FormatOptions, Parsed
from parsers.legs import CallLog, Told, fault, tell
from parsers.lines import EVIDENCE
from parsers.times import IN_LOG_YEARS, iso_times
from parsers.yearless import YEAR_SECONDS, limit, until_by_first, with_year

COLUMNS: Final = (
    *(
        "time",
        "duration",
        "duration_seconds",
        "condition",
        "access_dialled",
        "access_used",
        "dialled",
        "calling",
    ),
    *("account", "in_trunk", "out_trunk", "in_circuit", "out_circuit"),
)
REQUIRED: Final = ("time", "dialled", "calling")
DOCUMENTED: Final[dict[str, Places]] = {
    "time": (1, 4), "duration": (6, 9), "condition": (11, 11), "access_dialled": (13, 16), "access_used": (18, 21),
    "dialled": (23, 37), "calling": (39, 48), "account": (50, 64), "in_circuit": (78, 80), "out_circuit": (82, 84),
    "in_trunk": (91, 94),
}  # fmt: skip
# What is written where the clock was changed during the call.
CLOCK_CHANGED: Final = "9999"
TENTH_OF_MINUTE: Final = 6
MINUTE: Final = 60
_DATE_RECORD: Final = r"^\s*(?:[0-9]{2}:?[0-9]{2} )?([0-9]{2})/([0-9]{2})\s*$"
_RECORD: Final = r"^[0-2][0-9][0-5][0-9] [0-9 ]{4} [0-9A-Z] .{8,}"
_LOOKED_AT: Final = 30

_DURATION: Final = pl.col("duration").str.zfill(4)
_TENTHS: Final = (
    _DURATION.str.slice(0, 1).cast(pl.Int64, strict=False) * 3600
    + _DURATION.str.slice(1, 2).cast(pl.Int64, strict=False) * MINUTE
    + _DURATION.str.slice(3, 1).cast(pl.Int64, strict=False) * TENTH_OF_MINUTE
)
_LENGTH: Final = pl.when(pl.col("duration") != CLOCK_CHANGED).then(
    pl.when(pl.col("duration").str.contains("^[0-9]{1,4}$")).then(_TENTHS)
)
_NO_LENGTH: Final = pl.coalesce("duration", "duration_seconds").is_not_null() & pl.col("length").is_null()
_FAULTS: Final = [
    fault(pl.col("day").is_null(), "no_header", "no date record came before this record"),
    fault(
        ~pl.col("time").str.contains("^[0-2][0-9][0-5][0-9]$").fill_null(value=False),
        "not_this_format",
        "no time",
    ),
    fault(~IN_LOG_YEARS, "bad_time", "date and time"),
    fault(pl.coalesce("dialled", "calling").is_null(), "missing_field", "both numbers"),
    fault(_NO_LENGTH & (pl.col("duration") != CLOCK_CHANGED).fill_null(value=True), "bad_number", "duration"),
]
_SPAN: Final = pl.duration(seconds=pl.col("length").fill_null(0))
_COLUMNS: Final = [
    pl.lit(None, dtype=pl.String).alias("own"),
    pl.col("timestamp").alias("call_ended"),
    (pl.col("timestamp") - _SPAN).alias("timestamp"),
    pl.when(pl.col("length") > 0).then(pl.col("timestamp") - _SPAN).alias("call_connected"),
    pl.col("length").cast(pl.Int32).alias("call_talk_seconds"),
    ((pl.col("length") > 0).fill_null(value=False) | pl.col("duration").eq_missing(CLOCK_CHANGED)).alias(
        "answered"
    ),
    pl.col("calling").alias("call_from_raw"),
    pl.col("dialled").alias("call_to_dialled_raw"),
    pl.col("condition").alias("event_code"),
    pl.coalesce("in_trunk", "in_circuit").alias("call_device_from"),
    pl.coalesce("out_trunk", "access_used", "out_circuit").alias("call_device_to"),
    (pl.col("time_uncertainty_seconds") + YEAR_SECONDS).alias("time_uncertainty_seconds"),
]


class AvayaCmOptions(FormatOptions):
    """Where the columns of one site stand, how its date records are written, and the last day of its logs.

    columns: [first, last] place of each, counted from 1. date_records: how they write a day. written_before: for files
    whose own dates say nothing. calling_prefix: what outside numbers of callers lack, for they have only ten places.
    """

    columns: dict[str, Places] = Field(default_factory=lambda: dict(DOCUMENTED))
    calling_prefix: str = Field("", pattern="^[0-9+]*$")
    date_records: Literal["mm/dd", "dd/mm"] = "mm/dd"
    written_before: date | None = None

    @model_validator(mode="after")
    def _columns_can_be_cut(self) -> AvayaCmOptions:
        check_places(self.columns, COLUMNS, REQUIRED)
        return self


class AvayaCm(CallLog):
    """CDR of Communication Manager; `state` is the last day the file can tell of and the day in force (`mm/dd`)."""

    name: ClassVar[str] = "avaya_cm"
    title: ClassVar[str] = "Avaya Communication Manager call records (CDR)"
    references: ClassVar[tuple[str, ...]] = (
        "Avaya, Administrator Guide for Communication Manager: call detail recording, Int-ISDN format",
    )
    Options: ClassVar[type[FormatOptions]] = AvayaCmOptions

    def parse(self, block: Block, state: str) -> Parsed:
        """Return where every line of `block` went; days without year are reckoned back from when the file was written."""
        known, _, day = state.partition(" ")
        until = limit(self.options.written_before, block.written_before, known)
        return super().parse(block, f"{until} {day}".rstrip() if until or day else "")

    def told(self, lines: pl.DataFrame, state: str) -> Told:
        """Return what the lines say; `state` is the last day they can tell of, and the day in force before them."""
        known, _, before = state.partition(" ")
        month, number = (1, 2) if self.options.date_records == "mm/dd" else (2, 1)
        dated = lines.select(
            pl.concat_str(
                pl.col("line").str.extract(_DATE_RECORD, month),
                pl.lit("/"),
                pl.col("line").str.extract(_DATE_RECORD, number),
            ).alias("day")
        ).to_series()
        is_date = dated.is_not_null()
        until = date.fromisoformat(known) if known else until_by_first(dated)
        in_force = dated.fill_null(strategy="forward")
        if before:
            in_force = in_force.fill_null(before)
        records = lines.filter(~is_date)
        days = in_force.filter(~is_date)
        rows = records[EVIDENCE].hstack(cut_columns(records, self.options.columns, COLUMNS))
        timed = self._timed(
            rows, with_year(days, until) if until else days.clear().extend_constant(None, len(days))
        )
        told = tell(
            [(timed, NO_REJECTS)],
            _FAULTS,
            lambda good: _legs(good, self.context.force, self.options.calling_prefix),
        )
        last = in_force[-1] if in_force.len() else before
        carried = f"{until.isoformat() if until else ''} {last or ''}".rstrip()
        return Told(told.legs, told.rejects, {"date": int(is_date.sum())}, carried)

    def _timed(self, rows: pl.DataFrame, days: pl.Series) -> pl.DataFrame:
        """Return rows with their day, time and length beside them."""
        clock = rows["time"].str.slice(0, 2) + ":" + rows["time"].str.slice(2, 2)
        stamps = pl.select(pl.concat_str(days, clock, separator=" ", ignore_nulls=False)).to_series()
        length = pl.coalesce(_LENGTH, whole_seconds("duration_seconds")).clip(upper_bound=LONGEST)
        return (
            rows.hstack([days.alias("day")])
            .hstack(iso_times(stamps, self.context.zone))
            .with_columns(
                length.alias("length"),
                (pl.col("time_uncertainty_seconds").fill_null(0) + MINUTE).alias("time_uncertainty_seconds"),
            )
        )

    @classmethod
    def recognise(cls, sample: bytes) -> float:
        """Return the share of the first lines that are date records or start like a record, at most 0.9."""
        lines = [line for line in sample.decode("utf-8", "replace").splitlines()[:_LOOKED_AT] if line.strip()]
        text = pl.Series(lines, dtype=pl.String)
        records = int(text.str.contains(_RECORD).sum())
        return 0.9 * (records + int(text.str.contains(_DATE_RECORD).sum())) / len(lines) if records else 0.0


def _legs(rows: pl.DataFrame, force: Force, prefix: str) -> pl.DataFrame:
    """Return rows without fault as legs; `prefix` is put before outside numbers of callers to read them, not kept."""
    rows = rows.with_columns(_COLUMNS)
    if not prefix:
        return read_numbers(rows, force)
    calling = pl.col("call_from_raw")
    bare = calling.str.contains("^[1-9]") & (calling.str.len_bytes() > force.extension_digits)
    dialled = pl.when(bare).then(pl.concat_str(pl.lit(prefix), calling)).otherwise(calling)
    return read_numbers(rows.with_columns(dialled.alias("call_from_raw")), force).with_columns(
        rows["call_from_raw"]
    )
