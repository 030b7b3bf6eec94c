"""The invented force is the same for a seed, as large and long as asked, and says of everything what is true."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta

import pytest

from auditd.force.feeds import identifier_rows, staff_rows
from auditd.force.names import Public, mistyped
from auditd.force.people import CONTROL, COUNTER, RESPONSE, ROLES, make_people
from auditd.force.plan import INNOCENT, MISUSE
from auditd.force.records import Looked
from auditd.force.rota import Rota, london
from auditd.force.story import START, Story

DAYS = 10


@pytest.fixture(scope="module")
def story() -> Story:
    return Story(staff=120, days=DAYS, seed=11)


@pytest.fixture(scope="module")
def looked(story: Story) -> list[Looked]:
    return [one for told in story.tell() for one in told.looked]


def test_the_same_seed_tells_the_same_and_another_seed_something_else() -> None:
    def told(seed: int) -> list[object]:
        return list(Story(staff=30, days=8, seed=seed).tell())

    assert told(3) == told(3)
    assert told(3) != told(4)


def test_a_day_depends_on_the_seed_and_not_on_the_days_after_it() -> None:
    short, long = (list(Story(staff=30, days=days, seed=3).tell()) for days in (2, 4))
    assert [one.lookup.subject_key for one in short[0].looked] == [
        one.lookup.subject_key for one in long[0].looked
    ]


def test_everything_lies_in_its_utc_day_in_order(story: Story) -> None:
    for told in Story(staff=40, days=8, seed=2).tell():
        times = [one.lookup.at for one in told.looked]
        assert times == sorted(times)
        assert {at.date() for at in times} <= {told.day}
        assert {contact.at.date() for contact in told.contacts} <= {told.day}


def test_every_misuse_and_every_innocent_cause_is_planted(story: Story, looked: list[Looked]) -> None:
    kinds = {case.kind for case, _ in story.cases}
    assert kinds >= {scenario.__name__ for scenario in (*MISUSE, *INNOCENT)} - {"called_out", "overtime"}
    assert "press_office" in kinds
    causes = {one.truth.cause for one in looked}
    assert causes >= {
        "mistyped_reference", "late_record", "joint_case", "inherited_case", "verbal_request", "unfed_system",
        "demonstration", "named_otherwise", "mistyped_subject", "padding",
    }  # fmt: skip


def test_cases_grow_with_the_force() -> None:
    def count(staff: int) -> int:
        return len(Story(staff=staff, days=14, seed=1).cases)

    assert count(1_200) > 3 * count(300)


def test_below_a_week_there_are_no_cases() -> None:
    assert Story(staff=40, days=3, seed=1).cases == []


def test_three_or_four_innocent_look_ups_in_a_hundred_have_no_record(looked: list[Looked]) -> None:
    innocent = [one for one in looked if one.truth.truth == "innocent"]
    without = sum(not one.truth.explained_by for one in innocent)
    assert len(innocent) > 2_000
    assert 0.025 < without / len(innocent) < 0.045


def test_a_misused_subject_is_on_no_record(story: Story, looked: list[Looked]) -> None:
    fresh = Story(staff=120, days=DAYS, seed=11)
    named = {
        (row["subject_type"], row["subject_key"])
        for told in fresh.tell()
        for row in told.rows.get("incident_subjects", ())
    }
    unrecorded = [
        (one.lookup.subject_type, one.lookup.subject_key)
        for one in looked
        if one.truth.truth == "misuse" and not one.truth.explained_by
    ]
    assert unrecorded
    assert set(unrecorded) & named == set()


def test_a_look_up_that_is_said_to_have_a_record_has_that_record_in_the_feeds() -> None:
    story = Story(staff=60, days=8, seed=5)
    told = list(story.tell())
    rows = [day.rows for day in told] + [story.left_over()]
    incidents = {row["incident_ref"] for feeds in rows for row in feeds.get("incidents", ())}
    referred = {one.truth.incident_ref for day in told for one in day.looked if one.truth.explained_by}
    assert referred <= incidents


def test_nobody_looks_up_for_what_has_not_happened_yet() -> None:
    """Records may come late, what they record may not; a circulation or case is there before somebody goes by it."""
    story = Story(staff=120, days=4, seed=5)
    told = list(story.tell())
    rows = [
        row
        for feeds in (*(day.rows for day in told), story.left_over())
        for row in feeds.get("incidents", ())
    ]
    opened = {row["incident_ref"]: datetime.fromisoformat(row["opened_at"]) for row in rows}
    explained = [one for day in told for one in day.looked if one.truth.explained_by]
    early = [one for one in explained if one.lookup.at < opened[one.truth.incident_ref]]
    assert explained
    assert early == []


def test_a_look_up_of_an_assigned_case_lies_before_its_end_and_is_by_who_is_assigned() -> None:
    story = Story(staff=120, days=12, seed=5)
    told = list(story.tell())
    closed: dict[str, datetime] = {}
    assigned: dict[str, set[str]] = {}
    for feeds in (*(day.rows for day in told), story.left_over()):
        for row in feeds.get("incidents", ()):
            if row["closed_at"]:
                closed[row["incident_ref"]] = datetime.fromisoformat(row["closed_at"])
        for row in feeds.get("assignments", ()):
            assigned.setdefault(row["incident_ref"], set()).add(row["staff_id"])
    looked = [
        one
        for day in told
        for one in day.looked
        if one.truth.explained_by in ("assigned", "inherited_case") and one.truth.truth == "innocent"
    ]
    assert any(one.truth.incident_ref in closed for one in looked)
    for one in looked:
        end = closed.get(one.truth.incident_ref)
        assert end is None or one.lookup.at <= end + timedelta(hours=2)
        assert one.person.staff_id in assigned[one.truth.incident_ref]


def test_no_row_is_told_before_it_was_recorded() -> None:
    for told in Story(staff=40, days=8, seed=5).tell():
        after = datetime.combine(told.day, time(0), tzinfo=UTC) + timedelta(days=1)
        for feed in ("incidents", "assignments", "media_register"):
            assert all(datetime.fromisoformat(row["recorded_at"]) < after for row in told.rows.get(feed, ()))


def test_every_role_is_there_and_a_force_has_the_size_asked_for() -> None:
    people = make_people(1, 400)
    assert len(people.staff) == 400
    assert {person.role for person in people.staff} == set(ROLES)
    assert len({person.account for person in people.staff}) == 400


@pytest.mark.parametrize("size", [20, 60, 2_000])
def test_small_and_large_forces_have_response_and_control_room(size: int) -> None:
    people = make_people(1, size)
    assert len(people.staff) == size
    assert people.of(RESPONSE)
    assert people.of(CONTROL)


def test_who_leaves_is_followed_by_somebody_with_the_same_extension() -> None:
    people = make_people(1, 400, days=28)
    leavers = [person for person in people.staff if person.left]
    assert leavers
    for leaver in leavers:
        [follower] = [p for p in people.staff if p.extension == leaver.extension and p is not leaver]
        assert leaver.left is not None
        assert follower.hired == leaver.left + timedelta(days=3)


def test_an_identifier_ends_in_the_feed_only_when_its_holder_has_left() -> None:
    people = make_people(1, 400, days=28)
    leaver = next(person for person in people.staff if person.left)
    assert leaver.left is not None

    def ends(on: date) -> set[str]:
        return {
            row["valid_to"] for row in identifier_rows(people.staff, on) if row["staff_id"] == leaver.staff_id
        }

    assert ends(leaver.left - timedelta(days=1)) == {""}
    assert "" not in ends(leaver.left)


def test_who_moves_has_the_new_unit_from_that_day() -> None:
    people = make_people(1, 1_000, days=28)
    mover = next(person for person in people.staff if person.moved)
    assert mover.moved is not None
    day, unit = mover.moved

    def unit_on(on: date) -> str:
        [row] = [row for row in staff_rows(people.staff, on) if row["staff_id"] == mover.staff_id]
        return row["unit"]

    assert unit_on(day - timedelta(days=1)) == mover.unit
    assert unit_on(day) == unit


def test_front_counters_share_an_account() -> None:
    rows = identifier_rows(make_people(1, 600).staff)
    holders = Counter(row["value"] for row in rows if row["value"].startswith("counter"))
    assert max(holders.values()) > 1
    assert COUNTER.share > 0


def test_response_works_round_the_clock_and_offices_do_not() -> None:
    people, rota = make_people(1, 400), Rota(1)
    starts = Counter(
        shift.start.hour
        for day in range(10)
        for person in people.of(RESPONSE)
        if (shift := rota.shift(person, START + timedelta(days=day)))
    )
    assert set(starts) == {7, 14, 22}
    sunday = date(2026, 3, 8)
    assert not any(rota.shift(p, sunday) for p in people.staff if p.role.pattern == "office")


def test_the_roster_says_what_the_rota_does() -> None:
    people, rota = make_people(1, 400), Rota(1)
    states = Counter(
        row["state"]
        for person in people.staff
        for day in range(14)
        for row in rota.rows(person, START + timedelta(days=day))
    )
    assert set(states) == {"duty", "overtime", "on_call", "rest", "leave", "sick"}
    assert states["duty"] > states["rest"] > states["overtime"]


def test_shifts_follow_the_clocks_of_london_over_the_change_to_summer_time() -> None:
    winter, summer = date(2026, 3, 27), date(2026, 3, 30)
    assert london(winter, time(7)).hour == 7
    assert london(summer, time(7)).hour == 6


def test_nobody_of_the_public_is_like_another() -> None:
    public = Public(3)
    numbers = range(0, 400_000, 7)
    assert len({public.person(n) for n in numbers}) == len(numbers)
    assert len({public.vehicle(n) for n in numbers}) == len(numbers)


@pytest.mark.parametrize("key", ["ZA12BCD", "AAB", "NI000000123"])
def test_a_mistyped_key_is_another_one(key: str) -> None:
    assert all(mistyped(key, place) != key for place in range(12))
