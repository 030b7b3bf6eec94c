"""Happenings at a steady pace and in a fixed mix, for the demo and for benchmarks, with plants to be found at once.

Seeded: the same seed tells the same. It must never plant something without saying what it is.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from auditd.force.correspondence import ordinary_call, ordinary_mail
from auditd.force.happenings import Call, Happening, Lookup, Mail
from auditd.force.names import PROTECTED_NUMBER, Public, Subject
from auditd.force.people import CONTROL, DETECTIVE, NEIGHBOURHOOD, RESPONSE, ROADS, People, Person
from auditd.force.records import Incident, Truth
from auditd.force.scene import Scene

_EXPLAINED = Truth(explained_by="assigned")
_MISUSE = Truth("misuse")


@dataclass(frozen=True, slots=True)
class Plant:
    """Something planted: who, when, what it is, and the detectors that should say so (none: they must stay quiet)."""

    label: str
    staff_id: str
    at: datetime
    detectors: tuple[str, ...]
    ends: str = "open"


@dataclass(slots=True)
class Moment:
    """What happens in a moment: happenings, incidents, and what was planted."""

    happenings: list[Happening] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    plants: list[Plant] = field(default_factory=list)


class Steady:
    """Tells what happens, as often as it is asked; 120 incidents are all there is to work on."""

    def __init__(self, people: People, rng: random.Random, start: datetime) -> None:
        self.people = people
        self._rng = rng
        self._scene = Scene(people, Public(0), rng)
        officers = people.of(RESPONSE, NEIGHBOURHOOD, DETECTIVE, ROADS)
        # Some work on no incident and so look nothing up.
        self._desk, self._officers = officers[::12], [o for i, o in enumerate(officers) if i % 12]
        self._operators = people.of(CONTROL)
        self._used: set[str] = set()
        self._by_id = {person.staff_id: person for person in people.staff}
        self.incidents = [self._incident(start - timedelta(hours=rng.uniform(0.5, 8))) for _ in range(120)]

    def background(self, start: datetime, seconds: float, *, per_second: float) -> Iterator[Happening]:
        """Tell `per_second` ordinary happenings a second: look-ups that an incident explains, mail, calls."""
        for _ in range(round(seconds * per_second)):
            at = start + timedelta(seconds=self._rng.uniform(0, seconds))
            what = self._rng.random()
            if what < 0.5:
                yield self.explained(at)
            elif what < 0.8:
                yield self.mail(at)
            else:
                yield self.call(at)

    def explained(self, at: datetime) -> Lookup:
        """A look-up by, or for, somebody assigned to an incident that names the subject."""
        incident = self._rng.choice(self.incidents)
        officer = self._by_id[incident.assignments[0].staff_id]
        typist = self._rng.choice(self._operators) if self._rng.random() < 0.2 else officer
        look = self._scene.look_up(at, typist, incident.subjects[0], _EXPLAINED, asked_by=officer)
        return look.lookup

    def mail(self, at: datetime) -> Mail:
        """A message inside the force, or to or from a resident."""
        return ordinary_mail(self._scene, at, self._rng.choice(self.people.staff))

    def call(self, at: datetime) -> Call:
        """A call inside the force, or with a mobile."""
        return ordinary_call(self._scene, at, self._rng.choice(self.people.staff))

    def unlinked_look_ups(self, at: datetime, gap: timedelta) -> Moment:
        """Three look-ups of one vehicle nobody works on."""
        officer, subject = self._someone(), self._unknown()
        looks: list[Happening] = [self._look(at + gap * n, officer, subject) for n in range(3)]
        plant = Plant("three look-ups nothing explains", officer.staff_id, at, ("unlinked_lookup",))
        return Moment(looks, plants=[plant])

    def look_up_then_call(self, at: datetime, gap: timedelta) -> Moment:
        """A vehicle looked up without reason, then a news desk called."""
        officer, journalist = self._someone(), self._scene.journalist()
        contact = self._scene.call_out(at + gap, officer, journalist.phone, 372)
        return self._leak("look-up, then a call to a news desk", at, officer, contact)

    def look_up_then_mail(self, at: datetime, gap: timedelta) -> Moment:
        """A vehicle looked up without reason, then mail to a journalist."""
        officer, journalist = self._someone(), self._scene.journalist()
        contact = self._scene.mail(at + gap, officer.email, journalist.email, subject="a word")
        return self._leak("look-up, then mail to a journalist", at, officer, contact)

    def media_call(self, at: datetime) -> Moment:
        """A call to a news desk by somebody who looked nothing up."""
        officer, journalist = self._someone(self._desk), self._scene.journalist()
        return Moment(
            [self._scene.call_out(at, officer, journalist.phone, 95)],
            plants=[Plant("a call to a news desk", officer.staff_id, at, ("media_contact",))],
        )

    def protected_call(self, at: datetime) -> Moment:
        """A call to a helpline that somebody put on the media list: nobody may ever see it."""
        officer = self._someone()
        label = "a call to a protected helpline: must stay unseen"
        return Moment(
            [self._scene.call_out(at, officer, PROTECTED_NUMBER, 1260)],
            plants=[Plant(label, officer.staff_id, at, ())],
        )

    def late_incident(self, at: datetime, late: timedelta) -> Moment:
        """A look-up whose stop is recorded only `late` afterwards: alerted at first, then explained."""
        officer, subject = self._someone(), self._unknown()
        recorded = at + late
        stop = self._scene.incident(
            "stop", at, (0,), (subject,), recorded_at=recorded, assigned=(officer,),
            assignment_recorded_at=recorded, unit=officer.unit,
        )  # fmt: skip
        label = "look-up whose stop is recorded late"
        plant = Plant(label, officer.staff_id, at, ("unlinked_lookup",), ends="explained late")
        return Moment([self._look(at, officer, subject)], [stop], [plant])

    def _leak(self, label: str, at: datetime, officer: Person, contact: Mail | Call) -> Moment:
        found = ("lookup_then_contact", "media_contact", "unlinked_lookup")
        look = self._look(at, officer, self._unknown())
        return Moment([look, contact], plants=[Plant(label, officer.staff_id, at, found)])

    def _look(self, at: datetime, officer: Person, subject: Subject) -> Lookup:
        return self._scene.look_up(at, officer, subject, _MISUSE).lookup

    def _unknown(self) -> Subject:
        return self._scene.public.vehicle(self._scene.stranger())

    def _incident(self, opened_at: datetime) -> Incident:
        officer = self._rng.choice(self._officers)
        number, public = self._scene.somebody(), self._scene.public
        subject = public.vehicle(number) if self._rng.random() < 0.5 else public.person(number)
        kind = self._rng.choice(("incident", "crime", "custody", "task"))
        return self._scene.incident(
            kind, opened_at, (number,), (subject,), assigned=(officer,), unit=officer.unit
        )

    def _someone(self, among: list[Person] | None = None) -> Person:
        """Return somebody not planted with anything before, as long as there is one."""
        chosen = among or self._officers
        fresh = [officer for officer in chosen if officer.staff_id not in self._used]
        officer = self._rng.choice(fresh or chosen)
        self._used.add(officer.staff_id)
        return officer
