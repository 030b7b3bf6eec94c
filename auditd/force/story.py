"""The story of a force: day by day what is logged, what is written down and what is true, from a seed.

It must never hold more than a day, the cases of the whole stretch, and what is recorded late.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Final

from auditd.force.browsing import visits
from auditd.force.casting import Casting
from auditd.force.day import Days
from auditd.force.duties import Duties
from auditd.force.happenings import Contact
from auditd.force.incident_rows import assignment_rows, incident_row, subject_rows
from auditd.force.names import Public
from auditd.force.people import DETECTIVE, STREET, make_people
from auditd.force.plan import planned
from auditd.force.records import Case, Incident, Looked, Told
from auditd.force.rota import Rota
from auditd.force.scene import Scene

START: Final = date(2026, 3, 2)
_DAY: Final = timedelta(days=1)
Row = dict[str, str]


@dataclass(slots=True)
class DayTold:
    """A UTC day: look-ups and contacts in order of time, and the feed rows that became known on it."""

    day: date
    looked: list[Looked]
    contacts: list[Contact]
    rows: dict[str, list[Row]] = field(default_factory=dict)


class Story:
    """A force of `staff` people (at least 20) over `days` days from `start`."""

    def __init__(self, *, staff: int, days: int, seed: int, start: date = START) -> None:
        self.start, self.days, self.seed = start, days, seed
        self.people = make_people(seed, staff, start=start, days=days)
        self.rota = Rota(seed)
        self._scene = Scene(self.people, Public(seed), random.Random(f"{seed}/cases"))
        self._known: list[tuple[datetime, int, str, Row]] = []
        self._order = count()
        plan = planned(Casting(self._scene, self.rota, start, days))
        self.cases: list[tuple[Case, Told]] = plan.cases
        self._waiting: dict[date, Told] = {}
        self._wait(plan)

    def tell(self) -> Iterator[DayTold]:
        """Tell the days in order. Cases of the everyday (the press office) join `cases` as they happen."""
        work = Duties(self._scene)
        self._inherited(work)
        ordinary = Days(work, self.rota)
        for step in range(self.days):
            day = self.start + step * _DAY
            self._scene.reseed(f"{self.seed}/{day}")
            told = ordinary.tell(day)
            self.cases += told.cases
            told.contacts += self._visits(day)
            self._wait(told)
            yield self._told_on(day)

    def _visits(self, day: date) -> Iterator[Contact]:
        """Yield the day's requests to the web: drawn by themselves, so that nothing else depends on them."""
        chance = random.Random(f"{self.seed}/{day}/web")
        for person in self.people.staff:
            if shift := self.rota.shift(person, day):
                yield from visits(chance, person, shift)

    def left_over(self) -> dict[str, list[Row]]:
        """Return the feed rows that became known only after the last day, so that a late record is not lost."""
        return self._rows_until(datetime.max.replace(tzinfo=UTC))

    def _inherited(self, work: Duties) -> None:
        """Give everybody who works cases two that began before the first day."""
        told = Told()
        self._scene.reseed(f"{self.seed}/before")
        midnight = datetime.combine(self.start, time(0), tzinfo=UTC)
        for person in self.people.of(DETECTIVE, *STREET):
            if person.serves(self.start):
                for _ in range(2):
                    begun = midnight - timedelta(hours=self._scene.rng.uniform(6, 400))
                    work.open_case(begun, person, told, kind="crime")
        self._wait(told)

    def _wait(self, told: Told) -> None:
        """Put what was told under the days it belongs to."""
        for looked in told.looked:
            self._of(looked.lookup.at).looked.append(looked)
        for contact in told.contacts:
            self._of(contact.at).contacts.append(contact)
        for incident in told.incidents:
            self._note(incident)
        for feed, known, row in told.rows:
            heapq.heappush(self._known, (known, next(self._order), feed, row))

    def _of(self, at: datetime) -> Told:
        return self._waiting.setdefault(at.date(), Told())

    def _note(self, incident: Incident) -> None:
        """Have an incident's rows known when it is recorded, its assignments when they are."""
        rows = [(incident.recorded_at, "incident_subjects", row) for row in subject_rows(incident)]
        rows.append((incident.recorded_at, "incidents", incident_row(incident)))
        for one, row in zip(incident.assignments, assignment_rows(incident), strict=True):
            rows.append((one.recorded_at, "assignments", row))
        for known, feed, row in rows:
            heapq.heappush(self._known, (known, next(self._order), feed, row))

    def _told_on(self, day: date) -> DayTold:
        told = self._waiting.pop(day, Told())
        midnight = datetime.combine(day + _DAY, time(0), tzinfo=UTC)
        return DayTold(
            day=day,
            looked=sorted(told.looked, key=lambda looked: (looked.lookup.at, looked.lookup.ref)),
            contacts=sorted(told.contacts, key=lambda contact: contact.at),
            rows=self._rows_until(midnight),
        )

    def _rows_until(self, moment: datetime) -> dict[str, list[Row]]:
        rows: dict[str, list[Row]] = {}
        while self._known and self._known[0][0] < moment:
            _, _, feed, row = heapq.heappop(self._known)
            rows.setdefault(feed, []).append(row)
        if "incidents" in rows:  # of an incident opened and closed in one delivery the file has the last word
            rows["incidents"] = list({row["incident_ref"]: row for row in rows["incidents"]}.values())
        return rows
