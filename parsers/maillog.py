"""Lines of a mail log as syslog daemons write them to files: stamp, host, program and text of each.

    2026-03-03T14:02:11.482113+00:00 mx1 postfix/qmgr[812]: 3D74ADB7400B: removed
    Mar  3 14:02:11 mx1 postfix/qmgr[812]: 3D74ADB7400B: removed

It must never judge what a program says, nor drop a line: what is no such line comes back with null columns.

References: RFC 3164 section 4.1 and RFC 5424 section 6 (lines kept with their priority), rsyslog's
RSYSLOG_FileFormat and RSYSLOG_TraditionalFileFormat, `journalctl --output=short-iso`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from parsers.syslog import RECEIPT
from parsers.times import iso_times
from parsers.yearless import STAMP

_LINE: Final = pl.col("line")
_PRIORITY: Final = r"^<[0-9]{1,3}>"
# <22>1 2026-03-03T14:02:11.482113Z mx1 postfix/qmgr 812 - - 3D74ADB7400B: removed
_NEWER: Final = r"^<[0-9]{1,3}>1 (\S+) (\S+) (\S+) (\S+) \S+ (?:-|(?:\[[^\]]*\])+)(?: \x{FEFF}?|$)"
_SPACED_DAY: Final = r"^([0-9]{4}-[0-9]{2}-[0-9]{2}) +([0-9])"
_ISO_STAMP: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
_UTC: Final = ZoneInfo("UTC")
_USUAL: Final = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}[+-](?:0[0-9]|1[0-4]):[0-5][0-9]$"
)
_PARTS: Final = ("stamp", "host", "program", "text")
_FRACTION: Final = rf"^{STAMP}\.[0-9]+ "

_OLD: Final = _LINE.str.contains(rf"^{STAMP}(?:\.[0-9]+)? ")
_ISO: Final = _LINE.str.contains(_ISO_STAMP)
_FIRST_IS_LETTER: Final = _LINE.str.contains("^[A-Z]")


def split_maillog(lines: pl.Series) -> pl.DataFrame:
    """Return `stamp`, `host`, `program` (with process id and colon) and `text`; all null where it is no such line.

    A stamp is as written: ISO 8601 with a `T`, or without year (`Mar  3 14:02:11`).
    """
    frame = lines.alias("line").to_frame()
    if lines.str.starts_with("@").any():
        frame = frame.select(_LINE.str.replace(f"^{RECEIPT}<", "<"))
    if frame["line"].str.starts_with("<").any():
        frame = frame.select(_LINE.str.replace(_NEWER, "${1} ${2} ${3}[${4}]: ").str.replace(_PRIORITY, ""))
    lettered = frame.select(_FIRST_IS_LETTER).to_series()
    if lettered.all():
        return _old(frame)
    if not lettered.any():
        return _iso(frame)
    place = pl.Series("place", range(frame.height), dtype=pl.UInt32)
    old, new = place.filter(lettered), place.filter(~lettered)
    both = pl.concat([_old(frame.filter(lettered)), _iso(frame.filter(~lettered))])
    return both[pl.concat([old, new]).arg_sort()]


def stamp_times(stamps: pl.Series, zone: ZoneInfo) -> pl.DataFrame:
    """Return what `iso_times` does, faster where all stamps are as rsyslog writes them and have the same offset."""
    tails = stamps.str.slice(26)
    if (
        not len(stamps)
        or stamps.null_count()
        or tails.n_unique() > 1
        or not stamps.str.contains(_USUAL).all()
    ):
        return iso_times(stamps, zone)
    hours, minutes = int(tails[0][1:3]), int(tails[0][4:6])
    offset = timedelta(hours=hours, minutes=minutes) * (-1 if tails[0].startswith("-") else 1)
    fraction = stamps.str.slice(20, 6).cast(pl.Int64).cast(pl.Duration("us"))
    return iso_times(stamps.str.slice(0, 19), _UTC).select(
        pl.col("timestamp") + pl.lit(fraction) - offset,
        "time_uncertainty_seconds",
        pl.when(pl.col("timestamp").is_not_null()).then(pl.lit("record")).alias("time_zone_source"),
    )


def _iso(frame: pl.DataFrame) -> pl.DataFrame:
    if frame["line"].str.contains("^[0-9]{4}-[0-9]{2}-[0-9]{2} ").any():
        frame = frame.select(_LINE.str.replace(_SPACED_DAY, "${1}T${2}"))
    fits = frame.select(_ISO).to_series()
    if not fits.all():
        frame = frame.select(pl.when(fits).then("line").alias("line"))
    return _named(frame.select(_LINE.str.splitn(" ", 4)).to_series())


def _old(frame: pl.DataFrame) -> pl.DataFrame:
    fits = frame.select(_OLD).to_series()
    if not fits.all():
        frame = frame.select(pl.when(fits).then("line").alias("line"))
    if frame["line"].str.contains(_FRACTION).any() or frame["line"].str.contains("^[A-Z][a-z]+ [0-9] ").any():
        parts = frame.select(_LINE.str.extract_groups(rf"^({STAMP}(?:\.[0-9]+)?) (\S+) (\S+)(?: (.*))?$"))
        return _named(parts.to_series())
    rest = _named(frame.select(_LINE.str.slice(15).str.splitn(" ", 4)).to_series())
    return rest.with_columns(frame.select(_LINE.str.slice(0, 15).alias("stamp")))


def _named(parts: pl.Series) -> pl.DataFrame:
    return parts.struct.rename_fields(list(_PARTS)).struct.unnest()
