"""One look-up as templates are asked why they do not explain it: what is known of it, and words for what is missing.

It must never soften a reason: it names the record that came nearest, and the bound it missed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from detectors.detector import Naming
from detectors.identity import CERTAIN, SHARED
from detectors.sentences import clock_and_day, length, subject

if TYPE_CHECKING:
    from detectors.explanations import Question

MOST: Final = 5
"""Records a template names at most when it says why it does not explain: the nearest in time."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One look-up (a row of ACCESS_SCHEMA), the question with it alone pending, and how people are written."""

    look: Row
    question: Question
    naming: Naming

    @property
    def at(self) -> datetime:
        """When it was."""
        at: datetime = self.look["timestamp"]
        return at

    @property
    def who(self) -> str:
        """The person who looked, in words."""
        return self.person(self.look["staff_id"])

    @property
    def it(self) -> str:
        """The subject, in words: "vehicle AB12CDE"."""
        return subject(self.look)

    def person(self, staff_id: str | None) -> str:
        """Return how to write somebody; the account where nobody is known."""
        return self.naming.person(
            staff_id, f"staff:{staff_id}" if staff_id else self.look["actor"] or "account:unknown"
        )

    def nobody(self) -> list[str]:
        """Return why a template that goes by the person cannot be asked, [] where one person is known."""
        if self.look["staff_id"] is not None and self.look["certainty"] == CERTAIN:
            return []
        held = "several people" if self.look["certainty"] == SHARED else "nobody known"
        return [f"the account belonged to {held} at {when(self.at)}"]

    def records(self, *conditions: pl.Expr) -> list[Row]:
        """Return the grounds on the subject that meet conditions, the nearest in time first."""
        held = self.question.held.filter(
            pl.col("subject_type") == self.look["subject_type"],
            pl.col("subject_key") == self.look["subject_key"],
            *conditions,
        )
        far = (pl.col("begins") - self.at).abs()
        return list(held.sort(far, "incident_ref").iter_rows(named=True))

    def unnamed(self) -> list[str]:
        """Return that no record names the subject, [] where some does."""
        return [] if self.records() else [f"no record names {self.it}"]

    def missed(self, record: Row, since: str, until: str) -> Iterator[str]:
        """Yield which of the usual bounds the look-up misses; `since` and `until` introduce the record's own times."""
        options = self.question.options
        if self.at < record["opens"]:
            yield f"{since} {self._later_of(record)}, {gap(self.at, record['begins'])} after the look-up"
        if self.at > record["closes"]:
            ended = record["ends"]
            if ended is None:
                yield f"nothing ended it, and {length(options.open_for.total_seconds())} after {when(record['begins'])} it no longer counts"
            else:
                yield f"{until} {when(ended)}, {gap(ended, self.at)} before the look-up"
        yield from self.made_late(record, options.late)

    def made_late(self, record: Row, bound: timedelta) -> Iterator[str]:
        """Yield that a record was made too long after the look-up."""
        recorded = record["recorded_at"]
        if recorded is not None and recorded > self.at + bound:
            late = gap(self.at, recorded)
            yield f"it was recorded only at {when(recorded)}, {late} after the look-up"

    def _later_of(self, record: Row) -> str:
        """Return when a record begins, with why where that is not the assignment."""
        begins = record["begins"]
        if begins == record["assigned_from"]:
            return when(begins)
        if begins == record["named_from"]:
            return f"{when(begins)}, when the record first named the subject"
        return f"{when(begins)}, when it opened"


def naming(record: Row, case: Case) -> str:
    """Return the beginning of a reason: "crime NM-1 names vehicle AB12CDE"."""
    return f"{record['incident_kind']} {record['incident_ref']} names {case.it}"


def nearest(reasons: Iterable[str], total: int) -> list[str]:
    """Return the first reasons, with how many more there were."""
    shown = list(dict.fromkeys(reasons))
    rest = max(total, len(shown)) - MOST
    return shown[:MOST] if rest <= 0 else [*shown[:MOST], f"{rest} more records name it, none of them nearer"]


def when(moment: datetime) -> str:
    """Return a time as "14:02 on 3 Mar 2026", local."""
    return clock_and_day(moment.isoformat())


def gap(one: datetime, other: datetime) -> str:
    """Return the length of time between two moments."""
    return length(abs((other - one).total_seconds()))
