"""Microsoft Teams PSTN calls: the CSV of the usage report, and rows of Graph's getPstnCalls and getDirectRoutingCalls.

It must never take a column by its position: the header names them, and the exports of the two products differ.

    UsageId,Call ID,Conference ID,User Location,AAD ObjectId,UPN,User Display Name,Caller ID,Call Type,...
    {"id":"...","callId":"...","userPrincipalName":"...","startDateTime":"2026-03-03T14:02:00.2589935Z",...}

References:
- MicrosoftDocs/OfficeDocs-SkypeForBusiness, Teams/teams-analytics-and-reports/pstn-usage-report.md
- microsoftgraph/microsoft-graph-docs-contrib, callrecords-pstncalllogrow.md and callrecords-directroutinglogrow.md
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import ClassVar, Final

import polars as pl

from parsers.delimited import REMEMBERED, split_fields, split_header
from parsers.json_objects import read_objects
from parsers.legs import CallLog, Told, tell
from parsers.lines import EVIDENCE, UTF8_BOM, reject
from parsers.sections import sections
from parsers.teams_fields import FAULTS, GRAPH, TYPES, complete, legs, named, timed

_IS_OBJECT: Final = pl.col("line").str.contains(r"^\s*\{")
_LIKE_HEADER: Final = pl.col("line").str.contains(r"(?i)call ?type")
_LOOKED_AT: Final = 20


class TeamsPstn(CallLog):
    """PSTN calls of Microsoft Teams, as CSV or as JSON lines; `state` is the header line in force."""

    name: ClassVar[str] = "teams_pstn"
    title: ClassVar[str] = "Microsoft Teams PSTN and Direct Routing calls (CSV export, Graph call records)"
    references: ClassVar[tuple[str, ...]] = (
        "Microsoft Teams PSTN usage report: fields in the export",
        "Microsoft Graph: pstnCallLogRow and directRoutingLogRow resource types",
    )
    keeps_order: ClassVar[bool] = False

    def told(self, lines: pl.DataFrame, state: str) -> Told:
        """Return what the lines say."""
        objects = lines.select(_IS_OBJECT).to_series()
        rest = lines if not objects.any() else lines.filter(~objects)
        headers, found = sections(rest, _LIKE_HEADER, lambda line: _layout(line) is not None, state)
        parts = [_under(header, rows) for header, rows in found]
        if objects.any():
            parts.append(_graph(lines.filter(objects)))
        told = tell(
            [(timed(complete_rows), rejects) for complete_rows, rejects in parts],
            FAULTS,
            lambda rows: legs(rows, self.context.force),
        )
        return Told(
            legs=told.legs,
            rejects=told.rejects,
            non_records={"header": len(headers)},
            state=headers[-1] if headers else state,
            unknown_codes=_unknown_types(told),
        )

    @classmethod
    def recognise(cls, sample: bytes) -> float:
        """Return 0.95 for a header of an export or a row of Graph, else 0."""
        text = sample.removeprefix(UTF8_BOM).decode("utf-8", "replace")
        lines = [line for line in text.splitlines()[:_LOOKED_AT] if line.strip()]
        return 0.95 if any(_layout(line) or _is_row(line) for line in lines) else 0.0


def _is_row(line: str) -> bool:
    if not line.lstrip().startswith("{"):
        return False
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(row, dict) and {"callType", "startDateTime", "callerNumber", "calleeNumber"} <= set(row)


@lru_cache(maxsize=REMEMBERED)
def _layout(header: str) -> tuple[tuple[str, ...], dict[str, int]] | None:
    """Return unique names of all columns and where ours stand; None where the line is no header."""
    columns = split_header(header.lstrip("\ufeff")) if header else []
    places = named(columns)
    if not places:
        return None
    at = {place: name for name, place in places.items()}
    return tuple(at.get(place, f"other {place}") for place in range(len(columns))), places


def _under(header: str, lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    layout = _layout(header)
    if layout is None:
        nothing = lines.clear()[EVIDENCE].hstack(complete(pl.DataFrame()))
        return nothing, reject(lines, "no_header", "no header line came before this record")
    names, places = layout
    fields, kept, rejects = split_fields(lines, names, wanted=list(places), empty_is_null=True)
    return kept[EVIDENCE].hstack(complete(fields)), rejects


def _graph(lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    fields, kept, rejects = read_objects(lines, GRAPH)
    at = {name: GRAPH[place] for name, place in named(GRAPH).items()}
    return kept[EVIDENCE].hstack(
        complete(fields.select(pl.col(theirs).alias(ours) for ours, theirs in at.items()))
    ), rejects


def _unknown_types(told: Told) -> dict[str, int]:
    types = pl.concat([pl.Series("type", [], dtype=pl.String), *(part["type"] for part in told.legs)])
    strange = types.filter(~types.str.to_lowercase().is_in(list(TYPES)))
    return {f"call type {kind}": count for kind, count in sorted(strange.value_counts().iter_rows())}
