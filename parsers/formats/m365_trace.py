"""Microsoft 365 message trace: enhanced, extended and summary CSV, and JSON lines of Get-MessageTrace and Graph.

    origin_timestamp_utc,sender_address,recipient_status,message_subject,total_bytes,message_id,...

It must never assume a column's place, nor an export's language of direction.

References: Microsoft, "Message trace in the modern Exchange admin center"; Get-MessageTraceV2; reporting web service
MessageTrace; Microsoft Graph exchangeMessageTrace. docs/formats/m365_trace.md
"""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

import polars as pl

from parsers.delimited import split_fields, split_header
from parsers.event import NO_EVENTS, Family
from parsers.exports import distinct, rows_of
from parsers.format import NO_REJECTS, Block, Format, FormatOptions, Parsed
from parsers.json_texts import decode_objects, loaded
from parsers.lines import EVIDENCE, cut_lines, in_file_order, reject
from parsers.times import IN_LOG_YEARS, iso_times
from parsers.trace_fields import FIELDS, JSON_NAMES, Meaning, field_of, unknown_statuses

_UTC: Final = ZoneInfo("UTC")
_LINE: Final = pl.col("line")
_IS_HEADER: Final = (
    _LINE.str.contains("(?i)sender")
    & _LINE.str.contains("(?i)recipient")
    & ~_LINE.str.contains("@", literal=True)
)
_SCHEMA: Final = pl.Schema(dict.fromkeys(JSON_NAMES, pl.String()))
_FROM_JSON: Final = [
    pl.coalesce(
        [pl.lit(None, dtype=pl.String), *(name for name in JSON_NAMES if field_of(name) == field)]
    ).alias(field)
    for field in FIELDS
]
# /Date(1658751973240)/ is milliseconds since 1970; 3/4/2026 2:02:11 PM is as Microsoft's own pages print times.
_TIME: Final = pl.col("time").str.strip_chars()
_TICKS: Final = _TIME.str.extract(r"^/Date\((-?[0-9]{1,14})(?:[+-][0-9]{4})?\)/$").cast(
    pl.Int64, strict=False
)
_SLASHED: Final = (
    r"^([0-9]{1,2})/([0-9]{1,2})/([0-9]{4}),? ([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?(?: ([AP]M))?$"
)
_FAULT: Final = (
    pl.when(
        (pl.col("time").fill_null("") == "")
        | (pl.col("sender").is_null() & pl.col("recipient").is_null() & pl.col("recipient_status").is_null())
    )
    .then(pl.lit("missing_field"))
    .when(~IN_LOG_YEARS)
    .then(pl.lit("bad_time"))
    .alias("reason")
)


class M365TraceOptions(FormatOptions):
    """Options of the format.

    day_first: in times like 3/4/2026 the day comes first; Microsoft writes the month first.
    """

    day_first: bool = False


