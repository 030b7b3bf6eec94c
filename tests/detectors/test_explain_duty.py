"""duty: work that is looking things up, and never a licence to look at anybody."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from explaining import JANE, PERSON, TOM, at, colleague, explained, holds, look_up, shift, why, world

from detectors.bounds import Duty

VETTER = {"role": "Vetting Officer", "unit": "Vetting"}


def by_vetter(
    *, person: dict[str, Any] | None = None, row: dict[str, Any] | None = None, **feeds: Any
) -> dict[str, str]:
    known = world(staff=[colleague("S1", **VETTER | (person or {})), colleague("S2")], **feeds)
    return explained(known, look_up("a1", **PERSON | (row or {})))


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"pnc_originator_collar": "1234"},
        {"pnc_reason_code": "7"},
        {"pnc_originator_reason": "VETTING CHECK"},
    ],
    ids=["no reason", "their own collar number", "a bare code", "words that fit"],
)
def test_the_kind_of_look_up_a_duty_makes_is_explained(row) -> None:
    assert by_vetter(row=row) == {"a1": "duty"}


@pytest.mark.parametrize(
    ("role", "unit", "subject_type"),
    [
        ("firearms licensing officer", "Operations", "address"),
        ("clerk", "Front Counter Oldhaven", "vehicle"),
        ("operator", "PNC Bureau", "property"),
    ],
)
def test_the_usual_duties_are_known_by_role_or_unit(role, unit, subject_type) -> None:
    known = world(staff=[colleague("S1", role=role, unit=unit)])
    assert explained(known, look_up("a1", subject_type=subject_type, subject_key="X/1")) == {"a1": "duty"}


@pytest.mark.parametrize(
    "row",
    [
        {"subject_type": "vehicle", "subject_key": "AB12CDE"},
        {"pnc_originator_reason": "STOP CHECK"},
        {"pnc_incident_ref": "NM-77"},
        {"pnc_originator_collar": "2222"},
        {"pnc_originator_collar": "9999"},
        {"user_id": "tom"},
    ],
    ids=["not their kind of subject", "other words", "an incident claimed", "for somebody else", "for nobody known",
         "not their duty"],
)  # fmt: skip
def test_what_is_not_of_the_duty(row) -> None:
    assert by_vetter(row=row) == {}


@pytest.mark.parametrize(
    "person",
    [
        {"name": "Alex Marwood", "dob": date(1980, 1, 2)},
        {"name": "Jane Marwood"},
        {"next_of_kin_surnames": ["marwood"]},
        {"end_date": date(2026, 2, 1)},
        {"role": "revetting clerk", "unit": "Stores"},
    ],
    ids=["themselves", "their surname", "next of kin", "left", "a word inside another"],
)
def test_whom_a_duty_does_not_excuse(person) -> None:
    assert by_vetter(person=person) == {}


def test_a_duty_does_not_cover_the_street_they_live_in() -> None:
    home = {"home_postcode": "ZZ1 2AB"}
    near, far = ({"subject_type": "address", "subject_key": f"{code}/7"} for code in ("ZZ12AB", "ZZ19ZZ"))
    assert by_vetter(person=home, row=near) == {}
    assert by_vetter(person=home, row=far) == {"a1": "duty"}


def test_a_duty_does_not_cover_colleagues_nor_whoever_is_flagged() -> None:
    staff = [colleague("S1", **VETTER), colleague("S2", name="Alex Marwood", dob=date(1980, 1, 2))]
    assert explained(world(staff=staff), look_up("a1", **PERSON)) == {}
    flag = PERSON | {"flag": "public_figure", "from": at(days=-9), "to": None}
    assert by_vetter(sensitive_subjects=[flag]) == {}


def test_a_duty_is_done_at_work() -> None:
    assert by_vetter(roster=[shift("S1", at(hours=-3), at(hours=5))]) == {"a1": "duty"}
    assert by_vetter(roster=[shift("S1", at(hours=-3), at(hours=5), "leave")]) == {}
    assert by_vetter(roster=[shift("S1", at(hours=-30), at(hours=-22))]) == {}


def test_reason_codes_narrow_a_duty() -> None:
    duty = Duty(name="vetting", who=("vetting",), subject_types=("person",), reason_codes=("V1",))
    known = world(staff=[colleague("S1", **VETTER)])
    rows = (look_up("a1", pnc_reason_code="V1", **PERSON), look_up("a2", pnc_reason_code="6", **PERSON))
    assert explained(known, *rows, look_up("a3", **PERSON), duties=(duty,)) == {"a1": "duty"}


def test_no_duties_excuse_nobody() -> None:
    known = world(staff=[colleague("S1", **VETTER)])
    assert explained(known, look_up("a1", **PERSON), duties=()) == {}


def test_an_account_that_is_shared_has_no_duty() -> None:
    shared = [*JANE, TOM, holds("S3", "account", "jdoe")]
    assert by_vetter(identifiers=shared) == {}


def test_the_duty_is_evidence() -> None:
    assert why(world(staff=[colleague("S1", **VETTER)]), look_up("a1", **PERSON))["basis"] == "vetting"
