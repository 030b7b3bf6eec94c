"""Asterisk call records (Master.csv): one line per leg of a call, strictly quoted, without a header.

It must never let a caller's name, which may hold quotes and commas, shift a field.

    "","50009","902079460123","from-internal","<50009>","SIP/50009-0000098e","SIP/trunk-0000098f",
    "Dial","SIP/902079460123@trunk,30","2026-03-03 14:02:00","2026-03-03 14:02:07","2026-03-03 14:08:07",367,360,
    "ANSWERED","DOCUMENTATION","1772546520.2441",""

References:
- asterisk/asterisk, cdr/cdr_csv.c: order and quoting of the columns, and which settings add some
- asterisk/testsuite, lib/python/asterisk/cdr.py; README.cdr
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Final

import polars as pl
from pydantic import field_validator

from parsers.asterisk_fields import (
    DISPOSITIONS,
    FAULTS,
    LAYOUTS,
    NAMES,
    REQUIRED,
    WIDTHS,
    complete,
    kinds,
    legs,
    timed,
)
from parsers.delimited import split_fields
from parsers.format import NO_REJECTS, FormatOptions
from parsers.legs import CallLog, Told, tell
from parsers.lines import EVIDENCE
from parsers.widths import all_quoted, read_strict, width_of

_LOOKED_AT: Final = 20
_USUAL: Final = 18


class AsteriskOptions(FormatOptions):
    """How one system writes its records.

    columns: names of the columns in file order, for files of cdr_custom or cdr_adaptive; empty: the layouts of cdr_csv.
    """

    columns: tuple[str, ...] = ()

    @field_validator("columns")
    @classmethod
    def _columns_are_known(cls, columns: tuple[str, ...]) -> tuple[str, ...]:
        if not columns:
            return columns
        missing = [name for name in REQUIRED if name not in columns]
        if missing:
            raise ValueError(f"columns must name {', '.join(missing)} too")
        twice = sorted({name for name in columns if columns.count(name) > 1})
        if twice:
            raise ValueError(
                f"columns names {', '.join(twice)} twice; give columns that are not read any other name"
            )
        return columns


class Asterisk(CallLog):
    """Master.csv of Asterisk with 16 to 21 columns, mixed as they may be; nothing is carried from line to line."""

    name: ClassVar[str] = "asterisk"
    title: ClassVar[str] = "Asterisk call detail records (Master.csv)"
    references: ClassVar[tuple[str, ...]] = (
        "Asterisk, cdr_csv.c and cdr.conf: newcdrcolumns, loguniqueid, loguserfield, usegmtime",
        "Asterisk test suite, lib/python/asterisk/cdr.py",
    )
    Options: ClassVar[type[FormatOptions]] = AsteriskOptions

    def told(self, lines: pl.DataFrame, state: str) -> Told:
        """Return what the lines say."""
        parts = self._custom(lines) if self.options.columns else _standard(lines)
        told = tell(
            [(timed(rows, self.context.zone), rejects) for rows, rejects in parts],
            FAULTS,
            lambda rows: legs(rows, self.context.force),
        )
        return replace(told, state=state, unknown_codes=_unknown([part["disposition"] for part in told.legs]))

    @classmethod
    def recognise(cls, sample: bytes) -> float:
        """Return the share of the first lines that are records of 16 to 21 columns, at most 0.95."""
        lines = [line for line in sample.decode("utf-8", "replace").splitlines()[:_LOOKED_AT] if line.strip()]
        good = sum(_looks_right(line) for line in lines)
        return 0.95 * good / len(lines) if good else 0.0

    def _custom(self, lines: pl.DataFrame) -> list[tuple[pl.DataFrame, pl.DataFrame]]:
        columns = self.options.columns
        fields, kept, rejects = split_fields(lines, columns, empty_is_null=True)
        used = [name for name in columns if name in WIDTHS.wanted]
        return _complete([(kept[EVIDENCE].hstack(fields[used]), rejects)])


def _standard(lines: pl.DataFrame) -> list[tuple[pl.DataFrame, pl.DataFrame]]:
    """Return rows and rejects, by layout. Lines as Asterisk itself writes them are read quickly, any other with care."""
    if not lines.height:
        return []
    guessed = width_of(lines["line"][0])
    width = guessed if guessed in LAYOUTS else _USUAL
    strict = lines.select(all_quoted(kinds(width))).to_series()
    rows = lines if strict.all() else lines.filter(strict)
    fields = read_strict(rows, LAYOUTS[width], WIDTHS.used(width)) if rows.height else None
    if fields is None:
        return _complete(WIDTHS.read(lines))
    quick = (rows[EVIDENCE].hstack(fields), NO_REJECTS)
    return _complete([quick] if rows.height == lines.height else [quick, *WIDTHS.read(lines.filter(~strict))])


def _complete(parts: list[tuple[pl.DataFrame, pl.DataFrame]]) -> list[tuple[pl.DataFrame, pl.DataFrame]]:
    return [(complete(rows), rejects) for rows, rejects in parts]


def _unknown(dispositions: Sequence[pl.Series]) -> dict[str, int]:
    """Return how often each disposition occurs that no table names."""
    if not dispositions:
        return {}
    all_of_them = pl.concat(dispositions)
    strange = all_of_them.filter(~all_of_them.is_in(list(DISPOSITIONS)))
    if not strange.len():
        return {}
    return {f"disposition {code}": count for code, count in sorted(strange.value_counts().iter_rows())}


def _looks_right(line: str) -> bool:
    try:
        fields = next(csv.reader([line], strict=True))
    except (csv.Error, StopIteration):
        return False
    if len(fields) not in LAYOUTS:
        return False
    record = dict(zip(NAMES, fields, strict=False))
    return (
        record["disposition"] in DISPOSITIONS
        and record["duration"].isdigit()
        and record["billsec"].isdigit()
        and record["start"][4:5] == record["start"][7:8] == "-"
    )
