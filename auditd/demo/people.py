"""The people of an invented force, their identifiers, and the journalists it knows: seeded, so the same seed is the same force."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

FORENAMES: Final = (
    "Alba Bryn Cora Dara Elis Faye Gwil Hana Idris Jory Kaya Lowri Merryn Nia Orla Perran Quill Rhys Senara Tamsin "
    "Una Vaughn Wenna Yestin Zara Ailsa Blair Callan Deryn Ewan"
).split()
SURNAMES: Final = (
    "Ashdown Birkmoor Calloway Dunmere Elverton Fernhall Garrowby Hexley Inchbrook Jesmere Kelwick Larkfold Marwood "
    "Netherby Oakhanger Penhallow Quarley Rookhope Selwick Thornleigh Underwell Varley Wexcombe Yarrowby Abbotsley "
    "Brackwell Corfield Dawlish Eastmoor Farrowdale"
).split()
PLACES: Final = ("Marlow Reach", "Fernbridge", "Oldhaven", "Stonecross", "Withymoor", "Carrick End")
DOMAIN: Final = "police.northmere.example"
TRUNK: Final = "+441632960"
UNITS: Final = ("Response A", "Response B", "Neighbourhood", "CID", "Control Room")
OUTLETS: Final = (("Northmere Herald", "herald.example"), ("Daily Lantern", "lantern.example"))
PROTECTED_NUMBER: Final = "+442079460099"


@dataclass(frozen=True, slots=True)
class Person:
    """One member of staff with every identifier the demo uses."""

    staff_id: str
    forename: str
    surname: str
    rank: str
    unit: str
    collar: str
    extension: str
    hired: date

    @property
    def name(self) -> str:
        """Full name."""
        return f"{self.forename} {self.surname}"

    @property
    def account(self) -> str:
        """Log-in on every system."""
        return f"{self.forename[0]}{self.surname}{self.collar}".lower()

    @property
    def email(self) -> str:
        """Force mailbox."""
        return f"{self.forename}.{self.surname}.{self.collar}@{DOMAIN}".lower()


@dataclass(frozen=True, slots=True)
class Journalist:
    """A listed media contact."""

    contact_id: str
    outlet: str
    phone: str
    email: str


@dataclass(frozen=True, slots=True)
class People:
    """Everybody: staff by unit, journalists, and a protected helpline whose number is also on the media list."""

    staff: tuple[Person, ...]
    journalists: tuple[Journalist, ...]

    def of(self, *units: str) -> list[Person]:
        """Return the staff of some units."""
        return [person for person in self.staff if person.unit in units]


def make_people(rng: random.Random, size: int = 60) -> People:
    """Return `size` members of staff (at least 20) and two journalists an outlet."""
    staff = []
    for index in range(size):
        unit = UNITS[index % len(UNITS)]
        rank = rng.choices(("PC", "DC", "Sgt", "Insp"), (12, 4, 3, 1))[0]
        staff.append(
            Person(
                staff_id=f"S{1000 + index}",
                forename=rng.choice(FORENAMES),
                surname=rng.choice(SURNAMES),
                rank="Staff" if unit == "Control Room" else rank,
                unit=unit,
                collar=str(2000 + index * 7),
                extension=str(50000 + index),
                hired=date(2012 + index % 13, 1 + index % 12, 1),
            )
        )
    journalists = [
        Journalist(
            contact_id=f"M{outlet_index}{desk}",
            outlet=outlet,
            phone=f"+44207946{100 + outlet_index * 10 + desk:04d}",
            email=f"desk{desk}@{domain}",
        )
        for outlet_index, (outlet, domain) in enumerate(OUTLETS)
        for desk in range(2)
    ]
    return People(tuple(staff), tuple(journalists))


def staff_rows(people: People) -> list[dict[str, str]]:
    """Return the rows of the staff feed."""
    return [
        {
            "staff_id": p.staff_id,
            "name": p.name,
            "rank": p.rank,
            "role": "operator" if p.unit == "Control Room" else "officer",
            "unit": p.unit,
            "employer": "Northmere Constabulary",
            "force": "Northmere",
            "start_date": p.hired.isoformat(),
        }
        for p in people.staff
    ]


def identifier_rows(people: People) -> list[dict[str, str]]:
    """Return the rows of the identifiers feed: account, collar, mailbox and extension of everybody."""
    rows = []
    for p in people.staff:
        since = datetime(p.hired.year, p.hired.month, p.hired.day, tzinfo=UTC).isoformat()
        for kind, value in (
            ("account", p.account),
            ("collar", p.collar),
            ("email", p.email),
            ("extension", p.extension),
        ):
            rows.append({"staff_id": p.staff_id, "kind": kind, "value": value, "valid_from": since})
    return rows


def media_rows(people: People) -> list[dict[str, str]]:
    """Return the rows of the media_contacts feed."""
    rows = []
    for j in people.journalists:
        shared = {
            "contact_id": j.contact_id,
            "outlet": j.outlet,
            "source": "press office",
            "owner": "press office",
        }
        for kind, value in (("phone", j.phone), ("email", j.email)):
            rows.append({**shared, "kind": kind, "value": value, "review_by": "2030-01-01"})
    rows.append(
        {
            "contact_id": "M90",
            "outlet": OUTLETS[0][0],
            "kind": "phone",
            "value": PROTECTED_NUMBER,
            "source": "listed by mistake",
            "owner": "press office",
            "review_by": "2030-01-01",
        }
    )
    return rows


def protected_rows() -> list[dict[str, str]]:
    """Return the rows of the protected_contacts feed."""
    return [{"kind": "phone", "value": PROTECTED_NUMBER, "category": "helpline"}]
