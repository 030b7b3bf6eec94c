"""Microsoft Exchange message tracking: `MSGTRK*.LOG` of Exchange 2010 (26 columns) and 2013 and later (30).

It must never take the direction of a message from the log's own `directionality`, nor assume a column's place: the
nearest `#Fields:` line above a record names its columns.

References: Microsoft, "Message tracking" (Exchange Server, mail flow, transport logs). docs/formats/exchange.md
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from functools import cached_property
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

import polars as pl
from pydantic import field_validator

from parsers.delimited import split_fields, split_header
from parsers.event import NO_EVENTS, Family
from parsers.exchange_fields import ACTIONS, AS_WRITTEN, Meaning
from parsers.format import NO_REJECTS, Block, Format, FormatOptions, Parsed
from parsers.headers import under_fields_lines
from parsers.lines import EVIDENCE, cut_lines, in_file_order, reject
from parsers.numbered import Numbered, minute_of
from parsers.times import IN_LOG_YEARS, iso_times

FIELDS_2013: Final = (
    "date-time", "client-ip", "client-hostname", "server-ip", "server-hostname", "source-context", "connector-id",
    "source", "event-id", "internal-message-id", "message-id", "network-message-id", "recipient-address",
    "recipient-status", "total-bytes", "recipient-count", "related-recipient-address", "reference", "message-subject",
    "sender-address", "return-path", "message-info", "directionality", "tenant-id", "original-client-ip",
    "original-server-ip", "custom-data", "transport-traffic-type", "log-id", "schema-version",
)  # fmt: skip
FIELDS_2010: Final = tuple(name for name in FIELDS_2013[:27] if name != "network-message-id")
_NEEDED: Final = frozenset(("date-time", "event-id"))
_READ: Final = [
    *AS_WRITTEN, *_NEEDED, "client-ip", "server-ip", "original-client-ip", "message-id", "network-message-id",
    "recipient-address", "recipient-status", "total-bytes", "recipient-count", "related-recipient-address",
    "sender-address", "custom-data", "log-id",
]  # fmt: skip

_FILE: Final = re.compile(
    r"(?P<series>(?:.*/)?MSGTRK[A-Z]*(?P<time>\d{8}(?:\d\d)?))-(?P<number>\d{1,9})\.LOG$", re.IGNORECASE
)
_UTC: Final = ZoneInfo("UTC")
_CODE: Final = r"^[A-Z0-9_-]{1,40}$"
_EVENT_CODE: Final = pl.col("event-id").str.strip_chars().str.to_uppercase().alias("code")
_FAULT: Final = (
    pl.when(~IN_LOG_YEARS)
    .then(pl.lit("bad_time"))
    .when(pl.col("code").fill_null("") == "")
    .then(pl.lit("missing_field"))
    .alias("reason")
)


class ExchangeOptions(FormatOptions):
    """Options of the format.

    fields: column names of files that have no `#Fields:` line, in file order; without it, 30 or 26 columns are known.
    """

    fields: tuple[str, ...] = ()

    @field_validator("fields")
    @classmethod
    def _usable(cls, fields: tuple[str, ...]) -> tuple[str, ...]:
        if fields and (not set(fields) >= _NEEDED or len(set(fields)) < len(fields)):
            raise ValueError(
                "name each column once, and at least 'date-time' and 'event-id', as on a #Fields: line"
            )
        return fields


class Exchange(Format):
    """Reads message tracking logs; the state is the column list of the last `#Fields:` line."""

    name: ClassVar[str] = "exchange"
    title: ClassVar[str] = "Microsoft Exchange message tracking"
    families: ClassVar[tuple[Family, ...]] = ("email",)
    references: ClassVar[tuple[str, ...]] = (
        "https://learn.microsoft.com/exchange/mail-flow/transport-logs/message-tracking",
    )
    Options: ClassVar[type[FormatOptions]] = ExchangeOptions

    def parse(self, block: Block, state: str) -> Parsed:
        """Return where every line of `block` went. Bad lines are data, never an exception."""
        lines = cut_lines(block)
        records, non_records, state = under_fields_lines(lines.text, state)
        events: list[pl.DataFrame] = []
        rejects = [lines.rejects]
        unknown: Counter[str] = Counter()
        for layout, rows in records:
            fields, refused = _fields(rows, layout, self.options.fields)
            good, bad = _judge(fields)
            unknown.update(_unknown_codes(good["code"]))
            events.append(self._meaning.events(good, block.file))
            rejects += [refused, bad]
        frame = in_file_order(events, NO_EVENTS["email"])
        return Parsed(
            lines=lines.total,
            events={"email": frame},
            event_lines=frame.height,
            rejects=in_file_order(rejects, NO_REJECTS),
            non_records={**non_records, "blank": lines.blank},
            state=state,
            unknown_codes=unknown,
        )

    @classmethod
    def numbered(cls, path: str) -> Numbered | None:
        """Return the place of `MSGTRKyyyymmddhh-N.LOG`: one sequence from 1 an hour (or day), folder and kind of log."""
        named = _FILE.search(path)
        since = named and minute_of(f"{named['time']:0<12}")
        if not named or not since:
            return None
        length = timedelta(hours=1) if len(named["time"]) == 10 else timedelta(days=1)
        return Numbered(named["series"], int(named["number"]), since, since + length, first=1)

    @classmethod
    def recognise(cls, sample: bytes) -> float:
        """Return how sure the sample (the first lines of a file) is of this format, from 0 to 1."""
        lines = [line.strip("\ufeff\r") for line in sample.decode("utf-8", "replace").split("\n")]
        headers = " ".join(line for line in lines if line.startswith("#")).lower()
        if "message tracking log" in headers and "#software: microsoft exchange server" in headers:
            return 1.0
        if "internal-message-id,message-id," in headers:
            return 0.95
        records = [split_header(line) for line in lines[:50] if line and not line.startswith("#")]
        known = [len(row) in (26, 30) and row[0][10:11] == "T" and row[8] in ACTIONS for row in records]
        return 0.9 * sum(known) / len(known) if known else 0.0

    @cached_property
    def _meaning(self) -> Meaning:
        return Meaning(self.context)


def _fields(
    rows: pl.DataFrame, layout: str, configured: tuple[str, ...]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the columns of _READ beside their evidence, and rejects; `layout` is "" before any `#Fields:` line."""
    names = tuple(layout.split(",")) if layout else configured
    if not names:
        return _fields_by_width(rows)
    if not set(names) >= _NEEDED:
        return _read(rows.clear(), FIELDS_2013)[0], reject(rows, "no_header")
    return _read(rows, names)


