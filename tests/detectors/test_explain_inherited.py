"""inherited: a case handed from one person to another, around that day."""

from __future__ import annotations

from typing import Any

import pytest
from explaining import at, explained, look_up, record, why, world

HANDED = at(days=10)


def case(
    *, given: Any = HANDED, taken: Any = HANDED, giver: str = "S2", taker: str = "S1", **columns: Any
) -> Any:
    """A crime that the giver worked on from noon until `given`, and the taker from `taken`."""
    first = record(staff_id=giver, until=given, **columns)
    [row] = first["assignments"]
    first["assignments"].append(row | {"staff_id": taker, "from": taken, "to": None, "recorded_at": taken})
    return world(first)


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (HANDED + (at(hours=-72) - at()), {"a1": "inherited"}),
        (HANDED + (at(hours=-72, seconds=-1) - at()), {}),
        (HANDED + (at(hours=1) - at()), {"a1": "assigned"}),
    ],
    ids=["before taking over", "too long before", "afterwards it is theirs"],
)
def test_who_takes_over_reads_before(time, expected) -> None:
    assert explained(case(), look_up("a1", time)) == expected


@pytest.mark.parametrize(("hours", "expected"), [(71, {"a1": "inherited"}), (73, {})])
def test_who_hands_over_reads_after(hours, expected) -> None:
    row = look_up("a1", HANDED + (at(hours=hours) - at()), user_id="tom")
    assert explained(case(), row) == expected


def test_the_colleague_is_evidence() -> None:
    assert why(case(), look_up("a1", at(days=9)))["colleague"] == "S2"


@pytest.mark.parametrize(
    "known",
    [
        case(taken=at(days=14)),
        case(given=None),
        case(taker="S3"),
        case(closed=at(days=1)),
        case(key="ZZ99ZZZ"),
        case(named_to=at(days=2)),
    ],
    ids=[
        "taken days after",
        "never given away",
        "between others",
        "closed long before",
        "other subject",
        "named no more",
    ],
)
def test_what_is_no_handover(known) -> None:
    assert explained(known, look_up("a1", at(days=9))) == {}


def test_nobody_inherits_a_case_before_it_opened() -> None:
    known = case(given=at(hours=20), taken=at(hours=20))
    assert explained(known, look_up("a1", at(minutes=1))) == {"a1": "inherited"}
    assert explained(known, look_up("a1", at(minutes=-1))) == {}
