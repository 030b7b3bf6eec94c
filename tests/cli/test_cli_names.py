"""People are written by rank, name and latest collar number."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from auditd.cli.names import StaffNames, names_of
from detectors.reference import FEEDS

STAFF = pl.DataFrame(
    [
        {"staff_id": "s1", "name": "Ann Briar", "rank": "PC"},
        {"staff_id": "s2", "name": "Tom Reed", "rank": "Sgt"},
    ],
)


def identifiers(*rows: tuple[str, str, str, datetime | None]) -> pl.DataFrame:
    names = ("staff_id", "kind", "value", "valid_from")
    schema = {**FEEDS["identifiers"].schema}
    return pl.DataFrame([dict(zip(names, row, strict=True)) for row in rows], schema=schema)


def test_the_latest_collar_number_counts() -> None:
    known = identifiers(
        ("s1", "collar", "4471", datetime(2024, 1, 1, tzinfo=UTC)),
        ("s1", "collar", "12", None),
        ("s1", "account", "abriar", None),
    )
    assert names_of(STAFF, known) == {"s1": "PC Ann Briar 4471", "s2": "Sgt Tom Reed"}


def test_who_is_not_in_the_staff_feed_is_written_by_identifier() -> None:
    names = StaffNames({"s1": "PC Ann Briar 4471"})
    assert names.person("s1", "account:abriar") == "PC Ann Briar 4471"
    assert names.person("s9", "extension:50009") == "extension 50009 (s9, not in the staff feed)"
