"""PNC transaction log in the neutral form: delimited text whose header names the columns. Never loses a line.

No public document gives the layout of a force's export, so columns go by name, and names and codes by configuration.
Sample:

    txn_datetime,system,txn_code,user_id,terminal_id,originator,subject_type,subject_key,result,txn_ref
    2026-03-03T14:02:11,pnc,#VE,jbriar,T0417,BRIAR 4471/STOP/HIGH ST,vehicle,AB12 CDE,hit,88120417

References:
- docs/formats/pnc.md: the columns, the configuration, identity and quirks.
- Cheshire Constabulary, freedom of information request 2951 (2011): the originator line, 4 to 53 characters.
- Leveson Inquiry transcripts (2012): reason codes, and a longer justification on about one check in ten.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import ClassVar, Final

import polars as pl

from parsers.delimited import REMEMBERED, split_fields, split_header
from parsers.event import NO_EVENTS, Family
from parsers.format import NO_REJECTS, Block, Format, FormatOptions, Parsed
from parsers.header_lines import header_lines, under_headers
from parsers.lines import EVIDENCE, Lines, cut_lines, in_file_order, reject
from parsers.pnc_fields import Meaning, Reading, folded, reading
from parsers.pnc_options import REQUIRED, PncOptions, likeness, read_layout
from parsers.records import join_records, part_rejects
from parsers.times import IN_LOG_YEARS, iso_times

SEPARATORS: Final = (",", ";", "|", "\t")
_LOOKED_AT: Final = 20
_IS_FIT: Final = pl.col("user_id").is_not_null() & IN_LOG_YEARS
_EMPTY: Final = pl.coalesce(pl.when(pl.col(name).is_null()).then(pl.lit(name)) for name in REQUIRED)
_WHY_UNFIT: Final = [
    pl.when(_EMPTY.is_not_null()).then(pl.lit("missing_field")).otherwise(pl.lit("bad_time")).alias("reason"),
    pl.coalesce(_EMPTY, pl.lit("txn_datetime")).alias("detail"),
]


class Pnc(Format):
    """Neutral PNC (and LEDS) transaction log; `state` is the header line in force."""

    name: ClassVar[str] = "pnc"
    title: ClassVar[str] = "PNC and LEDS transaction log, neutral delimited form"
    families: ClassVar[tuple[Family, ...]] = ("access",)
    references: ClassVar[tuple[str, ...]] = (
        "docs/formats/pnc.md",
        "Cheshire Constabulary, freedom of information request 2951 (28 February 2011)",
        "Leveson Inquiry, transcripts of 2012: PNC Guard, reason codes and justifications",
    )
    Options: ClassVar[type[FormatOptions]] = PncOptions

    def parse(self, block: Block, state: str) -> Parsed:
        """Return where every line of `block` went; `state` is the last header line seen in the file."""
        cut = self._joined(cut_lines(block), block, state)
        is_header = self._is_header(cut.text)
        headers = [] if is_header is None else cut.text["line"].filter(is_header).to_list()
        found = 0 if is_header is None else cut.lines_of(cut.text.filter(is_header))
        counts = {"blank": cut.blank, "header": found, "comment": 0}
        events: list[pl.DataFrame] = []
        rejects = [cut.rejects]
        for header, lines in under_headers(cut.text, is_header, [state, *headers]):
            how = self._reading(header)
            records = _without_comments(lines, how)
            counts["comment"] += cut.lines_of(lines) - cut.lines_of(records)
            if how is None:
                rejects.append(reject(records, "no_header"))
                continue
            fields, misshapen = self._read(records, how)
            fit, unfit = self._separate(fields)
            events.append(self._meaning.events(fit, block.file))
            rejects += [misshapen, unfit]
        access = in_file_order(events, NO_EVENTS["access"])
        return Parsed(
            lines=cut.total,
            events={"access": access},
            event_lines=cut.lines_of(access),
            rejects=part_rejects(cut, in_file_order(rejects, NO_REJECTS), block.encoding),
            non_records={kind: count for kind, count in counts.items() if count},
            state=headers[-1] if headers else state,
            unknown_codes=self._unknown_codes(access),
        )

    @classmethod
    def recognise(cls, sample: bytes) -> float:
        """Return 0.9 or more where a line names our required columns, less for a few of the others, else 0."""
        text = sample.decode("utf-8", "replace").replace("\ufeff", "")
        likely = [line for line in text.splitlines()[:_LOOKED_AT] if line and not line.startswith("#")]
        names = (split_header(line, separator=mark) for line in likely for mark in SEPARATORS)
        return max(map(likeness, names), default=0.0)

    @property
    def joins_lines(self) -> bool:
        """Whether records may hold newlines: as the option says, but never where each line is in an envelope."""
        return bool(self.options.quoted_newlines) and self.context.envelope == "none"

    def _joined(self, cut: Lines, block: Block, state: str) -> Lines:
        """Return the lines with those that are one record as one row, where the option says there are such."""
        if not self.joins_lines:
            return cut
        is_header = self._is_header(cut.text)
        headers = [] if is_header is None else is_header.arg_true().to_list()
        lines = cut.text["line"]

        def width_at(row: int) -> int:
            above = bisect_left(headers, row)
            how = self._reading(lines[headers[above - 1]] if above else state)
            return 0 if how is None else len(how.names)

        return join_records(cut, block, width_at=width_at, separator=self.options.separator)

    @cached_property
    def _meaning(self) -> Meaning:
        return Meaning(self.name, self.context, self.options)

    @cached_property
    def _reading(self) -> Callable[[str], Reading | None]:
        """How records under a header line ("": none) are read, None where it is no header; the last few are remembered."""
        options: PncOptions = self.options

        @lru_cache(maxsize=REMEMBERED)
        def read(header: str) -> Reading | None:
            names = split_header(header, separator=options.separator) if header else options.header
            layout = read_layout(names, options.columns)
            return None if layout is None else reading(layout)

        return read

    @cached_property
    def _named(self) -> list[pl.Expr]:
        """Expressions that are all true of a header, and of hardly any other line."""
        names = [self.options.columns.get(name, name).strip() for name in REQUIRED]
        return [pl.col("line").str.contains(f"(?i){re.escape(name)}") for name in names]

    def _is_header(self, lines: pl.DataFrame) -> pl.Series | None:
        return header_lines(lines, self._named, lambda line: self._reading(line) is not None)

    def _read(self, records: pl.DataFrame, how: Reading) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return the records with COLUMNS and `user_name` beside the evidence, and rejects."""
        fields, kept, rejects = split_fields(records, how.names, separator=self.options.separator)
        return fields.select(how.trimmed).select(how.columns).hstack(kept[EVIDENCE]), rejects

    def _separate(self, records: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return the records that can be events, their times beside them, and the others as rejects."""
        timed = records.hstack(iso_times(records["txn_datetime"], self.context.zone))
        is_fit = timed.select(_IS_FIT).to_series()
        if is_fit.all():
            return timed, NO_REJECTS
        return timed.filter(is_fit), reject(timed.filter(~is_fit).with_columns(_WHY_UNFIT))

    def _unknown_codes(self, events: pl.DataFrame) -> dict[str, int]:
        options: PncOptions = self.options
        tables = (
            ("txn_code", "event_code", options.codes),
            ("reason_code", "pnc_reason_code", options.reasons),
        )
        unknown: dict[str, int] = {}
        for kind, column, table in tables:
            if table:
                codes = events[column].drop_nulls().str.to_uppercase()
                strange = codes.filter(~codes.is_in([folded(code) for code in table])).value_counts(
                    sort=False
                )
                unknown |= {f"{kind}:{code}": count for code, count in sorted(strange.iter_rows())}
        return unknown


def _without_comments(lines: pl.DataFrame, how: Reading | None) -> pl.DataFrame:
    """Return the lines that do not start with `#`; where transaction codes come first, records do."""
    if how is not None and how.layout.positions.get("txn_code") == 0:
        return lines
    comment = lines["line"].str.starts_with("#")
    return lines.filter(~comment) if comment.any() else lines
