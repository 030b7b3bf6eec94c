"""What explains a look-up through other people's rows is touched by those rows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from auditd.reference.touched import Touched, touched_by
from detectors.reference import FEEDS

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
CAR, VAN = ("vehicle", "AB12CDE"), ("vehicle", "XY99ZZZ")


def rows(feed: str, *some: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(list(some), schema=FEEDS[feed].schema)


def names(ref: str, kind: str, key: str) -> dict[str, object]:
    return {"incident_ref": ref, "subject_type": kind, "subject_key": key}


KNOWN = {feed: FEEDS[feed].schema.to_frame() for feed in FEEDS} | {
    "incident_subjects": rows(
        "incident_subjects",
        names("NM-1", *CAR),
        names("NM-2", *VAN),
        names("NM-1", "occurrence", "nm-2"),
        names("NM-3", "phone", "+447700900123"),
    ),
    "incidents": rows(
        "incidents",
        {"incident_ref": "NM-1", "kind": "stop", "opened_at": NOON, "recorded_at": NOON},
        {"incident_ref": "NM-3", "kind": "crime", "opened_at": NOON, "recorded_at": NOON},
    ),
    "assignments": rows(
        "assignments",
        {"incident_ref": "NM-1", "staff_id": "S1", "from": NOON, "recorded_at": NOON},
        {"incident_ref": "NM-3", "staff_id": "S1", "from": NOON, "recorded_at": NOON},
    ),
    "identifiers": rows("identifiers", {"staff_id": "S1", "kind": "account", "value": "jdoe"}),
}


def touched(feed: str, *some: dict[str, object]) -> Touched:
    return touched_by(feed, rows(feed, *some), lambda: KNOWN)


@pytest.mark.parametrize("ref", ["NM-1", "NM-2"])
def test_an_incident_touches_what_the_incidents_linked_with_it_name(ref) -> None:
    found = touched(
        "incidents", {"incident_ref": ref, "kind": "stop", "opened_at": NOON, "recorded_at": NOON}
    )
    assert {CAR, VAN, ("occurrence", "NM-1"), ("occurrence", "NM-2")} <= found.subjects
    assert ("phone", "+447700900123") not in found.subjects


def test_a_link_that_is_gone_touches_both_sides() -> None:
    found = touched("incident_subjects", names("NM-3", "occurrence", "nm-2"))
    assert {VAN, ("phone", "+447700900123")} <= found.subjects


def test_who_is_named_together_is_touched_together() -> None:
    assert CAR in touched("incident_subjects", names("NM-1", "person", "DOE/JIM/1980-01-01")).subjects


def test_a_roster_touches_the_stops_of_those_people_and_nothing_a_week_before_it() -> None:
    found = touched(
        "roster", {"staff_id": "S1", "from": NOON, "to": NOON + timedelta(hours=8), "state": "duty"}
    )
    assert found.subjects == {CAR, ("occurrence", "nm-2")}
    assert found.identifiers == {("account", "jdoe")}
    assert found.since == NOON - timedelta(days=7)  # days between shifts may begin so early


def test_a_person_touches_look_ups_of_themselves_and_their_vehicles() -> None:
    found = touched(
        "staff", {"staff_id": "S7", "name": "Jane Ann Doe", "dob": date(1990, 5, 6), "vehicles": ["aa11 aaa"]}
    )
    assert found.subjects == {("person", "DOE/JANE/1990-05-06"), ("vehicle", "AA11AAA")}


def test_the_time_from_which_on_something_is_touched_is_the_earlier_one() -> None:
    early, late = (Touched(staff=frozenset({"S1"}), since=NOON + timedelta(hours=h)) for h in (1, 2))
    assert (early | late).since == early.since
    assert (early | Touched(staff=frozenset({"S2"}))).since is None
    assert (Touched() | late).since == (late | Touched()).since == late.since
