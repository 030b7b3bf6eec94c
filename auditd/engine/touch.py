"""From changed reference data to the events whose verdicts it may change.

A late incident, a re-issued number or a newly listed journalist touches some events of the past; their times are the
spans to judge again. It may name too many, never too few.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

import polars as pl

from auditd.archive.archive import Archive
from auditd.engine.alike import alike_times
from auditd.engine.claimed import claimed_times
from auditd.engine.spans import merge, reach, spans_of
from auditd.reference.touched import Touched
from detectors.detector import Detector, Span
from detectors.reference import Reference
from parsers.event import FAMILIES, Family
from parsers.force import Force
from parsers.numbers import canonical_number
from parsers.subjects import canonical_collar, canonical_terminal

_TICK: Final = timedelta(microseconds=1)
_ALWAYS: Final = Span(datetime(1970, 1, 1, tzinfo=UTC), datetime(2970, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Touches:
    """The spans of events that a change of reference data touches, the feeds that changed, and touched entries of registers."""

    feeds: frozenset[str]
    spans_by_family: Mapping[Family, Sequence[Span]]
    entries: Sequence[Span] = ()

    def spans(self, detector: Detector) -> list[Span]:
        """Return what the detector must judge again; [] when it does not read the feeds that changed."""
        if not self.feeds.intersection(detector.feeds):
            return []
        touched = [span for family in detector.reads for span in self.spans_by_family.get(family, ())]
        around = reach(touched, before=detector.recalls, after=detector.after)
        # An entry is judged at its own time, whatever events there are.
        return merge((*around, *self.entries)) if detector.judges_entries else around


def find_touched(
    archive: Archive,
    touched: Touched,
    known: Callable[[], Reference],
    force: Force,
    judged: Collection[Family] = FAMILIES,
) -> Touches:
    """Return where in the archive the events lie that the change touches. known: the identifiers as known now.

    judged: the families that any detector reads: to look through others costs, for nobody.
    """
    feeds = touched.feeds
    if touched.everything:
        whole = {family: _whole(archive, family, touched.since) for family in FAMILIES}
        return Touches(feeds, whole, (_ALWAYS,))
    kinds = _by_kind(touched, force)
    filters: dict[Family, pl.Expr | None] = {
        "access": _access(touched, kinds),
        "email": _email(kinds),
        "call": _call(kinds),
        "web": _web(kinds) if "web" in judged else None,
    }
    spans: dict[Family, list[Span]] = {family: [] for family in FAMILIES}
    for family, chosen in filters.items():
        if chosen is not None:
            times = archive.collect_intact(family, touched.since, None, partial(_times, chosen))
            spans[family] += spans_of(times["timestamp"])
    for family, alike in alike_times(archive, touched, known, force):
        spans[family] += spans_of(alike)
    if touched.refs:
        spans["access"] += spans_of(claimed_times(archive, touched.refs))
    return Touches(feeds, spans, [Span(moment, moment + _TICK) for moment in touched.moments])


def _times(chosen: pl.Expr, events: pl.LazyFrame) -> pl.LazyFrame:
    return events.filter(chosen).select("timestamp")


def _whole(archive: Archive, family: Family, since: datetime | None) -> list[Span]:
    segments = archive.segments(family)
    if not segments:
        return []
    first = segments[0].min_time if since is None else max(since, segments[0].min_time)
    last = max(segment.max_time for segment in segments) + timedelta(microseconds=1)
    return [Span(first, last)] if first < last else []


def _by_kind(touched: Touched, force: Force) -> dict[str, list[str]]:
    kinds: dict[str, list[str]] = {}
    for kind, value in touched.identifiers | touched.contacts:
        kinds.setdefault(kind, []).append(value)
    if phones := kinds.get("phone"):  # as cases name them, numbers are not read any further
        kinds["phone"] = canonical_number(pl.Series(phones), force).drop_nulls().to_list()
    return kinds


def _any(parts: Sequence[pl.Expr]) -> pl.Expr | None:
    return pl.any_horizontal(parts) if parts else None


def _access(touched: Touched, kinds: Mapping[str, list[str]]) -> pl.Expr | None:
    parts = []
    subjects: dict[str, list[str]] = {}
    for subject_type, key in touched.subjects:
        subjects.setdefault(subject_type, []).append(key)
    for subject_type, keys in subjects.items():
        parts.append((pl.col("subject_type") == subject_type) & pl.col("subject_key").is_in(keys))
    if accounts := kinds.get("account"):
        parts.append(pl.col("user_id").is_in(accounts))
    if collars := kinds.get("collar"):
        parts.append(canonical_collar(pl.col("pnc_originator_collar")).is_in(collars))
    if terminals := kinds.get("terminal"):
        parts.append(canonical_terminal(pl.col("source_address")).is_in(terminals))
    return _any(parts)


def _email(kinds: Mapping[str, list[str]]) -> pl.Expr | None:
    parts = []
    recipient = pl.element()
    if emails := kinds.get("email"):
        parts += [pl.col(party).is_in(emails) for party in ("email_from_address", "email_related_address")]
        parts.append(pl.col("email_to_address").list.eval(recipient.is_in(emails)).list.any())
    for domain in kinds.get("domain", ()):
        ends = [f"@{domain}", f".{domain}"]
        parts += [pl.col("email_from_address").str.ends_with(end) for end in ends]
        parts += [
            pl.col("email_to_address").list.eval(recipient.str.ends_with(end)).list.any() for end in ends
        ]
    return _any(parts)


def _call(kinds: Mapping[str, list[str]]) -> pl.Expr | None:
    numbers = [*kinds.get("phone", ()), *kinds.get("extension", ())]
    parts = []
    if numbers:
        parts.append(pl.col("call_numbers").list.eval(pl.element().is_in(numbers)).list.any())
    if accounts := kinds.get("account"):
        parts += [pl.col("call_from_user").is_in(accounts), pl.col("call_to_user").is_in(accounts)]
    return _any(parts)


def _web(kinds: Mapping[str, list[str]]) -> pl.Expr | None:
    parts = []
    # Proxies know people by account or by address, whichever they log in with.
    if names := [*kinds.get("account", ()), *kinds.get("email", ())]:
        parts.append(pl.col("user_id").is_in(names))
    if terminals := kinds.get("terminal"):
        parts.append(canonical_terminal(pl.col("source_address")).is_in(terminals))
    for domain in kinds.get("domain", ()):
        site = pl.col("url_domain")
        parts.append((site == domain) | site.str.ends_with(f".{domain}"))
    return _any(parts)
