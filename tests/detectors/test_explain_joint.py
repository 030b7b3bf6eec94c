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


def sharing(
    *, kind: str = "crime", shared: str = "person", others: int = 0, **theirs: Any
) -> tuple[Any, ...]:
    """My case, a colleague's that names another of its subjects as well, and `others` that name that one too."""
    common = {"subject_type": shared, "key": "QUARLEY/KIM/1970-01-01"}
    mine, other = record("NM-1", **common), record("NM-2", kind=kind, staff_id="S2", **theirs)
    other["incident_subjects"] += record("NM-2", **common)["incident_subjects"]
    return (mine, other, *(record(f"M{n}", staff_id="S2", **common) for n in range(others)))


def test_two_open_cases_that_name_another_person_in_common_are_one() -> None:
    found = why(world(*sharing()), look_up("a1"))
    assert (found["template"], found["incident_ref"], found["linked_ref"]) == ("joint", "NM-1", "NM-2")


@pytest.mark.parametrize(
    "parts",
    [
        sharing(shared="address"),
        sharing(kind="task"),
        sharing(others=4),
        sharing(since=at(days=-9), closed=at(days=-2)),
        sharing(since=at(hours=3)),
        (record("NM-1"), record("NM-2", staff_id="S2", key="CC33CCC")),
    ],
    ids=[
        "an address in common",
        "no case",
        "very many name them",
        "closed before",
        "opened later",
        "nothing in common",
    ],
)
def test_what_does_not_make_two_cases_one(parts) -> None:
    row = (
        look_up("a1", subject_key="CC33CCC") if len(parts) == 2 and "CC33CCC" in str(parts) else look_up("a1")
    )
    assert explained(world(*parts), row) == {}


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
