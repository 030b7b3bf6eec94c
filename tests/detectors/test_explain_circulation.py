"""circulation: what everybody was asked to look for, while it was so."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from explaining import PERSON, at, colleague, explained, look_up, shift, unassigned, world


def circulated(**columns: Any) -> Any:
    """A circulation of the vehicle, open from noon."""
    return unassigned("C1", **{"kind": "circulation", "closed": at(days=3)} | columns)


def of_person(key: str, **columns: Any) -> Any:
    return circulated(subject_type="person", key=key, **columns)


def test_everybody_may_look_at_what_is_circulated() -> None:
    rows = (look_up("a1"), look_up("a2", at(days=2), user_id="tom"))
    assert explained(world(circulated()), *rows) == {"a1": "circulation", "a2": "circulation"}


@pytest.mark.parametrize(
    ("known", "row"),
    [
        (world(circulated()), look_up("a1", at(seconds=-1))),
        (world(circulated()), look_up("a1", at(days=3))),
        (world(circulated(closed=None)), look_up("a1", at(days=180, seconds=1))),
        (world(circulated(recorded=at(hours=12, seconds=1))), look_up("a1")),
        (world(circulated(key="ZZ99ZZZ")), look_up("a1")),
        (world(circulated(named_to=at(hours=-1))), look_up("a1")),
        (world(circulated()), look_up("a1", user_id="ghost")),
        (world(circulated(), roster=[shift("S1", at(hours=-3), at(hours=9), "rest")]), look_up("a1")),
        (world(circulated(), roster=[shift("S1", at(hours=-3), at(hours=9), "suspended")]), look_up("a1")),
    ],
    ids=["before", "after", "never closed", "on record later", "other subject", "named no more", "nobody known",
         "rest day", "suspended"],
)  # fmt: skip
def test_what_a_circulation_does_not_excuse(known, row) -> None:
    assert explained(known, row) == {}


JANE = {
    "name": "Jane Doe",
    "dob": date(1990, 5, 6),
    "vehicles": ["AB12 CDE"],
    "next_of_kin_surnames": ["Marwood"],
}


@pytest.mark.parametrize("key", ["DOE/JANE/1990-05-06", "DOE/JIM/1980-01-01", "MARWOOD/ALEX/1980-01-02"])
def test_nobody_is_excused_for_themselves_or_their_family(key) -> None:
    known = world(of_person(key), staff=[colleague("S1", **JANE), colleague("S2")])
    row = PERSON | {"subject_key": key}
    rows = (look_up("a1", **row), look_up("a2", user_id="tom", **row))
    # The officer herself is a colleague of Tom; her family is not.
    assert explained(known, *rows) == ({} if "JANE" in key else {"a2": "circulation"})


def test_nobody_is_excused_for_their_own_or_a_colleagues_vehicle() -> None:
    known = world(circulated(), staff=[colleague("S1", **JANE), colleague("S2")])
    assert explained(known, look_up("a1"), look_up("a2", user_id="tom")) == {}


def test_a_sensitive_subject_needs_more_than_a_circulation() -> None:
    flag = {
        "subject_type": "vehicle",
        "subject_key": "AB12CDE",
        "flag": "public_figure",
        "from": at(days=-9),
        "to": None,
    }
    assert explained(world(circulated(), sensitive_subjects=[flag]), look_up("a1")) == {}
    over = flag | {"to": at(days=-1)}
    assert explained(world(circulated(), sensitive_subjects=[over]), look_up("a1")) == {"a1": "circulation"}
