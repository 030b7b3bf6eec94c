"""Planted misuse, second half: leaks, go-betweens, private mailboxes, victims, accounts of people who left or share them.

Each function makes one case (a Told with one Case) from a Casting. It must never register the contact it plants.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from auditd.force.browsing import FILES, PASTES, upload
from auditd.force.casting import Casting
from auditd.force.incident_rows import incident_row
from auditd.force.people import Person
from auditd.force.records import Told

_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
DISCLOSURE: Final = "disclosure of information"
SYSTEMS: Final = "misuse of force systems"


def leak_by_phone(cast: Casting) -> Told:
    """Look somebody up, phone a journalist; the story runs next day."""
    return _leak(cast, "leak_by_phone", by_mail=False)


def leak_by_mail(cast: Casting) -> Told:
    """Look somebody up, write to a journalist; the story runs next day."""
    return _leak(cast, "leak_by_mail", by_mail=True)


def unregistered_contact(cast: Casting) -> Told:
    """Phone a journalist without having looked anything up, and without registering it."""
    person, told, case_id = cast.somebody(), Told(), cast.case_id("misuse")
    at = cast.on_duty(person)
    told.contacts.append(cast.scene.call_out(at, person, cast.scene.journalist().phone))
    return cast.misuse("unregistered_contact", DISCLOSURE, (person,), ("", ""), told, case_id)


def proxy_searcher(cast: Casting) -> Told:
    """A calls B, B looks up within minutes, B calls back, A calls a journalist."""
    asks, looks = cast.somebody(), cast.somebody()
    told, case_id = Told(), cast.case_id("misuse")
    scene, rng = cast.scene, cast.scene.rng
    subject = scene.public.person(scene.stranger())
    at = cast.on_duty(looks)
    journalist = scene.journalist()
    told.contacts.append(scene.call_inside(at, asks, looks, 95))
    cast.look(told, at + rng.uniform(3, 12) * _MINUTE, looks, subject, case_id)
    told.contacts.append(scene.call_inside(at + rng.uniform(14, 20) * _MINUTE, looks, asks, 120))
    told.contacts.append(scene.call_out(at + rng.uniform(25, 120) * _MINUTE, asks, journalist.phone))
    if rng.random() < 0.5:
        cast.publish(told, subject, at + rng.uniform(14, 40) * _HOUR, journalist)
    return cast.misuse("proxy_searcher", DISCLOSURE, (asks, looks), subject, told, case_id)


def mailed_home(cast: Casting) -> Told:
    """Look somebody up, then send attachments to a private mailbox."""
    person, told, case_id = cast.somebody(), Told(), cast.case_id("misuse")
    number = cast.scene.stranger()
    at = cast.on_duty(person)
    cast.look(told, at, person, cast.scene.public.person(number), case_id)
    later = at + cast.scene.rng.uniform(3, 50) * _MINUTE
    told.contacts.append(
        cast.scene.mail(later, person.email, _private(person), subject="docs", size=2_400_000)
    )
    return cast.misuse("mailed_home", DISCLOSURE, (person,), cast.scene.public.person(number), told, case_id)


def forwarding_rule(cast: Casting) -> Told:
    """Have a rule pass every message on to a private mailbox for a week."""
    person, told, case_id = cast.somebody(), Told(), cast.case_id("misuse")
    day = cast.day(spare=8)
    for _ in range(12):
        at = cast.on_duty(person, near=day + cast.scene.rng.randrange(7) * _DAY)
        sender = cast.scene.rng.choice(cast.scene.people.staff).email
        told.contacts.append(
            cast.scene.mail(at, sender, _private(person), subject="Re: case", forwarded_by=person.email)
        )
    return cast.misuse("forwarding_rule", DISCLOSURE, (person,), ("", ""), told, case_id)


def web_exfiltration(cast: Casting) -> Told:
    """Look somebody up, then copy what the record says to a site for pasted text or shared files."""
    person, told, case_id = cast.somebody(), Told(), cast.case_id("misuse")
    scene, number = cast.scene, cast.scene.stranger()
    at = cast.on_duty(person)
    cast.look(told, at, person, scene.public.person(number), case_id)
    later = at + scene.rng.uniform(4, 80) * _MINUTE
    for _ in range(scene.rng.randrange(1, 4)):
        host, size = scene.rng.choice((PASTES, FILES)), scene.rng.randrange(150_000, 4_000_000)
        told.contacts.append(upload(later, person, host, size))
        later += scene.rng.uniform(0.5, 6) * _MINUTE
    return cast.misuse("web_exfiltration", DISCLOSURE, (person,), scene.public.person(number), told, case_id)


def victim_contact(cast: Casting) -> Told:
    """Stay in touch with the victim of one's own case after it closed: looked up once more, then calls and mail.

    The look-up has a record behind it, as such cases do: the case was theirs.
    """
    person, told, case_id = cast.somebody(), Told(), cast.case_id("misuse")
    scene, rng = cast.scene, cast.scene.rng
    number = scene.stranger()
    victim = scene.public.person(number)
    at = cast.on_duty(person, spare=6)
    closed = at - rng.uniform(0.1, 0.6) * _DAY
    incident = scene.incident(
        "crime",
        closed - rng.uniform(5, 40) * _DAY,
        (number, number),
        (victim, scene.public.line(number)),
        assigned=(person,),
        closed_at=closed,
    )
    told.incidents.append(incident)
    told.rows.append(("incidents", closed, incident_row(incident)))
    since = incident.opened_at
    flag = {
        "subject_type": "person",
        "subject_key": victim[1],
        "flag": "victim",
        "from": since.isoformat(),
        "to": "",
    }
    told.rows.append(("sensitive_subjects", since, flag))
    cast.look(told, at, person, victim, case_id, record=incident.ref, explained_by="assigned")
    for step in range(rng.randrange(3, 6)):
        later = at + (step * 0.8 + rng.uniform(0.02, 0.3)) * _DAY
        number_out = f"+44{scene.public.telephone(number)}"
        told.contacts.append(scene.call_out(later, person, number_out))
    return cast.misuse("victim_contact", "sexual misconduct", (person,), victim, told, case_id)


def after_access_end(cast: Casting) -> Told:
    """The account of somebody who left goes on looking people up."""
    leavers = [p for p in cast.scene.people.staff if p.left and (p.left - cast.start).days < cast.days - 4]
    if not leavers:
        return Told()
    told, case_id = Told(), cast.case_id("misuse")
    person = cast.scene.rng.choice(leavers)
    number = cast.scene.stranger()
    at = cast.rota_end(person) + cast.scene.rng.uniform(1, 2.5) * _DAY
    for _ in range(3):
        cast.look(told, at, person, cast.scene.public.vehicle(number), case_id, terminal="VPN07")
        at += cast.scene.rng.uniform(4, 400) * _MINUTE
    return cast.misuse(
        "after_access_end", SYSTEMS, (person,), cast.scene.public.vehicle(number), told, case_id
    )


def lent_account(cast: Casting) -> Told:
    """Somebody else uses an account at a second terminal while its holder works at the first."""
    person, told, case_id = cast.somebody(), Told(), cast.case_id("misuse")
    scene = cast.scene
    at = cast.on_duty(person)
    own = scene.somebody()
    incident = scene.incident("task", at - _HOUR, (own,), (scene.public.person(own),), assigned=(person,))
    told.incidents.append(incident)
    numbers = [scene.stranger() for _ in range(3)]
    for step, number in enumerate(numbers):
        moment = at + step * 4 * _MINUTE
        cast.look(
            told, moment, person, incident.subjects[0], "", record=incident.ref, explained_by="assigned"
        )
        cast.look(
            told, moment + 1.5 * _MINUTE, person, scene.public.person(number), case_id, terminal="MDT99"
        )
    return cast.misuse("lent_account", SYSTEMS, (person,), scene.public.person(numbers[0]), told, case_id)


def _leak(cast: Casting, kind: str, *, by_mail: bool) -> Told:
    person, told, case_id = cast.somebody(), Told(), cast.case_id("misuse")
    scene, rng = cast.scene, cast.scene.rng
    journalist = scene.journalist()
    number = scene.stranger()
    subject = scene.public.person(number)
    at = cast.on_duty(person, spare=3)
    cast.look(told, at, person, subject, case_id)
    if rng.random() < 0.5:
        cast.look(told, at + rng.uniform(1, 6) * _MINUTE, person, scene.public.address(number), case_id)
    later = at + rng.uniform(10, 300) * _MINUTE
    if by_mail:
        told.contacts.append(scene.mail(later, person.email, journalist.email, subject="a word"))
    else:
        told.contacts.append(scene.call_out(later, person, journalist.phone))
    cast.publish(told, subject, later + rng.uniform(12, 30) * _HOUR, journalist)
    return cast.misuse(kind, DISCLOSURE, (person,), subject, told, case_id)


def _private(person: Person) -> str:
    return f"{person.forename}.{person.surname}@homemail.example".lower()
