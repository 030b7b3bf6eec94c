"""Contact lists pass the gate only under a live authority, only within its scope, and never a protected contact."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import feed_samples as samples
import pytest
from feed_samples import DAY, HOUR, NOW, load
from sqlalchemy import Connection, Engine

from alerts.authority import Authority
from auditd.reference.store import ReferenceStore
from detectors.reference import FEEDS, Reference

LISTED = samples.MEDIA + "".join(
    (
        samples.listed(1, "phone", "020 7946 0123"),
        samples.listed(2, "email", "desk@example.org"),
        samples.listed(3, "phone", "07700 900123", outlet="Sample Gazette"),
        samples.listed(4, "domain", "example.net", outlet="Sample Gazette"),
    )
)


def authority(**changes: Any) -> Authority:
    scope: dict[str, Any] = {
        "authority_id": "AU-TEST",
        "purpose": "self_monitoring",
        "reason": "Suspected disclosure from the Ashwick enquiry.",
        "detectors": ("media_contact",),
        "events_from": NOW - 30 * DAY,
        "events_to": NOW + 30 * DAY,
        "granted_by": "Det Supt Ruth Alder",
        "granted_at": NOW - DAY,
        "expires_at": NOW + DAY,
        "review_by": date(2026, 3, 4),
    }
    return Authority(**scope | changes)


@pytest.fixture
def store(database: Engine) -> ReferenceStore:
    return ReferenceStore(database)


@pytest.fixture
def conn(store: ReferenceStore, database: Engine) -> Iterator[Connection]:
    with database.begin() as open_connection:
        load(store, open_connection, "media_contacts", LISTED)
        yield open_connection


def seen(reference: Reference) -> list[str]:
    return sorted(reference["media_contacts"]["contact_id"])


@pytest.mark.parametrize(
    "authorities",
    [
        [],
        [authority(granted_at=NOW + DAY, expires_at=NOW + 2 * DAY)],
        [authority(expires_at=NOW)],
        [authority(revoked_at=NOW)],
    ],
    ids=["none", "not yet", "expired", "revoked"],
)
def test_without_a_live_authority_there_is_no_media_contact(
    store: ReferenceStore, conn: Connection, authorities: list[Authority]
) -> None:
    for known_on in (None, NOW):
        reference = store.reference(conn, authorities=authorities, now=NOW, known_on=known_on)
        assert reference["media_contacts"].is_empty()
        assert reference["media_contacts"].schema == FEEDS["media_contacts"].schema
        assert reference.protected_stripped == 0
        assert "media_contacts" in reference.loaded


def test_by_default_an_authority_must_be_live_by_the_clock(database: Engine, conn: Connection) -> None:
    late = ReferenceStore(database, clock=lambda: NOW + DAY)
    assert seen(late.reference(conn, authorities=[authority()])) == []
    in_time = ReferenceStore(database, clock=lambda: NOW)
    assert len(seen(in_time.reference(conn, authorities=[authority()]))) == 4


def test_an_authority_without_outlets_or_people_covers_all(store: ReferenceStore, conn: Connection) -> None:
    reference = store.reference(conn, authorities=[authority()], now=NOW)
    assert seen(reference) == ["M1", "M2", "M3", "M4"]
    assert reference.scope_people is None


def test_only_the_outlets_and_people_in_scope_are_seen(store: ReferenceStore, conn: Connection) -> None:
    narrow = authority(outlets=("Sample Gazette",), people=("S1", "S2"))
    reference = store.reference(conn, authorities=[narrow], now=NOW)
    assert seen(reference) == ["M3", "M4"]
    assert reference.scope_people == {"S1", "S2"}
    assert seen(store.reference(conn, authorities=[authority(outlets=("Another",))], now=NOW)) == []


def test_two_live_authorities_are_never_mixed(store: ReferenceStore, conn: Connection) -> None:
    with pytest.raises(ValueError, match="one reference for each"):
        store.reference(conn, authorities=[authority(), authority(authority_id="AU-2")], now=NOW)
    expired = authority(authority_id="AU-2", expires_at=NOW, outlets=("Another",))
    assert len(seen(store.reference(conn, authorities=[expired, authority()], now=NOW))) == 4


FROM, TO = NOW - 30 * DAY, NOW + 30 * DAY


@pytest.mark.parametrize(
    ("since", "until", "clipped"),
    [
        ("", "", (FROM, TO)),
        ("2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z", (FROM, TO)),
        ("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z", (NOW - 60 * HOUR, NOW - 36 * HOUR)),
        ("", "2026-02-01T12:00:00Z", None),
        ("2026-04-02T12:00:00Z", "", None),
    ],
)
def test_validity_is_clipped_to_the_events_an_authority_covers(
    store: ReferenceStore,
    conn: Connection,
    since: str,
    until: str,
    clipped: tuple[datetime, datetime] | None,
) -> None:
    row = samples.listed(9, "phone", "01632 960123", outlet="Only", since=since, until=until)
    load(store, conn, "media_contacts", samples.MEDIA + row, name="more.csv", now=NOW + DAY)
    reference = store.reference(conn, authorities=[authority(outlets=("Only",))], now=NOW)
    periods = reference["media_contacts"].select("valid_from", "valid_to").rows()
    assert periods == ([clipped] if clipped else [])


@pytest.mark.parametrize(
    ("kind", "value", "left"),
    [
        ("phone", "+44 20 7946 0123", ["M2", "M3", "M4"]),
        ("email", "Desk@Example.org", ["M1", "M3", "M4"]),
        ("domain", "example.org", ["M1", "M3", "M4"]),
        ("domain", "example.net", ["M1", "M2", "M3"]),
        ("domain", "desk.example.org", ["M1", "M2", "M3", "M4"]),
        ("email", "other@example.net", ["M1", "M2", "M3", "M4"]),
    ],
)
def test_protected_contacts_are_stripped_and_only_counted(
    store: ReferenceStore, conn: Connection, kind: str, value: str, left: list[str]
) -> None:
    load(store, conn, "protected_contacts", samples.PROTECTED + f"{kind},{value},legal\n")
    reference = store.reference(conn, authorities=[authority()], now=NOW)
    assert seen(reference) == left
    assert reference.protected_stripped == 4 - len(left)


def test_an_address_in_a_part_of_a_protected_domain_is_protected(
    store: ReferenceStore, conn: Connection
) -> None:
    row = samples.listed(9, "email", "desk@mail.example.com")
    load(store, conn, "media_contacts", samples.MEDIA + row, name="more.csv")
    load(store, conn, "protected_contacts", samples.PROTECTED + "domain,example.com,helpline\n")
    assert seen(store.reference(conn, authorities=[authority()], now=NOW)) == ["M1", "M2", "M3", "M4"]


def test_values_to_strip_are_handed_on_even_without_an_authority(
    store: ReferenceStore, conn: Connection
) -> None:
    load(store, conn, "protected_contacts", samples.PROTECTED + "phone,07700 900123,legal\n")
    rows = store.reference(conn, authorities=[])["protected_contacts"].rows()
    assert rows == [("phone", "+447700900123", "legal")]


def test_a_contact_protected_later_is_stripped_from_then_on(store: ReferenceStore, conn: Connection) -> None:
    assert "M1" in seen(store.reference(conn, authorities=[authority()], now=NOW))
    protected = samples.PROTECTED + "phone,020 7946 0123,mp\n"
    load(store, conn, "protected_contacts", protected, now=NOW + DAY)
    assert "M1" not in seen(store.reference(conn, authorities=[authority()], now=NOW))
    assert "M1" in seen(store.reference(conn, authorities=[authority()], now=NOW, known_on=NOW))


def test_what_was_gated_before_a_load_is_not_handed_out_after_it(
    store: ReferenceStore, conn: Connection
) -> None:
    assert len(seen(store.reference(conn, authorities=[authority()], now=NOW))) == 4
    load(store, conn, "protected_contacts", samples.PROTECTED + "phone,020 7946 0123,mp\n", now=NOW + DAY)
    store.snapshot(conn)
    assert len(seen(store.reference(conn, authorities=[authority()], now=NOW))) == 3


WATCHED = (
    "list,kind,value,source,owner,review_by\n"
    "Known associates,phone,+447700900123,intelligence,unit,2027-01-01\n"
    "Known associates,phone,+442079460099,intelligence,unit,2027-01-01\n"
    "Another list,phone,+447700900124,intelligence,unit,2027-01-01\n"
)


@pytest.mark.parametrize(
    ("authorities", "opened"),
    [
        ([], []),
        ([authority()], []),
        ([authority(outlets=("Known associates",))], ["+442079460099", "+447700900123"]),
        ([authority(outlets=("Known associates",), expires_at=NOW)], []),
    ],
    ids=["none", "all outlets", "by name", "expired"],
)
def test_a_watch_list_is_open_only_to_a_live_authority_that_names_it(
    store: ReferenceStore, conn: Connection, authorities: list[Authority], opened: list[str]
) -> None:
    load(store, conn, "watch_lists", WATCHED)
    for known_on in (None, NOW + DAY):
        reference = store.reference(conn, authorities=authorities, now=NOW, known_on=known_on)
        assert sorted(reference["watch_lists"]["value"]) == opened


def test_protected_contacts_are_stripped_from_watch_lists(store: ReferenceStore, conn: Connection) -> None:
    load(store, conn, "watch_lists", WATCHED)
    load(store, conn, "protected_contacts", "kind,value,category\nphone,+442079460099,helpline\n")
    named = authority(outlets=("Known associates",))
    reference = store.reference(conn, authorities=[named], now=NOW)
    assert reference["watch_lists"]["value"].to_list() == ["+447700900123"]
    assert reference.protected_stripped == 1
