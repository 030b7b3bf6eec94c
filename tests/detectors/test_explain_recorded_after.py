"""recorded_after: the stop that follows the look-up, not a record made when it suits."""

from __future__ import annotations

import pytest
from explaining import TOM, TOMS_COLLAR, at, explained, holds, look_up, record, why, world


@pytest.mark.parametrize("kind", ["stop", "custody", "incident", "crime"])
def test_a_record_that_begins_within_hours_explains(kind) -> None:
    assert explained(world(record(kind=kind, since=at(hours=12))), look_up("a1")) == {"a1": "recorded_after"}


@pytest.mark.parametrize("kind", ["task", "intel", "warrant", "licence", "circulation"])
def test_a_record_anybody_may_open_does_not(kind) -> None:
    assert explained(world(record(kind=kind, since=at(hours=3))), look_up("a1")) == {}


@pytest.mark.parametrize(
    "columns",
    [
        {"since": at(hours=12, seconds=1)},
        {"since": at(hours=3), "recorded": at(hours=36, seconds=1)},
        {"since": at(hours=3), "staff_id": "S2"},
        {"since": at(hours=3), "staff_id": None, "unit": "Response A"},
        {"since": at(hours=3), "key": "ZZ99ZZZ"},
    ],
    ids=["too long after", "written down too late", "a colleague's", "the unit's", "other subject"],
)
def test_what_is_not_recorded_after(columns) -> None:
    assert explained(world(record(kind="stop", **columns)), look_up("a1")) == {}


def test_being_assigned_later_to_what_had_been_open_for_long_is_no_record_after() -> None:
    rows = record(kind="crime", since=at(hours=-5))
    rows["assignments"][0]["from"] = at(hours=3)
    assert explained(world(rows), look_up("a1")) == {}


def test_how_late_it_was_is_evidence() -> None:
    found = why(world(record(kind="stop", since=at(hours=3), recorded=at(hours=5))), look_up("a1"))
    assert (found["incident_ref"], found["recorded_at"]) == ("I1", at(hours=5))


def test_an_operator_is_explained_by_the_stop_the_originator_records_afterwards() -> None:
    row = look_up("a1", user_id="tom", pnc_originator_collar="1234")
    assert explained(world(record(kind="stop", since=at(hours=3))), row) == {"a1": "originator"}


def test_a_collar_number_that_was_issued_to_somebody_else_by_then_explains_nothing() -> None:
    row = look_up("a1", user_id="tom", pnc_originator_collar="1234")
    given_on = [
        holds("S1", "collar", "1234", None, at(days=-1)), holds("S3", "collar", "1234", at(days=-1)), TOM, TOMS_COLLAR,
    ]  # fmt: skip
    assert explained(world(record(), identifiers=given_on), row) == {}
