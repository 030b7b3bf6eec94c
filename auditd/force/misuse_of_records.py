"""Planted misuse, first half: looking up whom one has no business with. Published cases as scenarios, with invented people.

Each function makes one case (a Told with one Case) from a Casting. It must never leave a record that would explain it,
unless the case is one that really has a record.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from auditd.force.casting import Casting
from auditd.force.names import Subject
from auditd.force.people import BUREAU, INTELLIGENCE, VETTING, Person
from auditd.force.records import Told

_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
SYSTEMS: Final = "misuse of force systems"
Scenario = Callable[[Casting], Told]


def self_lookup(cast: Casting) -> Told:
    """Look oneself and one's own vehicle up."""
    person = cast.somebody()
    subjects = (person.key, ("vehicle", person.vehicle))
    return _looked(cast, "self_lookup", SYSTEMS, person, subjects, subject=person.key)


def ex_partner(cast: Casting) -> Told:
    """Look up an ex-partner, their vehicle and their address, again some days later."""
    person, number = cast.somebody(), cast.scene.stranger()
    public = cast.scene.public
    subjects = (public.vehicle(number), public.person(number), public.address(number), public.vehicle(number))
    return _looked(cast, "ex_partner", SYSTEMS, person, subjects, visits=2)


def family_lookup(cast: Casting) -> Told:
    """Look up somebody of the family: same surname, or a next of kin's."""
    person, rng = cast.somebody(), cast.scene.rng
    born = f"{rng.randrange(1950, 2006)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}"
    subject = ("person", f"{rng.choice(person.kin)}/{rng.choice(('Morgan', 'Robin', 'Vale'))}/{born}".upper())
    return _looked(
        cast, "family_lookup", SYSTEMS, person, (subject, ("address", f"{person.home}/3")), subject=subject
    )


def neighbour(cast: Casting) -> Told:
    """Look up the vehicle and the house next door."""
    person, number = cast.somebody(), cast.scene.stranger()
    house: Subject = ("address", f"{person.home}/{cast.scene.rng.randrange(4, 40)}")
    return _looked(
        cast, "neighbour", SYSTEMS, person, (house, cast.scene.public.vehicle(number)), subject=house
    )


def colleague_lookup(cast: Casting) -> Told:
    """Look a colleague up, and their vehicle."""
    person, colleague = cast.somebody(), cast.somebody()
    subjects = (colleague.key, ("vehicle", colleague.vehicle))
    return _looked(cast, "colleague_lookup", SYSTEMS, person, subjects, subject=colleague.key)


def public_figure(cast: Casting) -> Told:
    """Look up somebody famous."""
    person, number = cast.somebody(), cast.scene.stranger()
    subject = cast.scene.public.person(number)
    told = _looked(cast, "public_figure", SYSTEMS, person, (subject,))
    _flag(cast, told, subject, "public_figure")
    return told


def dating(cast: Casting) -> Told:
    """Look up somebody one is seeing: by name, then the full record, then an occurrence linked to it."""
    person, number = cast.somebody(), cast.scene.stranger()
    subjects = (
        cast.scene.public.person(number), cast.scene.public.record_number(number), ("occurrence", f"44{number:09d}"),
    )  # fmt: skip
    return _looked(cast, "dating", "sexual misconduct", person, subjects)


def off_duty_lookup(cast: Casting) -> Told:
    """Look people up on a rest day or in the night after one, from elsewhere."""
    person, told, case_id = cast.somebody(), Told(), cast.case_id("misuse")
    number = cast.scene.stranger()
    at = cast.off_duty(person)
    for subject in (cast.scene.public.person(number), cast.scene.public.address(number)):
        cast.look(told, at, person, subject, case_id, terminal="VPN07")
        at += cast.scene.rng.uniform(1, 9) * _MINUTE
    return cast.misuse("off_duty_lookup", SYSTEMS, (person,), cast.scene.public.person(number), told, case_id)


