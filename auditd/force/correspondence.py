"""Mail and calls of every day: inside the force, with the public, newsletters of outlets, the press office.

It must never contact a journalist except through the press office or with an entry in the register.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from auditd.force.happenings import Call, Mail
from auditd.force.names import DOMAIN, OUTLETS
from auditd.force.people import Journalist, Person
from auditd.force.records import Case, Told
from auditd.force.scene import Scene

NEWSLETTER_READERS: Final = 12


def ordinary_mail(scene: Scene, at: datetime, person: Person) -> Mail:
    """Return a message inside the force, or to or from a resident or another authority."""
    rng = scene.rng
    drawn = rng.random()
    colleague = rng.choice(scene.people.staff)
    if drawn < 0.6:
        return scene.mail(at, person.email, colleague.email)
    outside = (
        f"resident{rng.randrange(900)}@mail.example"
        if rng.random() < 0.7
        else f"desk{rng.randrange(40)}@{rng.choice(('council', 'courts', 'hospital'))}.example"
    )
    if drawn < 0.8:
        return scene.mail(at, person.email, outside, subject="Your report")
    return scene.mail(at, outside, person.email, subject="Enquiry")


def ordinary_call(scene: Scene, at: datetime, person: Person) -> Call:
    """Return a call inside the force, or with somebody's mobile."""
    rng = scene.rng
    drawn = rng.random()
    if drawn < 0.6:
        return scene.call_inside(at, person, rng.choice(scene.people.staff))
    number = f"+44{scene.public.telephone(rng.randrange(700))}"
    if drawn < 0.85:
        return scene.call_out(at, person, number)
    return scene.call_in(at, number, person)


def newsletters(scene: Scene, morning: datetime) -> Iterator[Mail]:
    """Yield each outlet's newsletter to the staff who have it; always the same people."""
    staff = scene.people.staff
    for index, (outlet, domain) in enumerate(OUTLETS):
        readers = [staff[(index * 37 + step * 61) % len(staff)].email for step in range(NEWSLETTER_READERS)]
        at = morning + timedelta(minutes=7 * index)
        for reader in dict.fromkeys(readers):
            yield scene.mail(at, f"newsletter@news.{domain}", reader, subject=f"{outlet}: today")


def press_contact(scene: Scene, at: datetime, officer: Person) -> Told:
    """Let the press office deal with a journalist: registered the same day, most of it."""
    journalist, rng = scene.journalist(), scene.rng
    told = Told()
    match rng.randrange(4):
        case 0:
            told.contacts.append(scene.call_in(at, journalist.phone, officer))
        case 1:
            told.contacts.append(scene.call_out(at, officer, journalist.phone))
        case 2:
            told.contacts.append(scene.mail(at, officer.email, journalist.email, subject="Statement"))
        case _:
            told.contacts.append(scene.mail(at, journalist.email, officer.email, subject="Question"))
    if rng.random() < 0.85:
        register(scene, told, at, officer, journalist)
    case_ = Case(
        case_id=f"I{scene.number():08d}",
        kind="press_office",
        truth="innocent",
        category="",
        people=(officer,),
        subject=("", ""),
        explained="duty of the press office",
    )
    told.cases.append((case_, Told(contacts=list(told.contacts))))
    return told


def register(scene: Scene, told: Told, at: datetime, person: Person, journalist: Journalist) -> None:
    """Write a contact with a journalist in the register, within a few hours."""
    recorded = at + timedelta(hours=scene.rng.uniform(0.1, 8))
    row = {
        "entry_id": f"R{scene.number():08d}",
        "staff_id": person.staff_id,
        "contact_at": at.isoformat(),
        "outlet": journalist.outlet,
        "channel": "email" if any(isinstance(contact, Mail) for contact in told.contacts) else "phone",
        "recorded_at": recorded.isoformat(),
        "approved_by": "",
    }
    told.rows.append(("media_register", recorded, row))


def all_staff_mail(scene: Scene, at: datetime) -> Mail:
    """Return a message to thirty at once: a force bulletin."""
    to = [scene.rng.choice(scene.people.staff).email for _ in range(30)]
    return scene.mail(at, f"bulletin@{DOMAIN}", *dict.fromkeys(to), subject="Orders of the day")
