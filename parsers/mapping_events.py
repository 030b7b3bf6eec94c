"""What records of a mapped log mean: from the fields that a configuration names to events, or to why they are none.

It must never see a line, nor know what stands between the fields of one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from parsers.event import SCHEMA, conform
from parsers.format import NO_REJECTS, Context
from parsers.lines import EVIDENCE, record_identity, reject
from parsers.mapping import MappingOptions
from parsers.mapping_families import family_steps
from parsers.mapping_fields import FIELDS, LISTS, RECORD_ID, REQUIRED, TIMESTAMP
from parsers.mapping_subjects import Subjects
from parsers.mapping_times import ISO, read_times
from parsers.mapping_values import NO_LIST, Codes, value_of
from parsers.numbers import canonical_number
from parsers.originator import read_originators
from parsers.times import IN_LOG_YEARS

_WRITTEN_TIME: Final = "written time"


@dataclass(frozen=True, slots=True)
class Told:
    """What became of some records: events, rejects, and codes that no table names."""

    events: pl.DataFrame
    rejects: pl.DataFrame
    unknown_codes: dict[str, int] = field(default_factory=dict)


class Meaning:
    """What records of one source mean, by its mapping.

    lists: the columns or paths that are read as lists.
    """

    def __init__(
        self, name: str, context: Context, options: MappingOptions, *, lists: frozenset[str] = frozenset()
    ) -> None:
        self._family, self._force = options.family, context.force
        mapped, kinds = options.mapped, FIELDS[options.family]
        self._values = [value_of(mapped[one], kinds[one], lists=lists).alias(one) for one in mapped]
        self._values += [
            (NO_LIST if kinds[one] in LISTS else pl.lit(None, dtype=pl.String)).alias(one)
            for one in kinds
            if one not in mapped
        ]
        self._codes = Codes(mapped)
        self._times = {
            one: (table.format or (ISO,), ZoneInfo(table.zone) if table.zone else context.zone)
            for one, table in mapped.items()
            if kinds[one] == "time"
        }
        self._numbers = [one for one in mapped if kinds[one] == "number"]
        self._with_originator = "pnc_originator_text" in mapped
        self._subjects = Subjects(options.subjects, frozenset(mapped))
        groups = REQUIRED[self._family][1:]
        self._fit = IN_LOG_YEARS & pl.all_horizontal(
            pl.any_horizontal(pl.col(one).is_not_null() for one in group) for group in groups
        )
        self._why_unfit = _why_unfit(groups)
        origin = [
            record_identity(context.source, pl.col(RECORD_ID) if RECORD_ID in mapped else None),
            pl.lit(context.source).alias("source"),
            pl.lit(name).alias("event_module"),
            pl.coalesce("observer_name", pl.lit(context.site or None, dtype=pl.String)).alias(
                "observer_name"
            ),
        ]
        first, *others = family_steps(options, kinds, context.force)
        self._steps = [[*first, *origin], *others]
        unfilled = {"event_ingested", *(() if context.keep_raw else ("event_original",))}
        self._columns = [one for one in SCHEMA[self._family] if one not in unfilled]

    def read(self, inputs: pl.DataFrame, lines: pl.DataFrame, file: str) -> Told:
        """Return what became of records: `inputs` are what they give (`mapping_values.given`), `lines` their evidence."""
        told = inputs.select(self._values)
        times = read_times(told[TIMESTAMP], *self._times[TIMESTAMP])
        records = told.rename({TIMESTAMP: _WRITTEN_TIME}).hstack(times).hstack(lines[EVIDENCE])
        fit, rejects = records.select(self._fit).to_series(), NO_REJECTS
        if not fit.all():
            rejects = reject(records.filter(~fit).with_columns(self._why_unfit))
            records, inputs = records.filter(fit), inputs.filter(fit)
        unknown = self._codes.unknown(inputs)
        if self._family == "access":
            subjects, unread = self._subjects.read(inputs, records)
            records, unknown = records.with_columns(subjects), unknown | unread
        return Told(self._events(records, file), rejects, unknown)

    def _events(self, records: pl.DataFrame, file: str) -> pl.DataFrame:
        read = [
            read_times(records[one], *how)[TIMESTAMP].alias(one)
            for one, how in self._times.items()
            if one != TIMESTAMP
        ]
        for one in self._numbers:
            read += [records[one].alias(f"{one}_raw"), canonical_number(records[one], self._force)]
        if self._with_originator:
            read += read_originators(records["pnc_originator_text"]).get_columns()
        records = records.with_columns(*read, pl.lit(file).alias("log_file"))
        for step in self._steps:
            records = records.with_columns(step)
        return conform(records.select(one for one in self._columns if one in records.columns), self._family)


def _why_unfit(groups: tuple[tuple[str, ...], ...]) -> list[pl.Expr]:
    """Return expressions for the reason why a record is no event, and the field."""
    empty = [pl.when(pl.col(_WRITTEN_TIME).is_null()).then(pl.lit(TIMESTAMP))]
    empty += [
        pl.when(pl.all_horizontal(pl.col(one).is_null() for one in group)).then(pl.lit(group[0]))
        for group in groups
    ]
    missing = pl.coalesce(empty)
    return [
        pl.when(missing.is_not_null())
        .then(pl.lit("missing_field"))
        .otherwise(pl.lit("bad_time"))
        .alias("reason"),
        pl.coalesce(missing, pl.lit(TIMESTAMP)).alias("detail"),
    ]
