"""Broken, doubled, renamed, half-written and misdated deliveries: good rows in, bad ones told, nothing stops."""

from datetime import timedelta

import feed_samples as samples
import pytest
from feed_samples import HOUR, INCIDENTS, NOW, load
from sqlalchemy import Engine

from auditd.reference.loads import latest_loads, report_again
from auditd.reference.reading import read_feed
from auditd.reference.store import FeedFile, LoadReport, ReferenceStore

SUBJECTS = "incident_ref,subject_type,subject_key"


@pytest.fixture
def store(database: Engine) -> ReferenceStore:
    return ReferenceStore(database)


def put(store: ReferenceStore, feed: str, text: str, name: str = "", **options: object) -> LoadReport:
    with store.engine.begin() as conn:
        return load(store, conn, feed, text, name=name or f"{feed}.csv", **options)


def known(store: ReferenceStore, feed: str, column: str, **options: object) -> list[str]:
    with store.engine.begin() as conn:
        return sorted(store.snapshot(conn, **options)[feed][column])  # type: ignore[arg-type]


def test_a_file_under_another_name_changes_nothing(store: ReferenceStore) -> None:
    text = INCIDENTS + samples.incident(1) + samples.incident(2)
    put(store, "incidents", text, "incidents-1.csv")
    report = put(store, "incidents", text, "copy of incidents-1.csv")
    assert (report.rows, report.accepted, report.unchanged, bool(report.touched)) == (2, 0, 2, False)


def test_a_row_that_stands_twice_is_one_fact(store: ReferenceStore) -> None:
    report = put(store, "incidents", INCIDENTS + samples.incident(1) * 3)
    assert (report.rows, report.accepted, report.unchanged, report.rejects.height) == (3, 1, 2, 0)


def test_of_a_file_with_one_broken_row_in_five_the_others_are_known_and_the_lines_are_kept(
    store: ReferenceStore,
) -> None:
    broken = "INC0,crime,yesterday,2026-03-01T10:05:00Z,Ashwick CID\n"
    lines = [broken if n % 5 == 0 else samples.incident(n) for n in range(100)]
    with store.engine.begin() as conn:
        data = (INCIDENTS + "".join(lines)).encode()
        reading = read_feed(data, "incidents")
        store.load(conn, reading, now=NOW, file=FeedFile("incidents.csv", "1", "", "cad"))
        [kept] = latest_loads(conn, "cad")
        rejects = report_again(conn, kept).rejects
    assert len(known(store, "incidents", "incident_ref")) == 80
    assert rejects.rows() == [(n + 2, "bad_time", "opened_at") for n in range(0, 100, 5)]


@pytest.mark.parametrize("cut", range(1, 20, 2))
def test_whatever_was_half_written_leaves_nothing_behind_once_the_file_is_whole(
    store: ReferenceStore, cut: int
) -> None:
    """`--once` takes a file as it is: its last row may be half a row that looks like a whole one."""
    whole = f"{SUBJECTS}\nINC1,vehicle,XY99ZZZ\nINC2,vehicle,AB12CDE\n"
    put(store, "incident_subjects", whole[: -1 - cut])
    put(store, "incident_subjects", whole, now=NOW + HOUR)
    assert known(store, "incident_subjects", "subject_key") == ["AB12CDE", "XY99ZZZ"]


def test_a_last_line_without_an_end_is_believed_as_long_as_the_file_says_so(store: ReferenceStore) -> None:
    whole = f"{SUBJECTS}\nINC1,vehicle,XY99ZZZ\nINC2,vehicle,AB12CDE"
    put(store, "incident_subjects", whole)
    put(store, "incident_subjects", whole + "\nINC3,vehicle,PQ34RST\n", now=NOW + HOUR)
    assert known(store, "incident_subjects", "subject_key") == ["AB12CDE", "PQ34RST", "XY99ZZZ"]


def test_half_a_row_stays_on_record_as_what_was_known_then(store: ReferenceStore) -> None:
    put(store, "incident_subjects", f"{SUBJECTS}\nINC2,vehicle,AB12")
    put(store, "incident_subjects", f"{SUBJECTS}\nINC2,vehicle,AB12CDE\n", now=NOW + HOUR)
    assert known(store, "incident_subjects", "subject_key", known_on=NOW) == ["AB12"]


def test_half_a_row_that_another_file_states_stays(store: ReferenceStore) -> None:
    put(store, "incident_subjects", f"{SUBJECTS}\nINC2,vehicle,AB12\n", "other.csv")
    put(store, "incident_subjects", f"{SUBJECTS}\nINC2,vehicle,AB12")
    put(store, "incident_subjects", f"{SUBJECTS}\nINC2,vehicle,AB12CDE\n", now=NOW + HOUR)
    assert known(store, "incident_subjects", "subject_key") == ["AB12", "AB12CDE"]


def at(moment: timedelta) -> str:
    stamp = (NOW + moment).isoformat()
    return f"INC1,crime,{stamp},{stamp},Ashwick CID\n"


@pytest.mark.parametrize("hours", [1, 2, 24, 8760])
def test_rows_written_down_in_the_future_are_kept_and_told(store: ReferenceStore, hours: int) -> None:
    text = INCIDENTS + samples.incident(7) + at(hours * HOUR)
    report = put(store, "incidents", text)
    assert (report.rejects.height, report.ahead.rows, report.ahead.seconds, report.ahead.line) == (
        0,
        1,
        hours * 3600,
        3,
    )
    [hint] = report.hints
    assert f"`recorded_at` in the future, up to {hours} h 0 min ahead (the first on line 3)" in hint
    assert "zone" in hint


@pytest.mark.parametrize("minutes", [-60, 0, 5, 15])
def test_a_clock_that_is_nearly_right_is_no_news(store: ReferenceStore, minutes: int) -> None:
    assert put(store, "incidents", INCIDENTS + at(timedelta(minutes=minutes))).hints == ()


def test_summer_time_read_as_utc_is_told(store: ReferenceStore) -> None:
    """The export writes local summer time, the zone says UTC: everything lies an hour ahead."""
    from zoneinfo import ZoneInfo

    now = NOW.replace(month=7)
    text = INCIDENTS + "INC1,crime,2026-07-03T12:58:00,2026-07-03T12:59:00,CID\n"
    assert put(store, "incidents", text, now=now, zone=ZoneInfo("UTC")).ahead.seconds == 59 * 60
    assert put(store, "incidents", text, now=now, zone=ZoneInfo("Europe/London")).ahead.rows == 0


def test_what_may_lie_in_the_future_is_not_asked(store: ReferenceStore) -> None:
    text = "staff_id,from,to,state\nS1,2026-12-24T07:00,2026-12-24T16:00,duty\n"
    assert put(store, "roster", text).hints == ()


def test_a_hint_is_told_again_after_a_restart(store: ReferenceStore) -> None:
    text = INCIDENTS + at(3 * HOUR)
    hints = put(store, "incidents", text).hints
    again = put(store, "incidents", text)
    assert (again.already, again.hints) == (True, hints)
