"""Small worlds in which one template explains a look-up, or does not: records, colleagues, rosters; all invented."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from history import JANE, NOON, STAFF, Row, at, history, holds, look_up, reference, work

from detectors.accesses import look_ups
from detectors.bounds import Options
from detectors.explanations import explain
from detectors.reference import Reference

TOM = holds("S2", "account", "tom")
TOMS_COLLAR = holds("S2", "collar", "2222")
ANN = holds("S3", "account", "ann")
PERSON = {"subject_type": "person", "subject_key": "MARWOOD/ALEX/1980-01-02"}


def colleague(staff_id: str = "S2", **columns: Any) -> Row:
    """A member of Response A, unless told otherwise."""
    return {
        "staff_id": staff_id, "name": f"Invented {staff_id}", "rank": "PC", "role": "response", "unit": "Response A",
        "employer": "force", "force": "F1", "start_date": date(2020, 1, 1), **columns,
    }  # fmt: skip


def record(
    ref: str = "I1", *, kind: str = "crime", owner: str | None = None, **columns: Any
) -> dict[str, list[Row]]:
    """An incident as `history.work` makes it, of a kind and a unit of its own."""
    rows = work(ref, **columns)
    rows["incidents"][0] |= {"kind": kind, "unit": owner}
    return rows


def unassigned(ref: str = "I1", **columns: Any) -> dict[str, list[Row]]:
    """An incident to which nobody is assigned."""
    return record(ref, **columns) | {"assignments": []}


def shift(staff_id: str, since: datetime, until: datetime, state: str = "duty") -> Row:
    """A stretch of the roster."""
    return {"staff_id": staff_id, "from": since, "to": until, "state": state}


def world(*records: dict[str, list[Row]], **feeds: Any) -> Reference:
    """Reference data: Jane (jdoe, S1), Tom (S2) and Ann (S3), the records, and further feeds."""
    rows: dict[str, list[Row]] = {"incidents": [], "incident_subjects": [], "assignments": []}
    for one in records:
        for feed, some in one.items():
            rows[feed] = rows[feed] + some
    people = {"identifiers": [*JANE, TOM, TOMS_COLLAR, ANN], "staff": [*STAFF, colleague("S3")]}
    return reference(**{**people, **rows, **feeds})


def explained(known: Reference, *rows: Row, **options: Any) -> dict[str, str]:
    """Event id -> template, of the look-ups that are explained."""
    result = explain(look_ups(history(*rows)["access"], known), known, Options(**options))
    return dict(result.best().select("event_id", "template").rows())


def why(known: Reference, *rows: Row, **options: Any) -> dict[str, Any]:
    """The explanation of the last look-up, every column."""
    result = explain(look_ups(history(*rows)["access"], known), known, Options(**options))
    return result.best().row(-1, named=True)


__all__ = [
    "ANN", "JANE", "NOON", "PERSON", "STAFF", "TOM", "TOMS_COLLAR", "at", "colleague", "explained", "holds", "look_up",
    "record", "shift", "unassigned", "why", "work", "world",
]  # fmt: skip
