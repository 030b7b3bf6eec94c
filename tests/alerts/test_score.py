"""The score adds up, says why, and does not look at who somebody is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.score import Scored, contributions, total
from alerts.weights import Weights

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
PLAIN = Weights()


def found(
    detector: str = "d", *, severity: int = 1, events: tuple[str, ...] = ("e1",), day: int = 0, **facts: Any
) -> Scored:
    return Scored(detector, NOON + timedelta(days=day), severity, events, facts)


def points(*findings: Scored, weights: Weights = PLAIN) -> dict[str, int]:
    return {part.reason: part.points for part in contributions(findings, weights)}


def look(at: str, explained: str | None = None) -> dict[str, Any]:
    return {"at": at, "subject_type": "vehicle", "subject_key": "AB12CDE", "explained_by": explained}


def test_an_alert_without_findings_scores_nothing() -> None:
    assert contributions([], PLAIN) == ()
    assert total(()) == 0


def test_the_gravest_finding_gives_its_severity() -> None:
    assert points(found(severity=1), found(severity=3, events=("e2",))) == {"severity": PLAIN.high}


def test_several_detectors_on_one_event_agree_and_on_different_events_do_not() -> None:
    assert points(found("a"), found("b"), found("c"))["agreement"] == 2 * PLAIN.agreement
    assert "agreement" not in points(found("a"), found("b", events=("e2",)))
    assert "agreement" not in points(found("a"), found("a"))


def test_agreement_has_an_end() -> None:
    assert points(*(found(name) for name in "abcdefgh"))["agreement"] == PLAIN.agreement_most


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"sensitive": True}, "sensitive"),
        ({"sensitive": "victim"}, "sensitive"),
        ({"others_looked": 0}, "rare"),
        ({"off": "leave"}, "off duty"),
        ({"duty": "rest"}, "off duty"),
        ({"days_looked": 3}, "repetition"),
        ({"day_unexplained": 3, "day_looked": 4}, "unexplained"),
        ({"certainty": "shared"}, "uncertain"),
    ],
)
def test_a_fact_gives_its_points_and_a_sentence(facts: dict[str, Any], reason: str) -> None:
    [part] = [one for one in contributions([found(**facts)], PLAIN) if one.reason == reason]
    assert part.points
    assert part.sentence.endswith(".")


@pytest.mark.parametrize(
    "facts",
    [{}, {"sensitive": None}, {"others_looked": 4}, {"duty": "duty"}, {"off": None}, {"days_looked": 1},
     {"duty": "on"}, {"day_unexplained": 1, "day_looked": 1}, {"day_unexplained": 2, "day_looked": None}, {"certainty": "certain"}, {"contact": "?", "look_ups": [{}]}, {"others_looked": "many"}],
)  # fmt: skip
def test_facts_that_are_absent_ordinary_or_strange_give_nothing(facts: dict[str, Any]) -> None:
    assert points(found(**facts)) == {"severity": PLAIN.low}


def test_the_same_subject_on_several_days_is_repetition() -> None:
    same = [
        found(events=(f"e{day}",), day=day, subject_type="person", subject_key="DOE/JO") for day in range(3)
    ]
    assert points(*same)["repetition"] == 2 * PLAIN.repetition


def test_many_subjects_on_one_day_are_breadth() -> None:
    many = [found(events=(f"e{n}",), subject_type="person", subject_key=f"DOE/{n}") for n in range(4)]
    assert points(*many)["breadth"] == 3 * PLAIN.breadth


def test_a_contact_weighs_more_the_sooner_it_follows_what_nothing_explains() -> None:
    def after(hours: int, explained: str | None = None) -> int:
        met = (NOON + timedelta(hours=hours)).isoformat()
        facts = {"contact": {"at": met}, "look_ups": [look(NOON.isoformat(), explained)]}
        return points(found(**facts)).get("contact", 0)

    assert after(0) == PLAIN.contact
    assert after(0) > after(6) > after(12) > after(24) == 0
    assert after(1, "incident 1234") == 0


def test_what_was_sent_out_or_passed_on_after_a_look_up_weighs_like_a_contact() -> None:
    sent = found(at=NOON.isoformat(), look_ups=[look(NOON.isoformat())])
    passed = found(at=NOON.isoformat(), passed_at=(NOON + timedelta(hours=12)).isoformat())
    assert points(sent)["contact"] == PLAIN.contact
    assert points(passed)["contact"] == PLAIN.contact / 2


def test_one_finding_of_somebody_certain_is_enough_to_know_whom_to_ask() -> None:
    assert "uncertain" not in points(found(certainty="shared"), found(certainty="certain"))


def test_what_is_taken_away_never_makes_a_score_negative() -> None:
    weights = Weights(low=0, uncertain=15)
    assert total(contributions([found(certainty="unknown")], weights)) == 0


facts = st.fixed_dictionaries(
    {},
    optional={
        "sensitive": st.booleans(),
        "others_looked": st.integers(0, 9),
        "off": st.sampled_from([None, "leave", "rest"]),
        "days_looked": st.integers(1, 20),
        "day_unexplained": st.integers(0, 5),
        "day_looked": st.integers(0, 9),
        "certainty": st.sampled_from(["certain", "shared", "unknown"]),
        "subject_key": st.sampled_from(["A", "B"]),
    },
)
findings = st.lists(
    st.builds(
        lambda name, severity, event, told: Scored(name, NOON, severity, (event,), told),
        st.sampled_from("abc"), st.integers(1, 4), st.sampled_from(["e1", "e2"]), facts,
    ), max_size=6,
)  # fmt: skip


@given(findings, st.randoms(use_true_random=False))
def test_the_score_is_the_sum_of_its_parts_in_whatever_order_findings_came(
    some: list[Scored], chance: Any
) -> None:
    parts = contributions(some, PLAIN)
    mixed = list(some)
    chance.shuffle(mixed)
    assert contributions(mixed, PLAIN) == parts
    assert total(parts) == max(0, sum(part.points for part in parts))


@given(findings, st.sampled_from(["chief constable", "constable", "staff"]))
def test_who_somebody_is_changes_no_point(some: list[Scored], rank: str) -> None:
    who = {
        "rank": rank,
        "role": rank,
        "unit": "U1",
        "staff_id": rank,
        "actor": f"account:{rank}",
        "name": rank,
    }
    told = [
        Scored(one.detector, one.timestamp, one.severity, one.event_ids, {**one.facts, **who}) for one in some
    ]
    assert contributions(told, PLAIN) == contributions(some, PLAIN)
