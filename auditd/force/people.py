"""The people of the invented force, by role and unit, with those who join, leave and move: the same seed is the same force."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final, Literal

from auditd.force.names import AREAS, DOMAIN, FORENAMES, OUTLETS, SURNAMES, Public, Subject, postcode

Pattern = Literal["shift", "neighbourhood", "office"]


@dataclass(frozen=True, slots=True)
class Role:
    """A kind of work: share of the force, when it is done, unit names ({area}, {team}), whether officers do it."""

    name: str
    unit: str
    share: float
    pattern: Pattern
    sworn: bool = False


RESPONSE: Final = Role("response officer", "Response {team} {area}", 0.36, "shift", sworn=True)
NEIGHBOURHOOD: Final = Role(
    "neighbourhood officer", "Neighbourhood {area}", 0.14, "neighbourhood", sworn=True
)
DETECTIVE: Final = Role("detective", "CID {area}", 0.16, "office", sworn=True)
ROADS: Final = Role("roads officer", "Roads Policing {team}", 0.05, "shift", sworn=True)
CONTROL: Final = Role("control room operator", "Control Room {team}", 0.08, "shift")
CUSTODY: Final = Role("custody officer", "Custody {area}", 0.03, "shift", sworn=True)
BUREAU: Final = Role("bureau operator", "PNC Bureau", 0.025, "shift")
INTELLIGENCE: Final = Role("intelligence analyst", "Intelligence", 0.035, "office")
VETTING: Final = Role("vetting officer", "Vetting", 0.01, "office")
FIREARMS: Final = Role("firearms licensing officer", "Firearms Licensing", 0.01, "office")
COUNTER: Final = Role("front counter officer", "Front Counter {area}", 0.02, "office")
PRESS: Final = Role("press officer", "Press Office", 0.01, "office")
SUPPORT: Final = Role("support staff", "Support Services", 0.06, "office")
CHIEF: Final = Role("chief officer", "Chief Officers", 0.005, "office", sworn=True)
ROLES: Final = (
    RESPONSE, NEIGHBOURHOOD, DETECTIVE, ROADS, CONTROL, CUSTODY, BUREAU, INTELLIGENCE, VETTING, FIREARMS, COUNTER,
    PRESS, SUPPORT, CHIEF,
)  # fmt: skip
STREET: Final = (RESPONSE, NEIGHBOURHOOD, ROADS)
OUTSOURCED: Final = "Carrick Services Ltd"
FORCE_NAME: Final = "Northmere"
TEAMS: Final = 5


@dataclass(frozen=True, slots=True)
class Person:
    """One member of staff with every identifier that logs know. `moved`: from when in which other unit."""

    number: int
    staff_id: str
    forename: str
    surname: str
    role: Role
    rank: str
    unit: str
    team: int
    collar: str
    extension: str
    hired: date
    born: date
    employer: str
    home: str
    vehicle: str
    kin: tuple[str, ...]
    left: date | None = None
    moved: tuple[date, str] | None = None

    @property
    def name(self) -> str:
        """Full name."""
        return f"{self.forename} {self.surname}"

    @property
    def account(self) -> str:
        """Log-in on every system."""
        return f"{self.forename[0]}{self.surname}{self.staff_id[1:]}".lower()

    @property
    def email(self) -> str:
        """Force mailbox."""
        return f"{self.forename}.{self.surname}.{self.staff_id[1:]}@{DOMAIN}".lower()

    @property
    def key(self) -> Subject:
        """The person as the subject of a record."""
        return "person", f"{self.surname}/{self.forename}/{self.born}".upper()

    @property
    def terminal(self) -> str:
        """The terminal on their desk; officers on the street use those of their station."""
        return f"T{self.extension}" if self.role.pattern == "office" else f"MDT{self.number % 40:02d}"

    def unit_on(self, day: date) -> str:
        """Return the unit they belong to on a day."""
        return self.moved[1] if self.moved and day >= self.moved[0] else self.unit

    def serves(self, day: date) -> bool:
        """Whether they are employed on a day."""
        return self.hired <= day and (self.left is None or day < self.left)


@dataclass(frozen=True, slots=True)
class Journalist:
    """A listed media contact."""

    contact_id: str
    outlet: str
    phone: str
    email: str


@dataclass(frozen=True, slots=True)
class People:
    """Everybody: staff by number, those who join later included, and the journalists the force knows."""

    staff: tuple[Person, ...]
    journalists: tuple[Journalist, ...]
    _of: dict[str, list[Person]] = field(default_factory=dict)

    def of(self, *roles: Role) -> list[Person]:
        """Return the staff of some roles, by role and number."""
        if not self._of:
            for person in self.staff:
                self._of.setdefault(person.role.name, []).append(person)
        return [person for role in roles for person in self._of.get(role.name, [])]


def make_people(seed: int, size: int, *, start: date = date(2026, 3, 2), days: int = 0) -> People:
    """Return `size` members of staff (at least 20) and two journalists an outlet.

    Of every 28 days about 1.5% leave, each followed three days later by somebody who gets their extension (and one in
    three their collar number), and 1% move to another unit of the same role.
    """
    rng = random.Random(f"{seed}/people")
    public = Public(seed)
    staff = [_person(rng, public, index, role, size, start) for index, role in enumerate(_roles(size))]
    per_period = max(1, round(size * days / 28 * 0.015)) if days >= 7 else 0
    for index in rng.sample(range(size), min(per_period, size // 4)):
        leaver = replace(staff[index], left=start + timedelta(days=rng.randrange(2, days - 4)))
        staff[index] = leaver
        staff.append(_successor(rng, public, leaver, len(staff), size, start))
    movers = [
        index for index in range(size) if staff[index].left is None and "{area}" in staff[index].role.unit
    ]
    for index in rng.sample(movers, min(len(movers), round(per_period * 2 / 3))):
        unit = _unit(rng, staff[index].role, staff[index].team, size)
        if unit != staff[index].unit:
            staff[index] = replace(staff[index], moved=(start + timedelta(days=rng.randrange(3, days)), unit))
    return People(tuple(staff), _journalists())


def _roles(size: int) -> list[Role]:
    """Return a role for each of `size` people, all roles there, in the proportions of their shares."""
    counts = {role.name: max(1, round(role.share * size)) for role in ROLES}
    rest = size - sum(counts.values())
    counts[RESPONSE.name] += rest
    return [role for role in ROLES for _ in range(counts[role.name])]


def _person(rng: random.Random, public: Public, number: int, role: Role, size: int, start: date) -> Person:
    team = number % TEAMS
    surname = rng.choice(SURNAMES)
    ranks = {
        CHIEF.name: ("ACC", "Det Supt"),
        CUSTODY.name: ("Sgt",),
        DETECTIVE.name: ("DC", "DC", "DC", "DS", "DI"),
    }
    rank = rng.choice(ranks.get(role.name, ("PC",) * 8 + ("Sgt", "Sgt", "Insp"))) if role.sworn else "Staff"
    outsourced = role is SUPPORT or (role is CUSTODY and number % 3 == 0)
    return Person(
        number=number,
        staff_id=f"S{1000 + number}",
        forename=rng.choice(FORENAMES),
        surname=surname,
        role=role,
        rank=rank,
        unit=_unit(rng, role, team, size),
        team=team,
        collar=str(2000 + number * 7),
        extension=str(50_000 + number),
        hired=start - timedelta(days=rng.randrange(120, 9_000)),
        born=date(1964, 1, 1) + timedelta(days=rng.randrange(14_000)),
        employer=OUTSOURCED if outsourced else f"{FORCE_NAME} Constabulary",
        home=postcode(9_000 + number),
        vehicle=public.vehicle(4_000_000 + number)[1],
        kin=(surname, rng.choice(SURNAMES)),
    )


def _successor(
    rng: random.Random, public: Public, leaver: Person, number: int, size: int, start: date
) -> Person:
    """Return who takes over from a leaver, with their extension and sometimes their collar number."""
    assert leaver.left is not None
    fresh = _person(rng, public, number, leaver.role, size, start)
    collar = leaver.collar if number % 3 == 0 else fresh.collar
    began = leaver.left + timedelta(days=3)
    return replace(
        fresh, hired=began, unit=leaver.unit, team=leaver.team, extension=leaver.extension, collar=collar
    )


def _unit(rng: random.Random, role: Role, team: int, size: int) -> str:
    areas = AREAS[: min(len(AREAS), max(1, size // 180))]
    return role.unit.format(area=rng.choice(areas), team="ABCDE"[team])


def _journalists() -> tuple[Journalist, ...]:
    return tuple(
        Journalist(
            contact_id=f"M{outlet_index}{desk}",
            outlet=outlet,
            phone=f"+44207946{100 + outlet_index * 10 + desk:04d}",
            email=f"desk{desk}@{domain}",
        )
        for outlet_index, (outlet, domain) in enumerate(OUTLETS)
        for desk in range(2)
    )
