"""Microsoft 365 unified audit log: JSON lines, or a CSV export with an `AuditData` column that holds the JSON.

    {"CreationTime":"2026-03-03T14:02:11","Id":"6a1c...","Operation":"MailItemsAccessed","UserId":"jo@example.org", ...}

It must never take the time of a row from anything but its record (`CreationDate` of an export is in the words of whoever
exported it), nor fold two records whose Ids differ.

References: Microsoft, Office 365 Management Activity API schema; Search-UnifiedAuditLog. docs/formats/m365_audit.md
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import ClassVar, Final, Literal
from zoneinfo import ZoneInfo

import polars as pl

from parsers.delimited import split_fields, split_header
from parsers.event import NO_EVENTS, Family
from parsers.exports import distinct, rows_of
from parsers.format import NO_REJECTS, Block, Format, FormatOptions, Parsed
from parsers.json_texts import decode_objects, loaded
from parsers.lines import EVIDENCE, cut_lines, in_file_order, reject
from parsers.m365_fields import MEMBERS, Meaning
from parsers.m365_operations import ACTIONS, SENDING
from parsers.times import IN_LOG_YEARS, iso_times

_UTC: Final = ZoneInfo("UTC")
_COLUMN: Final = "AuditData"
_LINE: Final = pl.col("line")
_IS_HEADER: Final = _LINE.str.contains(r"(?:^|,)\"?AuditData\"?(?:,|\s*$)") & ~_LINE.str.contains(
    "{", literal=True
)
_OPEN: Final = r'"[aA]uditData"\s*:\s*\{'
_CODE: Final = r"^[A-Za-z0-9 ._-]{1,60}$"
_KNOWN: Final = frozenset((*ACTIONS, *SENDING))
_FAULT: Final = (
    pl.when(~pl.col("is_object"))
    .then(pl.lit("not_this_format"))
    .when(pl.col("CreationTime").is_null() | (pl.col("Operation").fill_null("") == ""))
    .then(pl.lit("missing_field"))
    .when(~IN_LOG_YEARS)
    .then(pl.lit("bad_time"))
    .alias("reason")
)


class M365AuditOptions(FormatOptions):
    """Options of the format.

    subjects: what counts as a look-up that has to be explained: "mailbox" (of others), "file".
    """

    subjects: tuple[Literal["mailbox", "file"], ...] = ("mailbox",)


class M365Audit(Format):
    """Reads the unified audit log; the state is the header line of a CSV export."""

    name: ClassVar[str] = "m365_audit"
    title: ClassVar[str] = "Microsoft 365 unified audit log"
    families: ClassVar[tuple[Family, ...]] = ("access", "email")
    references: ClassVar[tuple[str, ...]] = (
        "https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema",
    )
    Options: ClassVar[type[FormatOptions]] = M365AuditOptions
    keeps_order: ClassVar[bool] = False

    def parse(self, block: Block, state: str) -> Parsed:
        """Return where every line of `block` went. Bad lines are data, never an exception."""
        lines = cut_lines(block)
        rows, rejects, counts, state = _audit_data(lines.text, state)
        records, bad = _judge(rows)
        email, access = self._meaning.events(records, block.file)
        return Parsed(
            lines=lines.total,
            events={"access": _kept(access, "access"), "email": _kept(email, "email")},
            event_lines=records.height,
            rejects=in_file_order([lines.rejects, *rejects, bad], NO_REJECTS),
            non_records={**counts, "blank": lines.blank},
            state=state,
            unknown_codes=_unknown(records["Operation"]),
        )

    @classmethod
    def recognise(cls, sample: bytes) -> float:
        """Return how sure the sample (the first lines of a file) is of this format, from 0 to 1."""
        lines = [line.strip("\ufeff\r ") for line in sample.decode("utf-8", "replace").split("\n")]
        lines = [line for line in lines if line][:20]
        if any("AuditData" in split_header(line) for line in lines[:2] if not line.startswith("{")):
            return 0.97
        objects = [_object(line) for line in lines]
        known = sum(
            {"CreationTime", "Operation"} <= set(one) and bool({"RecordType", "Workload"} & set(one))
            for one in objects
        )
        known += sum("AuditData" in one or "auditData" in one for one in objects)
        return 0.97 * known / len(lines) if known else 0.0

    @cached_property
    def _meaning(self) -> Meaning:
        return Meaning(self.context, subjects=self.options.subjects)


def _object(line: str) -> dict[str, object]:
    told = loaded(line)
    return told if isinstance(told, dict) else {}


def _kept(events: pl.DataFrame, family: Family) -> pl.DataFrame:
    return events if events.height else NO_EVENTS[family]


def _audit_data(
    lines: pl.DataFrame, state: str
) -> tuple[pl.DataFrame, list[pl.DataFrame], dict[str, int], str]:
    """Return the records' JSON (`line` beside its evidence), rejects, counts, and the header in force behind the block."""
    rows = rows_of(lines, state, _IS_HEADER)
    read = [_column(group, header) for header, group in rows.csv]
    if not read:
        return rows.json, [], rows.counts, rows.state
    found = pl.concat([rows.json, *(data for data, _ in read)]).sort("log_offset")
    return found, [refused for _, refused in read], rows.counts, rows.state


