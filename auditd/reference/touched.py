"""What a change of reference data may affect, so that the engine judges that again and no more.

It may name too much, never too little: a verdict that depends on a changed row must be among what is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import polars as pl

from auditd.reference.linked import subjects_of_incidents
from detectors import registers, vulnerable
from detectors.duty import REACH
from detectors.explanations import shift_stop
from detectors.media import plain
from detectors.people import staff_subjects, vehicles_of
from detectors.reference import GATED

MOST: Final = 50_000
REGISTERS: Final = frozenset(feed.name for feed in registers.REGISTERS)
STAFF_COLUMNS: Final = ("staff_id", "owner_staff_id", "involved_staff_ids")

PAIR: Final = ("subject_type", "subject_key")

Pairs = frozenset[tuple[str, str]]
Frames = Mapping[str, pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Touched:
    """Subjects (type, key), identifiers and contacts (kind, value), people and incidents whose verdicts may differ now.

    refs: incidents as look-ups may claim them.

    moments: the times of entries of the media register that may be judged otherwise.
    feeds: those that changed. everything: more than is worth listing; the sets are empty then, `feeds` is not.
    since: nothing that happened before it is touched; None: anything may be.
    """

    feeds: frozenset[str] = frozenset()
    subjects: Pairs = frozenset()
    identifiers: Pairs = frozenset()
    contacts: Pairs = frozenset()
    staff: frozenset[str] = frozenset()
    moments: frozenset[datetime] = frozenset()
    refs: frozenset[str] = frozenset()
    everything: bool = False
    since: datetime | None = None

    def __bool__(self) -> bool:
        """Tell whether anything is touched at all."""
        named = self.subjects or self.identifiers or self.contacts or self.staff or self.moments or self.refs
        return bool(self.everything or named)

    def __or__(self, other: Touched) -> Touched:
        """Return what either names."""
        return _bounded(
            Touched(
                feeds=self.feeds | other.feeds,
                subjects=self.subjects | other.subjects,
                identifiers=self.identifiers | other.identifiers,
                contacts=self.contacts | other.contacts,
                staff=self.staff | other.staff,
                moments=self.moments | other.moments,
                refs=self.refs | other.refs,
                everything=self.everything or other.everything,
                since=_earlier(self, other),
            )
        )


NOTHING: Final = Touched()


def touched_by(
    feed: str, changed: pl.DataFrame, known: Callable[[], Frames], *, widely: bool = False
) -> Touched:
    """Return what versions that came or went (`changed`, rows of the feed) may affect.

    known: every feed as known now; asked only where rows have to be followed to other feeds. widely: patterns are approved,
    which lead over any work of colleagues.
    """
    feeds = frozenset({feed})
    since = _since(changed) if feed == "roster" else None
    if changed.height > MOST:
        return Touched(feeds=feeds, everything=True, since=since)
    if feed == "sensitive_subjects":
        named = known()["incident_subjects"]
        beside = named.join(named.join(changed, on=PAIR, how="semi"), on="incident_ref", how="semi")
        touched = Touched(feeds, subjects=_pairs(changed, *PAIR), contacts=_lines(_pairs(beside, *PAIR)))
    elif feed in {"incidents", "assignments", "incident_subjects"}:
        subjects = subjects_of_incidents(changed, known()["incident_subjects"])
        touched = Touched(
            feeds, subjects=subjects, contacts=_lines(subjects), refs=frozenset(changed["incident_ref"])
        )
    elif feed in {*GATED, "protected_contacts"}:
        touched = Touched(feeds, contacts=_pairs(changed, "kind", "value"))
    elif feed == "stories":
        touched = Touched(feeds, subjects=_subjects_told(changed["subjects"]))
    elif feed in {"staff", "media_register", "identifiers", "roster", *REGISTERS}:
        staff = _staff_in(changed, known) if feed in REGISTERS else frozenset(changed["staff_id"])
        theirs = _identifiers_of(staff, known()["identifiers"])
        own = _pairs(changed, "kind", "value") if feed == "identifiers" else frozenset()
        subjects = _subjects_of_staff(feed, changed, known, widely=widely)
        touched = Touched(feeds, subjects=subjects, identifiers=theirs | own, staff=staff, since=since)
    else:
        touched = Touched(feeds, everything=True)
    return _bounded(replace(touched, moments=_entries(feed, changed, known)))


def _entries(feed: str, changed: pl.DataFrame, known: Callable[[], Frames]) -> frozenset[datetime]:
    """Return the times of the entries of the media register whose verdict rests on the rows."""
    if feed == "media_register":
        return frozenset(changed["contact_at"])
    if feed not in {"staff", "identifiers", "media_contacts", "protected_contacts"}:
        return frozenset()
    entries = known()["media_register"]
    if feed in {"staff", "identifiers"}:
        entries = entries.join(changed, on="staff_id", how="semi")
    elif feed == "media_contacts":
        entries = entries.with_columns(plain("outlet")).join(
            changed.select(plain("outlet")), on="outlet", how="semi"
        )
    return frozenset(entries["contact_at"])


def together(parts: Iterable[Touched]) -> Touched:
    """Return what any of the parts names."""
    whole = NOTHING
    for part in parts:
        whole |= part
    return whole


def _bounded(touched: Touched) -> Touched:
    named = (
        touched.subjects, touched.identifiers, touched.contacts, touched.staff, touched.moments, touched.refs,
    )  # fmt: skip
    if touched.everything or sum(map(len, named)) > MOST:
        return Touched(feeds=touched.feeds, everything=True, since=touched.since)
    return touched


def _earlier(one: Touched, other: Touched) -> datetime | None:
    if not one or not other:
        return other.since if other else one.since
    return min(one.since, other.since) if one.since and other.since else None


def _since(roster: pl.DataFrame) -> datetime | None:
    """Return from when on rows of the roster tell: days before the first, which may make them days between shifts; on and on after it."""
    first = roster["from"].min()
    return first - REACH if isinstance(first, datetime) else None


def _subjects_of_staff(
    feed: str, changed: pl.DataFrame, known: Callable[[], Frames], *, widely: bool
) -> Pairs:
    """Return whose look-ups by others people's rows touch: those they stopped; they themselves and their vehicles."""
    if feed not in {"staff", "roster"}:
        return frozenset()
    frames = known()
    stops = frames["incidents"].filter(pl.col("kind").is_in(shift_stop.KINDS)).select("incident_ref")
    theirs = (
        frames["assignments"]
        .join(changed, on="staff_id", how="semi")
        .join(stops, on="incident_ref", how="semi")
    )
    subjects = frames["incident_subjects"].join(theirs, on="incident_ref", how="semi")
    if widely and feed == "staff":
        work = frames["assignments"].join(changed, on="staff_id", how="semi")
        wide = subjects_of_incidents(work, frames["incident_subjects"])
        return wide | _pairs(staff_subjects(changed), *PAIR) | _pairs(vehicles_of(changed), *PAIR)
    if feed == "roster":
        return _pairs(subjects, "subject_type", "subject_key")
    own = pl.concat((staff_subjects(changed), vehicles_of(changed)))
    # What names them, and whom it names beside them, may be a matter that they must not look at.
    matters = frames["incident_subjects"].join(own, on=["subject_type", "subject_key"], how="semi")
    named = subjects_of_incidents(matters, frames["incident_subjects"])
    return named | _pairs(pl.concat((subjects.select(own.columns), own)), "subject_type", "subject_key")


