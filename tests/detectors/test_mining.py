"""Mining counts what unexplained look-ups have in common with records, and holds it against chance."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from explaining import at, colleague, holds, look_up, record, world
from history import Row, history

from detectors.accesses import look_ups
from detectors.bounds import Options
from detectors.explanations import explain
from detectors.mining import Proposal, excused, propose, weigh
from detectors.patterns import parse
from detectors.reference import Reference

SERGEANTS = 4
OFFICERS = 5
REVIEW = "crime:named.assigned.manager"


def force(*, curious: int = 0) -> tuple[Reference, list[Row]]:
    """Four teams; every sergeant reads a crime of each of their officers; `curious` look-ups have no record."""
    people, accounts, records, rows = [], [], [], []
    for team in range(SERGEANTS):
        sergeant = f"G{team}"
        people.append(colleague(sergeant, unit=f"Custody {team}", role="sergeant"))
        accounts.append(holds(sergeant, "account", sergeant.lower()))
        for place in range(OFFICERS):
            officer, mark = f"P{team}{place}", f"ZA{team}{place}AAA"
            people.append(colleague(officer, unit=f"Response {team}{place}", line_manager_id=sergeant))
            accounts.append(holds(officer, "account", officer.lower()))
            records.append(record(f"NM-{team}{place}", key=mark, staff_id=officer))
            rows.append(
                look_up(f"r{team}{place}", at(hours=place), user_id=sergeant.lower(), subject_key=mark)
            )
    rows += [look_up(f"c{n}", user_id=f"p{n % SERGEANTS}0", subject_key=f"QQ{n}QQQ") for n in range(curious)]
    return world(*records, staff=people, identifiers=accounts), rows


def left(known: Reference, rows: list[Row]) -> pl.DataFrame:
    return explain(look_ups(history(*rows)["access"], known), known, Options()).unexplained


def proposed(known: Reference, rows: list[Row], least: int = 10) -> dict[str, Proposal]:
    found = propose(left(known, rows), known, Options(), min_support=least)
    return {str(one.pattern): one for one in found}


def test_a_way_that_work_takes_is_proposed_with_what_it_takes_away() -> None:
    known, rows = force(curious=20)
    one = proposed(known, rows)[REVIEW]
    assert (one.support, one.people, one.share, one.by_chance) == (20, SERGEANTS, 0.5, 0.0)
    assert len(one.examples) == 5
    assert set(one.examples) <= {row["event_id"] for row in rows[:20]}


def test_what_is_proposed_takes_that_away_once_it_is_approved() -> None:
    known, rows = force(curious=3)
    unexplained = left(known, rows)
    assert weigh(unexplained, parse(REVIEW), known, Options()).support == 20
    assert excused(unexplained, parse(REVIEW), known, Options()) == {row["event_id"] for row in rows[:20]}


def test_too_few_are_no_pattern() -> None:
    known, rows = force()
    assert REVIEW not in proposed(known, rows, least=21)


def test_only_the_kinds_that_alone_have_enough_are_proposed() -> None:
    known, rows = force()
    more = record("W1", kind="intel", key="ZA99WWW", staff_id="P00")
    feeds = {feed: [*known[feed].to_dicts(), *more[feed]] for feed in more}
    wider = world(**feeds, staff=known["staff"].to_dicts(), identifiers=known["identifiers"].to_dicts())
    rows.append(look_up("w1", user_id="g0", subject_key="ZA99WWW"))
    assert [text for text in proposed(wider, rows) if text.endswith("assigned.manager")] == [REVIEW]


def test_what_would_excuse_anybody_is_not_proposed() -> None:
    """Everybody reads one famous record: a role explains them all, and would explain anybody of that role."""
    staff = [colleague(f"P{n}", unit=f"Response {n}") for n in range(30)]
    accounts = [holds(f"P{n}", "account", f"p{n}") for n in range(30)]
    known = world(record("FAMOUS", staff_id="S9"), staff=staff, identifiers=accounts)
    rows = [look_up(f"a{n}", user_id=f"p{n}") for n in range(30)]
    assert proposed(known, rows) == {}
    assert weigh(left(known, rows), parse("crime:named.role=response"), known, Options()).by_chance == 1.0


@pytest.mark.parametrize("rows", [[], [look_up("a1", user_id="ghost")]], ids=["none", "nobody known"])
def test_nothing_comes_of_nothing(rows: list[Any]) -> None:
    known, _ = force()
    assert proposed(known, rows, least=2) == {}
    assert weigh(left(known, rows), parse(REVIEW), known, Options()).support == 0
