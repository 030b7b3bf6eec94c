"""Correlations: counts, values, rules together and in order, by group and timespan; any cut of time finds the same."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from history import NOON, Plain, at, email, history, holds, look_up, reference, window
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from sigma_rules import compiled, correlation, judged, rule

from detectors.detector import Detector, Span
from detectors.sigma.reading import read_rules

LOOK = rule("s:\n  subject_type: vehicle\ncondition: s")
PERSON = rule("s:\n  subject_type: person\ncondition: s", number=2)
MAIL = rule("s:\n  event.action: email-sent\ncondition: s", category="email", number=3)
KNOWN = reference(identifiers=[holds("S1", "account", "jdoe"), holds("S2", "account", "asmith")])


def looks(*minutes: float, user: str = "jdoe", **columns: Any) -> list[dict[str, Any]]:
    return [look_up(f"{user}{minute}", at(minutes=minute), user_id=user, **columns) for minute in minutes]


def begins(detector: Detector, *rows: dict[str, Any]) -> list[float]:
    """Return when findings begin, minutes past noon."""
    found = judged(detector, *rows, known=KNOWN)
    return [(one - NOON).total_seconds() / 60 for one in found["timestamp"]]


class TestEventCount:
    """So many events of a group within the timespan."""

    RULE = compiled(LOOK, correlation("event_count", "rule_1"))

    def test_begins_with_the_event_that_makes_them_so_many(self) -> None:
        assert begins(self.RULE, *looks(0, 4, 8, 9)) == [8]

    def test_counts_both_ends_of_the_timespan(self) -> None:
        assert begins(self.RULE, *looks(0, 5, 10)) == [10]
        assert begins(self.RULE, *looks(0, 5, 10.1)) == []

    def test_goes_on_as_one_while_it_lasts_and_begins_anew_after_a_lull(self) -> None:
        assert begins(self.RULE, *looks(0, 1, 2, 3, 4, 30, 31, 32)) == [2, 32]

    def test_counts_each_group_by_itself(self) -> None:
        assert begins(self.RULE, *looks(0, 1), *looks(0, 1, user="asmith")) == []
        assert begins(self.RULE, *looks(0, 1, 2), *looks(0, 1, 2.5, user="asmith")) == [2, 2.5]

    def test_leaves_out_what_has_no_group(self) -> None:
        assert begins(self.RULE, *(look_up(f"x{n}", at(minutes=n), user_id=None) for n in range(4))) == []

    def test_events_of_one_moment_count_together(self) -> None:
        assert begins(self.RULE, *(look_up(f"x{n}", at()) for n in range(3))) == [0]

    def test_says_who_how_many_and_shows_them(self) -> None:
        [found] = judged(self.RULE, *looks(0, 4, 8), known=KNOWN).to_dicts()
        assert (found["staff_id"], found["event_ids"]) == ("S1", ["jdoe0", "jdoe4", "jdoe8"])
        facts = json.loads(found["facts"])
        [said] = self.RULE.describe(facts, Plain())
        assert "3 events matched the rule 'Together', by user.id jdoe" in said

    def test_is_about_the_group_where_several_people_acted(self) -> None:
        by_subject = compiled(
            LOOK, correlation("event_count", "rule_1", "group-by: subject_key\ncondition: {gte: 3}")
        )
        [found] = judged(by_subject, *looks(0, 1), *looks(2, user="asmith"), known=KNOWN).to_dicts()
        assert (found["staff_id"], found["actor"]) == (None, "subject:subject_key:AB12CDE")
        assert self.RULE.describe(json.loads(found["facts"]), Plain())

    def test_gt_and_eq(self) -> None:
        more = compiled(LOOK, correlation("event_count", "rule_1", "condition: {gt: 3}"))
        exactly = compiled(LOOK, correlation("event_count", "rule_1", "condition: {eq: 2}"))
        assert begins(more, *looks(0, 1, 2, 3)) == [3]
        assert begins(exactly, *looks(0, 1, 2)) == [1]


def test_value_count_counts_different_values() -> None:
    counting = compiled(LOOK, correlation("value_count", "rule_1", "condition: {gte: 3, field: subject_key}"))
    assert begins(counting, *looks(0, 1, 2, 3)) == []
    rows = [look_up(f"v{n}", at(minutes=n), subject_key=f"AB1{n}CDE") for n in range(4)]
    assert begins(counting, *rows) == [2]
    assert begins(counting, *(row | {"subject_key": None} for row in rows)) == []


def test_value_count_counts_each_recipient() -> None:
    more = "group-by: email.from.address\ncondition: {gte: 3, field: email.to.address}"
    counting = compiled(MAIL, correlation("value_count", "rule_3", more))
    assert begins(counting, email("a", email_to_address=["a@x.example", "b@x.example", "c@x.example"])) == [0]


def test_a_group_of_several_values_is_as_many_groups() -> None:
    more = "group-by: email.to.address\ncondition: {gte: 2}"
    by_recipient = compiled(MAIL, correlation("event_count", "rule_3", more))
    rows = [
        email("a", email_to_address=["a@x.example", "b@x.example"]),
        email("b", at(minutes=1), email_to_address=["b@x.example"]),
    ]
    [found] = judged(by_recipient, *rows).to_dicts()
    assert "b@x.example" in found["key"]


class TestTemporal:
    """Several rules within the timespan, whatever their order."""

    RULE = compiled(LOOK, PERSON, correlation("temporal", "[rule_1, rule_2]", ""))

    def test_begins_when_the_last_of_them_has_come(self) -> None:
        one, two = looks(3), looks(0, subject_type="person")
        assert begins(self.RULE, *one, *two) == [3]
        assert begins(self.RULE, *one) == []
        assert begins(self.RULE, *looks(0), *looks(12, subject_type="person")) == []

    def test_a_number_of_them_can_be_enough(self) -> None:
        one_of = compiled(LOOK, PERSON, correlation("temporal", "[rule_1, rule_2]", "condition: {gte: 1}"))
        assert begins(one_of, *looks(3)) == [3]

    @pytest.mark.parametrize(
        ("condition", "expected"),
        [("rule_1 and rule_2", [3]), ("rule_1 or rule_2", [0]), ("rule_2 and not rule_1", [0])],
    )
    def test_a_condition_in_words(self, condition: str, expected: list[float]) -> None:
        words = compiled(LOOK, PERSON, correlation("temporal", "[rule_1, rule_2]", f"condition: {condition}"))
        assert begins(words, *looks(3), *looks(0, subject_type="person")) == expected

    def test_aliases_bring_families_together(self) -> None:
        more = "group-by: who\naliases: {who: {rule_1: user.id, rule_3: email.from.address}}"
        both = compiled(LOOK, MAIL, correlation("temporal", "[rule_1, rule_3]", more))
        assert begins(both, *looks(0, user="jane@force.example"), email("m", at(minutes=5))) == [5]
        assert both.reads == ("access", "email")


class TestOrdered:
    """Several rules within the timespan, each after the one before."""

    RULE = compiled(LOOK, PERSON, correlation("temporal_ordered", "[rule_1, rule_2]", ""))

    def test_begins_with_the_last_of_them(self) -> None:
        [found] = judged(self.RULE, *looks(0), *looks(4, subject_type="person"), known=KNOWN).to_dicts()
        assert found["timestamp"] == at(minutes=4)
        assert found["event_ids"] == ["jdoe0", "jdoe4"]

    def test_is_not_found_the_other_way_round_nor_too_late_nor_at_one_moment(self) -> None:
        assert begins(self.RULE, *looks(4), *looks(0, subject_type="person")) == []
        assert begins(self.RULE, *looks(0), *looks(10.1, subject_type="person")) == []
        together = [look_up("a", at()), look_up("b", at(), subject_type="person")]
        assert begins(self.RULE, *together) == []

    def test_takes_the_latest_chain(self) -> None:
        three = compiled(LOOK, PERSON, correlation("temporal_ordered", "[rule_1, rule_2, rule_1]", ""))
        rows = [*looks(0), *looks(2, subject_type="person"), *looks(6, 14)]
        assert begins(three, *rows) == [6]
        assert begins(three, *looks(0, 7, 13), *looks(9, subject_type="person")) == [13]


def test_a_rule_that_is_referred_to_is_run_by_itself_only_where_that_is_said() -> None:
    plain = correlation("event_count", "rule_1")
    assert len(read_rules({"r.yml": LOOK + "---\n" + plain}).detectors) == 1
    generating = plain.replace("  type:", "  generate: true\n  type:")
    assert len(read_rules({"r.yml": LOOK + "---\n" + generating}).detectors) == 2


EVERY = [
    compiled(LOOK, correlation("event_count", "rule_1")),
    compiled(LOOK, correlation("event_count", "rule_1", "group-by: subject_key\ncondition: {eq: 2}")),
    compiled(LOOK, correlation("value_count", "rule_1", "condition: {gte: 2, field: subject_key}")),
    compiled(LOOK, PERSON, correlation("temporal", "[rule_1, rule_2]", "")),
    compiled(LOOK, PERSON, correlation("temporal", "[rule_1, rule_2]", "condition: rule_2 and not rule_1")),
    compiled(LOOK, PERSON, correlation("temporal_ordered", "[rule_1, rule_2]", "")),
    compiled(LOOK, PERSON, correlation("temporal_ordered", "[rule_1, rule_2, rule_1]", "")),
    compiled(LOOK),
]
EVENTS = st.lists(
    st.tuples(
        st.integers(0, 30), st.sampled_from(["jdoe", "asmith", None]), st.sampled_from(["vehicle", "person"]),
        st.sampled_from(["AB12CDE", "ZZ99ZZZ"]),
    ),
    max_size=40,
)  # fmt: skip


@given(drawn=EVENTS, cuts=st.lists(st.integers(0, 60), min_size=2, max_size=6), backwards=st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_split_of_a_span_gives_the_same_findings(
    drawn: list[Any], cuts: list[int], backwards: bool
) -> None:
    rows = [
        look_up(f"{n:02}", at(minutes=2.5 * tick), user_id=user, subject_type=kind, subject_key=key)
        for n, (tick, user, kind, key) in enumerate(drawn)
    ]
    events = history(*(reversed(rows) if backwards else rows))
    edges = [at(minutes=-1), *sorted({at(minutes=1.25 * cut) for cut in cuts}), at(minutes=200)]
    for detector in EVERY:

        def find(frames: Any, span: Span, detector: Detector = detector) -> pl.DataFrame:
            return detector.judge(window(detector, frames, KNOWN, span))

        whole = find(history(*rows), Span(edges[0], edges[-1]))
        parts = pl.concat([find(events, Span(start, end)) for start, end in pairwise(edges)])
        assert_frame_equal(parts.sort("timestamp", "key"), whole.sort("timestamp", "key"))
        assert whole["key"].is_unique().all()
        for facts in whole["facts"]:
            assert all(detector.describe(json.loads(facts), Plain()))


def test_the_reach_is_twice_the_timespan() -> None:
    assert EVERY[0].before == timedelta(minutes=20)
    assert EVERY[-1].before == timedelta(0)
