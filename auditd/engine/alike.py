"""Events whose identifier is nobody's and is written like one that changed: what is said of them may differ now.

It must never name too few: who is likely to have been meant depends on identifiers that the event does not name itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

import polars as pl

from auditd.archive.archive import Archive
from auditd.reference.touched import Touched
from detectors.identity import UNKNOWN, resolve, validities
from detectors.reference import FEEDS, Reference
from detectors.variants import variants
from parsers.event import Family
from parsers.force import Force
from parsers.subjects import canonical_collar, canonical_terminal


@dataclass(frozen=True, slots=True)
class _Place:
    """Where events of a family name one of ours: a column (or one of lists), and the kind of identifier in it."""

    family: Family
    kind: str
    column: pl.Expr


_PLACES: Final = (
    _Place("access", "account", pl.col("user_id")),
    _Place("access", "terminal", canonical_terminal(pl.col("source_address"))),
    _Place("access", "collar", canonical_collar(pl.col("pnc_originator_collar"))),
    _Place("email", "email", pl.col("email_from_address")),
    _Place("email", "email", pl.col("email_related_address")),
    _Place("email", "email", pl.col("email_to_address")),
    _Place("call", "extension", pl.col("call_numbers")),
)


def alike_times(
    archive: Archive, touched: Touched, known: Callable[[], Reference], force: Force
) -> Iterator[tuple[Family, pl.Series]]:
    """Yield the times of events that name an identifier of nobody that is written like a touched one.

    known: the identifiers as known now. What they say of those that are not touched, they said before the change too.
    """
    if "identifiers" not in touched.feeds:
        return
    reference = known()
    changed = pl.DataFrame(sorted(touched.identifiers), {"kind": pl.String, "value": pl.String}, orient="row")
    for place in _PLACES:
        # The account in an event may be the address of a touched mailbox.
        kinds = ["account", "email"] if place.kind == "account" else [place.kind]
        concerned = changed.filter(pl.col("kind").is_in(kinds))
        if concerned.is_empty():
            continue
        written = archive.collect_intact(place.family, None, None, partial(_values, place), streaming=True)
        odd = _alike(written.with_columns(kind=pl.lit(place.kind)), concerned, force)
        odd = odd.filter(~odd.is_in(_always_held(archive, place, reference).implode()))
        if not odd.is_empty():
            named = archive.collect_intact(place.family, None, None, partial(_naming, place, odd))
            people = resolve(named, reference, kind=place.kind, value=pl.col("value"), time="timestamp")
            yield place.family, people.filter(certainty=UNKNOWN)["timestamp"]


def _rows(place: _Place, events: pl.LazyFrame) -> pl.LazyFrame:
    rows = events.select("timestamp", place.column.alias("value"))
    is_list = isinstance(rows.collect_schema()["value"], pl.List)
    return rows.explode("value") if is_list else rows


def _values(place: _Place, events: pl.LazyFrame) -> pl.LazyFrame:
    return _rows(place, events).select("value").unique().drop_nulls()


def _naming(place: _Place, values: pl.Series, events: pl.LazyFrame) -> pl.LazyFrame:
    return _rows(place, events).filter(pl.col("value").is_in(values.implode()))


def _alike(written: pl.DataFrame, changed: pl.DataFrame, force: Force) -> pl.Series:
    """Return the written values that a changed identifier may have been meant by."""
    as_known = written.select(
        pl.col(name) if name in written.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in FEEDS["identifiers"].schema.items()
    )
    found = variants(changed, Reference({"identifiers": as_known}), force)["held_value"]
    mailboxes = changed.filter(kind="email")["value"]
    return pl.concat((found, written.filter(pl.col("value").is_in(mailboxes.implode()))["value"])).unique()


def _always_held(archive: Archive, place: _Place, reference: Reference) -> pl.Series:
    """Return the values that somebody held through all the time the archive covers: those are never nobody's."""
    segments = archive.segments(place.family)
    if not segments:
        return pl.Series([], dtype=pl.String)
    first, last = min(s.min_time for s in segments), max(s.max_time for s in segments)
    held = reference.once(validities).filter(pl.col("start") <= first, pl.col("end") > last, kind=place.kind)
    return held["value"].unique()
