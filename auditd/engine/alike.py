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
from parsers.event import SCHEMA, Family
from parsers.force import Force
from parsers.subjects import canonical_collar, canonical_terminal


def _as_it_is(value: pl.Expr) -> pl.Expr:
    return value


@dataclass(frozen=True, slots=True)
class _Place:
    """Where events of a family name one of ours: a column (or one of lists), and the kind of identifier in it."""

    family: Family
    column: str
    kind: str
    canonical: Callable[[pl.Expr], pl.Expr] = _as_it_is


_PLACES: Final = (
    _Place("access", "user_id", "account"),
    _Place("access", "source_address", "terminal", canonical_terminal),
    _Place("access", "pnc_originator_collar", "collar", canonical_collar),
    _Place("email", "email_from_address", "email"),
    _Place("email", "email_related_address", "email"),
    _Place("email", "email_to_address", "email"),
    _Place("call", "call_numbers", "extension"),
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
        # An account may be written as the address of a mailbox.
        kinds = ["account", "email"] if place.kind == "account" else [place.kind]
        concerned = changed.filter(pl.col("kind").is_in(kinds))
        if not concerned.is_empty():
            yield place.family, _times(archive, place, concerned, reference, force)


def _times(
    archive: Archive, place: _Place, changed: pl.DataFrame, reference: Reference, force: Force
) -> pl.Series:
    """Return the times at which the place names, as nobody's, something that is written like what changed."""
    everything = archive.collect_intact(place.family, None, None, partial(_written, place), streaming=True)
    # Few values, many events: only the values are made canonical. Each portion of the archive tells its own.
    written = everything.drop_nulls().unique().with_columns(place.canonical(pl.col("written")).alias("value"))
    alike = pl.concat((_alike(written, place.kind, changed, force), _addresses(written, changed)))
    doubtful = written.filter(
        pl.col("value").is_in(alike.implode()),
        ~pl.col("value").is_in(_always_held(archive, place, reference).implode()),
    )
    if doubtful.is_empty():
        return pl.Series([], dtype=pl.Datetime("us", "UTC"))
    naming = archive.collect_intact(place.family, None, None, partial(_naming, place, doubtful["written"]))
    named = naming.join(doubtful, on="written")
    people = resolve(named, reference, kind=place.kind, value=pl.col("value"), time="timestamp")
    return people.filter(certainty=UNKNOWN)["timestamp"]


def _rows(place: _Place, events: pl.LazyFrame) -> pl.LazyFrame:
    rows = events.select("timestamp", pl.col(place.column).alias("written"))
    return rows.explode("written") if isinstance(SCHEMA[place.family][place.column], pl.List) else rows


def _written(place: _Place, events: pl.LazyFrame) -> pl.LazyFrame:
    return _rows(place, events).select("written").unique()


def _naming(place: _Place, values: pl.Series, events: pl.LazyFrame) -> pl.LazyFrame:
    return _rows(place, events).filter(pl.col("written").is_in(values.implode()))


def _alike(written: pl.DataFrame, kind: str, changed: pl.DataFrame, force: Force) -> pl.Series:
    """Return the values that what changed may have been meant by: being a variant goes both ways."""
    as_feed = written.select("value", pl.lit(kind).alias("kind"))
    as_known = pl.concat((FEEDS["identifiers"].schema.to_frame(), as_feed), how="diagonal")
    return variants(changed, Reference({"identifiers": as_known}), force)["held_value"]


def _addresses(written: pl.DataFrame, changed: pl.DataFrame) -> pl.Series:
    return written["value"].filter(written["value"].is_in(changed.filter(kind="email")["value"].implode()))


def _always_held(archive: Archive, place: _Place, reference: Reference) -> pl.Series:
    """Return the values that somebody held through all the time the archive covers: those are never nobody's."""
    segments = archive.segments(place.family)
    if not segments:
        return pl.Series([], dtype=pl.String)
    first, last = min(s.min_time for s in segments), max(s.max_time for s in segments)
    held = reference.once(validities).filter(pl.col("start") <= first, pl.col("end") > last, kind=place.kind)
    return held["value"]