def _column(lines: pl.DataFrame, header: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the AuditData of CSV rows as `line`, and rejects."""
    names = split_header(header)
    if _COLUMN not in names:
        return lines.clear(), reject(lines, "no_header")
    fields, kept, refused = split_fields(lines, distinct(names), wanted=[_COLUMN])
    data = fields[_COLUMN].str.strip_chars()
    empty = (data.fill_null("") == "") | data.is_in(["{}", "null"])
    rows = kept.with_columns(data.alias("line"))
    absent = reject(kept.filter(empty), "missing_field", "AuditData") if empty.any() else NO_REJECTS
    return rows.filter(~empty), in_file_order([refused, absent], NO_REJECTS)


def _judge(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the records (MEMBERS, `items`, times, evidence), and rejects: no object, no time or operation."""
    members, is_object = decode_objects(rows["line"].str.strip_chars(), MEMBERS)
    wrapped = members.select(pl.coalesce("AuditData", "auditData")).to_series()
    inside = wrapped.is_not_null() & members["Operation"].is_null()
    if inside.any():
        outer = rows["line"].filter(inside)
        texts = [
            _inner(line) if is_open else text
            for text, line, is_open in zip(
                wrapped.filter(inside), outer, outer.str.contains(_OPEN), strict=True
            )
        ]
        inner, sound = decode_objects(pl.Series(texts, dtype=pl.String).str.strip_chars(), MEMBERS)
        place = pl.Series("place", range(rows.height), dtype=pl.UInt32)
        order = pl.concat([place.filter(~inside), place.filter(inside)]).arg_sort()
        members = pl.concat([members.filter(~inside), inner])[order]
        is_object = pl.concat([is_object.filter(~inside), sound])[order]
    items = rows["line"].str.count_matches("InternetMessageId", literal=True).alias("items")
    told = members.with_columns(items).hstack(rows[EVIDENCE]).hstack(iso_times(members["CreationTime"], _UTC))
    faults = told.with_columns(is_object.alias("is_object")).select(_FAULT).to_series()
    if faults.null_count() == told.height:
        return told, NO_REJECTS
    return told.filter(faults.is_null()), reject(told.with_columns(faults).filter(faults.is_not_null()))


def _inner(line: str) -> str | None:
    """Return the JSON of an AuditData that is an object and no text; None where there is none."""
    told = _object(line)
    inner = told.get("AuditData", told.get("auditData"))
    return json.dumps(inner, ensure_ascii=False) if isinstance(inner, dict) else None


def _unknown(operations: pl.Series) -> Mapping[str, int]:
    """Count the operations no table names; text that cannot be one is counted as "(other)", never repeated."""
    unnamed = [operation for operation in operations.unique() if operation not in _KNOWN]
    if not unnamed:
        return {}
    strange = operations.filter(operations.is_in(unnamed))
    shown = pl.when(strange.str.contains(_CODE)).then(strange).otherwise(pl.lit("(other)"))
    return dict(pl.select(shown).to_series().value_counts().iter_rows())
