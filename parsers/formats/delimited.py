"""Delimited text of any system, read by a mapping in the configuration: one record per line. Never loses a line.

Which column becomes which field is configured (parsers/mapping.py); without a mapping, columns are called like our
fields. Sample, as mapped in docs/formats/delimited.md:

    Audit ID|Audit Date|Audit Time|Login|Action|Entity|Key|Surname|Forename|DOB|VRM
    7741|03/03/2026|14:02:11|JBRIAR|VIEW|NOM||Fern|Jo|01/04/1990|

References: docs/formats/delimited.md: mapping, worked examples, where each line goes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import ClassVar, Final

import polars as pl

from parsers.delimited import REMEMBERED, split_fields
from parsers.delimited_options import DelimitedOptions, Layout, own_likeness, read_layout
from parsers.event import FAMILIES, NO_EVENTS, Family
from parsers.format import NO_REJECTS, Block, Format, FormatOptions, Parsed
from parsers.header_lines import header_lines, under_headers
from parsers.lines import cut_lines, in_file_order, reject
from parsers.mapping_events import Meaning
from parsers.mapping_values import input_name

# What the state starts with: a header line in force, or the count of lines skipped at the start of the file.
_HEADER: Final = "="
_SKIPPED: Final = "~"
_IS_COUNT: Final = re.compile("~[0-9]{1,4}")


@dataclass(frozen=True, slots=True)
class _Reading:
    """How records under one header are read: names of the fields, those wanted, and the steps to what they give."""

    layout: Layout
    names: list[str]
    wanted: list[str]
    given: list[pl.Expr]


class Delimited(Format):
    """Delimited text by a configured mapping; `state` is the header line in force, or how many lines were skipped."""

    name: ClassVar[str] = "delimited"
    title: ClassVar[str] = "delimited text, mapped in the configuration"
    families: ClassVar[tuple[Family, ...]] = FAMILIES
    references: ClassVar[tuple[str, ...]] = ("docs/formats/delimited.md", "RFC 4180: comma-separated values")
    Options: ClassVar[type[FormatOptions]] = DelimitedOptions

    def parse(self, block: Block, state: str) -> Parsed:
        """Return where every line of `block` went."""
        options: DelimitedOptions = self.options
        cut = cut_lines(block)
        skipped, state = _to_skip(cut.text.height, state, options.skip_lines)
        lines, comments = self._without_comments(cut.text.slice(skipped) if skipped else cut.text)
        is_header = self._is_header(lines)
        headers = [] if is_header is None else lines["line"].filter(is_header).to_list()
        events: list[pl.DataFrame] = []
        rejects, unknown = [cut.rejects], self._absent(headers)
        for header, records in under_headers(
            lines, is_header, [state, *(_HEADER + header for header in headers)]
        ):
            how = self._reading(header)
            if how is None:
                rejects.append(reject(records, "no_header"))
                continue
            fields, kept, misshapen = split_fields(
                records, how.names, separator=options.separator, wanted=how.wanted
            )
            told = self._meaning.read(fields.select(how.given), kept, block.file)
            events.append(told.events)
            rejects += [misshapen, told.rejects]
            unknown = _added(unknown, told.unknown_codes)
        family = options.family
        found = in_file_order(events, NO_EVENTS[family])
        counts = {"blank": cut.blank, "header": len(headers), "comment": comments, "skipped": skipped}
        return Parsed(
            lines=cut.total,
            events={one: found if one == family else NO_EVENTS[one] for one in FAMILIES},
            event_lines=found.height,
            rejects=in_file_order(rejects, NO_REJECTS),
            non_records={kind: count for kind, count in counts.items() if count},
            state=_HEADER + headers[-1] if headers else state,
            unknown_codes=unknown,
        )

    @classmethod
    def recognise(cls, sample: bytes) -> float:
        """Return 0.9 or so where a line names our fields, as a log that needs no mapping has them; else 0."""
        return own_likeness(sample.decode("utf-8", "replace"))

    @cached_property
    def _meaning(self) -> Meaning:
        return Meaning(self.name, self.context, self.options)

    @cached_property
    def _reading(self) -> Callable[[str], _Reading | None]:
        """How records are read under a state ("=" and a header line, else none), None where nothing names the columns."""
        options: DelimitedOptions = self.options

        @lru_cache(maxsize=REMEMBERED)
        def read(state: str) -> _Reading | None:
            layout = read_layout(state.removeprefix(_HEADER) if state.startswith(_HEADER) else "", options)
            return None if layout is None else _how(layout)

        return read

    def _is_header(self, lines: pl.DataFrame) -> pl.Series | None:
        named = [pl.col("line").str.contains(f"(?i){name}") for name in self.options.header_names]
        return header_lines(lines, named, lambda line: self._reading(_HEADER + line) is not None)

    def _without_comments(self, lines: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        mark = self.options.comment
        if not mark:
            return lines, 0
        comment = lines["line"].str.starts_with(mark)
        return (lines.filter(~comment), int(comment.sum())) if comment.any() else (lines, 0)

    def _absent(self, headers: list[str]) -> dict[str, int]:
        """Return which mapped columns headers do not have: a renamed column must not go unseen."""
        absent: dict[str, int] = {}
        for header in headers:
            how = self._reading(_HEADER + header)
            for name in how.layout.absent if how and self.options.fields else ():
                absent = _added(absent, {f"no column:{name}": 1})
        return absent


def _how(layout: Layout) -> _Reading:
    names = [f"field_{place}" for place in range(layout.width)]
    given = []
    for name in (*layout.positions, *layout.absent):
        text = pl.lit(None, dtype=pl.String)
        if name in layout.positions:
            trimmed = pl.col(names[layout.positions[name]]).str.strip_chars()
            text = pl.when(trimmed != "").then(trimmed)
        given.append(text.alias(input_name(name)))
    wanted = sorted({names[place] for place in layout.positions.values()}, key=names.index)
    return _Reading(layout, names, wanted, given)


def _to_skip(lines: int, state: str, skip_lines: int) -> tuple[int, str]:
    """Return how many of the next lines are to be skipped, and the state with the count of them."""
    if not skip_lines or (state and not _IS_COUNT.fullmatch(state)):
        return 0, state
    before = int(state.removeprefix(_SKIPPED) or 0)
    skipped = min(skip_lines - before, lines)
    return (skipped, f"{_SKIPPED}{before + skipped}") if skipped > 0 else (0, state)


def _added(counts: dict[str, int], more: dict[str, int]) -> dict[str, int]:
    return counts | {key: counts.get(key, 0) + count for key, count in more.items()}
