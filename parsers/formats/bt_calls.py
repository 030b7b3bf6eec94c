"""BT "Download Calls": the call list of a bill, comma-separated and padded, with a header.

It must never claim more than the list says: times are to the minute, and digits may be masked by letters.

    ChargeCode,InstallationNo,LineNo,ChargeCardNo,Date,Time,Destination,CalledNo,Duration,TxtDirectRebate,Cost
    Mobile,01632960018  ,,,12/09/2025,23:00,Mobile Phone,07700 XXYYZZ     ,0000:00:37,           0.000,           0.088

References:
- Data::BT::PhoneBill (CPAN): lib/Data/BT/PhoneBill.pm, data/phone.csv and t/01.t
- daisy2000.com, Phone Analyser: the columns of BT's files
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

import polars as pl

from parsers.call_numbers import read_numbers
from parsers.delimited import REMEMBERED, split_fields, split_header
from parsers.durations import clock_seconds, unread
from parsers.force import Force
from parsers.legs import CallLog, Told, fault, tell
from parsers.lines import EVIDENCE, UTF8_BOM, reject
from parsers.sections import sections
from parsers.times import IN_LOG_YEARS, iso_times
from parsers.uk_dates import uk_time

MINUTE_SECONDS: Final = 60
USED: Final = ("chargecode", "installationno", "date", "time", "calledno", "duration")
REQUIRED: Final = ("installationno", "date", "time", "calledno", "duration")
_LIKE_HEADER: Final = pl.col("line").str.contains(r"(?i)installation ?no")
_LOOKED_AT: Final = 20
_FAULTS: Final = [
    *(fault(pl.col(name).is_null(), "missing_field", name) for name in ("date", "time", "calledno")),
    fault(~IN_LOG_YEARS, "bad_time", "date and time"),
    fault(unread("duration", "duration s"), "bad_number", "duration"),
]
_WITHOUT_SECONDS: Final = pl.col("time").str.len_bytes() <= len("hh:mm")
_DOUBT: Final = (
    pl.when(_WITHOUT_SECONDS)
    .then(pl.max_horizontal("time_uncertainty_seconds", pl.lit(MINUTE_SECONDS, dtype=pl.Int32)))
    .otherwise("time_uncertainty_seconds")
    .alias("time_uncertainty_seconds")
)
_LENGTH: Final = pl.duration(seconds="duration s")
_COLUMNS: Final = [
    pl.lit(None, dtype=pl.String).alias("own"),
    pl.col("installationno").alias("call_from_raw"),
    pl.col("calledno").alias("call_to_dialled_raw"),
    pl.when(pl.col("duration s") > 0).then("timestamp").alias("call_connected"),
    (pl.col("timestamp") + _LENGTH).alias("call_ended"),
    pl.col("duration s").clip(upper_bound=2**31 - 1).cast(pl.Int32).alias("call_talk_seconds"),
    pl.col("chargecode").alias("event_code"),
    _DOUBT,
]


class BtCalls(CallLog):
    """Call lists of BT bills: outgoing calls of the installations billed; `state` is the header line in force."""

    name: ClassVar[str] = "bt_calls"
    title: ClassVar[str] = "BT call lists (Download Calls)"
    references: ClassVar[tuple[str, ...]] = (
        "Data::BT::PhoneBill, gitpan/Data-BT-PhoneBill: data/phone.csv and its expected values",
        "Phone Analyser, daisy2000.com: columns of the files downloaded from BT",
    )
    keeps_order: ClassVar[bool] = False

    def told(self, lines: pl.DataFrame, state: str) -> Told:
        """Return what the lines say."""
        headers, found = sections(lines, _LIKE_HEADER, lambda line: bool(_layout(line)), state)
        parts = [_read(header, rows) for header, rows in found]
        told = tell(
            [(_timed(rows, self.context.zone), rejects) for rows, rejects in parts],
            _FAULTS,
            lambda rows: _legs(rows, self.context.force),
        )
        counts = {**told.non_records, "header": len(headers)}
        return Told(told.legs, told.rejects, counts, headers[-1] if headers else state)

    @classmethod
    def recognise(cls, sample: bytes) -> float:
        """Return 0.95 where one of the first lines is the header of a list, else 0."""
        text = sample.removeprefix(UTF8_BOM).decode("utf-8", "replace")
        return 0.95 if any(_layout(line) for line in text.splitlines()[:_LOOKED_AT]) else 0.0


@lru_cache(maxsize=REMEMBERED)
def _layout(header: str) -> tuple[str, ...]:
    """Return the columns of a header, unique, in lower case without spaces; () where the line is none."""
    names: list[str] = []
    for place, name in enumerate(split_header(header.lstrip("\ufeff")) if header else ()):
        plain = re.sub("[^a-z0-9]", "", name.lower())
        names.append(plain if plain in USED and plain not in names else f"other {place}")
    return tuple(names) if set(REQUIRED) <= set(names) else ()


def _read(header: str, lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    names = _layout(header)
    if not names:
        nothing = pl.Schema(dict.fromkeys(USED, pl.String())).to_frame()
        return lines.clear()[EVIDENCE].hstack(nothing), reject(
            lines, "no_header", "no header line came before this record"
        )
    used = [name for name in names if name in USED]
    fields, kept, rejects = split_fields(lines, names, wanted=used, empty_is_null=True)
    absent = [pl.lit(None, dtype=pl.String).alias(name) for name in USED if name not in used]
    trimmed = fields.with_columns(pl.all().str.strip_chars().replace("", None)).with_columns(absent)
    return kept[EVIDENCE].hstack(trimmed), rejects


def _timed(rows: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    times = iso_times(rows.select(uk_time("date", "time")).to_series(), zone)
    return rows.hstack(times).with_columns(clock_seconds("duration").alias("duration s"))


def _legs(rows: pl.DataFrame, force: Force) -> pl.DataFrame:
    return read_numbers(rows.with_columns(_COLUMNS), force)
