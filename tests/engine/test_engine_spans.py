"""Stretches of time, held against sets of single moments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from auditd.engine.spans import merge, reach, spans_of, until, without
from detectors.detector import Span
from parsers.event import UTC_MICROSECONDS

START = datetime(2026, 3, 3, tzinfo=UTC)
TICK = timedelta(microseconds=1)

moments = st.integers(0, 40)
spans = st.builds(lambda start, length: span(start, start + length), moments, st.integers(-2, 12))
span_lists = st.lists(spans, max_size=8)


def span(start: int, end: int) -> Span:
    return Span(START + timedelta(hours=start), START + timedelta(hours=end))


def hours(found: list[Span]) -> set[int]:
    """The whole hours the spans cover."""
    first, last = START - timedelta(hours=60), START + timedelta(hours=120)
    return {
        hour
        for hour in range(-60, 120)
        if any(one.start <= START + timedelta(hours=hour) < one.end for one in found)
        and first <= START + timedelta(hours=hour) < last
    }


def assert_tidy(found: list[Span]) -> None:
    """In order, none empty, none touching the next."""
    assert all(one.start < one.end for one in found)
    assert all(one.end < other.start for one, other in pairwise(found))


@settings(deadline=None, max_examples=50)
@given(span_lists)
def test_merging_keeps_every_moment_and_adds_none(some: list[Span]) -> None:
    assert hours(merge(some)) == hours(some)
    assert_tidy(merge(some))


@settings(deadline=None, max_examples=50)
@given(span_lists, moments)
def test_until_keeps_what_lies_before_the_limit(some: list[Span], limit: int) -> None:
    found = until(some, START + timedelta(hours=limit))
    assert hours(found) == {hour for hour in hours(some) if hour < limit}
    assert_tidy(found)


@settings(deadline=None, max_examples=50)
@given(span_lists, spans)
def test_without_keeps_what_lies_outside(some: list[Span], done: Span) -> None:
    found = without(some, done)
    assert hours(found) == hours(some) - hours([done])
    assert_tidy(found)


@settings(deadline=None, max_examples=50)
@given(span_lists, st.integers(0, 5), st.integers(0, 5))
def test_reach_names_every_verdict_that_sees_a_moment_and_no_other(
    some: list[Span], before: int, after: int
) -> None:
    some = merge(some)
    found = reach(some, before=timedelta(hours=before), after=timedelta(hours=after))
    # A verdict at t sees t - before to t + after; spans are whole hours here.
    seen = {t for t in range(-40, 80) if hours(some) & set(range(t - before, t + after + 1))}
    assert hours(found) == seen


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 20 * 60 * 1_000_000), max_size=30))
def test_event_times_are_covered_exactly_at_both_ends(microseconds: list[int]) -> None:
    times = [START + timedelta(microseconds=value) for value in microseconds]
    found = spans_of(pl.Series("timestamp", times, dtype=UTC_MICROSECONDS))
    assert all(any(one.start <= time < one.end for one in found) for time in times)
    assert {one.start for one in found} <= set(times)
    assert {one.end - TICK for one in found} <= set(times)


def test_no_events_lie_nowhere() -> None:
    assert spans_of(pl.Series("timestamp", [], dtype=UTC_MICROSECONDS)) == []