def _subjects_told(subjects: pl.Series) -> Pairs:
    """Return subjects written `type:key`."""
    told = (text.partition(":") for text in subjects.explode().drop_nulls().unique())
    return frozenset((kind, key) for kind, _, key in told)


def _staff_in(changed: pl.DataFrame, known: Callable[[], Frames]) -> frozenset[str]:
    """Return whom rows of a register name, and whom any register names beside the same companies."""
    frames = known()
    staff = _staff_named(changed)
    for register in REGISTERS:
        staff |= _staff_named(frames[register].filter(_same_company(changed)))
    return staff


def _staff_named(rows: pl.DataFrame) -> frozenset[str]:
    named = [rows[column].explode() for column in STAFF_COLUMNS if column in rows.columns]
    return frozenset(pl.concat(named).drop_nulls()) if named else frozenset()


def _same_company(rows: pl.DataFrame) -> pl.Expr:
    names = rows["counterparty"].drop_nulls().str.to_lowercase().unique()
    numbers = rows["company_number"].drop_nulls().unique()
    same = pl.col("counterparty").str.to_lowercase().is_in(names.implode())
    return (same | pl.col("company_number").is_in(numbers.implode())).fill_null(value=False)


def _identifiers_of(staff: frozenset[str], identifiers: pl.DataFrame) -> Pairs:
    """Return all that these people are known by: what one account explains may have been seen from another."""
    return _pairs(identifiers.filter(pl.col("staff_id").is_in(list(staff))), "kind", "value")


def _lines(subjects: Pairs) -> Pairs:
    """Return those of the subjects that one can be in contact with: numbers and addresses that cases name."""
    return frozenset(pair for pair in subjects if pair[0] in vulnerable.KINDS)


def _pairs(frame: pl.DataFrame, first: str, second: str) -> Pairs:
    return frozenset((one, other) for one, other in frame.select(first, second).unique().iter_rows())
