"""The look-ups of a stretch that nothing explains, read day by day. It must never hold more than a day of events at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import polars as pl

from auditd.archive.archive import Archive
from detectors.accesses import ACCESS_SCHEMA, look_ups
from detectors.bounds import Options
from detectors.detector import Span
from detectors.explanations import explain
from detectors.reference import Reference

_DAY = timedelta(days=1)


def unexplained(archive: Archive, span: Span, reference: Reference, options: Options) -> pl.DataFrame:
    """Return the look-ups (ACCESS_SCHEMA, `row` anew) of a span that no template explains, in order of time."""
    parts = [ACCESS_SCHEMA.to_frame()]
    for day in _days(span):
        since = day.start - options.reach
        events = archive.collect_intact("access", since, day.end, lambda all_: all_)
        left = explain(look_ups(events.lazy(), reference), reference, options).unexplained
        parts.append(left.filter(pl.col("timestamp") >= day.start))
    return (
        pl.concat(parts)
        .sort("timestamp", "event_id")
        .drop("row")
        .with_row_index("row")
        .select(ACCESS_SCHEMA.names())
    )


def look_ups_among(archive: Archive, event_ids: frozenset[str], reference: Reference) -> pl.DataFrame:
    """Return the look-ups (ACCESS_SCHEMA) among events, by id."""
    events = archive.collect_intact(
        "access", None, None, lambda all_: all_.filter(pl.col("event_id").is_in(list(event_ids)))
    )
    return look_ups(events.lazy(), reference)


def _days(span: Span) -> Iterator[Span]:
    start = span.start
    while start < span.end:
        end = min(start + _DAY, span.end)
        yield Span(start, end)
        start = end
