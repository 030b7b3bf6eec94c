"""What happens in the invented force: explained work all the time, and now and then a labelled misuse or an innocent oddity.

Seeded: the same seed tells the same story. It must never plant something without a label.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from auditd.demo.formats import Call, Lookup, Mail
from auditd.demo.people import DOMAIN, PLACES, PROTECTED_NUMBER, SURNAMES, Journalist, People, Person

Happening = Lookup | Mail | Call
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident with its subject and who works on it; `recorded_at` is when the force's systems know of it."""

    ref: str
    kind: str
    opened_at: datetime
    recorded_at: datetime
    subject_type: str
    subject_key: str
    staff_id: str
    unit: str


@dataclass(frozen=True, slots=True)
class Plant:
    """Something planted: who, when, what it is, and the detectors that should say so (none: they must stay quiet)."""

    label: str
    staff_id: str
    at: datetime
    detectors: tuple[str, ...]
    ends: str = "open"


@dataclass(slots=True)
class Told:
    """What the story tells of a stretch of time."""

    happenings: list[Happening] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    plants: list[Plant] = field(default_factory=list)


class Story:
    """Tells what happens, in order of time."""

    def __init__(self, people: People, rng: random.Random, start: datetime) -> None:
        self.people = people
        self._rng = rng
        self._numbers = iter(range(1, 10**9))
        officers = people.of("Response A", "Response B", "Neighbourhood", "CID")
        # Some work on no incident and so look nothing up.
        self._desk, self._officers = officers[::12], [o for i, o in enumerate(officers) if i % 12]
        self._operators = people.of("Control Room")
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

    def unlinked_look_ups(self, at: datetime, gap: timedelta) -> Told:
        """Three look-ups of one vehicle nobody works on."""
        officer = self._someone()
        subject = self._mark()
        looks: list[Happening] = [self._lookup(at + gap * n, officer, "vehicle", subject) for n in range(3)]
        plant = Plant("three look-ups nothing explains", officer.staff_id, at, ("unlinked_lookup",))
        return Told(looks, plants=[plant])

    def look_up_then_call(self, at: datetime, gap: timedelta) -> Told:
        """A vehicle looked up without reason, then a news desk called."""
        officer, journalist = self._someone(), self._journalist()
        told = Told([self._lookup(at, officer, "vehicle", self._mark())])
        told.happenings.append(self._outside_call(at + gap, officer, journalist.phone, 372))
        told.plants.append(
            Plant(
                "look-up, then a call to a news desk",
                officer.staff_id,
                at,
                ("lookup_then_contact", "media_contact", "unlinked_lookup"),
            )
        )
        return told

    def look_up_then_mail(self, at: datetime, gap: timedelta) -> Told:
        """A vehicle looked up without reason, then mail to a journalist."""
        officer, journalist = self._someone(), self._journalist()
        told = Told([self._lookup(at, officer, "vehicle", self._mark())])
        told.happenings.append(self._outside_mail(at + gap, officer, journalist))
        told.plants.append(
            Plant(
                "look-up, then mail to a journalist",
                officer.staff_id,
                at,
                ("lookup_then_contact", "media_contact", "unlinked_lookup"),
            )
        )
        return told

    def media_call(self, at: datetime) -> Told:
        """A call to a news desk by somebody who looked nothing up."""
        officer, journalist = self._someone(self._desk), self._journalist()
        return Told(
            [self._outside_call(at, officer, journalist.phone, 95)],
            plants=[Plant("a call to a news desk", officer.staff_id, at, ("media_contact",))],
        )

    def protected_call(self, at: datetime) -> Told:
        """A call to a helpline that somebody put on the media list: nobody may ever see it."""
        officer = self._someone()
        return Told(
            [self._outside_call(at, officer, PROTECTED_NUMBER, 1260)],
            plants=[Plant("a call to a protected helpline: must stay unseen", officer.staff_id, at, ())],
        )

    def late_incident(self, at: datetime, late: timedelta) -> Told:
        """A look-up whose stop is recorded only `late` afterwards: alerted at first, then explained."""
        officer = self._someone()
        mark = self._mark()
        stop = Incident(
            ref=self._ref("ST"),
            kind="stop",
            opened_at=at,
            recorded_at=at + late,
            subject_type="vehicle",
            subject_key=mark,
            staff_id=officer.staff_id,
            unit=officer.unit,
        )
        plant = Plant(
            "look-up whose stop is recorded late",
            officer.staff_id,
            at,
            ("unlinked_lookup",),
            ends="explained late",
        )
        return Told([self._lookup(at, officer, "vehicle", mark)], [stop], [plant])

    def explained(self, at: datetime) -> Lookup:
        """A look-up by, or for, somebody assigned to an incident that names the subject."""
        incident = self._rng.choice(self.incidents)
        officer = self._by_id[incident.staff_id]
        typist = self._rng.choice(self._operators) if self._rng.random() < 0.2 else officer
        return self._lookup(at, officer, incident.subject_type, incident.subject_key, typist=typist)

    def _lookup(
        self,
        at: datetime,
        officer: Person,
        subject_type: str,
        subject_key: str,
        *,
        typist: Person | None = None,
    ) -> Lookup:
        place = self._rng.choice(PLACES)
        return Lookup(
            at=at,
            user=(typist or officer).account,
            subject_type=subject_type,
            subject_key=subject_key,
            ref=self._ref("TX"),
            originator=f"{officer.surname} {officer.collar}/ENQUIRY/{place}".upper()[:53],
        )

    def mail(self, at: datetime) -> Mail:
        """A message inside the force, or to or from a resident."""
        sender, receiver = self._rng.sample(self.people.staff, 2)
        number = next(self._numbers)
        outside = f"resident{number % 40}@mail.example"
        what = self._rng.random()
        parties = (
            (sender.email, receiver.email)
            if what < 0.6
            else (sender.email, outside)
            if what < 0.8
            else (outside, receiver.email)
        )
        return Mail(
            at=at,
            sender=parties[0],
            recipients=(parties[1],),
            message_id=f"{number}@mail01.{DOMAIN}",
            subject=f"Re: rota, week {number % 52}",
            ours=parties[0].endswith(DOMAIN),
        )

    def call(self, at: datetime) -> Call:
        """A call inside the force or to a mobile."""
        caller, called = self._rng.sample(self.people.staff, 2)
        number = next(self._numbers)
        seconds = self._rng.choice((0, 35, 80, 240))
        outside = f"907700900{number % 1000:03d}"
        return Call(
            at=at,
            caller=caller.extension,
            called=called.extension if self._rng.random() < 0.6 else outside,
            seconds=seconds,
            call_id=number,
            caller_login=caller.account,
        )

    def _outside_call(self, at: datetime, officer: Person, number: str, seconds: int) -> Call:
        return Call(
            at=at,
            caller=officer.extension,
            called="90" + number.removeprefix("+44"),
            seconds=seconds,
            call_id=next(self._numbers),
            caller_login=officer.account,
        )

    def _outside_mail(self, at: datetime, officer: Person, journalist: Journalist) -> Mail:
        return Mail(
            at=at,
            sender=officer.email,
            recipients=(journalist.email,),
            message_id=f"{next(self._numbers)}@mail01.{DOMAIN}",
            subject="a word",
            ours=True,
        )

    def _incident(self, opened_at: datetime) -> Incident:
        officer = self._rng.choice(self._officers)
        vehicle = self._rng.random() < 0.5
        return Incident(
            ref=self._ref("IN"),
            kind=self._rng.choice(("incident", "crime", "custody", "task")),
            opened_at=opened_at,
            recorded_at=opened_at + timedelta(minutes=self._rng.uniform(1, 20)),
            subject_type="vehicle" if vehicle else "person",
            subject_key=self._mark() if vehicle else self._person_key(),
            staff_id=officer.staff_id,
            unit=officer.unit,
        )

    def _someone(self, among: list[Person] | None = None) -> Person:
        """Return somebody not planted with anything before, as long as there is one."""
        chosen = among or self._officers
        fresh = [officer for officer in chosen if officer.staff_id not in self._used]
        officer = self._rng.choice(fresh or chosen)
        self._used.add(officer.staff_id)
        return officer

    def _journalist(self) -> Journalist:
        return self._rng.choice(self.people.journalists)

    def _mark(self) -> str:
        letters = "ABCDEFGHJKLMNPRSTUVWXY"
        pick = self._rng.choice
        return f"Z{pick(letters)}{self._rng.randint(10, 99)}{pick(letters)}{pick(letters)}{pick(letters)}"

    def _person_key(self) -> str:
        pick = self._rng.choice
        born = datetime(1950, 1, 1) + _DAY * self._rng.randint(0, 20_000)  # noqa: DTZ001  a date of birth has no zone
        return f"{pick(SURNAMES)}/{pick(('ALEX', 'SAM', 'CHRIS', 'JO', 'LEE'))}/{born:%Y-%m-%d}".upper()

    def _ref(self, kind: str) -> str:
        return f"{kind}{next(self._numbers):08d}"
