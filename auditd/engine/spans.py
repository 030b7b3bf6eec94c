"""Stretches of time: made from event times, merged, clipped, cut into pieces of bearable size. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from math import ceil
from typing import Final

import polars as pl

from detectors.detector import Span

_TICK: Final = timedelta(microseconds=1)
_SHORTEST: Final = timedelta(minutes=1)
_MOST: Final = 1_000


def spans_of(times: pl.Series) -> list[Span]:
    """Return short spans that cover the event times: exact at both ends, a minute long at most.

    Times spread over more than a day give spans of up to a thousandth of the stretch, so that their number stays small.
    """
    if times.is_empty():
        return []
    first, last = times.min(), times.max()
    length: timedelta = last - first  # type: ignore[assignment, operator]  # the ends of a column of times
    bucket = max(_SHORTEST, timedelta(seconds=ceil(length.total_seconds() / _MOST)))
    if length < bucket:
        return [Span(first, last + _TICK)]  # type: ignore[arg-type, operator]  # both are times
    rows = (
        times.alias("time")
        .to_frame()
        .group_by((pl.col("time").to_physical() // (bucket // _TICK)).alias("bucket"))
        .agg(pl.col("time").min().alias("first"), pl.col("time").max().alias("last"))
        .sort("bucket")
        .select("first", "last")
        .rows()
    )
    return [Span(first, last + _TICK) for first, last in rows]


def reach(spans: Iterable[Span], *, before: timedelta, after: timedelta) -> list[Span]:
    """Return the spans whose verdicts events in `spans` can change: a verdict at t sees [t - before, t + after]."""
    return merge(Span(span.start - after, span.end + before) for span in spans)


def merge(spans: Iterable[Span]) -> list[Span]:
    """Return the union as disjoint spans in order; empty ones vanish."""
    merged: list[Span] = []
    for span in sorted((s for s in spans if s.start < s.end), key=lambda s: s.start):
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged


def until(spans: Iterable[Span], limit: datetime) -> list[Span]:
    """Return the parts of the spans that lie before `limit`."""
    return merge(Span(span.start, min(span.end, limit)) for span in spans)


def without(spans: Iterable[Span], done: Span) -> list[Span]:
    """Return the parts of the spans that lie outside `done`."""
    left: list[Span] = []
    for span in spans:
        left.append(Span(span.start, min(span.end, done.start)))
        left.append(Span(max(span.start, done.end), span.end))
    return merge(left)
