"""What the force records of its work (incidents and who worked on them), and what is true of each look-up and case.

It must never tell a detector anything: labels are for `evaluate`, and no feed holds them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from auditd.force.happenings import Contact, Lookup
from auditd.force.names import Subject
from auditd.force.people import Person

TruthWord = Literal["innocent", "misuse"]


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who, or which unit, worked on an incident; `recorded_at` is when that was written down."""

    since: datetime
    recorded_at: datetime
    staff_id: str = ""
    unit: str = ""
    until: datetime | None = None
    role: str = "officer in the case"


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident with its subjects and who works on it; `recorded_at` is when the force's systems know of it."""

    ref: str
    kind: str
    opened_at: datetime
    recorded_at: datetime
    subjects: tuple[Subject, ...]
    assignments: tuple[Assignment, ...] = ()
    unit: str = ""
    location: str = ""
    closed_at: datetime | None = None
    numbers: tuple[int, ...] = ()  # of the subjects in the invented public


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of a look-up.

    explained_by: how a record explains it ("" where none does); incident_ref: that record. cause: what is unusual about
    it, such as mistyped_reference. case_id: the planted case it belongs to.
    """

    truth: TruthWord = "innocent"
    explained_by: str = ""
    incident_ref: str = ""
    cause: str = ""
    case_id: str = ""


@dataclass(frozen=True, slots=True)
class Looked:
    """A look-up, who made it, and what is true of it."""

    lookup: Lookup
    person: Person
    truth: Truth


@dataclass(frozen=True, slots=True)
class Case:
    """Something planted: misuse, or an innocent matter that looks like it.

    category: one of the twelve national ones, "" for the innocent. explained: what makes an innocent one innocent.
    """

    case_id: str
    kind: str
    truth: TruthWord
    category: str
    people: tuple[Person, ...]
    subject: Subject
    explained: str = ""


@dataclass(slots=True)
class Told:
    """What happens in a stretch of time or a case: look-ups, contacts, records, rows of other feeds with their time."""

    looked: list[Looked] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    rows: list[tuple[str, datetime, dict[str, str]]] = field(default_factory=list)
    cases: list[tuple[Case, Told]] = field(default_factory=list)

    def add(self, other: Told) -> None:
        """Take over everything another told."""
        self.looked += other.looked
        self.contacts += other.contacts
        self.incidents += other.incidents
        self.rows += other.rows
        self.cases += other.cases
