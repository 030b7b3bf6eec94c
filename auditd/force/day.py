"""A day of the whole force: everybody on duty does the work of their role, mails and telephones.

It must never hold more than the day and what runs over midnight.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from auditd.force import people as roles
from auditd.force.correspondence import (
    all_staff_mail,
    newsletters,
    ordinary_call,
    ordinary_mail,
    press_contact,
)
from auditd.force.duties import Duties
from auditd.force.people import STREET, Person, Role
from auditd.force.records import Told
from auditd.force.rota import Rota, Shift, london

# Pieces of work, messages and calls in a shift, on average.
PACE: Final[dict[Role, tuple[float, float, float]]] = {
    roles.RESPONSE: (3.2, 5, 2),
    roles.NEIGHBOURHOOD: (2.2, 7, 3),
    roles.DETECTIVE: (5.5, 16, 7),
    roles.ROADS: (5.0, 4, 2),
    roles.CONTROL: (9.0, 3, 12),
    roles.CUSTODY: (5.0, 4, 6),
    roles.BUREAU: (16.0, 6, 5),
    roles.INTELLIGENCE: (3.5, 14, 4),
    roles.VETTING: (4.0, 14, 6),
    roles.FIREARMS: (5.0, 14, 8),
    roles.COUNTER: (7.0, 8, 9),
    roles.PRESS: (0.0, 20, 8),
    roles.SUPPORT: (0.0, 12, 5),
    roles.CHIEF: (0.0, 18, 6),
}


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Somebody and their shift of a day."""

    person: Person
    shift: Shift


Piece = tuple[datetime, Person, Callable[[datetime, Person, Told], None]]


class Days:
    """Tells the ordinary days of a force, one after the other."""

    def __init__(self, work: Duties, rota: Rota) -> None:
        self._work = work
        self._scene = work.scene
        self._rota = rota
        self._works: dict[Role, Callable[[datetime, Person, Told], None]] = {
            roles.RESPONSE: self._street, roles.NEIGHBOURHOOD: self._street, roles.ROADS: self._street,
            roles.DETECTIVE: self._detective, roles.CONTROL: self._control, roles.CUSTODY: self._custody,
            roles.BUREAU: self._bureau, roles.INTELLIGENCE: work.intelligence, roles.VETTING: work.vetting,
            roles.FIREARMS: work.firearms, roles.COUNTER: work.counter,
        }  # fmt: skip
        self._on_street: list[OnDuty] = []

    def tell(self, day: date) -> Told:
        """Tell the work of the shifts that begin on a day; the nights among them end on the next."""
        told = Told()
        on_duty = [
            OnDuty(person, shift)
            for person in self._scene.people.staff
            if (shift := self._rota.shift(person, day))
        ]
        yesterday = [one for one in self._on_street if one.shift.end > london(day, time(0))]
        self._on_street = yesterday + [one for one in on_duty if one.person.role in STREET]
        if self._scene.rng.random() < 0.7:
            self._work.circulate(london(day, time(9)), told)
        told.contacts += newsletters(self._scene, london(day, time(6, 30)))
        told.contacts.append(all_staff_mail(self._scene, london(day, time(8))))
        agenda: list[Piece] = []
        for one in on_duty:
            agenda += self._work_of(one)
            self._contacts_of(one, told)
        for person in self._scene.people.of(roles.DETECTIVE, roles.CHIEF):
            if (night := self._rota.on_call(person, day)) and self._scene.rng.random() < 0.3:
                agenda.append((self._moment(night), person, self._called_out))
        # In order of time, so that nobody works on what has not happened yet.
        for at, person, does in sorted(agenda, key=lambda piece: (piece[0], piece[1].number)):
            does(at, person, told)
        return told

    def _work_of(self, one: OnDuty) -> list[Piece]:
        does = self._works.get(one.person.role)
        if does is None:
            return []
        length = (one.shift.end - one.shift.start) / timedelta(hours=9)
        pieces = _drawn(self._scene.rng.random(), PACE[one.person.role][0] * length)
        return [(self._moment(one.shift), one.person, does) for _ in range(pieces)]

    def _contacts_of(self, one: OnDuty, told: Told) -> None:
        person, rng = one.person, self._scene.rng
        _, mails, calls = PACE[person.role]
        for _ in range(_drawn(rng.random(), mails)):
            told.contacts.append(ordinary_mail(self._scene, self._moment(one.shift), person))
        for _ in range(_drawn(rng.random(), calls)):
            told.contacts.append(ordinary_call(self._scene, self._moment(one.shift), person))
        if person.role is roles.PRESS:
            for _ in range(rng.randrange(3)):
                told.add(press_contact(self._scene, self._moment(one.shift), person))

    def _called_out(self, at: datetime, person: Person, told: Told) -> None:
        self._work.open_case(at, person, told)
        self._work.go_on(at + timedelta(minutes=self._scene.rng.uniform(5, 90)), person, told)

    def _moment(self, shift: Shift) -> datetime:
        return shift.start + (shift.end - shift.start) * self._scene.rng.uniform(0.01, 0.97)

    def _street(self, at: datetime, person: Person, told: Told) -> None:
        drawn = self._scene.rng.random()
        unit = person.unit_on(at.date())
        if drawn < 0.35:
            self._work.dispatch(at, person, unit, told, via=None)
        elif drawn < 0.68:
            mate = self._mate(person, at) if self._scene.rng.random() < 0.3 else None
            self._work.stop(at, person, unit, told, mate)
        elif drawn < 0.92:
            self._work.go_on(at, person, told)
        else:
            self._work.heed(at, person, told)

    def _detective(self, at: datetime, person: Person, told: Told) -> None:
        drawn = self._scene.rng.random()
        if drawn < 0.12:
            self._work.open_case(at, person, told, kind="crime" if drawn < 0.09 else "warrant")
        if drawn < 0.86:
            self._work.go_on(at, person, told)
        elif drawn < 0.93:
            self._work.heed(at, person, told)
        elif drawn < 0.97:
            self._work.linked(at, person, told)
        else:
            self._work.inherit(at, person, told)

    def _control(self, at: datetime, operator: Person, told: Told) -> None:
        if officer := self._somebody_out(at):
            self._work.control(at, operator, officer, told)

    def _custody(self, at: datetime, officer: Person, told: Told) -> None:
        if self._scene.rng.random() < 0.5:
            self._work.custody(at, officer, told, self._somebody_out(at))
        else:
            self._work.go_on(at, officer, told)

    def _bureau(self, at: datetime, operator: Person, told: Told) -> None:
        self._work.bureau(at, operator, told, self._somebody_out(at))

    def _mate(self, person: Person, at: datetime) -> Person | None:
        for one in self._on_street:
            same = one.person.unit == person.unit and one.person is not person
            if same and one.shift.start <= at < one.shift.end and self._scene.rng.random() < 0.4:
                return one.person
        return None

    def _somebody_out(self, at: datetime) -> Person | None:
        """Return an officer who is on the street at that time, None where nobody is found soon."""
        for _ in range(8 if self._on_street else 0):
            one = self._scene.rng.choice(self._on_street)
            if one.shift.start <= at < one.shift.end:
                return one.person
        return None


def _drawn(chance: float, average: float) -> int:
    """Return a whole number near an average: between half and half as much again, from one draw."""
    return int(average * (0.5 + chance) + 0.5)