def _fields_by_width(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read lines that no header precedes: 30 fields are Exchange 2013 and later, 26 are Exchange 2010."""
    newer, rest = _read(rows, FIELDS_2013)
    older, rejects = _read(rows.join(rest, on="log_offset", how="semi", maintain_order="left"), FIELDS_2010)
    width = pl.col("reason").is_in(["too_few_fields", "too_many_fields"])
    detail = pl.when(width).then(pl.lit("neither 30 nor 26 fields, and no #Fields: line yet"))
    reason = pl.when(width).then(pl.lit("no_header")).otherwise("reason")
    named = rejects.with_columns(reason.alias("reason"), detail.otherwise("detail").alias("detail"))
    return pl.concat([newer, older]).sort("log_offset"), named


def _read(rows: pl.DataFrame, names: tuple[str, ...]) -> tuple[pl.DataFrame, pl.DataFrame]:
    fields, kept, rejects = split_fields(rows, names, empty_is_null=True)
    present = fields[[name for name in _READ if name in names]]
    absent = [name for name in _READ if name not in names]
    if absent:
        present = present.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in absent)
    return present[_READ].hstack(kept[EVIDENCE]), rejects


def _judge(fields: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the records with the columns of TIMES_SCHEMA and `code`, and rejects: no readable time, no event-id."""
    fields = fields.hstack(iso_times(fields["date-time"], _UTC)).with_columns(_EVENT_CODE)
    faults = fields.select(_FAULT).to_series()
    if faults.null_count() == fields.height:
        return fields, NO_REJECTS
    bad = fields.with_columns(faults).filter(faults.is_not_null())
    return fields.filter(faults.is_null()), reject(bad)


def _unknown_codes(codes: pl.Series) -> dict[str, int]:
    """Count the event-ids no table names; text that cannot be a code is counted as "(other)", never repeated."""
    unnamed = [code for code in codes.unique() if code not in ACTIONS]
    if not unnamed:
        return {}
    strange = codes.filter(codes.is_in(unnamed))
    shown = pl.when(strange.str.contains(_CODE)).then(strange).otherwise(pl.lit("(other)"))
    return dict(pl.select(shown).to_series().value_counts().iter_rows())