def serial_interest(cast: Casting) -> Told:
    """Look the same four people up over and over, a little each time."""
    person, told, case_id = cast.somebody(), Told(), cast.case_id("misuse")
    numbers = [cast.scene.stranger() for _ in range(4)]
    visits = min(40, max(5, cast.days // 2))
    for visit in range(visits):
        day = cast.start + timedelta(days=1 + visit * max(1, cast.days - 3) / visits)
        number = cast.scene.rng.choice(numbers)
        kind = cast.scene.rng.choice((cast.scene.public.person, cast.scene.public.vehicle))
        cast.look(told, cast.on_duty(person, near=day), person, kind(number), case_id)
    subject = cast.scene.public.person(numbers[0])
    return cast.misuse("serial_interest", "inappropriate association", (person,), subject, told, case_id)


def curiosity_surge(cast: Casting) -> Told:
    """A story is published, and a dozen people with no part in it look its subject up."""
    number, told, case_id = cast.scene.stranger(), Told(), cast.case_id("misuse")
    subject = cast.scene.public.person(number)
    people = [cast.somebody() for _ in range(cast.scene.rng.randrange(7, 14))]
    day = cast.day(spare=4)
    published = cast.on_duty(people[0], near=day)
    cast.publish(told, subject, published)
    for person in people:
        at = cast.on_duty(person, near=(published + 0.3 * _DAY).date())
        cast.look(
            told, max(at, published + cast.scene.rng.uniform(5, 90) * _MINUTE), person, subject, case_id
        )
    return cast.misuse("curiosity_surge", SYSTEMS, people, subject, told, case_id)


def false_reason(cast: Casting) -> Told:
    """Give a reference of a real matter that has nothing to do with it, or an invented one, and a colleague's name."""
    person, number = cast.somebody(), cast.scene.stranger()
    told, case_id = Told(), cast.case_id("misuse")
    at = cast.on_duty(person)
    subject = cast.scene.public.person(number)
    other = cast.somebody() if cast.scene.rng.random() < 0.5 else None
    for _ in range(2):
        cast.look(
            told,
            at,
            person,
            subject,
            case_id,
            reason="ENQUIRY",
            ref=f"NI{cast.scene.rng.randrange(10**8):09d}",
            asked_by=other,
        )
        at += cast.scene.rng.uniform(2, 30) * _MINUTE
    return cast.misuse("false_reason", SYSTEMS, (person,), subject, told, case_id)


def padding(cast: Casting) -> Told:
    """Hide the one look-up in the middle of a burst of routine ones."""
    person, number = cast.somebody(), cast.scene.stranger()
    told, case_id = Told(), cast.case_id("misuse")
    at = cast.on_duty(person)
    subject = cast.scene.public.person(number)
    scene = cast.scene
    busy = [scene.somebody() for _ in range(12)]
    incident = scene.incident(
        "task", at - _HOUR, tuple(busy), tuple(scene.public.person(one) for one in busy), assigned=(person,)
    )
    told.incidents.append(incident)
    for index, named in enumerate(incident.subjects):
        cast.look(told, at, person, named, "", record=incident.ref, explained_by="assigned", cause="padding")
        at += scene.rng.uniform(10, 60) * timedelta(seconds=1)
        if index == 7:
            cast.look(told, at, person, subject, case_id)
            at += 0.3 * _MINUTE
    return cast.misuse("padding", SYSTEMS, (person,), subject, told, case_id)


def own_investigation(cast: Casting) -> Told:
    """Look whether one is under investigation: oneself, the occurrence, an associate."""
    person, number = cast.somebody(), cast.scene.stranger()
    occurrence: Subject = ("occurrence", f"44{number:09d}")
    subjects = (person.key, occurrence, cast.scene.public.person(number))
    told = _looked(
        cast, "own_investigation", "perverting the course of justice", person, subjects, subject=occurrence
    )
    _flag(cast, told, occurrence, "live_investigation")
    return told


def bulk_harvest(cast: Casting) -> Told:
    """Collect dozens of people in a few hours, for somebody outside."""
    person, told, case_id = cast.somebody(INTELLIGENCE, BUREAU, VETTING), Told(), cast.case_id("misuse")
    at = cast.on_duty(person)
    first = cast.scene.stranger()
    numbers = [first, *(cast.scene.stranger() for _ in range(34))]
    for number in numbers:
        cast.look(told, at, person, cast.scene.public.person(number), case_id)
        at += cast.scene.rng.uniform(0.5, 4) * _MINUTE
    return cast.misuse(
        "bulk_harvest", "infiltration", (person,), cast.scene.public.person(first), told, case_id
    )


def _looked(
    cast: Casting,
    kind: str,
    category: str,
    person: Person,
    subjects: tuple[Subject, ...],
    *,
    subject: Subject | None = None,
    visits: int = 1,
) -> Told:
    told, case_id = Told(), cast.case_id("misuse")
    for _ in range(visits):
        at = cast.on_duty(person)
        for one in subjects:
            cast.look(told, at, person, one, case_id)
            at += cast.scene.rng.uniform(0.5, 14) * _MINUTE
    return cast.misuse(kind, category, (person,), subject or subjects[0], told, case_id)


def _flag(cast: Casting, told: Told, subject: Subject, flag: str) -> None:
    since = cast.scene.rng.uniform(1, 90) * _DAY
    known = min(looked.lookup.at for looked in told.looked) - since
    row = {
        "subject_type": subject[0],
        "subject_key": subject[1],
        "flag": flag,
        "from": known.isoformat(),
        "to": "",
    }
    told.rows.append(("sensitive_subjects", known, row))
