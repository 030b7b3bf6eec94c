"""Who an identifier was at a time, as one question: every kind it may be, every holder there was, how sure it is.

It must never answer otherwise than findings do: both ask `resolve` and `identity`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import polars as pl

from auditd.reference.values import canonical_values
from detectors.confidence import NOBODY, Asked, identity
from detectors.identity import CERTAIN, FIRST, KEY, LAST, resolve, unbroken, validities
from detectors.reference import IDENTIFIER_KINDS, Reference
from parsers.event import TEXT, UTC_MICROSECONDS
from parsers.force import Force


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a value as typed, at a time; kind None: any it may be. terminal, collar: what a record names beside it."""

    value: str
    at: datetime
    kind: str | None = None
    terminal: str | None = None
    collar: str | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """An identifier that is one person's in [valid_from, valid_to), None meaning open. Overlapping rows are one hold."""

    staff_id: str
    kind: str
    value: str
    valid_from: datetime | None
    valid_to: datetime | None

    def at(self, moment: datetime) -> bool:
        """Tell whether it was theirs at that moment."""
        begun = self.valid_from is None or self.valid_from <= moment
        return begun and (self.valid_to is None or moment < self.valid_to)


@dataclass(frozen=True, slots=True)
class Reading:
    """The value read as one kind of identifier, canonical.

    confidence: certain, likely, shared or unknown. staff_id: the person where certain or likely. reasons: why, where it is not
    certain (detectors.confidence.REASON_DTYPE). holders: everybody who ever held it, in time order. also: what else those
    who held it then, and who is likely, held then.
    """

    kind: str
    value: str
    confidence: str
    staff_id: str | None
    reasons: Sequence[Mapping[str, Any]]
    holders: Sequence[Hold]
    also: Mapping[str, Sequence[Hold]]

    @property
    def says_something(self) -> bool:
        """Whether anybody ever held it, or it leads to anybody."""
        return bool(self.holders) or any(reason["why"] != NOBODY for reason in self.reasons)

    @property
    def people(self) -> set[str]:
        """Everybody named in it."""
        return {hold.staff_id for hold in self.holders} | ({self.staff_id} if self.staff_id else set())


_ASKED: Final = {"kind": TEXT, "value": TEXT, "terminal": TEXT, "collar": TEXT, "timestamp": UTC_MICROSECONDS}


def who(question: Question, reference: Reference, force: Force) -> list[Reading]:
    """Return the value read as each kind of identifier that it can be written for, the kinds in alphabetical order."""
    kinds = [question.kind] if question.kind else list(IDENTIFIER_KINDS)
    read = _canonical([(kind, question.value) for kind in kinds], force)
    [terminal, collar] = _canonical([("terminal", question.terminal), ("collar", question.collar)], force)
    asked = pl.DataFrame(
        [
            {"kind": kind, "value": value, "terminal": terminal, "collar": collar, "timestamp": question.at}
            for kind, value in zip(kinds, read, strict=True)
            if value
        ],
        _ASKED,
    )
    kind, value = pl.col("kind"), pl.col("value")
    people = resolve(asked, reference, kind=kind, value=value, time="timestamp")
    beside = Asked(kind, value, terminal=pl.col("terminal"), collar=pl.col("collar"))
    told = people.with_columns(identity(people, reference, force, beside))
    return [_reading(row, question.at, reference) for row in told.iter_rows(named=True)]


def _canonical(values: Sequence[tuple[str, str | None]], force: Force) -> list[str | None]:
    """Return values as the feed of identifiers would have them; None where they cannot be of that kind."""
    trimmed = [(kind, (value or "").strip() or None) for kind, value in values]
    frame = pl.DataFrame(trimmed, {"kind": TEXT, "value": TEXT}, orient="row")
    return canonical_values(frame, "identifiers", force)["value"].to_list()


def _reading(row: Mapping[str, Any], at: datetime, reference: Reference) -> Reading:
    told = row["identity"] or {"confidence": CERTAIN, "staff_id": row["staff_id"], "reasons": []}
    holders = _holds(reference, kind=row["kind"], value=row["value"])
    then = {hold.staff_id for hold in holders if hold.at(at)} | ({told["staff_id"]} - {None})
    also = {
        staff_id: [
            hold
            for hold in _holds(reference, staff_id=staff_id)
            if hold.at(at) and (hold.kind, hold.value) != (row["kind"], row["value"])
        ]
        for staff_id in sorted(then)
    }
    return Reading(
        row["kind"], row["value"], told["confidence"], told["staff_id"], told["reasons"], holders, also
    )


def _holds(reference: Reference, **which: str) -> list[Hold]:
    """Return the unbroken holds with these columns, in time order."""
    rows = unbroken(reference.once(validities).filter(**which).drop("kind", "value"))
    names = pl.col(KEY).str.splitn(":", 2).struct.rename_fields(["kind", "value"]).struct.unnest()
    found = rows.select("staff_id", names, "start", "end").sort("start", "kind", "value", "staff_id")
    return [
        Hold(staff_id, kind, value, None if start == FIRST else start, None if end == LAST else end)
        for staff_id, kind, value, start, end in found.iter_rows()
    ]
