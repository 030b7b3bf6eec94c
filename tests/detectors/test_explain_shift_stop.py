"""shift_stop: two officers of one unit and shift, one record."""

from __future__ import annotations

from typing import Any

import pytest
from explaining import at, explained, look_up, record, shift, why, world


def stop(**columns: Any) -> Any:
    """A stop that Ann (S3, Response A like Jane) made at noon."""
    return record(**{"kind": "stop", "staff_id": "S3"} | columns)


BOTH_ON = [shift("S1", at(hours=-4), at(hours=4)), shift("S3", at(hours=-4), at(hours=4))]


@pytest.mark.parametrize("roster", [[], BOTH_ON], ids=["no roster", "both on duty"])
@pytest.mark.parametrize("minutes", [-60, 0, 60])
def test_a_stop_by_a_colleague_explains(roster, minutes) -> None:
    assert explained(world(stop(), roster=roster), look_up("a1", at(minutes=minutes))) == {"a1": "shift_stop"}


def test_the_colleague_is_evidence() -> None:
    assert why(world(stop()), look_up("a1"))["colleague"] == "S3"


@pytest.mark.parametrize(
    ("known", "time"),
    [
        (world(stop()), at(minutes=61)),
        (world(stop()), at(minutes=-61)),
        (world(stop(staff_id="S2")), at()),
        (world(stop(kind="crime")), at(minutes=5)),
        (world(stop(key="ZZ99ZZZ")), at()),
        (world(stop(recorded=at(days=31))), at()),
        (world(stop(), roster=[BOTH_ON[0], shift("S3", at(hours=-4), at(hours=4), "leave")]), at()),
        (world(stop(), roster=[BOTH_ON[1], shift("S1", at(hours=-4), at(hours=4), "rest")]), at()),
        (world(stop(), roster=[BOTH_ON[1], shift("S1", at(hours=-14), at(hours=-6))]), at()),
    ],
    ids=["too late", "too early", "another unit", "no stop", "other subject", "recorded late", "they were on leave",
         "rest day", "shift over"],
)  # fmt: skip
def test_what_is_not_the_stop_of_a_shift(known, time) -> None:
    assert explained(known, look_up("a1", time)) == {}


def test_somebody_stays_on_an_hour_after_the_shift() -> None:
    roster = [BOTH_ON[1], shift("S1", at(hours=-8), at(minutes=-50))]
    assert explained(world(stop(), roster=roster), look_up("a1")) == {"a1": "shift_stop"}
