"""An identifier resolves to the one person who held it at that moment, or to nobody."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from history import NOON, at, holds
from hypothesis import given
from hypothesis import strategies as st

from detectors.identity import resolve
from detectors.reference import FEEDS, Reference

ASKED = {"user_id": pl.String(), "timestamp": pl.Datetime("us", "UTC")}


def known(identifiers):
    return Reference(frames={"identifiers": identifiers})


def who(*holdings, value="jdoe", time=NOON):
    identifiers = pl.DataFrame(list(holdings), schema=FEEDS["identifiers"].schema)
    events = pl.DataFrame([{"user_id": value, "timestamp": time}], schema=ASKED)
    found = resolve(events, known(identifiers), kind="account", value=pl.col("user_id"), time="timestamp")
    row = found.row(0, named=True)
    return row["staff_id"], row["certainty"], row["since"]


def test_one_holder_is_certain():
    assert who(holds("S1", "account", "jdoe")) == ("S1", "certain", None)


def test_the_start_of_the_hold_is_given():
    assert who(holds("S1", "account", "jdoe", at(days=-9))) == ("S1", "certain", at(days=-9))


def test_two_holders_at_once_are_nobody():
    assert who(holds("S1", "account", "jdoe"), holds("S2", "account", "jdoe")) == (None, "shared", None)


def test_the_same_person_twice_is_one_person():
    """Overlapping and touching validities of one person are one hold, since its beginning."""
    parts = (
        holds("S1", "account", "jdoe", at(days=-9), at(days=-1)),
        holds("S1", "account", "jdoe", at(days=-1)),
    )
    assert who(*parts) == ("S1", "certain", at(days=-9))


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (at(days=-1), "S1"),
        (at(seconds=-1), "S1"),
        (at(), "S2"),
        (at(days=-2, seconds=-1), None),
        (at(days=1), None),
    ],
)
def test_validity_is_half_open(time, expected):
    """A re-issued number is the old holder's until, and the new one's from, the moment of the change."""
    holders = (
        holds("S1", "account", "jdoe", at(days=-2), at()),
        holds("S2", "account", "jdoe", at(), at(days=1)),
    )
    assert who(*holders, time=time)[0] == expected


def test_an_unknown_value_and_a_null_are_nobody():
    known = holds("S1", "account", "jdoe")
    assert who(known, value="other") == (None, "unknown", None)
    assert who(known, value=None) == (None, "unknown", None)


def test_a_value_of_another_kind_is_nobody():
    assert who(holds("S1", "collar", "jdoe")) == (None, "unknown", None)


def test_a_hold_that_ends_before_it_begins_is_none():
    assert who(holds("S1", "account", "jdoe", at(days=1), at(days=-1))) == (None, "unknown", None)


def test_nothing_known_resolves_nobody():
    assert who() == (None, "unknown", None)


def test_rows_keep_their_order():
    identifiers = pl.DataFrame([holds("S1", "account", "b")], schema=FEEDS["identifiers"].schema)
    events = pl.DataFrame(
        [{"user_id": user, "timestamp": at(minutes=-minute)} for minute, user in enumerate("abcb")],
        schema=ASKED,
    )
    found = resolve(events, known(identifiers), kind="account", value=pl.col("user_id"), time="timestamp")
    assert found.select("user_id", "staff_id").rows() == [("a", None), ("b", "S1"), ("c", None), ("b", "S1")]


hours = st.integers(0, 8) | st.none()


@given(
    st.lists(st.tuples(st.sampled_from(["S1", "S2", "S3"]), st.sampled_from("ab"), hours, hours), max_size=8),
    st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.integers(-1, 9)), min_size=1, max_size=8),
)
def test_it_agrees_with_asking_each_row(holdings, asked):
    """The joins give what a loop over all validities gives."""
    epoch = datetime(2026, 1, 1, tzinfo=UTC)

    def moment(hour):
        return None if hour is None else epoch + timedelta(hours=hour)

    def holders(value, hour):
        return {
            staff
            for staff, held, since, until in holdings
            if held == value and (since is None or since <= hour) and (until is None or hour < until)
        }

    rows = [
        holds(staff, "account", value, moment(since), moment(until))
        for staff, value, since, until in holdings
    ]
    identifiers = pl.DataFrame(rows, schema=FEEDS["identifiers"].schema)
    events = pl.DataFrame([{"user_id": v, "timestamp": moment(h)} for v, h in asked], schema=ASKED)
    found = resolve(events, known(identifiers), kind="account", value=pl.col("user_id"), time="timestamp")
    expected = [holders(value, hour) for value, hour in asked]
    assert found["staff_id"].to_list() == [next(iter(who)) if len(who) == 1 else None for who in expected]
    words = {0: "unknown", 1: "certain"}
    assert found["certainty"].to_list() == [words.get(len(who), "shared") for who in expected]
