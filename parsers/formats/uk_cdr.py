"""Call records in the UK Standard for CDRs, as resellers and mobile operators give them to their customers.

It must never refuse a line for columns of a later version: what stands behind those that are read may grow.

    "Call Type","Call Cause Definition Required","Customer Identifier","Telephone Number Dialled","Call Date",...
    "V","","01632960010","02079460123","03/03/2026","14:02:00","360","","","UK National",...

References:
- UK Billing Vendors Forum and Federation of Communication Services, UK Standard for CDRs, version 1.5 (November 2012)
- Gamma's header of the same 42 columns, in the importers of Asterisell
"""

from __future__ import annotations

import csv
from functools import lru_cache
from typing import ClassVar, Final

import polars as pl

from parsers.delimited import REMEMBERED, split_fields, split_header
from parsers.format import FormatOptions
from parsers.legs import CallLog, Told, tell
from parsers.lines import EVIDENCE, UTF8_BOM
from parsers.sections import sections
from parsers.uk_cdr_fields import FEWEST, MOST, WIDTHS, complete, faults, legs, named, timed

_LIKE_HEADER: Final = pl.col("line").str.contains(r"(?i)customer ?identifier")
_LOOKED_AT: Final = 20


class UkCdrOptions(FormatOptions):
    """What the supplier's call types mean.

    message_types: those of text messages, which nobody answers. data_types: those that are no contact, only counted.
    """

    message_types: tuple[str, ...] = ("S", "SMS", "MMS")
    data_types: tuple[str, ...] = ("G", "GPRS")


class UkCdr(CallLog):
    """The 42 columns of the UK Standard for CDRs, with a header or without; `state` is the header line in force."""

    name: ClassVar[str] = "uk_cdr"
    title: ClassVar[str] = "UK Standard for CDRs: bills of fixed, IP and mobile telephony"
    references: ClassVar[tuple[str, ...]] = (
        "UK Billing Vendors Forum, UK Standard for CDRs, version 1.5 (November 2012)",
        "Asterisell, importer of Gamma's call records",
    )
    Options: ClassVar[type[FormatOptions]] = UkCdrOptions
    keeps_order: ClassVar[bool] = False

    def told(self, lines: pl.DataFrame, state: str) -> Told:
        """Return what the lines say."""
        headers, found = sections(lines, _LIKE_HEADER, lambda line: bool(_layout(line)), state)
        parts = [part for header, rows in found for part in _read(header, rows)]
        options: UkCdrOptions = self.options
        told = tell(
            [(timed(complete(rows), self.context.zone), rejects) for rows, rejects in parts],
            faults(options.data_types),
            lambda rows: legs(rows, self.context.force, options.message_types),
        )
        return Told(
            legs=told.legs,
            rejects=told.rejects,
            non_records={**told.non_records, "header": len(headers)},
            state=headers[-1] if headers else state,
        )

    @classmethod
    def recognise(cls, sample: bytes) -> float:
        """Return 0.95 for a header of the standard, up to 0.9 for lines that look like its records, else 0."""
        text = sample.removeprefix(UTF8_BOM).decode("utf-8", "replace")
        lines = [line for line in text.splitlines()[:_LOOKED_AT] if line.strip()]
        if any(_layout(line) for line in lines):
            return 0.95
        return 0.9 * sum(map(_looks_right, lines)) / len(lines) if lines else 0.0


@lru_cache(maxsize=REMEMBERED)
def _layout(header: str) -> tuple[str, ...]:
    """Return the columns of a header under our names; () where the line is none."""
    return named(split_header(header.lstrip("\ufeff"))) if header else ()


def _read(header: str, lines: pl.DataFrame) -> list[tuple[pl.DataFrame, pl.DataFrame]]:
    names = _layout(header)
    if not names:
        return WIDTHS.read(lines)
    used = [name for name in names if name in WIDTHS.wanted]
    fields, kept, rejects = split_fields(lines, names, wanted=used, empty_is_null=True)
    return [(kept[EVIDENCE].hstack(fields), rejects)]


def _looks_right(line: str) -> bool:
    try:
        fields = next(csv.reader([line], strict=True))
    except (csv.Error, StopIteration):
        return False
    if not FEWEST <= len(fields) <= MOST:
        return False
    return fields[4][2:3] == fields[4][5:6] == "/" and fields[5][2:3] == ":" and fields[6].isdigit()
