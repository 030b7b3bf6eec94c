"""approved: the patterns that people approved lead where they say and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from explaining import PERSON, at, colleague, explained, holds, look_up, record, shift, unassigned, why, world

from detectors.patterns import Approved, parse
from detectors.reference import Reference


def approving(known: Reference, *patterns: str) -> Reference:
    return replace(known, approved=tuple(Approved(f"AX-{n}", parse(text)) for n, text in enumerate(patterns)))


def both(ref: str, one: str, other: str, **columns: Any) -> Any:
    """An incident that names two vehicles."""
    rows = record(ref, key=one, **columns)
    rows["incident_subjects"] += record(ref, key=other)["incident_subjects"]
    return rows


BOSS = [
    colleague("S1"),
    colleague("S3", line_manager_id="S1"),
    colleague("S2", unit="Response B", line_manager_id="S9"),
]
WORKER = [colleague("S1", line_manager_id="S2"), colleague("S2", unit="Response B")]
TEAM = [colleague("S1", line_manager_id="S9"), colleague("S2", unit="CID", line_manager_id="S9")]
THEIRS = record(staff_id="S3")
WAYS = {
    "crime:named.assigned.unit": world(THEIRS),
    "crime:named.assigned.manager": world(THEIRS, staff=BOSS),
    "crime:named.assigned.reports": world(record(staff_id="S2"), staff=WORKER),
    "crime:named.assigned.team": world(record(staff_id="S2"), staff=TEAM),
    "crime:named.owned": world(record(staff_id="S2", owner="Response A")),
    "crime:named.role=response": world(record(staff_id="S2")),
    "crime:named.linked.owned": world(
        record("A", staff_id="S2"), record("B", key="X1", staff_id="S2", owner="Response A"),
        {"incident_subjects": [{"incident_ref": "A", "subject_type": "occurrence", "subject_key": "b"}]},
    ),
    "task:named.beside.assigned": world(both("A", "AB12CDE", "CC33CCC", staff_id="S2", kind="task"), record("B", key="CC33CCC")),
}  # fmt: skip


@pytest.mark.parametrize(("pattern", "known"), WAYS.items(), ids=WAYS)
def test_a_way_explains_once_it_is_approved(pattern: str, known: Reference) -> None:
    assert explained(known, look_up("a1")) == {}
    assert explained(approving(known, pattern), look_up("a1")) == {"a1": "approved"}


@pytest.mark.parametrize(("pattern", "known"), WAYS.items(), ids=WAYS)
def test_a_way_leads_to_nobody_else(pattern: str, known: Reference) -> None:
    """Somebody of no unit, no manager and no role that matters."""
    stranger = [*known["identifiers"].to_dicts(), holds("S8", "account", "zoe")]
    staff = [*known["staff"].to_dicts(), colleague("S8", unit="Stores", role="clerk")]
    feeds = {feed: known[feed].to_dicts() for feed in ("incidents", "incident_subjects", "assignments")}
    more = world(**feeds, identifiers=stranger, staff=staff)
    assert explained(approving(more, pattern), look_up("a1", user_id="zoe")) == {}


def test_which_approval_and_whose_work_are_evidence() -> None:
    found = why(approving(world(THEIRS), "stop:named.owned", "crime:named.assigned.unit"), look_up("a1"))
    assert (found["basis"], found["incident_ref"], found["colleague"]) == ("AX-1", "I1", "S3")


@pytest.mark.parametrize(
    ("records", "time", "feeds"),
    [
        (record(staff_id="S3", kind="intel"), at(), {}),
        (THEIRS, at(minutes=-61), {}),
        (record(staff_id="S3", closed=at(hours=1)), at(hours=26), {}),
        (THEIRS, at(days=366), {}),
        (record(staff_id="S3", until=at(hours=1)), at(hours=26), {}),
        (record(staff_id="S3", recorded=at(days=31)), at(), {}),
        (record(staff_id="S3", key="ZZ99ZZZ"), at(), {}),
        (record(staff_id="S2"), at(), {}),
        (unassigned(), at(), {}),
        (THEIRS, at(), {"roster": [shift("S1", at(hours=-2), at(hours=5), "rest")]}),
        (THEIRS, at(), {"staff": [colleague("S1", vehicles=["AB12CDE"]), colleague("S3")]}),
    ],
    ids=["another kind", "before it opened", "after it closed", "never closed", "no longer assigned", "recorded late",
         "other subject", "another unit's", "nobody's", "off shift", "their own vehicle"],
)  # fmt: skip
def test_what_an_approved_pattern_does_not_excuse(records, time, feeds) -> None:
    known = approving(world(records, **feeds), "crime:named.assigned.unit")
    assert explained(known, look_up("a1", time)) == {}


def test_a_subject_that_very_many_incidents_name_connects_nothing() -> None:
    many = [record(f"M{n}", key="CC33CCC", staff_id="S2") for n in range(50)]
    known = world(both("A", "AB12CDE", "CC33CCC", staff_id="S2"), record("B", key="CC33CCC"), *many)
    assert explained(approving(known, "crime:named.beside.assigned"), look_up("a1")) == {}


def test_a_vehicle_that_a_pattern_explains_leads_to_no_keeper() -> None:
    known = approving(world(THEIRS), "crime:named.assigned.unit")
    assert explained(known, look_up("a1"), look_up("a2", at(minutes=1), **PERSON)) == {"a1": "approved"}
