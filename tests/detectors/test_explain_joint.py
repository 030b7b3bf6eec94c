"""joint: incidents that are linked on record, one step, within the times of the work."""

from __future__ import annotations

from typing import Any

import pytest
from explaining import at, explained, look_up, record, why, world


def linked(one: str, other: str, since: Any = None, until: Any = None) -> dict[str, Any]:
    """That one incident names the other."""
    row = {
        "incident_ref": one,
        "subject_type": "occurrence",
        "subject_key": other,
        "from": since,
        "to": until,
    }
    return {"incident_subjects": [row]}


MINE = record("NM-1", key="AA11AAA", until=at(days=2))
THEIRS = record("nm-2", staff_id="S2")


@pytest.mark.parametrize(
    "link", [linked("NM-1", "NM-2"), linked("nm-2", "NM-1")], ids=["mine names it", "it names mine"]
)
def test_work_on_a_linked_incident_explains(link) -> None:
    assert explained(world(MINE, THEIRS, link), look_up("a1")) == {"a1": "joint"}


def test_both_incidents_are_evidence() -> None:
    found = why(world(MINE, THEIRS, linked("NM-1", "NM-2")), look_up("a1"))
    assert (found["incident_ref"], found["linked_ref"]) == ("NM-1", "nm-2")


def test_two_incidents_that_name_the_same_subject_are_not_linked_by_that() -> None:
    mine = record("NM-1", key="AA11AAA")
    mine["incident_subjects"] += record("NM-1", key="BB22BBB")["incident_subjects"]
    theirs = record("NM-2", staff_id="S2")
    theirs["incident_subjects"] += record("NM-2", key="BB22BBB")["incident_subjects"]
    assert explained(world(mine, theirs), look_up("a1")) == {}


def test_a_link_is_followed_one_step_only() -> None:
    between = record("NM-9", staff_id="S3", key="CC33CCC")
    chain = (linked("NM-1", "NM-9"), linked("NM-9", "NM-2"))
    assert explained(world(MINE, between, THEIRS, *chain), look_up("a1")) == {}


@pytest.mark.parametrize(
    ("parts", "time"),
    [
        ((MINE, THEIRS, linked("NM-1", "NM-2")), at(minutes=-61)),
        ((MINE, THEIRS, linked("NM-1", "NM-2")), at(days=3, seconds=1)),
        ((MINE, THEIRS, linked("NM-1", "NM-2", until=at(days=-2))), at()),
        ((MINE, THEIRS, linked("NM-1", "NM-2", since=at(hours=2))), at()),
        ((MINE, THEIRS, linked("NM-1", "NM-3")), at()),
        (
            (record("NM-1", staff_id=None, unit="Response A", key="AA11AAA"), THEIRS, linked("NM-1", "NM-2")),
            at(),
        ),
    ],
    ids=["before", "after", "linked no more", "linked later", "with another", "only the unit's"],
)
def test_what_is_no_joint_case(parts, time) -> None:
    assert explained(world(*parts), look_up("a1", time)) == {}


def test_the_record_of_an_incident_is_its_own_subject() -> None:
    row = look_up("a1", subject_type="occurrence", subject_key="NM-1")
    assert explained(world(MINE), row) == {"a1": "assigned"}
    assert explained(world(THEIRS), look_up("a2", subject_type="occurrence", subject_key="NM-2")) == {}
