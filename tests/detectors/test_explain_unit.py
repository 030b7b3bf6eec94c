"""unit: the whole unit was sent, and only then, and only who serves in it."""

from __future__ import annotations

from datetime import date

import pytest
from explaining import at, colleague, explained, look_up, record, unassigned, world


def test_an_incident_nobody_is_assigned_to_is_its_units() -> None:
    assert explained(world(unassigned(owner="Response A")), look_up("a1")) == {"a1": "unit"}


def test_an_incident_somebody_is_assigned_to_is_not_its_whole_units() -> None:
    assert explained(world(record(owner="Response A", staff_id="S3")), look_up("a1")) == {}


def test_a_unit_written_beside_a_name_assigns_the_person_alone() -> None:
    assert explained(world(record(staff_id="S3", unit="Response A")), look_up("a1")) == {}


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (at(minutes=-61), {}),
        (at(days=28), {"a1": "unit"}),
        (at(days=28, seconds=1), {}),
    ],
    ids=["before it opened", "in bounds", "long after, though nothing ended it"],
)
def test_a_unit_is_explained_for_a_bounded_time(time, expected) -> None:
    assert explained(world(unassigned(owner="Response A")), look_up("a1", time)) == expected


def test_a_unit_is_not_explained_after_the_incident_closed_and_the_window_passed() -> None:
    known = world(unassigned(owner="Response A", closed=at(hours=2)))
    assert explained(known, look_up("a1", at(hours=26))) == {"a1": "unit"}
    assert explained(known, look_up("a1", at(hours=26, seconds=1))) == {}


@pytest.mark.parametrize("dates", [{"end_date": date(2026, 2, 27)}, {"start_date": date(2026, 3, 9)}])
def test_who_does_not_serve_then_is_of_no_unit(dates) -> None:
    known = world(unassigned(owner="Response A"), staff=[colleague("S1", **dates)])
    assert explained(known, look_up("a1")) == {}
