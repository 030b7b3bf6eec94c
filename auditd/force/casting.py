"""Who is in a case, and when: people not planted with anything else, moments on and off duty.

It must never use somebody of the force in two cases while there is anybody left: each case must be told from the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final

from auditd.force.names import Subject
from auditd.force.people import DETECTIVE, NEIGHBOURHOOD, RESPONSE, ROADS, Journalist, Person, Role
from auditd.force.records import Case, Looked, Told, Truth, TruthWord
from auditd.force.rota import Rota, Shift, london
from auditd.force.scene import Scene

OFFICERS: Final = (RESPONSE, NEIGHBOURHOOD, DETECTIVE, ROADS)
_DAY: Final = timedelta(days=1)


@dataclass(slots=True)
class Casting:
    """Everything a case is made with: the scene, the rota, and the stretch of days, first and last left free."""

    scene: Scene
    rota: Rota
    start: date
    days: int
    _used: set[str] = field(default_factory=set)

    def somebody(self, *roles: Role) -> Person:
        """Return somebody of the roles (officers, unless told) who is there all the time."""
        present = [
            p for p in self.scene.people.of(*(roles or OFFICERS)) if p.left is None and p.serves(self.start)
        ]
        fresh = [person for person in present if person.staff_id not in self._used]
        chosen = self.scene.rng.choice(fresh or present)
        self._used.add(chosen.staff_id)
        return chosen

    def day(self, *, spare: int = 1) -> date:
        """Return a day that has at least `spare` days after it."""
        return self.start + self.scene.rng.randrange(1, max(2, self.days - spare)) * _DAY

    def on_duty(self, person: Person, *, near: date | None = None, spare: int = 1) -> datetime:
        """Return a moment well inside a shift, on or after `near` or on any day."""
        shift = self.shift(person, near or self.day(spare=spare))
        return shift.start + (shift.end - shift.start) * self.scene.rng.uniform(0.1, 0.75)

    def shift(self, person: Person, day: date) -> Shift:
        """Return the first shift on or after a day; where there is none left in the stretch, the last before it."""
        last = self.start + (self.days - 1) * _DAY
        ahead = (day + step * _DAY for step in range((last - day).days + 1))
        behind = (day - step * _DAY for step in range(1, max(1, (day - self.start).days) + 1))
        for candidate in (*ahead, *behind):
            if found := self.rota.shift(person, candidate):
                return found
        return Shift(london(day, time(9)), london(day, time(17)))

    def off_duty(self, person: Person) -> datetime:
        """Return a moment of a rest day or leave, late in the evening or after midnight."""
        for _ in range(60):
            day = self.day()
            if not any(
                self.rota.shift(person, day + step * _DAY) for step in (-1, 0)
            ) and not self.rota.on_call(person, day):
                return london(day, time(self.scene.rng.choice((0, 13, 20, 22)), self.scene.rng.randrange(60)))
        day = self.day()
        shift = self.shift(person, day)
        return shift.end + timedelta(hours=self.scene.rng.uniform(3, 5))

    def rota_end(self, person: Person) -> datetime:
        """Return when somebody who leaves has left."""
        return london(person.left or self.start, time(9))

    def case_id(self, truth: TruthWord) -> str:
        """Return the next case's id: M for misuse, I for innocent."""
        return f"{truth[0].upper()}{self.scene.number():08d}"

    def misuse(
        self, kind: str, category: str, people: Iterable[Person], subject: Subject, told: Told, case_id: str
    ) -> Told:
        """Close a case of misuse: everything told belongs to it, but look-ups that are innocent."""
        return self._labelled(kind, "misuse", category, people, subject, told, case_id, "")

    def innocent(
        self, kind: str, people: Iterable[Person], subject: Subject, told: Told, case_id: str, explained: str
    ) -> Told:
        """Close an innocent case: what looks like misuse, and why it is none."""
        return self._labelled(kind, "innocent", "", people, subject, told, case_id, explained)

    def look(
        self,
        told: Told,
        at: datetime,
        person: Person,
        subject: Subject,
        case_id: str,
        *,
        record: str = "",
        explained_by: str = "",
        cause: str = "",
        terminal: str = "",
        reason: str = "",
        ref: str = "",
        asked_by: Person | None = None,
    ) -> Looked:
        """Have somebody look up as part of a case; misuse or not goes by its id."""
        truth: TruthWord = "misuse" if case_id.startswith("M") else "innocent"
        facts = Truth(truth, explained_by=explained_by, incident_ref=record, cause=cause, case_id=case_id)
        looked = self.scene.look_up(
            at, person, subject, facts, terminal=terminal, reason=reason, ref=ref, asked_by=asked_by
        )
        told.looked.append(looked)
        return looked

    def publish(
        self, told: Told, subject: Subject, at: datetime, journalist: Journalist | None = None
    ) -> None:
        """Publish a story about a subject; the stories feed has it half an hour later."""
        chosen = journalist or self.scene.journalist()
        row = {
            "story_id": f"Y{self.scene.number():08d}",
            "published_at": at.isoformat(),
            "outlet": chosen.outlet,
            "url": "",
            "title": "Police looked into local matter",
            "subjects": f"{subject[0]}:{subject[1]}",
        }
        told.rows.append(("stories", at + timedelta(minutes=30), row))

    def _labelled(
        self,
        kind: str,
        truth: TruthWord,
        category: str,
        people: Iterable[Person],
        subject: Subject,
        told: Told,
        case_id: str,
        explained: str,
    ) -> Told:
        case = Case(case_id, kind, truth, category, tuple(people), subject, explained)
        own = [looked for looked in told.looked if looked.truth.case_id == case_id]
        told.cases.append((case, Told(looked=own, contacts=list(told.contacts))))
        return told
