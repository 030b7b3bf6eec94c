"""Zscaler's NSS feed for web: quoted CSV, tab-separated values, name=value pairs or JSON, as the feed is set up.

    "Tue Mar  3 14:02:11 2026","jo.briar@police.northmere.example","HTTPS","www.goods.example/a","Allowed","Goods",...
    {"sourcetype":"zscalernss-web","event":{"datetime":"2026-03-03 14:02:11","user":"jo.briar@...","action":"Allowed",...}}

It must never keep a query string unless told to, nor take the name of a place for a person.

References: help.zscaler.com, NSS Feed Output Format: Web Logs; elastic/integrations, packages/zscaler_zia; docs/formats/zscaler.md
"""

from __future__ import annotations

import json
import re
from functools import cached_property
from typing import ClassVar, Final

import polars as pl
from pydantic import field_validator

from parsers.delimited import split_header
from parsers.event import NO_EVENTS, Family
from parsers.format import NO_REJECTS, Block, Format, FormatOptions, Parsed
from parsers.legs import set_aside
from parsers.lines import UTF8_BOM, cut_lines, in_file_order
from parsers.sections import sections
from parsers.web import WebEvents
from parsers.zscaler_fields import DEFAULT_FEED, FAULT, FIELD_OF, MEANING, times_of, unknown_actions
from parsers.zscaler_lines import (
    IS_JSON,
    IS_PAIRS,
    IS_TABBED,
    Read,
    header_names,
    is_header,
    read_columns,
    read_objects,
    read_pairs,
)

_LIKE_HEADER: Final = pl.col("line").str.contains(r"(?i)\baction\b")
_WIDTHS: Final = (len(DEFAULT_FEED.split()) - 1, len(DEFAULT_FEED.split()))
_ACTION: Final = DEFAULT_FEED.split().index("action")
_NAME: Final = re.compile(r"(?:^|[\t ,])([A-Za-z_]+)=")
_NAMED: Final = frozenset({"action", "login", "url"})
_LOOKED_AT: Final = 20


class ZscalerOptions(FormatOptions):
    """Options of the format.

    fields: names of the columns of feeds as CSV or tab-separated values, in their order, as they stand in the feed's template
    (`eurl` for %s{eurl}); without it, a header line or the feed as it is set up at first.
    keep_query: keep query strings; else only a hash of each.
    """

    fields: tuple[str, ...] = ()
    keep_query: bool = False

    @field_validator("fields")
    @classmethod
    def _usable(cls, fields: tuple[str, ...]) -> tuple[str, ...]:
        known = {FIELD_OF.get(name.casefold()) for name in fields}
        if fields and not (known & {"time", "epoch"} and known & {"url", "host"} and "action" in known):
            raise ValueError("name at least a time (time or epochtime), eurl (or ehost), and action")
        return fields


class Zscaler(Format):
    """Requests through Zscaler Internet Access; `state` is the header line in force, if there is one."""

    name: ClassVar[str] = "zscaler"
    title: ClassVar[str] = "Zscaler NSS feed for web (CSV, TSV, name=value, JSON)"
    families: ClassVar[tuple[Family, ...]] = ("web",)
    references: ClassVar[tuple[str, ...]] = (
        "https://help.zscaler.com/zia/nss-feed-output-format-web-logs",
        "https://help.zscaler.com/zia/general-guidelines-nss-feeds-and-feed-formats",
    )
    Options: ClassVar[type[FormatOptions]] = ZscalerOptions

    def parse(self, block: Block, state: str) -> Parsed:
        """Return where every line of `block` went."""
        lines = cut_lines(block)
        parts, headers = self._read(lines.text, state)
        events: list[pl.DataFrame] = []
        rejects = [lines.rejects]
        unknown: dict[str, int] = {}
        for told, misshapen in parts:
            timed = told.hstack(times_of(told, self.context.zone))
            good, bad = set_aside(timed, [FAULT])
            rejects += [misshapen, bad]
            if good.height:
                records = good.with_columns(MEANING)
                events.append(self._events.events(records, block.file))
                for action, count in unknown_actions(records).items():
                    unknown[action] = unknown.get(action, 0) + count
        frame = in_file_order(events, NO_EVENTS["web"])
        counts = {"blank": lines.blank, "header": len(headers)}
        return Parsed(
            lines=lines.total,
            events={"web": frame},
            event_lines=frame.height,
            rejects=in_file_order(rejects, NO_REJECTS),
            non_records={kind: count for kind, count in counts.items() if count},
            state=headers[-1] if headers else state,
            unknown_codes=unknown,
        )

    def _read(self, lines: pl.DataFrame, state: str) -> tuple[list[Read], list[str]]:
        """Return what lines say, each by its own shape, and the header lines among them."""
        shapes = lines.select(IS_JSON.alias("json"), IS_PAIRS.alias("pairs"), IS_TABBED.alias("tabbed"))
        parts: list[Read] = []
        if shapes["json"].any():
            parts.append(read_objects(lines.filter(shapes["json"])))
        named = shapes["pairs"] & ~shapes["json"]
        if named.any():
            parts.append(read_pairs(lines.filter(named)))
        rest = lines.filter(~(shapes["json"] | named))
        headers, found = sections(rest, _LIKE_HEADER, is_header, state)
        for header, rows in found:
            names = header_names(header) or self.options.fields
            tabbed = rows.select(IS_TABBED).to_series()
            for separator, some in (("\t", rows.filter(tabbed)), (",", rows.filter(~tabbed))):
                if some.height:
                    parts.append(read_columns(some, names, separator))
        return parts, headers

    @classmethod
    def recognise(cls, sample: bytes) -> float:
        """Return 0.97 where the first lines are a feed's in any of its shapes, less where only some of them are."""
        text = sample.removeprefix(UTF8_BOM).decode("utf-8", "replace")
        lines = [line for line in text.splitlines() if line.strip()][:_LOOKED_AT]
        like = sum(_is_like(line) for line in lines)
        headed = any(is_header(line) for line in lines[:1])
        return 0.97 if headed else 0.97 * like / len(lines) if like else 0.0

    @cached_property
    def _events(self) -> WebEvents:
        return WebEvents(self.name, self.context, keep_query=self.options.keep_query)


def _is_like(line: str) -> bool:
    if line.lstrip().startswith("{"):
        return _is_object(line)
    if {FIELD_OF.get(name.casefold()) for name in _NAME.findall(line)} >= _NAMED:
        return True
    cells = split_header(line, separator="\t" if "\t" in line else ",")
    return len(cells) in _WIDTHS and cells[_ACTION].casefold() in ("allowed", "blocked")


def _is_object(line: str) -> bool:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return False
    inside = told.get("event", told) if isinstance(told, dict) else None
    if not isinstance(inside, dict):
        return False
    known = {FIELD_OF.get(name.casefold()) for name in inside}
    named = told.get("sourcetype") == "zscalernss-web" or "respcode" in inside or "urlcategory" in inside
    return bool(named) and known >= _NAMED
