"""Ordinary police work: what an officer does in an hour, what of it is looked up, and what of it is written down and when.

It must never look up somebody without a record, except for the few whom work really leaves without one.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from auditd.force.incident_rows import incident_row
from auditd.force.names import Subject, mistyped
from auditd.force.people import Person
from auditd.force.records import Incident, Told, Truth
from auditd.force.scene import Scene

NO_RECORD: Final = 0.035
"""Share of innocent look-ups that no record explains."""
_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_CAUSES: Final = ("verbal_request", "unfed_system", "demonstration", "named_otherwise", "mistyped_subject")
_REMEMBERED: Final = 6


class Work:
    """The work of one force: what lies on whose desk, what is circulated, and how each kind of work goes."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.circulated: deque[Incident] = deque(maxlen=8)
        self._desks: dict[str, deque[Incident]] = {}
        self._holders: Counter[str] = Counter()  # by reference: on how many desks it lies

    def desk(self, person: Person) -> deque[Incident]:
        """Return what lies on somebody's desk: the latest incidents they were assigned to."""
        return self._desks.setdefault(person.staff_id, deque(maxlen=_REMEMBERED))

    def take_on(self, person: Person, incident: Incident, at: datetime, told: Told) -> None:
        """Put an incident on record and on somebody's desk."""
        told.incidents.append(incident)
        self.put(person, incident, at, told)

    def put(self, person: Person, incident: Incident, at: datetime, told: Told) -> None:
        """Put an incident on somebody's desk; what it displaces is closed once it lies on nobody's."""
        desk = self.desk(person)
        if len(desk) == _REMEMBERED:
            oldest = desk[0]
            self._holders[oldest.ref] -= 1
            if not self._holders[oldest.ref]:
                del self._holders[oldest.ref]
                self._close(oldest, at, told)
        desk.append(incident)
        self._holders[incident.ref] += 1

    def look(
        self,
        told: Told,
        at: datetime,
        person: Person,
        subject: Subject,
        incident: Incident,
        explained_by: str,
        *,
        asked_by: Person | None = None,
        cause: str = "",
        account: str = "",
    ) -> None:
        """Look somebody up who is on record; now and then it turns into a look-up that no record explains."""
        scene = self.scene
        ref, slip = scene.typed(incident.ref)
        if scene.rng.random() < NO_RECORD:
            why = scene.rng.choice(_CAUSES)
            if why == "mistyped_subject":
                at = self._slip(told, at, person, subject, ref, asked_by)
            else:
                other = self._elsewhere(why)
                look = scene.look_up(at, person, other, Truth(cause=why), asked_by=asked_by, account=account)
                told.looked.append(look)
                return
        truth = Truth(explained_by=explained_by, incident_ref=incident.ref, cause=cause or slip)
        told.looked.append(
            scene.look_up(at, person, subject, truth, asked_by=asked_by, ref=ref, account=account)
        )

    def subjects(self, number: int, *, most: int = 3) -> tuple[tuple[int, ...], tuple[Subject, ...]]:
        """Return what an incident names: vehicle or person of `number`, and up to two more."""
        scene, public = self.scene, self.scene.public
        first = public.vehicle(number) if scene.rng.random() < 0.45 else public.person(number)
        numbers, named = [number], [first]
        while len(named) < most and scene.rng.random() < 0.4:
            other = scene.somebody()
            numbers.append(other)
            named.append(public.person(other) if scene.rng.random() < 0.8 else public.address(other))
        return tuple(numbers), tuple(dict.fromkeys(named))

    def dispatch(self, at: datetime, person: Person, unit: str, told: Told, via: Person | None) -> Incident:
        """Send somebody's unit to an incident; they look up whom it names, often through the control room (`via`)."""
        rng = self.scene.rng
        numbers, named = self.subjects(self.scene.somebody())
        alone = rng.random() < 0.4
        begun = at - rng.uniform(2, 25) * _MINUTE
        incident = self.scene.incident(
            "incident",
            begun,
            numbers,
            named,
            assigned=(person,) if alone else (),
            units=() if alone else (unit,),
            unit=unit,
        )
        self.take_on(person, incident, at, told)
        direct = "assigned" if alone else "unit"
        for index, subject in enumerate(named):
            moment = at + index * rng.uniform(0.5, 6) * _MINUTE
            self.look(
                told, moment, via or person, subject, incident, "originator" if via else direct,
                asked_by=person if via else None,
            )  # fmt: skip
            if subject[0] == "vehicle" and rng.random() < 0.6:
                self.follow(
                    told, moment, via or person, numbers[index], incident, asked_by=person if via else None
                )
        return incident

    def follow(
        self,
        told: Told,
        at: datetime,
        who: Person,
        number: int,
        incident: Incident,
        *,
        asked_by: Person | None,
    ) -> None:
        """After a vehicle its keeper, and sometimes where they live."""
        rng, public = self.scene.rng, self.scene.public
        at += rng.uniform(0.3, 4) * _MINUTE
        self.look(told, at, who, public.person(number), incident, "follow_on", asked_by=asked_by)
        if rng.random() < 0.08:
            at += rng.uniform(0.3, 3) * _MINUTE
            self.look(told, at, who, public.address(number), incident, "follow_on", asked_by=asked_by)

    def stop(self, at: datetime, person: Person, unit: str, told: Told, mate: Person | None) -> Incident:
        """Stop a vehicle or a pedestrian; it is written down hours later, by the officer or whom they work with (`mate`)."""
        scene, rng = self.scene, self.scene.rng
        number = scene.somebody()
        vehicle = rng.random() < 0.7
        subject = scene.public.vehicle(number) if vehicle else scene.public.person(number)
        late = min(rng.lognormvariate(0.6, 1.1), 80.0) * _HOUR
        writer = mate or person
        incident = scene.incident(
            "stop",
            at - rng.uniform(0, 4) * _MINUTE,
            (number,),
            (subject,),
            recorded_at=at + late,
            assigned=(writer,),
            unit=unit,
        )
        told.incidents.append(incident)
        cause = "late_record" if late > 24 * _HOUR else ""
        template = "same_shift" if mate else "recorded_afterwards"
        self.look(told, at, person, subject, incident, template, cause=cause)
        if vehicle and rng.random() < 0.6:
            self.follow(told, at, person, number, incident, asked_by=None)
        return incident

    def go_on(self, at: datetime, person: Person, told: Told) -> None:
        """Look again at whom one of the incidents on somebody's desk names."""
        rng = self.scene.rng
        desk = self.desk(person)
        if not desk:
            self.open_case(at, person, told)
        incident = rng.choice(desk)
        subject = rng.choice(incident.subjects)
        held = any(one.staff_id == person.staff_id for one in incident.assignments)
        self.look(told, at, person, subject, incident, "assigned" if held else "unit")

    def open_case(self, at: datetime, person: Person, told: Told, kind: str = "crime") -> Incident:
        """Give somebody a case of their own."""
        numbers, named = self.subjects(self.scene.somebody(), most=4)
        begun = at - self.scene.rng.uniform(0.2, 3) * _HOUR
        incident = self.scene.incident(kind, begun, numbers, named, assigned=(person,), unit=person.unit)
        self.take_on(person, incident, at, told)
        return incident

    def circulate(self, at: datetime, told: Told) -> Incident:
        """Tell everybody to look out for somebody: a missing or wanted person."""
        number = self.scene.somebody()
        named = (self.scene.public.person(number), self.scene.public.vehicle(number))
        closed = at + self.scene.rng.uniform(12, 96) * _HOUR
        incident = self.scene.incident("circulation", at, (number, number), named, closed_at=closed)
        told.incidents.append(incident)
        self.circulated.append(incident)
        return incident

    def heed(self, at: datetime, person: Person, told: Told) -> None:
        """Look at somebody who is circulated now."""
        open_now = [
            c for c in self.circulated if c.opened_at <= at and (c.closed_at is None or at < c.closed_at)
        ]
        if not open_now:
            return
        incident = self.scene.rng.choice(open_now)
        self.look(told, at, person, self.scene.rng.choice(incident.subjects), incident, "circulation")

    def _close(self, incident: Incident, at: datetime, told: Told) -> None:
        """Tell the incident once more, closed: a correction of its earlier row."""
        closed = max(at, incident.recorded_at)
        told.rows.append(("incidents", closed, incident_row(incident, closed)))

    def _slip(
        self, told: Told, at: datetime, person: Person, subject: Subject, ref: str, asked_by: Person | None
    ) -> datetime:
        """Mistype the subject, find nothing, and return when it is typed again."""
        wrong = (subject[0], mistyped(subject[1], self.scene.rng.randrange(20)))
        truth = Truth(cause="mistyped_subject")
        told.looked.append(
            self.scene.look_up(at, person, wrong, truth, asked_by=asked_by, ref=ref, result="no_trace")
        )
        return at + timedelta(seconds=self.scene.rng.uniform(6, 50))

    def _elsewhere(self, why: str) -> Subject:
        number = self.scene.somebody()
        if why == "named_otherwise":
            return self.scene.public.record_number(number)
        pick: Callable[[int], Subject] = self.scene.rng.choice(
            (self.scene.public.person, self.scene.public.vehicle)
        )
        return pick(number)
