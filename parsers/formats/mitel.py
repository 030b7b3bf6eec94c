"""Mitel MiVoice Business (3300) call records (SMDR): fixed columns, a line per call or part of one, no year.

It must never take a trunk for a number, nor the year from a clock.

    %02/04 13:13:16  0000:16:38 7411    0003 7406                      I 7406
     02/04 13:20:02  0000:04:41 7411    0017 902079460123              A T3

References:
- Mitel, MiVoice Business system administration help: SMDR, recorded information
- lines of an exchange with extended digit length, in the tests of a public SMDR reader
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Final

import polars as pl
from pydantic import Field, model_validator

from parsers.call_numbers import read_numbers
from parsers.durations import clock_seconds, unread, whole_seconds
from parsers.fixed_width import Places, check_places, cut_columns
from parsers.force import Force
from parsers.format import NO_REJECTS, Block, FormatOptions, Parsed
from parsers.legs import CallLog, Told, fault, tell
from parsers.lines import EVIDENCE
from parsers.times import IN_LOG_YEARS, iso_times
from parsers.yearless import YEAR_SECONDS, limit, until_by_first, with_year

COLUMNS: Final = (
    *("date", "time", "duration", "calling", "time_to_answer", "digits", "status", "called"),
    *("third", "account", "ani", "dnis", "call_id"),
)
REQUIRED: Final = ("date", "time", "duration", "calling", "digits", "called")
# Extended digit length: duration of four-digit hours, parties of seven places.
DOCUMENTED: Final[dict[str, Places]] = {
    "date": (2, 6), "time": (8, 16), "duration": (18, 27), "calling": (29, 35), "time_to_answer": (36, 40),
    "digits": (42, 67), "status": (68, 68), "called": (70, 76),
}  # fmt: skip
STATUSES: Final = {"A": "answered", "B": "busy", "E": "error", "I": "internal", "T": "toll denied"}
_LIKELY: Final = (
    r"^[ %+-]?[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}(?::[0-9]{2})?[p ] *[0-9]{2,4}:[0-9]{2}:[0-9]{2} "
)
_LOOKED_AT: Final = 20
_TRUNK: Final = r"^(?:[TX][0-9]+|ATT.*)$"

# Collectors that trim lines take the empty mark of a short call off.
_WHOLE_LINE: Final = (
    pl.when(pl.col("line").str.contains("^[0-9]")).then(pl.concat_str(pl.lit(" "), "line")).otherwise("line")
)
_HOUR: Final = pl.col("time").str.head(2).cast(pl.Int32, strict=False)
_AFTERNOON: Final = pl.col("time").str.ends_with("p")
_CLOCK: Final = (
    pl.when(_AFTERNOON & (_HOUR < 12))
    .then(pl.concat_str((_HOUR + 12).cast(pl.String), pl.col("time").str.slice(2).str.strip_suffix("p")))
    .otherwise(pl.col("time").str.strip_suffix("p"))
)
_FAULTS: Final = [
    *(fault(pl.col(name).is_null(), "missing_field", name) for name in ("date", "time", "duration")),
    fault(~IN_LOG_YEARS, "bad_time", "date and time"),
    fault(unread("duration", "duration s"), "bad_number", "duration"),
]
_IS_TRUNK: Final = pl.col("calling").str.contains(_TRUNK).fill_null(value=False)
_TO_TRUNK: Final = pl.col("called").str.contains(_TRUNK).fill_null(value=False)
_TALKED: Final = (pl.col("duration s") > 0) & ~pl.col("time_to_answer").str.starts_with("*").fill_null(
    value=False
)
_RUNG: Final = pl.col("rung s").fill_null(0)
_COLUMNS: Final = [
    pl.lit(None, dtype=pl.String).alias("own"),
    pl.when(~_IS_TRUNK).then("calling").otherwise("ani").alias("call_from_raw"),
    pl.when(_IS_TRUNK)
    .then(pl.coalesce("dnis", pl.col("digits").str.extract(r"^(\S+)"), "called"))
    .otherwise(pl.coalesce("digits", pl.when(~_TO_TRUNK).then("called")))
    .alias("call_to_dialled_raw"),
    pl.when(~_TO_TRUNK).then("called").alias("call_to_final_raw"),
    pl.col("third").alias("also_to"),
    pl.col("calling").alias("call_device_from"),
    pl.col("called").alias("call_device_to"),
    pl.when(_TALKED).then(pl.col("timestamp") + pl.duration(seconds=_RUNG)).alias("call_connected"),
    (pl.col("timestamp") + pl.duration(seconds=_RUNG + pl.col("duration s"))).alias("call_ended"),
    pl.when(_TALKED).then("duration s").otherwise(0).cast(pl.Int32, strict=False).alias("call_talk_seconds"),
    pl.col("rung s").cast(pl.Int32).alias("call_ring_seconds"),
    pl.col("status").alias("event_code"),
    pl.col("status").replace_strict(STATUSES, default=None, return_dtype=pl.String).alias("event_reason"),
    pl.col("call_id").alias("call_group_id"),
    (pl.col("time_uncertainty_seconds") + YEAR_SECONDS).alias("time_uncertainty_seconds"),
]


class MitelOptions(FormatOptions):
    """Where the columns of one exchange stand, and the last day of its logs.

    columns: [first, last] place of each, counted from 1. written_before: for files whose own dates say nothing.
    """

    columns: dict[str, Places] = Field(default_factory=lambda: dict(DOCUMENTED))
    written_before: date | None = None

    @model_validator(mode="after")
    def _columns_can_be_cut(self) -> MitelOptions:
        check_places(self.columns, COLUMNS, REQUIRED)
        return self


class Mitel(CallLog):
    """SMDR of MiVoice Business; `state` is the last day that the file can tell of, where that is known."""

    name: ClassVar[str] = "mitel"
    title: ClassVar[str] = "Mitel MiVoice Business call records (SMDR)"
    references: ClassVar[tuple[str, ...]] = (
        "Mitel MiVoice Business, system administration: SMDR, recorded information",
    )
    Options: ClassVar[type[FormatOptions]] = MitelOptions

    def parse(self, block: Block, state: str) -> Parsed:
        """Return where every line of `block` went; days without year are reckoned back from when the file was written."""
        written = block.written_before
        return super().parse(block, limit(self.options.written_before, written, state))

    def told(self, lines: pl.DataFrame, state: str) -> Told:
        """Return what the lines say; `state` is the last day they can tell of."""
        fields = cut_columns(lines.with_columns(_WHOLE_LINE.alias("line")), self.options.columns, COLUMNS)
        rows = lines[EVIDENCE].hstack(fields)
        strange = ~lines["line"].str.contains(_LIKELY)
        until = date.fromisoformat(state) if state else until_by_first(fields["date"].filter(~strange))
        days = with_year(fields["date"], until) if until else fields["date"]
        clock = fields.select(_CLOCK.alias("clock")).to_series()
        stamps = pl.select(pl.concat_str(days, clock, separator=" ", ignore_nulls=False)).to_series()
        timed = rows.hstack(iso_times(stamps, self.context.zone)).with_columns(
            clock_seconds("duration").alias("duration s"),
            whole_seconds("time_to_answer").alias("rung s"),
            strange.alias("strange"),
        )
        faults = [
            fault(pl.col("strange"), "not_this_format", "no date, time and duration at the start"),
            *_FAULTS,
        ]
        told = tell([(timed, NO_REJECTS)], faults, lambda rows: _legs(rows, self.context.force))
        return Told(told.legs, told.rejects, told.non_records, until.isoformat() if until else "")

    @classmethod
    def recognise(cls, sample: bytes) -> float:
        """Return the share of the first lines that start like a record, at most 0.9."""
        lines = [line for line in sample.decode("utf-8", "replace").splitlines()[:_LOOKED_AT] if line.strip()]
        return (
            0.9 * int(pl.Series(lines, dtype=pl.String).str.contains(_LIKELY).sum()) / len(lines)
            if lines
            else 0.0
        )


def _legs(rows: pl.DataFrame, force: Force) -> pl.DataFrame:
    return read_numbers(rows.with_columns(_COLUMNS), force)
