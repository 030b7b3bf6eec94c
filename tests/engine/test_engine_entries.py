"""Entries of the media register are judged at their own time, though nothing else happened then."""

from __future__ import annotations

import pytest
from engine_rig import Rig, at, small_rig

from auditd.demo.formats import Call, Mail, cucm_line, exchange_lines
from auditd.force.names import DOMAIN

LATER = at(days=3)
LISTED = {
    "contact_id": "M1", "outlet": "Northmere Herald", "kind": "domain", "value": "herald.example", "source": "s",
    "owner": "o", "review_by": "2030-01-01",
}  # fmt: skip
ENTRY = {
    "entry_id": "E1", "staff_id": "S1", "contact_at": at().isoformat(), "outlet": "northmere herald", "channel": "phone",
    "recorded_at": at(hours=5).isoformat(),
}  # fmt: skip


@pytest.fixture
def rig(tmp_path) -> Rig:
    """A telephone that was used twenty hours before noon and twenty hours after, and an open list."""
    rig = small_rig(tmp_path)
    rig.feed("media_contacts", [LISTED])
    for kind, value in (("extension", "50001"), ("email", f"box@{DOMAIN}")):
        rig.feed("identifiers", [{"staff_id": "S1", "kind": kind, "value": value}])
    rig.grant(at(days=-1))
    calls = [Call(at(hours=hours), "50001", "907700900123", 60, 9 + hours) for hours in (-20, 20)]
    rig.log("cucm", [cucm_line(call) for call in calls])
    rig.once(LATER)
    return rig


def found(rig: Rig) -> list[str]:
    rig.once(LATER)
    assert rig.replay(LATER)["unregistered_media_contact"] == (0, 0, 0)
    return rig.found("unregistered_media_contact")


def test_an_entry_that_is_loaded_late_is_judged_where_nothing_happened(rig: Rig) -> None:
    assert found(rig) == []
    rig.feed("media_register", [ENTRY])
    assert found(rig) == ["entry|E1"]
    rig.feed("media_register", [ENTRY | {"channel": "in person"}])
    assert found(rig) == []


def test_a_contact_that_is_read_late_is_the_trace(rig: Rig) -> None:
    rig.feed("media_register", [ENTRY])
    assert found(rig) == ["entry|E1"]
    mail = Mail(at(hours=9), f"box@{DOMAIN}", ("editor@herald.example",), "m1@mail01", "x", ours=True)
    rig.log("exchange", exchange_lines(mail))
    assert found(rig) == []


@pytest.mark.parametrize(
    ("feed", "row"),
    [
        ("staff", {"staff_id": "S1", "name": "Invented One", "rank": "Staff", "role": "press officer", "unit": "HQ",
                   "employer": "N", "force": "N", "start_date": "2020-01-01"}),
        ("media_contacts", LISTED | {"valid_from": at(days=1).isoformat()}),
        ("protected_contacts", {"kind": "domain", "value": "herald.example", "category": "legal"}),
    ],
    ids=["of the press office after all", "not listed then after all", "protected after all"],
)  # fmt: skip
def test_what_is_learned_late_of_people_and_lists_changes_it(
    rig: Rig, feed: str, row: dict[str, str]
) -> None:
    rig.feed("media_register", [ENTRY])
    assert found(rig) == ["entry|E1"]
    rig.feed(feed, [row])
    assert found(rig) == []
