"""Reference data is known from a moment and until a moment; what was known is never lost, and changes say what they touch."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import feed_samples as samples
import polars as pl
import pytest
from feed_samples import DAY, HOUR, NOW, load
from sqlalchemy import Connection, Engine, func, select

from auditd.reference import touched as touching
from auditd.reference.store import ReferenceStore
from auditd.reference.tables import ReferenceLoad, ReferenceReject, ReferenceRow
from auditd.reference.touched import Touched
from parsers.force import Force


@pytest.fixture
def store(database: Engine) -> ReferenceStore:
    return ReferenceStore(database, Force())


@pytest.fixture
def conn(database: Engine) -> Iterator[Connection]:
    with database.begin() as open_connection:
        yield open_connection


def staff(*units: str) -> str:
    return samples.STAFF + "".join(samples.person(n, unit) for n, unit in enumerate(units, start=1))


def units(store: ReferenceStore, conn: Connection, **when: Any) -> list[tuple[str, str]]:
    return store.snapshot(conn, **when)["staff"].select("staff_id", "unit").sort("staff_id").rows()


def test_a_corrected_row_is_known_from_the_correction_and_the_old_one_until_it(
    store: ReferenceStore, conn: Connection
) -> None:
    load(store, conn, "staff", staff("CID", "Traffic"))
    report = load(store, conn, "staff", staff("PSD", "Traffic"), now=NOW + DAY)
    assert (report.accepted, report.corrected, report.unchanged) == (1, 1, 1)
    assert units(store, conn) == [("S1", "PSD"), ("S2", "Traffic")]
    assert units(store, conn, known_on=NOW + DAY) == [("S1", "PSD"), ("S2", "Traffic")]
    assert units(store, conn, known_on=NOW + DAY - HOUR) == [("S1", "CID"), ("S2", "Traffic")]
    assert units(store, conn, known_on=NOW - HOUR) == []


def test_a_snapshot_is_what_was_read_column_for_column(store: ReferenceStore, conn: Connection) -> None:
    text = (
        samples.STAFF.strip()
        + ",dob,vehicles\n"
        + samples.person(1).strip()
        + ",1985-02-03,AB12CDE;XY99ZZZ\n"
    )
    load(store, conn, "staff", text)
    row = store.snapshot(conn)["staff"].row(0, named=True)
    assert row["vehicles"] == ["AB12CDE", "XY99ZZZ"]
    assert str(row["dob"]) == "1985-02-03"
    assert row["end_date"] is None


def test_a_duplicated_file_changes_nothing(store: ReferenceStore, conn: Connection) -> None:
    first = load(store, conn, "staff", staff("CID"))
    again = load(store, conn, "staff", staff("CID"), now=NOW + DAY)
    copy = load(store, conn, "staff", staff("CID"), now=NOW + DAY, name="copy of staff.csv")
    assert (again.already, again.loaded_at, again.accepted) == (True, first.loaded_at, 1)
    assert (copy.accepted, copy.unchanged, bool(copy.touched)) == (0, 1, False)
    assert conn.execute(select(func.count()).select_from(ReferenceRow)).scalar() == 1


def test_a_file_that_goes_back_to_what_it_said_before_is_believed(
    store: ReferenceStore, conn: Connection
) -> None:
    for day, unit in enumerate(["CID", "PSD", "CID"]):
        load(store, conn, "staff", staff(unit), now=NOW + day * DAY)
    assert units(store, conn) == [("S1", "CID")]
    assert units(store, conn, known_on=NOW + DAY) == [("S1", "PSD")]


def test_a_partial_file_ends_nothing_and_a_complete_one_ends_what_it_leaves_out(
    store: ReferenceStore, conn: Connection
) -> None:
    load(store, conn, "staff", staff("CID", "Traffic"))
    assert load(store, conn, "staff", staff("CID"), now=NOW + HOUR).ended == 0
    report = load(store, conn, "staff", staff("CID"), now=NOW + DAY, name="all.csv", complete=True)
    assert (report.ended, units(store, conn)) == (1, [("S1", "CID")])
    assert units(store, conn, known_on=NOW + HOUR) == [("S1", "CID"), ("S2", "Traffic")]
    assert report.touched.staff == {"S2"}


@pytest.mark.parametrize("text", [samples.STAFF, staff("CID") + "S2,,,,\n"])
def test_a_complete_file_that_is_empty_or_has_broken_rows_ends_nothing_and_says_so(
    store: ReferenceStore, conn: Connection, text: str
) -> None:
    load(store, conn, "staff", staff("CID", "Traffic"))
    report = load(store, conn, "staff", text, now=NOW + DAY, complete=True)
    assert (report.ended, len(units(store, conn))) == (0, 2)
    assert any("nothing was ended" in hint for hint in report.hints)


def test_a_complete_file_that_repeats_itself_still_counts_as_complete(
    store: ReferenceStore, conn: Connection
) -> None:
    load(store, conn, "staff", staff("CID", "Traffic"))
    text = staff("CID") + samples.person(1, "PSD")
    report = load(store, conn, "staff", text, now=NOW + DAY, complete=True)
    assert (report.rejects.height, report.ended, units(store, conn)) == (1, 1, [("S1", "PSD")])


def test_a_re_issued_extension_belongs_to_each_in_their_time(store: ReferenceStore, conn: Connection) -> None:
    row = "{},extension,50009,{},{}\n"
    load(store, conn, "identifiers", samples.IDENTIFIERS + row.format("S1", "2020-01-01", ""))
    change = row.format("S1", "2020-01-01", "2024-05-31") + row.format("S2", "2024-06-01", "")
    report = load(store, conn, "identifiers", samples.IDENTIFIERS + change, now=NOW + DAY)
    frame = store.snapshot(conn)["identifiers"].sort("staff_id")
    assert frame["staff_id"].to_list() == ["S1", "S2"]
    assert frame["valid_to"][0] == frame["valid_from"][1]
    assert report.touched.identifiers == {("extension", "50009")}
    assert report.touched.staff == {"S1", "S2"}


def test_of_rows_about_the_same_thing_in_one_file_the_last_counts_and_the_others_are_told(
    store: ReferenceStore, conn: Connection
) -> None:
    text = samples.STAFF + samples.person(1, "CID") + samples.person(1, "PSD") + samples.person(1, "PSD")
    report = load(store, conn, "staff", text)
    assert (report.rows, report.accepted, report.unchanged) == (3, 1, 1)
    assert report.rejects.rows() == [(2, "superseded", "the key")]
    assert units(store, conn) == [("S1", "PSD")]


def test_refused_lines_are_kept_with_their_load(store: ReferenceStore, conn: Connection) -> None:
    load(store, conn, "staff", staff("CID") + "S2,,,,,,,\n")
    told = select(
        ReferenceLoad.rows,
        ReferenceLoad.rejected,
        ReferenceReject.line,
        ReferenceReject.reason,
        ReferenceReject.detail,
    ).join(ReferenceReject, ReferenceReject.load_id == ReferenceLoad.id)
    assert [tuple(row) for row in conn.execute(told)] == [(2, 1, 3, "missing_value", "name")]


def test_a_file_read_again_in_the_right_zone_takes_back_what_the_wrong_one_stated(
    store: ReferenceStore, conn: Connection
) -> None:
    text = samples.IDENTIFIERS + "S1,extension,50009,2026-07-01T12:00:00,\n"
    load(store, conn, "identifiers", text, zone=ZoneInfo("UTC"), read_as="utc")
    other = samples.IDENTIFIERS + "S2,extension,50010,2026-07-01T12:00:00Z,\n"
    load(store, conn, "identifiers", other, name="other.csv")
    report = load(store, conn, "identifiers", text, now=NOW + DAY, read_as="london")
    hours = store.snapshot(conn)["identifiers"].sort("staff_id")["valid_from"].dt.hour()
    assert (report.accepted, report.ended, hours.to_list()) == (1, 1, [11, 12])


def test_a_clock_that_goes_back_does_not_backdate_knowledge(store: ReferenceStore, conn: Connection) -> None:
    load(store, conn, "staff", staff("CID"))
    report = load(store, conn, "staff", staff("PSD"), now=NOW - DAY)
    assert report.loaded_at == NOW
    assert units(store, conn, known_on=NOW - HOUR) == []


def test_a_feed_counts_as_loaded_once_a_file_was_not_wholly_refused(
    store: ReferenceStore, conn: Connection
) -> None:
    load(store, conn, "staff", samples.STAFF + "S1,,,,,,,\n")
    assert store.reference(conn, authorities=[]).loaded == frozenset()
    load(store, conn, "staff", staff("CID"), now=NOW + DAY)
    load(store, conn, "incidents", samples.INCIDENTS, now=NOW + DAY)
    assert store.reference(conn, authorities=[]).loaded == {"staff", "incidents"}
    assert store.reference(conn, authorities=[], known_on=NOW).loaded == frozenset()


CAR = ("vehicle", "AB12CDE")
VAN = ("vehicle", "XY99ZZZ")
NAMED = samples.SUBJECTS + "INC1,vehicle,AB12CDE\nINC2,vehicle,XY99ZZZ\n"
ALDER = samples.IDENTIFIERS + "S1,account,r.alder,,\nS1,extension,50009,,\nS2,account,j.birch,,\n"
ALDERS = frozenset({("account", "r.alder"), ("extension", "50009")})
REGISTER = "entry_id,staff_id,contact_at,outlet,channel,recorded_at\n"


@pytest.mark.parametrize(
    ("feed", "text", "touched"),
    [
        (
            "incidents",
            samples.INCIDENTS + samples.incident(1),
            Touched(subjects=frozenset({CAR, ("occurrence", "INC1")}), refs=frozenset({"INC1"})),
        ),
        (
            "assignments",
            samples.ASSIGNMENTS + "INC2,S1,,2026-03-01T10:00:00Z,,2026-03-01T10:00:00Z\n",
            Touched(subjects=frozenset({VAN, ("occurrence", "INC2")}), refs=frozenset({"INC2"})),
        ),
        (
            "incident_subjects",
            samples.SUBJECTS + "INC9,phone,+447700900123\n",
            Touched(
                subjects=frozenset({("phone", "+447700900123"), ("occurrence", "INC9")}),
                contacts=frozenset({("phone", "+447700900123")}),
                refs=frozenset({"INC9"}),
            ),
        ),
        ("staff", staff("CID"), Touched(identifiers=ALDERS, staff=frozenset({"S1"}))),
        (
            "media_register",
            REGISTER + "R1,S1,2026-03-01T10:00:00Z,Example Herald,phone,2026-03-01T10:00:00Z\n",
            Touched(
                identifiers=ALDERS,
                staff=frozenset({"S1"}),
                moments=frozenset({datetime(2026, 3, 1, 10, tzinfo=UTC)}),
            ),
        ),
        (
            "media_contacts",
            samples.MEDIA + samples.listed(1, "domain", "example.org"),
            Touched(contacts=frozenset({("domain", "example.org")})),
        ),
        (
            "protected_contacts",
            samples.PROTECTED + "phone,07700 900123,legal\n",
            Touched(contacts=frozenset({("phone", "+447700900123")})),
        ),
    ],
)
def test_a_change_names_all_it_may_affect(
    store: ReferenceStore, conn: Connection, feed: str, text: str, touched: Touched
) -> None:
    load(store, conn, "incident_subjects", NAMED)
    load(store, conn, "identifiers", ALDER)
    load(store, conn, feed, text.split("\n")[0] + "\n", name="empty.csv")
    report = load(store, conn, feed, text, now=NOW + DAY, name="new.csv")
    assert report.touched == replace(touched, feeds=frozenset({feed}))


def test_the_first_register_touches_everybody_because_its_absence_told_something(
    store: ReferenceStore, conn: Connection
) -> None:
    entry = "R{},S1,2026-03-01T10:00:00Z,Example Herald,phone,2026-03-01T10:00:00Z\n"
    first = load(store, conn, "media_register", REGISTER + entry.format(1))
    assert first.touched == Touched(feeds=frozenset({"media_register"}), everything=True)
    second = load(store, conn, "media_register", REGISTER + entry.format(2), name="more.csv")
    assert not second.touched.everything


def test_a_change_too_large_to_list_touches_everything(
    store: ReferenceStore, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(touching, "MOST", 2)
    report = load(store, conn, "incident_subjects", NAMED + "INC3,vehicle,AA11AAA\n")
    assert report.touched == Touched(feeds=frozenset({"incident_subjects"}), everything=True)


def test_touched_parts_together_name_what_each_names() -> None:
    one = Touched(feeds=frozenset({"staff"}), staff=frozenset({"S1"}))
    other = Touched(feeds=frozenset({"incidents"}), everything=True)
    assert touching.together([one, Touched(staff=frozenset({"S2"}))]).staff == {"S1", "S2"}
    assert one | other == Touched(feeds=frozenset({"staff", "incidents"}), everything=True)
    assert not touching.together([])


def test_a_small_file_is_compared_with_its_own_rows_alone_and_a_large_one_with_all(
    store: ReferenceStore, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auditd.reference.versions.MOST_KEYS_ASKED", 3)
    text = samples.INCIDENTS + "".join(samples.incident(n) for n in range(10))
    assert load(store, conn, "incidents", text).accepted == 10
    few = samples.INCIDENTS + samples.incident(3) + samples.incident(4, "PSD")
    report = load(store, conn, "incidents", few, now=NOW + DAY)
    assert (report.unchanged, report.corrected) == (1, 1)
    again = load(store, conn, "incidents", text + samples.incident(10), now=NOW + 2 * DAY)
    assert (again.unchanged, again.corrected, again.accepted) == (9, 1, 2)
    assert store.snapshot(conn)["incidents"].height == 11
    assert isinstance(store.snapshot(conn)["incidents"], pl.DataFrame)


def test_values_with_quotes_backslashes_and_other_scripts_are_stored_as_they_are(database: Engine) -> None:
    store = ReferenceStore(database)
    written = "O\"Neil \\ 'Ünït' \U0001f693 :rows %s {} \x1b"
    text = (
        samples.STAFF
        + f'S1,"{written.replace(chr(34), chr(34) * 2)}",DC,detective,CID,Force,Exampleshire,2019-04-01\n'
    )
    with database.begin() as conn:
        load(store, conn, "staff", text)
        assert store.snapshot(conn)["staff"]["name"].to_list() == [written.strip()]
        assert ReferenceStore(database).snapshot(conn)["staff"]["name"].to_list() == [written.strip()]
        assert load(store, conn, "staff", text + "\n").accepted == 0
