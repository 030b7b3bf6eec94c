"""Cisco Unified Communications Manager CDR flat files: one line per leg of a call.

It must never take a column by its position: releases differ, and the header line alone says what stands where.

    "cdrRecordType","globalCallID_callManagerId","globalCallID_callId",...   header
    INTEGER,INTEGER,INTEGER,...,VARCHAR(50),...                              types
    1,2,25447,...,"50009",...                                                record
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final

import polars as pl

from parsers.calls import unknown_causes
from parsers.cucm_fields import (
    BY_LOWER_NAME,
    CALL_RECORD,
    QUALITY_RECORD,
    REQUIRED,
    call_columns,
    complete,
    fault,
)
from parsers.delimited import split_fields, split_header
from parsers.event import SCHEMA, TEXT, Family, conform
from parsers.format import Block, Format, Parsed
from parsers.lines import UTF8_BOM, cut_lines, record_identity, reject

_LETTERED: Final = r'^\s*"?[A-Za-z]'
_NAME: Final = r'\s*"?[A-Za-z][A-Za-z0-9_]*"?\s*'
_HEADER: Final = rf"^{_NAME}(?:,{_NAME})+$"
_TYPE: Final = r'\s*"?(?:INTEGER|BIGINT|VARCHAR\(\d+\)|UNIQUEIDENTIFIER)"?\s*'
_TYPES: Final = rf"^{_TYPE}(?:,{_TYPE})+$"


@dataclass(frozen=True, slots=True)
class _Layout:
    """What a header line says: names of the columns in lower case, those to read, and those that are missing."""

    names: list[str]
    wanted: list[str]
    missing: list[str]


@dataclass(frozen=True, slots=True)
class _Cut:
    """Lines cut into those of each header, with the count of header and types lines, and the header in force."""

    records: list[tuple[pl.DataFrame, str]]
    headers: int
    types: int
    state: str


@dataclass(frozen=True, slots=True)
class _Part:
    """Where the records under one header went."""

    rejects: list[pl.DataFrame]
    events: pl.DataFrame = field(default_factory=SCHEMA["call"].to_frame)
    quality_records: int = 0


class Cucm(Format):
    """CDR files of Cisco Unified CM, driven by their header line; quality records (CMR) are counted, not read."""

    name: ClassVar[str] = "cucm"
    title: ClassVar[str] = "Cisco Unified CM call detail records (CDR flat files)"
    families: ClassVar[tuple[Family, ...]] = ("call",)
    complete_after_seconds: ClassVar[float | None] = 5.0
    references: ClassVar[tuple[str, ...]] = (
        "Cisco Unified Communications Manager Call Detail Records Administration Guide",
        "ITU-T Q.850: cause values",
    )

    def parse(self, block: Block, state: str) -> Parsed:
        """Return where every line of `block` went; the state is the header line in force at its end."""
        lines = cut_lines(block)
        cut = _cut_by_header(lines.text, state)
        parts = [self._records(rows, header, block.file) for rows, header in cut.records]
        events = pl.concat([SCHEMA["call"].to_frame(), *(part.events for part in parts)])
        rejects = pl.concat([lines.rejects, *(frame for part in parts for frame in part.rejects)])
        counts = {"blank": lines.blank, "header": cut.headers, "types": cut.types}
        counts["cmr"] = sum(part.quality_records for part in parts)
        return Parsed(
            lines=lines.total,
            events={"call": events.sort("log_offset") if len(parts) > 1 else events},
            event_lines=events.height,
            rejects=rejects.sort("log_offset"),
            non_records={kind: count for kind, count in counts.items() if count},
            state=cut.state,
            unknown_codes=unknown_causes(events["call_cause_from"], events["call_cause_to"]),
        )

    @classmethod
    def recognise(cls, sample: bytes) -> float:
        """Return 1 for a CDR header, 0.9 for a CMR header, less for records without one."""
        first = sample.removeprefix(UTF8_BOM).lstrip(b"\r\n \0").split(b"\n", 1)[0].lower()
        if b"cdrrecordtype" in first:
            return 1.0 if b"datetimeorigination" in first else 0.9
        fields = first.replace(b'"', b"").split(b",")
        numeric = len(fields) > 60 and all(value.isdigit() for value in fields[:5])
        return 0.4 if numeric and fields[0].decode() in (CALL_RECORD, QUALITY_RECORD) else 0.0

    def _records(self, rows: pl.DataFrame, header: str, file: str) -> _Part:
        """Parse records that stand under one header."""
        layout = _read_layout(header)
        if layout is None:
            return _Part([reject(rows, "no_header", "no header line came before this record")])
        fields, kept, rejects = split_fields(rows, layout.names, wanted=layout.wanted)
        frame = kept.hstack(complete(fields)).with_columns(fault(layout.missing))
        quality = frame["reason"] == "cmr"
        good = frame["reason"].is_null()
        if good.all():
            return _Part([rejects], self._events(frame, file))
        faulty = frame.filter(~good & ~quality)
        events = self._events(frame.filter(good), file)
        return _Part([rejects, reject(faulty)], events, int(quality.sum()))

    def _events(self, frame: pl.DataFrame, file: str) -> pl.DataFrame:
        """Return the events of records without fault: rows of evidence and COLUMNS."""
        context = self.context
        if not context.keep_raw:
            frame = frame.drop("event_original")
        frame = call_columns(frame, context.force).with_columns(
            record_identity(context.source, pl.col("pkid")),
            pl.lit(context.source).alias("source"),
            pl.lit(self.name).alias("event_module"),
            pl.lit(context.site or None, dtype=TEXT).alias("observer_name"),
            pl.lit("record").alias("time_zone_source"),
            pl.lit(0, dtype=pl.Int32).alias("time_uncertainty_seconds"),
            pl.lit(file).alias("log_file"),
        )
        return conform(frame.select(name for name in SCHEMA["call"] if name in frame.columns), "call")


def _cut_by_header(text: pl.DataFrame, state: str) -> _Cut:
    """Sort out header and types lines, and give every other line the last header before it."""
    line = pl.col("line")
    lettered = text.select(line.str.contains(_LETTERED)).to_series()
    if not lettered.any():
        return _Cut(records=[(text, state)], headers=0, types=0, state=state)
    names = pl.when(line.str.contains(_HEADER)).then(line)
    naming = names.str.contains("(?i)cdrRecordType") & names.str.contains("(?i)globalCallID_callId")
    marks = text.select(
        naming.fill_null(value=False).alias("header"), line.str.contains(_TYPES).alias("types")
    )
    headers = [state, *text["line"].filter(marks["header"])]
    # Files appended to one another repeat one header many times: their records are read together.
    first_with = {header: place for place, header in reversed(list(enumerate(headers)))}
    layout = pl.Series([first_with[header] for header in headers]).gather(marks["header"].cum_sum())
    record = ~marks["header"] & ~marks["types"]
    return _Cut(
        records=[
            (text.filter(record & (layout == place)), headers[place]) for place in layout.unique().sort()
        ],
        headers=len(headers) - 1,
        types=int(marks["types"].sum()),
        state=headers[-1],
    )


def _read_layout(header: str) -> _Layout | None:
    """Return what a header line says; None where it is no header."""
    lower = [name.lower() for name in split_header(header)]
    first = {name: place for place, name in reversed(list(enumerate(lower)))}
    names = [name if first[name] == place else f"{name} {place}" for place, name in enumerate(lower)]
    if "cdrrecordtype" not in first:
        return None
    return _Layout(
        names=names,
        wanted=[name for name in BY_LOWER_NAME if name in first],
        missing=[name for name in REQUIRED if name.lower() not in first],
    )
