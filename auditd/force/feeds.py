"""The force's reference feeds as files (docs/feeds.md), each whole when it appears, and the rows of its people.

It must never write a row before the force knew it: a file holds what became known up to its day.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from auditd.force.duties import SHARED_COUNTER
from auditd.force.incident_rows import assignment_rows, incident_row, subject_rows
from auditd.force.lines.text import LONDON
from auditd.force.names import OUTLETS, PROTECTED_NUMBER
from auditd.force.people import CHIEF, COUNTER, DETECTIVE, FORCE_NAME, People, Person
from auditd.force.records import Incident
from auditd.force.rota import Rota

Row = dict[str, str]


class FeedFiles:
    """Reference data as CSV files dropped into a folder, each complete when it appears."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._drops = 0
        self.rows: dict[str, int] = {}

    def drop(self, feed: str, rows: Sequence[Mapping[str, str]]) -> None:
        """Drop one file of a feed; none where there are no rows."""
        if not rows:
            return
        self._drops += 1
        self.rows[feed] = self.rows.get(feed, 0) + len(rows)
        columns = list(dict.fromkeys(name for row in rows for name in row))
        part = self._folder / f".{feed}-{self._drops:05d}"
        with part.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        part.rename(self._folder / f"{feed}-{self._drops:05d}.csv")

    def drop_incidents(self, incidents: Sequence[Incident]) -> None:
        """Drop incidents with their subjects and assignments; the incidents last."""
        self.drop("incident_subjects", [row for one in incidents for row in subject_rows(one)])
        self.drop("assignments", [row for one in incidents for row in assignment_rows(one)])
        self.drop("incidents", [incident_row(one) for one in incidents])

    def drop_standing(self, people: People) -> None:
        """Drop the feeds that stand from the first: staff, identifiers, media contacts, protected contacts."""
        self.drop("staff", staff_rows(people.staff))
        self.drop("identifiers", identifier_rows(people.staff))
        self.drop("media_contacts", media_rows(people))
        self.drop("protected_contacts", protected_rows())


def staff_rows(people: Iterable[Person], on: date | None = None) -> list[Row]:
    """Return people's rows of the staff feed as known on a day: with whoever has joined, units as they are then."""
    return [_staff_row(person, on) for person in people if on is None or person.hired <= on]


def _staff_row(person: Person, on: date | None) -> Row:
    return {
        "staff_id": person.staff_id,
        "name": person.name,
        "dob": person.born.isoformat(),
        "rank": person.rank,
        "role": person.role.name,
        "unit": person.unit_on(on) if on else person.unit,
        "employer": person.employer,
        "force": FORCE_NAME,
        "start_date": person.hired.isoformat(),
        "end_date": person.left.isoformat() if person.left and (on is None or person.left <= on) else "",
        "home_postcode": person.home,
        "vehicles": person.vehicle,
        "next_of_kin_surnames": ";".join(person.kin),
    }


def identifier_rows(people: Iterable[Person], on: date | None = None) -> list[Row]:
    """Return people's rows of the identifiers feed as known on a day; the numbers of who left end with them."""
    known = [person for person in people if on is None or listed(person) <= on]
    rows = [row for person in known for row in _identifiers(person, on)]
    for person in known:
        if person.role is COUNTER:
            account = SHARED_COUNTER.format(area=person.unit.rpartition(" ")[2].lower())
            rows.append(_identifier(person, "account", account, on))
    return rows


def listed(person: Person) -> date:
    """Return the day from which the identifiers feed has somebody's numbers: for those who join, up to four days late."""
    return person.hired + timedelta(days=person.number % 5)


def _identifiers(person: Person, on: date | None) -> list[Row]:
    held = [
        ("account", person.account),
        ("collar", person.collar),
        ("email", person.email),
        ("extension", person.extension),
    ]
    if person.role.pattern == "office":
        held.append(("terminal", person.terminal))
    if person.role in (DETECTIVE, CHIEF) and person.number < 300:
        held.append(("phone", f"+447700900{person.number:03d}"))
    return [_identifier(person, kind, value, on) for kind, value in held]


def _identifier(person: Person, kind: str, value: str, on: date | None) -> Row:
    left = person.left if person.left and (on is None or person.left <= on) else None
    return {
        "staff_id": person.staff_id,
        "kind": kind,
        "value": value,
        "valid_from": _midnight(person.hired),
        "valid_to": _midnight(left) if left else "",
    }


def media_rows(people: People, *, domains: bool = False) -> list[Row]:
    """Return the rows of the media_contacts feed: every journalist, and with `domains` the outlets' domains."""
    shared = {"source": "press office", "owner": "press office", "review_by": "2030-01-01"}
    rows = [
        {"contact_id": one.contact_id, "outlet": one.outlet, "kind": kind, "value": value, **shared}
        for one in people.journalists
        for kind, value in (("phone", one.phone), ("email", one.email))
    ]
    if domains:
        rows += [
            {"contact_id": f"M8{index}", "outlet": outlet, "kind": "domain", "value": domain, **shared}
            for index, (outlet, domain) in enumerate(OUTLETS[:2])
        ]
    mistake = {"contact_id": "M90", "outlet": OUTLETS[0][0], "kind": "phone", "value": PROTECTED_NUMBER}
    return [*rows, mistake | shared | {"source": "listed by mistake"}]


def protected_rows() -> list[Row]:
    """Return the rows of the protected_contacts feed."""
    return [{"kind": "phone", "value": PROTECTED_NUMBER, "category": "helpline"}]


def roster_rows(people: People, rota: Rota, first: date, days: int) -> list[Row]:
    """Return the rows of the roster feed for some days."""
    stretch = [first + timedelta(days=step) for step in range(days)]
    return [row for person in people.staff for day in stretch for row in rota.rows(person, day)]


def news(people: People, day: date) -> list[Person]:
    """Return who joins, is listed, leaves or moves on a day."""
    return [
        person
        for person in people.staff
        if day in (person.hired, listed(person), person.left, person.moved[0] if person.moved else None)
    ]


def _midnight(day: date) -> str:
    return datetime.combine(day, time(0), tzinfo=LONDON).astimezone(UTC).isoformat()
