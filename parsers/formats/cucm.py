"""Cisco Unified Communications Manager CDR flat files: one line per leg of a call.

It must never take a column by its position: releases differ, and the header line alone says what stands where.

    "cdrRecordType","globalCallID_callManagerId","globalCallID_callId",...   header
    INTEGER,INTEGER,INTEGER,...,VARCHAR(50),...                              types
    1,2,25447,...,"50009",...                                                record
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property, lru_cache
from typing import ClassVar, Final

import polars as pl

from parsers.calls import unknown_causes
from parsers.cucm_fields import (
    BY_LOWER_NAME,
    CALL_RECORD,
    QUALITY_RECORD,
    REQUIRED,
    WHOLE,
    all_sound,
    call_steps,
    complete,
    decoded_addresses,
    fault,
)
from parsers.cucm_numbers import numbers_of
from parsers.delimited import REMEMBERED, split_fields, split_header
from parsers.event import NO_EVENTS, SCHEMA, TEXT, Family, conform
from parsers.format import NO_REJECTS, Block, Format, Parsed
from parsers.lines import UTF8_BOM, cut_lines, in_file_order, record_identity, reject
from parsers.numbered import Numbered, minute_of

_FILE: Final = re.compile(r"(?:^|/)(?P<series>c[dm]r_[^/]+_\d+)_(?P<time>\d{12})_(?P<number>\d{1,18})$")
_LETTERED: Final = r'^\s*"?[A-Za-z]'
_NAME: Final = r'\s*"?[A-Za-z][A-Za-z0-9_]*"?\s*'
_HEADER: Final = rf"^{_NAME}(?:,{_NAME})+$"
_TYPE: Final = r'\s*"?(?:INTEGER|BIGINT|VARCHAR\(\d+\)|UNIQUEIDENTIFIER)"?\s*'
_TYPES: Final = rf"^{_TYPE}(?:,{_TYPE})+$"
_IS_LETTERED: Final = pl.col("line").str.contains(_LETTERED)
_MARKS: Final = [
    pl.all_horizontal(
        pl.col("line").str.contains(pattern).fill_null(value=False)
        for pattern in (_HEADER, "(?i)cdrRecordType", "(?i)globalCallID_callId")
    ).alias("header"),
    pl.col("line").str.contains(_TYPES).fill_null(value=False).alias("types"),
]


@dataclass(frozen=True, slots=True)
class _Layout:
    """What a header line says.

    names: of the columns, in lower case. wanted: those to read. fault: expressions for what is wrong with a
    record. is_whole: no required column is missing.
    """

    names: list[str]
    wanted: list[str]
    fault: list[pl.Expr]
    is_whole: bool


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
    events: pl.DataFrame = field(default_factory=lambda: NO_EVENTS["call"])
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
        events = in_file_order([part.events for part in parts], NO_EVENTS["call"])
        rejects = in_file_order(
            [lines.rejects, *(frame for part in parts for frame in part.rejects)], NO_REJECTS
        )
        counts = {"blank": lines.blank, "header": cut.headers, "types": cut.types}
        counts["cmr"] = sum(part.quality_records for part in parts)
        return Parsed(
            lines=lines.total,
            events={"call": events},
            event_lines=events.height,
            rejects=rejects,
            non_records={kind: count for kind, count in counts.items() if count},
            state=cut.state,
            unknown_codes=unknown_causes(events["call_cause_from"], events["call_cause_to"]),
        )

    @classmethod
    def numbered(cls, path: str) -> Numbered | None:
        """Return the place of `cdr_CLUSTER_NODE_yyyymmddhhmm_NUMBER`: one sequence a node and tag, whatever the folder."""
        named = _FILE.search(path)
        minute = named and minute_of(named["time"])
        if not named or not minute:
            return None
        return Numbered(named["series"], int(named["number"]), minute, minute + timedelta(minutes=1))

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
        fields, kept, rejects = split_fields(rows, layout.names, wanted=layout.wanted, empty_is_null=True)
        frame = kept.hstack(complete(fields)).with_columns(WHOLE)
        if layout.is_whole and all_sound(frame):
            return _Part([rejects], self._events(frame, file))
        frame = frame.with_columns(layout.fault)
        quality = frame["reason"] == "cmr"
        good = frame["reason"].is_null()
        faulty = frame.filter(~good & ~quality)
        events = self._events(frame.filter(good), file)
        return _Part([rejects, reject(faulty)], events, int(quality.sum()))

    @cached_property
    def _steps(self) -> list[list[pl.Expr]]:
        """What to add to records without fault and their numbers, one step after the other."""
        source = self.context.source
        origin = [
            record_identity(source, pl.col("pkid")),
            pl.lit(source).alias("source"),
            pl.lit(self.name).alias("event_module"),
            pl.lit(self.context.site or None, dtype=TEXT).alias("observer_name"),
            pl.lit("record").alias("time_zone_source"),
            pl.lit(0, dtype=pl.Int32).alias("time_uncertainty_seconds"),
        ]
        first, second, *others = call_steps(self.context.force)
        return [first, [*second, *origin], *others]

    @cached_property
    def _columns(self) -> list[str]:
        """Columns of a call event that this format fills, in their order."""
        unfilled = {"event_ingested", *(() if self.context.keep_raw else ("event_original",))}
        return [name for name in SCHEMA["call"] if name not in unfilled]

    def _events(self, frame: pl.DataFrame, file: str) -> pl.DataFrame:
        """Return the events of records without fault: rows of evidence, COLUMNS and WHOLE."""
        frame = frame.hstack(numbers_of(frame, self.context.force)).hstack(decoded_addresses(frame))
        frame = frame.with_columns(pl.lit(file).alias("log_file"))
        for step in self._steps:
            frame = frame.with_columns(step)
        return conform(frame[self._columns], "call")


def _cut_by_header(text: pl.DataFrame, state: str) -> _Cut:
    """Sort out header and types lines, and give every other line the last header before it."""
    lettered = text.select(_IS_LETTERED).to_series()
    if not lettered.any():
        return _Cut(records=[(text, state)], headers=0, types=0, state=state)
    found = text.filter(lettered).select("line", *_MARKS)
    at, nowhere = lettered.arg_true(), pl.repeat(False, text.height, eager=True)
    is_header, is_types = (
        nowhere.clone().scatter(at.filter(found[kind]), True) for kind in ("header", "types")
    )
    headers = [state, *found["line"].filter(found["header"])]
    # Files appended to one another repeat one header many times: their records are read together.
    first_with = {header: place for place, header in reversed(list(enumerate(headers)))}
    layout = pl.Series([first_with[header] for header in headers]).gather(is_header.cum_sum())
    record = ~is_header & ~is_types
    return _Cut(
        records=[
            (text.filter(record & (layout == place)), headers[place]) for place in layout.unique().sort()
        ],
        headers=len(headers) - 1,
        types=int(is_types.sum()),
        state=headers[-1],
    )


@lru_cache(maxsize=REMEMBERED)
def _read_layout(header: str) -> _Layout | None:
    """Return what a header line says; None where it is no header."""
    lower = [name.lower() for name in split_header(header)]
    first = {name: place for place, name in reversed(list(enumerate(lower)))}
    names = [name if first[name] == place else f"{name} {place}" for place, name in enumerate(lower)]
    if "cdrrecordtype" not in first:
        return None
    missing = [name for name in REQUIRED if name.lower() not in first]
    return _Layout(
        names=names,
        wanted=[name for name in BY_LOWER_NAME if name in first],
        fault=fault(missing),
        is_whole=not missing,
    )