class M365Trace(Format):
    """Reads message traces; the state is the header line of a CSV export."""

    name: ClassVar[str] = "m365_trace"
    title: ClassVar[str] = "Microsoft 365 message trace"
    families: ClassVar[tuple[Family, ...]] = ("email",)
    references: ClassVar[tuple[str, ...]] = (
        "https://learn.microsoft.com/exchange/monitoring/trace-an-email-message/message-trace-modern-eac",
        "https://learn.microsoft.com/powershell/module/exchange/get-messagetracev2",
    )
    Options: ClassVar[type[FormatOptions]] = M365TraceOptions
    keeps_order: ClassVar[bool] = False

    def parse(self, block: Block, state: str) -> Parsed:
        """Return where every line of `block` went. Bad lines are data, never an exception."""
        lines = cut_lines(block)
        rows = rows_of(lines.text, state, _IS_HEADER)
        read = [_from_json(rows.json), *(_from_csv(group, header) for header, group in rows.csv)]
        fields = pl.concat([found for found, _ in read]).sort("log_offset")
        records, bad = self._judge(fields)
        events = self._meaning.events(records, block.file)
        return Parsed(
            lines=lines.total,
            events={"email": events if events.height else NO_EVENTS["email"]},
            event_lines=events.height,
            rejects=in_file_order([lines.rejects, bad, *(refused for _, refused in read)], NO_REJECTS),
            non_records={**rows.counts, "blank": lines.blank},
            state=rows.state,
            unknown_codes=dict(unknown_statuses(records).value_counts().iter_rows()),
        )

    @classmethod
    def recognise(cls, sample: bytes) -> float:
        """Return how sure the sample (the first lines of a file) is of this format, from 0 to 1."""
        lines = [line.strip("\ufeff\r ") for line in sample.decode("utf-8", "replace").split("\n")]
        lines = [line for line in lines if line][:20]
        for line in lines[:3]:
            found = set(map(field_of, split_header(line))) if not line.startswith(("{", "#")) else set()
            if {"time", "sender", "subject"} <= found and found & {"recipient", "recipient_status"}:
                return 0.95 if found & {"message_id", "recipient_status", "status"} else 0.6
        objects = [told for told in map(loaded, lines) if isinstance(told, dict)]
        known = sum(
            {"time", "sender", "recipient", "status", "message_id"} <= set(map(field_of, one))
            for one in objects
        )
        return 0.95 * known / len(lines) if known else 0.0

    @cached_property
    def _meaning(self) -> Meaning:
        return Meaning(self.context)

    def _judge(self, fields: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return the rows with their times, and rejects: nobody named, no readable time."""
        timed = fields.hstack(iso_times(self._iso(fields), _UTC))
        faults = timed.select(_FAULT).to_series()
        if faults.null_count() == timed.height:
            return timed, NO_REJECTS
        return timed.filter(faults.is_null()), reject(timed.with_columns(faults).filter(faults.is_not_null()))

    def _iso(self, fields: pl.DataFrame) -> pl.Series:
        """Return the times, whatever their form, as ISO 8601."""
        written = fields.select(_TIME.alias("time"))
        if not written["time"].str.contains("/", literal=True).any():
            return written["time"]
        parts = written.select(_TIME.str.extract_groups(_SLASHED)).to_series().struct.unnest()
        first, second = (pl.col(name).str.zfill(2) for name in ("1", "2"))
        month, day = (second, first) if self.options.day_first else (first, second)
        hour = pl.col("4").cast(pl.Int32)
        afternoon = (
            pl.when(pl.col("7").is_null())
            .then(hour)
            .otherwise(hour % 12 + pl.when(pl.col("7") == "PM").then(12).otherwise(0))
        )
        slashed = parts.select(
            pl.concat_str(
                pl.concat_str("3", month, day, separator="-"),
                pl.lit("T"),
                pl.concat_str(
                    afternoon.cast(pl.String).str.zfill(2), "5", pl.col("6").fill_null("00"), separator=":"
                ),
            ).alias("slashed")
        )
        ticks = pl.from_epoch(_TICKS, time_unit="ms").dt.strftime("%Y-%m-%dT%H:%M:%S%.3f") + "Z"
        return written.hstack(slashed).select(pl.coalesce(ticks, "slashed", "time").alias("time")).to_series()


def _from_json(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return FIELDS of JSON records beside their evidence, and rejects."""
    members, is_object = decode_objects(rows["line"].str.strip_chars(), _SCHEMA)
    found = members.select(_FROM_JSON).hstack(rows[EVIDENCE])
    if is_object.all():
        return found, NO_REJECTS
    return found.filter(is_object), reject(rows.filter(~is_object), "not_this_format")


def _from_csv(rows: pl.DataFrame, header: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return FIELDS of CSV rows beside their evidence, and rejects."""
    names = distinct(split_header(header))
    places: dict[str, str] = {}
    for name in names:
        if (field := field_of(name)) is not None:
            places.setdefault(field, name)
    if "time" not in places:
        return _from_json(rows.clear())[0], reject(rows, "no_header")
    fields, kept, refused = split_fields(rows, names, wanted=list(places.values()), empty_is_null=True)
    named = fields.select(
        pl.col(places[field]).alias(field) if field in places else pl.lit(None, dtype=pl.String).alias(field)
        for field in FIELDS
    )
    return named.hstack(kept[EVIDENCE]), refused
