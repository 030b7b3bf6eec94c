"""Squid's access log: native, common and combined lines, or lines of a configured `logformat`.

    1772546531.327   2864 10.20.0.7 TCP_MISS/200 10182 GET http://www.site.example/a jbriar HIER_DIRECT/192.0.2.80 text/html

It must never keep a query string unless told to.

References: squid-cache.org/Doc/config/logformat; Squid, src/log/FormatSquidNative.cc; docs/formats/squid.md
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import ClassVar, Final

import polars as pl
from pydantic import Field, field_validator

from parsers.event import NO_EVENTS, Family
from parsers.format import NO_REJECTS, Block, Format, FormatOptions, Parsed
from parsers.lines import EVIDENCE, UTF8_BOM, cut_lines, in_file_order, reject
from parsers.squid_fields import MEANING, unknown_results
from parsers.squid_lines import Layout, read_lines
from parsers.squid_logformat import NotALogformat, layout_of
from parsers.times import IN_LOG_YEARS
from parsers.web import WebEvents

_LOOKED_AT: Final = 50
_LIKE: Final = re.compile(
    r"^\s*[0-9]{9,10}\.[0-9]{3} +-?[0-9]+ \S+ (?:TCP|UDP|NONE|TAG|ERR)[A-Z_]*/[0-9]{3} [0-9]+ [A-Z_]+ "
    r'|^\S+ \S+ \S+ \[[^\]]+\] "[A-Z]+ .*(?:TCP|UDP|NONE|TAG|ERR)[A-Z_]*:[A-Z_]+'
)
_FAULT: Final = (
    pl.when(pl.col("method").is_null() & pl.col("url").is_null())
    .then(pl.lit("not_this_format"))
    .when(~IN_LOG_YEARS)
    .then(pl.lit("bad_time"))
    .alias("reason")
)


class SquidOptions(FormatOptions):
    """Options of the format.

    logformat: the `logformat` of squid.conf, without its name, where it is not one of Squid's own.
    keep_query: keep query strings; else only a hash of each.
    """

    logformat: str = Field(default="", max_length=4000)
    keep_query: bool = False

    @field_validator("logformat")
    @classmethod
    def _readable(cls, logformat: str) -> str:
        if logformat:
            try:
                layout_of(logformat)
            except NotALogformat as error:
                raise ValueError(str(error)) from None
        return logformat


class Squid(Format):
    """Requests through Squid; every line stands for itself, `state` is empty."""

    name: ClassVar[str] = "squid"
    title: ClassVar[str] = "Squid access log (native, common, combined, or a logformat)"
    families: ClassVar[tuple[Family, ...]] = ("web",)
    references: ClassVar[tuple[str, ...]] = (
        "https://www.squid-cache.org/Doc/config/logformat/",
        "https://wiki.squid-cache.org/SquidFaq/SquidLogs",
    )
    Options: ClassVar[type[FormatOptions]] = SquidOptions

    def parse(self, block: Block, state: str) -> Parsed:
        """Return where every line of `block` went."""
        del state
        lines = cut_lines(block)
        fields = read_lines(lines.text["line"], self._layout, self.context.zone)
        records, rejects = _judged(lines.text[EVIDENCE].hstack(fields))
        events = NO_EVENTS["web"]
        if records.height:
            events = self._events.events(records.with_columns(MEANING), block.file)
        return Parsed(
            lines=lines.total,
            events={"web": events},
            event_lines=events.height,
            rejects=in_file_order([lines.rejects, rejects], NO_REJECTS),
            non_records={"blank": lines.blank} if lines.blank else {},
            state="",
            unknown_codes=unknown_results(records["code"]),
        )

    @classmethod
    def recognise(cls, sample: bytes) -> float:
        """Return 0.95 where the first lines are Squid's, less where only some of them are."""
        text = sample.removeprefix(UTF8_BOM).decode("utf-8", "replace")
        lines = [line for line in text.splitlines() if line.strip()][:_LOOKED_AT]
        like = sum(bool(_LIKE.match(line)) for line in lines)
        return 0.5 + 0.45 * like / len(lines) if like else 0.0

    @cached_property
    def _layout(self) -> Layout | None:
        return layout_of(self.options.logformat) if self.options.logformat else None

    @cached_property
    def _events(self) -> WebEvents:
        keep = self.options.keep_query
        return WebEvents(self.name, self.context, keep_query=keep, unanswered="failure")


def _judged(told: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    faults = told.select(_FAULT).to_series()
    if faults.null_count() == told.height:
        return told, NO_REJECTS
    return told.filter(faults.is_null()), reject(told.with_columns(faults).filter(faults.is_not_null()))
