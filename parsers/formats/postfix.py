"""Postfix mail log (`/var/log/mail.log`, `maillog`): one event per delivery line, with what earlier lines said.

    2026-03-03T14:02:12.1+00:00 mx1 postfix/smtp[18]: 3D74ADB7400B: to=<a@x.example>, relay=mx[192.0.2.7]:25, ... status=sent (250 ok)

Lines about one message share a queue id; sender, size, message-id and client stand on earlier ones, which are carried
in the state. It must never take the year of a stamp without one from a clock, nor carry more than a bounded number
of lines.

References: docs/formats/postfix.md; Postfix documentation: postconf(5) (syslog_name, enable_long_queue_ids), bounce(8),
qmgr(8); rsyslog: RSYSLOG_TraditionalFileFormat, RSYSLOG_FileFormat.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cached_property
from typing import ClassVar, Final

import polars as pl
from pydantic import Field

from parsers.event import NO_EVENTS, Family
from parsers.format import NO_REJECTS, Block, Format, FormatOptions, Parsed
from parsers.lines import EVIDENCE, cut_lines, in_file_order, reject
from parsers.maillog import split_maillog, stamp_times
from parsers.postfix_fields import KNOWN_STATUSES, Meaning, read_lines
from parsers.postfix_queue import ABOUT, KIND, NOTHING_REMEMBERED, REMEMBERED_SCHEMA, join
from parsers.syslog import RECEIPT
from parsers.times import IN_LOG_YEARS, iso_times
from parsers.yearless import STAMP, YEAR_SECONDS, stamps_with_years, until_by_first_stamp

_DAEMONS: Final = "anvil|bounce|cleanup|discard|error|flush|lmtp|local|pickup|pipe|postscreen|qmgr|relay|smtp|smtpd|trace|verify|virtual"
_POSTFIX: Final = pl.col("program").str.contains(rf"^postfix[^/\[:]*[/\[:]|/(?:{_DAEMONS})\[[0-9]+\]:$")
_QUEUE_ID: Final = (
    pl.col("queue_id").str.contains(r"^(?:[0-9A-F]{6,20}|[0-9A-Za-z]{12,24}|NOQUEUE)$")
    & pl.col("body").is_not_null()
).fill_null(value=False)
_HEADING: Final = (
    rf"^(?:{RECEIPT})?(?:<\d{{1,3}}>)?(?:1 )?(?:{STAMP}|\d{{4}}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)\S* \S+ "
)
_LIKE: Final = re.compile(_HEADING + r"postfix[^\s/\[]*/\S+?(?:\[\d+\]:| \d+ )")
_IS_POSTFIX: Final = [_POSTFIX.fill_null(value=False).alias("is_postfix"), pl.col("text")]
_SPLIT: Final = (
    pl.when("is_postfix").then("text").str.splitn(": ", 2).struct.rename_fields(["queue_id", "body"])
)
_OWN_QUEUE_ID: Final = pl.col("text").str.extract("^([^:]*)").alias("queue_id")
_ROW: Final = pl.int_range(pl.len(), dtype=pl.Int64).alias("row")
_PROGRAM: Final = pl.col("program").str.extract(r"^([^\[:]*)").alias("program")
_FAULT: Final = (
    pl.when(pl.col("status").is_null())
    .then(pl.lit("missing_field"))
    .when(~IN_LOG_YEARS)
    .then(pl.lit("bad_time"))
    .alias("reason")
)


class PostfixOptions(FormatOptions):
    """Options of the format.

    remember: lines about messages that are remembered for later deliveries of the same messages.
    written_before: the last day of logs whose stamps have no year and whose files do not tell when they were written.
    """

    remember: int = Field(default=4096, ge=16, le=1_000_000)
    written_before: date | None = None


@dataclass(frozen=True, slots=True)
class _State:
    """What is carried: facts about messages, and the day after which no stamp lies."""

    remembered: pl.DataFrame
    until: datetime | None

    @classmethod
    def read(cls, text: str) -> _State:
        """Return the state a text stands for."""
        if not text:
            return cls(NOTHING_REMEMBERED, None)
        told = json.loads(text)
        rows = pl.DataFrame(told.get("facts", []), schema=REMEMBERED_SCHEMA, orient="row")
        until = told.get("until")
        return cls(rows, datetime.fromisoformat(until) if until else None)

    def text(self) -> str:
        """Return the state as text, "" where there is nothing to carry."""
        told: dict[str, object] = {}
        if self.until is not None:
            told["until"] = self.until.isoformat()
        if self.remembered.height:
            told["facts"] = [list(row) for row in self.remembered.iter_rows()]
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")) if told else ""


class Postfix(Format):
    """Reads Postfix logs; the state is what was said of messages that are still queued."""

    name: ClassVar[str] = "postfix"
    title: ClassVar[str] = "Postfix mail log"
    families: ClassVar[tuple[Family, ...]] = ("email",)
    references: ClassVar[tuple[str, ...]] = (
        "https://www.postfix.org/postconf.5.html",
        "https://www.postfix.org/qmgr.8.html",
    )
    Options: ClassVar[type[FormatOptions]] = PostfixOptions
    reads_in_order: ClassVar[bool] = True

    def parse(self, block: Block, state: str) -> Parsed:
        """Return where every line of `block` went. Bad lines are data, never an exception."""
        lines = cut_lines(block)
        before = _State.read(state)
        parts = split_maillog(lines.text["line"])
        until = self._until(block, before, parts["stamp"])
        strange = parts["host"].is_null()
        refused = reject(lines.text.filter(strange), "not_this_format") if strange.any() else NO_REJECTS
        queue, counts = _queue_lines(parts)
        joined = join(queue, before.remembered, remember=self.options.remember)
        records, rejects = self._records(joined.events, parts, lines.text, until)
        events = self._meaning.events(records, block.file)
        counts["message"] -= joined.events.height
        counts["blank"] = lines.blank
        return Parsed(
            lines=lines.total,
            events={"email": events if events.height else NO_EVENTS["email"]},
            event_lines=events.height,
            rejects=in_file_order([lines.rejects, refused, rejects], NO_REJECTS),
            non_records=counts,
            state=_State(joined.remembered, until).text(),
            unknown_codes=_unknown(records["status"]),
        )

    @classmethod
    def recognise(cls, sample: bytes) -> float:
        """Return how sure the sample (the first lines of a file) is of this format, from 0 to 1."""
        lines = [line for line in sample.decode("utf-8", "replace").split("\n")[:200] if line.strip()]
        like = sum(bool(_LIKE.match(line)) for line in lines)
        return 0.5 + 0.5 * like / len(lines) if like else 0.0

    @cached_property
    def _meaning(self) -> Meaning:
        return Meaning(self.context)

    def _until(self, block: Block, before: _State, stamps: pl.Series) -> datetime | None:
        """Return when the file was last written, as far as is known, for stamps without year."""
        options: PostfixOptions = self.options
        if options.written_before is not None:
            return datetime.combine(options.written_before, time(), UTC)
        if block.written_before is not None or before.until is not None:
            return block.written_before or before.until
        yearless = stamps.filter(stamps.str.contains("^[A-Z]"))
        return until_by_first_stamp(yearless) if yearless.len() else None

    def _records(
        self, events: pl.DataFrame, parts: pl.DataFrame, lines: pl.DataFrame, until: datetime | None
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return event lines with their times and evidence, and rejects: no readable status or time."""
        place = events["row"].cast(pl.UInt32)
        own = parts[place]
        named = own.select("stamp", "host", _PROGRAM, _OWN_QUEUE_ID)
        told = read_lines(events.drop("row").hstack(named).hstack(lines[place].select(EVIDENCE)))
        timed = told.hstack(self._times(told["stamp"], until))
        faults = timed.select(_FAULT).to_series()
        if faults.null_count() == timed.height:
            return timed, NO_REJECTS
        detail = pl.when(faults == "missing_field").then(pl.lit("status"))
        bad = timed.with_columns(faults, detail.alias("detail")).filter(faults.is_not_null())
        return timed.filter(faults.is_null()), reject(bad)

    def _times(self, stamps: pl.Series, until: datetime | None) -> pl.DataFrame:
        yearless = stamps.str.contains("^[A-Z]")
        if until is None or not yearless.any():
            return stamp_times(stamps, self.context.zone)
        dated = stamps_with_years(stamps.set(~yearless, None), until)
        times = iso_times(dated.zip_with(yearless, stamps), self.context.zone)
        doubt = pl.col("time_uncertainty_seconds")
        inferred = pl.when(yearless).then(doubt + YEAR_SECONDS).otherwise(doubt)
        return times.with_columns(inferred.cast(pl.Int32).alias("time_uncertainty_seconds"))


def _queue_lines(parts: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """Return the lines about a queue id (row, key, kind, body), and how many lines are none by kind."""
    split = parts.select(_IS_POSTFIX)
    named = split.select(_SPLIT).to_series().struct.unnest()
    about = named.select(_QUEUE_ID).to_series()
    queue = named.with_columns(parts["host"], _ROW).filter(about)
    postfix = int(split["is_postfix"].sum())
    counts = {
        "session": postfix - queue.height,
        "message": queue.height,
        "other_program": parts.height - parts["host"].null_count() - postfix,
    }
    return queue.with_columns(ABOUT).with_columns(KIND), counts


def _unknown(statuses: pl.Series) -> Mapping[str, int]:
    """Count the statuses no table names; they are words of letters, and few."""
    unnamed = [status for status in statuses.unique() if status not in KNOWN_STATUSES]
    if not unnamed:
        return {}
    return dict(statuses.filter(statuses.is_in(unnamed)).value_counts().iter_rows())
