"""follow_on: the keeper behind an explained vehicle, then who is on record with them, and nobody else."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from explaining import PERSON, at, colleague, explained, look_up, record, unassigned, why, world

OTHER = PERSON | {"subject_key": "SELWICK/SAM/1985-03-04"}
KEEPER = look_up("a2", at(minutes=2), **PERSON)
LINKED = look_up("a3", at(minutes=4), **OTHER)


def together(*, since: Any = None, **columns: Any) -> Any:
    """An old incident that names both people."""
    both = record(
        "OLD",
        staff_id="S3",
        since=since or at(days=-200),
        subject_type="person",
        key=PERSON["subject_key"],
        **columns,
    )
    both["incident_subjects"] += record("OLD", subject_type="person", key=OTHER["subject_key"])[
        "incident_subjects"
    ]
    return both


def test_who_is_on_record_with_the_keeper_follows_on() -> None:
    known = world(record(), together())
    assert explained(known, look_up("a1"), KEEPER, LINKED) == {
        "a1": "assigned",
        "a2": "follow_on",
        "a3": "follow_on",
    }
    found = why(known, look_up("a1"), KEEPER, LINKED)
    assert (found["incident_ref"], found["linked_ref"], found["follows"]) == ("I1", "OLD", "a2")


@pytest.mark.parametrize(
    ("known", "rows"),
    [
        (world(record()), (KEEPER, LINKED)),
        (world(record(), together(since=at(hours=1))), (KEEPER, LINKED)),
        (world(record(), together(recorded=at(hours=1))), (KEEPER, LINKED)),
        (world(record(), together()), (LINKED,)),
        (world(record(), together()), (KEEPER, look_up("a3", at(minutes=7, seconds=1), **OTHER))),
        (world(record(), together()), (KEEPER, look_up("a3", at(minutes=4), user_id="tom", **OTHER))),
    ],
    ids=["no record", "a record that began later", "a record made later", "the keeper was not looked up", "too late",
         "another account"],
)  # fmt: skip
def test_nobody_is_linked_without_a_record_that_was_there(known, rows) -> None:
    found = explained(known, look_up("a1"), *rows)
    assert found.get("a3") in ({None} if rows[0] is KEEPER else {"follow_on"})


def test_nothing_leads_on_from_who_is_linked() -> None:
    third = PERSON | {"subject_key": "QUARLEY/KIM/1970-01-01"}
    more = record("OLD2", staff_id="S2", since=at(days=-100), subject_type="person", key=OTHER["subject_key"])
    more["incident_subjects"] += record("OLD2", subject_type="person", key=third["subject_key"])[
        "incident_subjects"
    ]
    rows = (look_up("a1"), KEEPER, LINKED, look_up("a4", at(minutes=5), **third))
    assert "a4" not in explained(world(record(), together(), more), *rows)


@pytest.mark.parametrize(
    ("vehicle", "keeper"),
    [
        ({"source_address": "T1"}, {"source_address": "T2"}),
        ({"pnc_originator_collar": "1234"}, {"pnc_originator_collar": "2222"}),
    ],
    ids=["another terminal", "another originator"],
)
def test_a_look_up_of_another_enquiry_is_no_follow_on(vehicle, keeper) -> None:
    rows = (look_up("a1", **vehicle), look_up("a2", at(minutes=2), **PERSON | keeper))
    assert explained(world(record()), *rows) == {"a1": "assigned"}


@pytest.mark.parametrize(
    "person",
    [
        {"name": "Jane Marwood"},
        {"next_of_kin_surnames": ["Marwood"]},
        {"name": "Alex Marwood", "dob": date(1980, 1, 2)},
    ],
)
def test_family_does_not_follow_on(person) -> None:
    known = world(record(), staff=[colleague("S1", **person)])
    assert explained(known, look_up("a1"), KEEPER) == {"a1": "assigned"}


def test_a_vehicle_that_a_duty_explains_leads_nowhere() -> None:
    known = world(staff=[colleague("S1", unit="Front Counter")])
    row = look_up("a2", at(minutes=2), pnc_incident_ref="NM-1", **PERSON)
    assert explained(known, look_up("a1"), row) == {"a1": "duty"}


def test_a_vehicle_that_anybody_may_look_at_leads_to_nobody() -> None:
    known = world(unassigned("C1", kind="circulation"))
    assert explained(known, look_up("a1"), KEEPER) == {"a1": "circulation"}


def test_a_list_that_is_worked_through_is_not_made_of_keepers() -> None:
    """Somebody for no reason, an honest vehicle, the next of the list: not its keeper."""
    rows = (look_up("p1", at(minutes=-2), **OTHER), look_up("a1"), KEEPER)
    assert explained(world(record()), *rows) == {"a1": "assigned"}
    quarter_of_an_hour = (look_up("p1", at(minutes=-12), **OTHER), look_up("a1"), KEEPER)
    assert explained(world(record()), *quarter_of_an_hour) == {"a1": "assigned"}
    long_before = (look_up("p1", at(minutes=-14), **OTHER), look_up("a1"), KEEPER)
    assert explained(world(record()), *long_before) == {"a1": "assigned", "a2": "follow_on"}


def test_an_honest_vehicle_in_a_burst_of_honest_people_has_no_keeper() -> None:
    """Padding: everybody around is explained, and one who is not comes next to a vehicle."""
    keys = [f"PADDLE/{letter}/1970-01-01" for letter in "ABC"]
    known = world(
        record(), *(record(f"I{n}", subject_type="person", key=key) for n, key in enumerate(keys, 2))
    )
    padding = [
        look_up(f"p{n}", at(seconds=-20 * n), subject_type="person", subject_key=key)
        for n, key in enumerate(keys, 1)
    ]
    told = explained(known, *padding, look_up("a1"), KEEPER)
    assert "a2" not in told
    assert len(told) == 4
    assert explained(known, *padding[:2], look_up("a1"), KEEPER)["a2"] == "follow_on"


def test_what_an_operator_does_for_others_meanwhile_is_another_line_of_enquiry() -> None:
    mine, theirs = (
        {"user_id": "ann", "pnc_originator_collar": "1234"},
        {"user_id": "ann", "pnc_originator_collar": "2222"},
    )
    rows = (
        look_up("a1", **mine),
        look_up("p1", at(minutes=1), **OTHER | theirs),
        look_up("a2", at(minutes=2), **PERSON | mine),
    )
    assert explained(world(record()), *rows) == {"a1": "originator", "a2": "follow_on"}


def test_ones_own_number_as_originator_is_no_other_line_of_enquiry() -> None:
    rows = (look_up("a1", pnc_originator_collar="1234"), KEEPER)
    assert explained(world(record()), *rows) == {"a1": "assigned", "a2": "follow_on"}


def test_whom_a_record_explains_does_not_stand_between_vehicle_and_keeper() -> None:
    known = world(record(), record("I2", subject_type="person", key=OTHER["subject_key"]))
    rows = (look_up("a1"), look_up("p1", at(minutes=1), **OTHER), KEEPER)
    assert explained(known, *rows) == {"a1": "assigned", "p1": "assigned", "a2": "follow_on"}
