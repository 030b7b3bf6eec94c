"""Work that is looking up: control room, bureau, vetting, firearms licensing, front counter, custody, intelligence, detectives.

It must never look up a colleague, relative or neighbour of whoever looks, save where vetting has it to do.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from auditd.force.incident_rows import assignment_rows
from auditd.force.people import Person
from auditd.force.records import Assignment, Incident, Told
from auditd.force.work import Work

_HOUR: Final = timedelta(hours=1)
_MINUTE: Final = timedelta(minutes=1)
SHARED_COUNTER: Final = "counter{area}"
"""Account that the officers of one front counter share."""


class Duties(Work):
    """The duties of one force."""

    def control(self, at: datetime, operator: Person, officer: Person, told: Told) -> None:
        """Answer an officer on the radio: a new incident, or more on one that is theirs already."""
        rng = self.scene.rng
        desk = self.desk(officer)
        if desk and rng.random() < 0.45:
            incident = rng.choice(desk)
            if incident.kind in ("incident", "crime", "custody"):
                subject = rng.choice(incident.subjects)
                self.look(told, at, operator, subject, incident, "originator", asked_by=officer)
                return
        self.dispatch(at, officer, officer.unit_on(at.date()), told, via=operator)

    def bureau(self, at: datetime, operator: Person, told: Told, officer: Person | None) -> None:
        """Answer a request of an officer or a court, or work on a warrant that came in for the bureau."""
        rng, scene = self.scene.rng, self.scene
        if officer and self.desk(officer) and rng.random() < 0.6:
            incident = rng.choice(self.desk(officer))
            self.look(
                told, at, operator, rng.choice(incident.subjects), incident, "originator", asked_by=officer
            )
            return
        kind = "warrant" if rng.random() < 0.6 else "task"
        numbers, named = self.subjects(scene.somebody())
        begun = at - rng.uniform(0.1, 5) * _HOUR
        incident = scene.incident(kind, begun, numbers, named, units=(operator.unit,))
        told.incidents.append(incident)
        for index, subject in enumerate(named):
            self.look(told, at + index * rng.uniform(0.5, 4) * _MINUTE, operator, subject, incident, "role")

    def vetting(self, at: datetime, officer: Person, told: Told) -> None:
        """Vet an applicant: the person, who lives with them, where; the task names them all or only the applicant."""
        self._of_applicant(at, officer, told, kind="task")

    def firearms(self, at: datetime, officer: Person, told: Told) -> None:
        """Renew a firearms licence: the holder and where they live."""
        self._of_applicant(at, officer, told, kind="licence")

    def counter(self, at: datetime, officer: Person, told: Told) -> None:
        """Serve somebody at the front counter; what it was about is recorded soon after, with the unit and mostly nobody's name."""
        rng, scene = self.scene.rng, self.scene
        number = scene.somebody()
        subject = scene.public.vehicle(number) if rng.random() < 0.4 else scene.public.person(number)
        unit = officer.unit_on(at.date())
        incident = scene.incident(
            "incident",
            at,
            (number,),
            (subject,),
            recorded_at=at + rng.uniform(2, 40) * _MINUTE,
            unit=unit,
            units=(unit,) if rng.random() < 0.4 else (),
        )
        told.incidents.append(incident)
        account = (
            SHARED_COUNTER.format(area=officer.unit.rpartition(" ")[2].lower()) if rng.random() < 0.1 else ""
        )
        self.look(
            told,
            at,
            officer,
            subject,
            incident,
            "role",
            cause="shared_account" if account else "",
            account=account,
        )

    def custody(self, at: datetime, officer: Person, told: Told, arresting: Person | None) -> None:
        """Book somebody in: the custody record names both officers; the detained person and their address are checked."""
        rng, scene = self.scene.rng, self.scene
        number = scene.somebody()
        named = (scene.public.person(number), scene.public.address(number))
        assigned = (officer, arresting) if arresting else (officer,)
        recorded = at + rng.uniform(5, 90) * _MINUTE
        incident = scene.incident(
            "custody", at, (number, number), named, recorded_at=recorded, assigned=assigned, unit=officer.unit
        )
        self.take_on(officer, incident, at, told)
        if arresting:
            self.put(arresting, incident, at, told)
        self.look(told, at + _MINUTE, officer, named[0], incident, "assigned")
        if rng.random() < 0.5:
            self.look(told, at + 3 * _MINUTE, officer, named[1], incident, "assigned")

    def intelligence(self, at: datetime, analyst: Person, told: Told) -> None:
        """Work an intelligence task: a chain of people, vehicles and addresses, all of them named by it."""
        rng, scene = self.scene.rng, self.scene
        numbers = tuple(scene.somebody() for _ in range(rng.randrange(2, 6)))
        kinds = (scene.public.person, scene.public.vehicle, scene.public.address)
        named = tuple(rng.choice(kinds)(number) for number in numbers)
        kind = "intel" if rng.random() < 0.7 else "task"
        incident = scene.incident(
            kind, at - rng.uniform(0.2, 30) * _HOUR, numbers, named, assigned=(analyst,), unit=analyst.unit
        )
        self.take_on(analyst, incident, at, told)
        moment = at
        for subject in named:
            self.look(told, moment, analyst, subject, incident, "assigned")
            moment += rng.uniform(1, 9) * _MINUTE

    def linked(self, at: datetime, person: Person, told: Told) -> None:
        """Look at somebody of a colleague's case that names one of the subjects of one's own: a joint case."""
        desk = self.desk(person)
        if not desk:
            return
        scene, rng = self.scene, self.scene.rng
        own = rng.choice(desk)
        number = scene.somebody()
        other = scene.public.person(number)
        colleague = rng.choice(scene.people.of(person.role))
        begun = at - rng.uniform(5, 60) * _HOUR
        theirs = scene.incident(
            "crime", begun, (own.numbers[0], number), (own.subjects[0], other), assigned=(colleague,)
        )
        told.incidents.append(theirs)
        self.look(told, at, person, other, theirs, "joint_case", cause="joint_case")

    def inherit(self, at: datetime, person: Person, told: Told) -> None:
        """Take over a colleague's case at once, with the assignment written down only days later."""
        scene, rng = self.scene, self.scene.rng
        colleague = rng.choice(scene.people.of(person.role))
        if not (desk := self.desk(colleague)):
            return
        incident: Incident = rng.choice(desk)
        written = at + rng.uniform(1, 70) * _HOUR
        handed = Assignment(at - _HOUR, written, staff_id=person.staff_id, role="inherited")
        taken = replace(incident, assignments=(*incident.assignments, handed))
        self.put(person, taken, at, told)
        told.rows.append(("assignments", written, assignment_rows(taken)[-1]))
        for subject in incident.subjects[:2]:
            self.look(told, at, person, subject, taken, "inherited_case", cause="inherited_case")
            at += rng.uniform(1, 6) * _MINUTE

    def _of_applicant(self, at: datetime, officer: Person, told: Told, *, kind: str) -> None:
        scene, rng = self.scene, self.scene.rng
        number = scene.somebody()
        subjects = [
            scene.public.person(number),
            scene.public.address(number),
            scene.public.person(number + 1),
        ]
        named = tuple(subjects if rng.random() < 0.8 else subjects[:2])
        begun = at - rng.uniform(1, 200) * _HOUR
        incident = scene.incident(
            kind,
            begun,
            (number,) * len(named),
            named,
            unit=officer.unit,
            units=(officer.unit,) if rng.random() < 0.5 else (),
            closed_at=at + rng.uniform(1, 300) * _HOUR,
        )
        told.incidents.append(incident)
        for index, subject in enumerate(named):
            self.look(told, at + index * rng.uniform(1, 6) * _MINUTE, officer, subject, incident, "role")
