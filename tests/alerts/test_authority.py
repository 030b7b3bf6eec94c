"""Contact lists are used only under a live authority, whose scope, end and history are exact."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from alerts.authority import Authority, AuthorityError, grant, list_authorities, live_authorities, revoke
from alerts.models import AuthorityHistoryRow

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
DAY = timedelta(days=1)

REQUEST: dict[str, Any] = {
    "purpose": "self_monitoring",
    "reason": "Suspected disclosure from the Ashwick enquiry.",
    "detectors": ["media_contact"],
    "events_from": NOW - 30 * DAY,
    "events_to": NOW + 30 * DAY,
    "granted_by": "Det Supt Ruth Alder",
    "granted_at": NOW,
    "expires_at": NOW + 30 * DAY,
    "review_by": date(2026, 3, 20),
}


def authority(**changes: Any) -> Authority:
    request = REQUEST | {"authority_id": "AU-TEST", "detectors": ("media_contact",)} | changes
    return Authority(**request)


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (NOW - timedelta(microseconds=1), "not yet"),
        (NOW, "live"),
        (NOW + 30 * DAY - timedelta(microseconds=1), "live"),
        (NOW + 30 * DAY, "expired"),
    ],
)
def test_an_authority_lives_from_its_grant_until_its_expiry(now: datetime, state: str) -> None:
    assert authority().state(now) == state
    assert authority().live(now) == (state == "live")


def test_a_revoked_authority_was_live_until_it_was_revoked() -> None:
    revoked = authority(revoked_at=NOW + DAY)
    assert [revoked.state(NOW + hours) for hours in (0 * DAY, DAY, 99 * DAY)] == [
        "live",
        "revoked",
        "revoked",
    ]


@pytest.mark.parametrize(
    ("scope", "event", "covered"),
    [
        ({}, {}, True),
        ({}, {"staff_id": None, "outlet": None}, True),
        ({}, {"at": NOW - 30 * DAY}, True),
        ({}, {"at": NOW + 30 * DAY}, False),
        ({"people": ("S1", "S2")}, {}, True),
        ({"people": ("S2",)}, {}, False),
        ({"people": ("S2",)}, {"staff_id": None}, False),
        ({"outlets": ("Ashwick Courier",)}, {}, True),
        ({"outlets": ("Other Post",)}, {}, False),
        ({"outlets": ("Other Post",)}, {"outlet": None}, False),
    ],
)
def test_the_scope_covers_times_people_and_outlets(
    scope: dict[str, Any], event: dict[str, Any], covered: bool
) -> None:
    asked = {"at": NOW, "staff_id": "S1", "outlet": "Ashwick Courier"} | event
    assert authority(**scope).covers(**asked) is covered


def test_what_is_granted_is_what_is_listed(database: Engine) -> None:
    with database.begin() as conn:
        granted = grant(conn, **REQUEST | {"people": ["S2", "S1"], "outlets": ["Ashwick Courier"]})
    with database.begin() as conn:
        assert list_authorities(conn) == (granted,)
    assert granted.people == ("S1", "S2")
    assert granted.authority_id.startswith("AU-")


def test_an_authority_is_live_for_its_detectors_alone(database: Engine) -> None:
    with database.begin() as conn:
        granted = grant(conn, **REQUEST)
        assert live_authorities(conn, "media_contact", NOW) == (granted,)
        assert live_authorities(conn, "lookup_then_contact", NOW) == ()
        assert live_authorities(conn, "media_contact", NOW + 31 * DAY) == ()


def test_revoking_ends_it_and_both_decisions_stay_in_the_history(database: Engine) -> None:
    with database.begin() as conn:
        granted = grant(conn, **REQUEST)
        # as typed from a printed page: lower case
        ended = revoke(
            conn, granted.authority_id.lower(), by="DCC Ivo Marsh", reason="No longer needed", now=NOW + DAY
        )
        assert list_authorities(conn) == (ended,)
        assert live_authorities(conn, "media_contact", NOW + DAY) == ()
        entries = conn.execute(
            select(AuthorityHistoryRow.__table__).order_by(AuthorityHistoryRow.entry)
        ).all()
    assert (ended.revoked_by, ended.revoke_reason) == ("DCC Ivo Marsh", "No longer needed")
    assert [(e.at, e.actor, e.action) for e in entries] == [
        (NOW, "Det Supt Ruth Alder", "granted"),
        (NOW + DAY, "DCC Ivo Marsh", "revoked"),
    ]
    assert entries[0].detail["reason"] == REQUEST["reason"]


def test_all_faults_of_a_request_are_reported_at_once_and_nothing_is_stored(database: Engine) -> None:
    wrong = {
        "purpose": "curiosity", "reason": "  ", "detectors": ["unlinked_lookup"], "granted_by": "",
        "events_to": NOW - 40 * DAY, "expires_at": NOW + 400 * DAY, "review_by": date(2028, 1, 1), "people": [" "],
    }  # fmt: skip
    with database.begin() as conn:
        with pytest.raises(AuthorityError) as caught:
            grant(conn, **REQUEST | wrong, known_detectors=["media_contact"])
        assert list_authorities(conn) == ()
    faults = caught.value.faults
    assert {fault.where for fault in faults} == {
        "purpose", "reason", "detectors", "by", "events_to", "expires_at", "review_by", "people",
    }  # fmt: skip
    assert all(fault.hint for fault in faults)
    assert "one of media_contact" in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"expires_at": NOW, "review_by": NOW.date()}, "expires_at"),
        ({"review_by": date(2026, 3, 2)}, "review_by"),
        ({"detectors": []}, "detectors"),
        ({"expires_at": datetime(2026, 3, 9)}, "expires_at"),  # noqa: DTZ001
    ],
)
def test_each_fault_names_its_field(database: Engine, wrong: dict[str, Any], where: str) -> None:
    with database.begin() as conn, pytest.raises(AuthorityError) as caught:
        grant(conn, **REQUEST | wrong)
    assert [fault.where for fault in caught.value.faults] == [where]


def test_revoking_what_is_unknown_or_already_revoked_says_so(database: Engine) -> None:
    with database.begin() as conn:
        with pytest.raises(AuthorityError, match=r"there is no AU-N0SUCH .*authority list"):
            revoke(conn, "AU-NOSUCH", by="X", reason="y", now=NOW)
        granted = grant(conn, **REQUEST)
        revoke(conn, granted.authority_id, by="X", reason="y", now=NOW)
        with pytest.raises(AuthorityError, match="already revoked"):
            revoke(conn, granted.authority_id, by="X", reason="y", now=NOW)


def test_an_authority_over_watch_lists_has_to_name_them(database: Engine) -> None:
    request = REQUEST | {"detectors": ["listed_number_contact"]}
    with database.begin() as conn, pytest.raises(AuthorityError, match="name each watch-list as an outlet"):
        grant(conn, **request)
    with database.begin() as conn:
        assert grant(conn, **request | {"outlets": ["Known associates"]}).outlets == ("Known associates",)
