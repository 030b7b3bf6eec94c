"""Squid's access log lines to fields: the native, common and combined formats, or a configured `logformat`.

    1772546531.327   2864 10.20.0.7 TCP_MISS/200 10182 GET http://www.site.example/a jbriar HIER_DIRECT/192.0.2.80 text/html
    10.20.0.7 - jbriar [03/Mar/2026:14:02:11 +0000] "GET http://www.site.example/a HTTP/1.1" 200 10182 TCP_MISS:HIER_DIRECT

It must never let anything that a client wrote (address, referrer, program) be taken for a field that Squid wrote: who asked
above all. An address with spaces ends where the only sound rest of a line begins, which no part of an address can look like.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from parsers.event import UTC_MICROSECONDS
from parsers.squid_fields import FIELDS
from parsers.times import TIMES_SCHEMA, local_times

_LINE: Final = pl.col("line")
# Escaped by Squid, so that a bracket inside is never one of these.
_HEADERS: Final = r"(?: \[([^\[\]]*)\] \[[^\[\]]*\])?"
_USUAL: Final = (
    r"^[0-9]{10}\.[0-9]{3} +-?[0-9]+ \S+ [A-Z_]+/[0-9]{3} [0-9]+ \S+ \S+ \S+ [A-Z_]+/\S+ [^\s\[\]]+$"
)
_NATIVE: Final = (
    r"^\s*([0-9]{1,12}\.[0-9]{3}) +(-?[0-9]+) (\S+) ([A-Z_]+)/([0-9]{1,3}|-) (-?[0-9]+|-) (\S+) (.+)"
    rf" (\S+) [A-Z_]+/(\S+) ([^\s\[\]]+){_HEADERS}\s*$"
)
# Combined logs do not escape what clients wrote; behind the program only Squid's own words follow.
_COMMON: Final = (
    r'^(\S+) (\S+) (\S+) \[([^\]]+)\] "(\S+) ([^"]*?)(?: [A-Za-z]+/[0-9.]+)?" ([0-9]{1,3}|-) (-?[0-9]+|-)'
    rf'(?: "([^"]*)" "(.*)")?(?: ([A-Z_]+):[A-Z_]+)?{_HEADERS}\s*$'
)
_NATIVE_NAMES: Final = (
    "stamp", "elapsed", "client", "code", "status", "sent", "method", "url", "user", "peer", "mime", "headers",
)  # fmt: skip
_COMMON_NAMES: Final = (
    "client", "ident", "user", "clock", "method", "url", "status", "sent", "referrer", "agent", "code", "headers",
)  # fmt: skip
_SPLIT_NAMES: Final = ("elapsed", "client", "result", "sent", "method", "url", "user", "hierarchy", "mime")
COMMON_CLOCK: Final = "%d/%b/%Y:%H:%M:%S %z"
_STAMP: Final = pl.col("stamp").str.replace(".", "", literal=True).cast(pl.Int64, strict=False)
_NO_DOUBT: Final = [
    pl.lit(0, dtype=pl.Int32).alias("time_uncertainty_seconds"),
    pl.lit("record").alias("time_zone_source"),
]


@dataclass(frozen=True, slots=True)
class Layout:
    """A configured format of lines: its pattern, the field of each group, and how its clock is read.

    clock: None where lines have `stamp` and `fraction` (seconds since 1970, and thousandths).
    """

    pattern: str
    names: tuple[str, ...]
    clock: str | None = None


def read_lines(lines: pl.Series, layout: Layout | None, zone: ZoneInfo) -> pl.DataFrame:
    """Return FIELDS as text (null for `-`) and TIMES_SCHEMA, one row per line; `method` is null where it is no record."""
    frame = lines.alias("line").to_frame()
    if layout is not None:
        return _configured(frame, layout, zone)
    usual = frame.select(_LINE.str.contains(_USUAL)).to_series()
    if usual.all():
        return _usual(frame)
    place = pl.Series("place", range(frame.height), dtype=pl.UInt32)
    others = frame.filter(~usual)
    native = others.select(_LINE.str.contains(_NATIVE)).to_series()
    rest = place.filter(~usual)
    parts = [
        (_usual(frame.filter(usual)), place.filter(usual)),
        (_native(others.filter(native)), rest.filter(native)),
        (_common(others.filter(~native), zone), rest.filter(~native)),
    ]
    order = pl.concat([places for _, places in parts]).arg_sort()
    return pl.concat([part for part, _ in parts])[order]


def _usual(lines: pl.DataFrame) -> pl.DataFrame:
    """Read native lines with single spaces, which take no pattern."""
    stamp = _LINE.str.slice(0, 14).alias("stamp")
    rest = _LINE.str.slice(14).str.strip_chars_start(" ").str.splitn(" ", len(_SPLIT_NAMES))
    found = lines.select(stamp, rest.alias("rest"))
    named = found["rest"].struct.rename_fields(list(_SPLIT_NAMES)).struct.unnest().hstack([found["stamp"]])
    result = pl.col("result").str.splitn("/", 2)
    split = named.with_columns(
        result.struct.field("field_0").alias("code"),
        result.struct.field("field_1").alias("status"),
        pl.col("hierarchy").str.splitn("/", 2).struct.field("field_1").alias("peer"),
    )
    return _whole(split.with_columns(*_epoch(_STAMP)))


def _native(lines: pl.DataFrame) -> pl.DataFrame:
    return _whole(_groups(lines, _NATIVE, _NATIVE_NAMES).with_columns(*_epoch(_STAMP)))


def _common(lines: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    return _clocked(_groups(lines, _COMMON, _COMMON_NAMES), COMMON_CLOCK, zone)


def _configured(lines: pl.DataFrame, layout: Layout, zone: ZoneInfo) -> pl.DataFrame:
    found = _groups(lines, layout.pattern, layout.names)
    if layout.clock is not None:
        return _clocked(found, layout.clock, zone)
    fraction = pl.col("fraction").cast(pl.Int64, strict=False) if "fraction" in layout.names else 0
    return _whole(found.with_columns(*_epoch(pl.col("stamp").cast(pl.Int64, strict=False) * 1000 + fraction)))


def _groups(lines: pl.DataFrame, pattern: str, names: Sequence[str]) -> pl.DataFrame:
    found = lines.select(_LINE.str.extract_groups(pattern).alias("found"))["found"]
    return found.struct.rename_fields(list(names)).struct.unnest()


def _epoch(milliseconds: pl.Expr) -> list[pl.Expr]:
    """Return the times of TIMES_SCHEMA by milliseconds since 1970."""
    return [(milliseconds * 1000).cast(UTC_MICROSECONDS).alias("timestamp"), *_NO_DOUBT]


def _clocked(found: pl.DataFrame, clock: str, zone: ZoneInfo) -> pl.DataFrame:
    """Return the times of TIMES_SCHEMA by the text `clock`, in `zone` where it names none."""
    if "%z" in clock:
        read = pl.col("clock").str.to_datetime(clock, time_unit="us", time_zone="UTC", strict=False)
        return _whole(found.with_columns(read.alias("timestamp"), *_NO_DOUBT))
    local = found.select(pl.col("clock").str.to_datetime(clock, time_unit="us", strict=False)).to_series()
    stamp, doubt = local_times(local, zone)
    return _whole(
        found.with_columns(
            stamp.alias("timestamp"),
            doubt.alias("time_uncertainty_seconds"),
            pl.lit("config").alias("time_zone_source"),
        )
    )


def _whole(found: pl.DataFrame) -> pl.DataFrame:
    absent = [pl.lit(None, dtype=pl.String).alias(name) for name in FIELDS if name not in found.columns]
    texts = pl.col([name for name in FIELDS if name in found.columns]).replace(["-", ""], None)
    return found.with_columns(texts, *absent).select(*FIELDS, *TIMES_SCHEMA)
