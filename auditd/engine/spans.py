"""Stretches of time: made from event times, merged, clipped, cut into pieces of bearable size. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import polars as pl

from detectors.detector import Span

_TICK = timedelta(microseconds=1)


def spans_of(times: pl.Series) -> list[Span]:
    """Return short spans that cover the event times: one per minute that has any, exact at both ends."""
    if times.is_empty():
        return []
    rows = (
        times.alias("time")
        .to_frame()
        .group_by(pl.col("time").dt.truncate("1m").alias("minute"))
        .agg(pl.col("time").min().alias("first"), pl.col("time").max().alias("last"))
        .sort("minute")
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
