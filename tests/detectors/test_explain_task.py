"""task: tasks, warrants and licences are their unit's work while they are open."""

from __future__ import annotations

import pytest
from explaining import at, explained, look_up, record, unassigned, world


@pytest.mark.parametrize("kind", ["task", "warrant", "licence"])
def test_the_unit_that_holds_it_is_explained_whoever_is_assigned(kind) -> None:
    known = world(record(kind=kind, owner="response a ", staff_id="S2"))
    assert explained(known, look_up("a1", at(days=300))) == {"a1": "task"}


@pytest.mark.parametrize("kind", ["incident", "crime", "custody", "stop", "intel"])
def test_the_unit_of_other_kinds_is_not(kind) -> None:
    known = world(record(kind=kind, owner="Response A", staff_id="S2"))
    assert explained(known, look_up("a1", at(hours=3))) == {}


@pytest.mark.parametrize(
    "world_",
    [
        unassigned(kind="warrant", owner="Response B"),
        unassigned(kind="warrant", owner="Response A", since=at(seconds=1)),
        unassigned(kind="warrant", owner="Response A", since=at(days=-9), closed=at(days=-2)),
        unassigned(kind="warrant", owner="Response A", named_to=at(days=-2)),
        unassigned(kind="warrant", owner="Response A", named_from=at(seconds=1)),
        unassigned(kind="warrant", owner="Response A", key="ZZ99ZZZ"),
        unassigned(kind="warrant", owner="Response A", recorded=at(days=31)),
    ],
    ids=[
        "another unit",
        "not opened",
        "closed",
        "named no more",
        "not named yet",
        "other subject",
        "recorded late",
    ],
)
def test_what_is_not_the_units_work(world_) -> None:
    assert explained(world(world_), look_up("a1")) == {}
