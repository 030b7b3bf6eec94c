"""Planted innocence: matters that look like misuse and are none, each with what makes it innocent.

Each function makes one case (a Told with one Case) from a Casting. It must never lack the record, register entry or role
that explains it, save where the point is that there is none.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from auditd.force.browsing import FILES, PARTNER, read_mail, upload
from auditd.force.casting import OFFICERS, Casting
from auditd.force.correspondence import register
from auditd.force.names import OUTLETS, PROTECTED_NUMBER
from auditd.force.people import BUREAU, DETECTIVE, VETTING, Person
from auditd.force.records import Told

_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


def late_record(cast: Casting) -> Told:
    """A stop that is written down two or three days later."""
    person, told, case_id = cast.somebody(), Told(), cast.case_id("innocent")
    scene = cast.scene
    number = scene.somebody()
    at = cast.on_duty(person, spare=5)
    stopped = scene.public.vehicle(number)
    late = at + scene.rng.uniform(30, 72) * _HOUR
    incident = scene.incident("stop", at, (number,), (stopped,), recorded_at=late, assigned=(person,))
    told.incidents.append(incident)
    cast.look(
        told,
        at,
        person,
        stopped,
        case_id,
        record=incident.ref,
        explained_by="recorded_afterwards",
        cause="late_record",
    )
    return cast.innocent("late_record", (person,), stopped, told, case_id, "recorded late")


def registered_contact(cast: Casting) -> Told:
    """An officer who looks at their own case, speaks with a journalist about it, and registers that."""
    person, told, case_id = cast.somebody(), Told(), cast.case_id("innocent")
    scene = cast.scene
    number = scene.somebody()
    at = cast.on_duty(person, spare=2)
    subject = scene.public.person(number)
    incident = scene.incident("crime", at - 5 * _HOUR, (number,), (subject,), assigned=(person,))
    told.incidents.append(incident)
    cast.look(told, at, person, subject, case_id, record=incident.ref, explained_by="assigned")
    journalist = scene.journalist()
    later = at + scene.rng.uniform(5, 90) * _MINUTE
    told.contacts.append(scene.call_out(later, person, journalist.phone))
    register(scene, told, later, person, journalist)
    return cast.innocent(
        "registered_contact", (person,), subject, told, case_id, "entry in the media register"
    )


def press_briefing(cast: Casting) -> Told:
    """An officer phones the desk of a newspaper because the press office asked them to, and the register says so."""
    person, told, case_id = cast.somebody(DETECTIVE), Told(), cast.case_id("innocent")
    journalist = cast.scene.journalist()
    at = cast.on_duty(person, spare=2)
    told.contacts.append(cast.scene.mail(at, person.email, journalist.email, subject="Appeal"))
    register(cast.scene, told, at, person, journalist)
    return cast.innocent("press_briefing", (person,), ("", ""), told, case_id, "entry in the media register")


def helpline(cast: Casting) -> Told:
    """A call to a protected helpline that somebody put on the media list by mistake: nobody may ever see it."""
    person, told, case_id = cast.somebody(), Told(), cast.case_id("innocent")
    told.contacts.append(cast.scene.call_out(cast.on_duty(person), person, PROTECTED_NUMBER, 1260))
    return cast.innocent("helpline", (person,), ("", ""), told, case_id, "protected contact")


def called_out(cast: Casting) -> Told:
    """A detective on call is called out at night and looks people up."""
    for _ in range(20):
        person = cast.somebody(DETECTIVE)
        for _ in range(30):
            if night := cast.rota.on_call(person, cast.day(spare=2)):
                at = night.start + cast.scene.rng.uniform(2, 9) * _HOUR
                return _worked(cast, "called_out", person, at, "on call, by the roster")
    return Told()


def overtime(cast: Casting) -> Told:
    """Work goes on after the end of the shift."""
    for _ in range(20):
        person = cast.somebody()
        for _ in range(60):
            shift = cast.rota.shift(person, cast.day(spare=2))
            if shift and shift.overtime_from:
                return _worked(
                    cast, "overtime", person, shift.overtime_from + 30 * _MINUTE, "overtime, by the roster"
                )
    return Told()


def missing_person(cast: Casting) -> Told:
    """Twenty people look at one record within a day: somebody is missing, and everybody was told."""
    scene, told, case_id = cast.scene, Told(), cast.case_id("innocent")
    number = scene.stranger()
    subject = scene.public.person(number)
    people = [scene.rng.choice(scene.people.of(*OFFICERS)) for _ in range(20)]
    people = [person for person in dict.fromkeys(people) if person.left is None and person.serves(cast.start)]
    opened = cast.on_duty(people[0], spare=4) - _HOUR
    incident = scene.incident("circulation", opened, (number,), (subject,), closed_at=opened + 4 * _DAY)
    told.incidents.append(incident)
    cast.publish(told, subject, opened + 3 * _HOUR)
    for person in people:
        at = cast.on_duty(person, near=opened.date())
        if opened < at < opened + 4 * _DAY:
            cast.look(told, at, person, subject, case_id, record=incident.ref, explained_by="circulation")
    return cast.innocent("missing_person", people, subject, told, case_id, "circulated to everybody")


def vetted_colleague(cast: Casting) -> Told:
    """Vetting looks a colleague up, because a task says so."""
    person, colleague = cast.somebody(VETTING), cast.somebody()
    told, case_id = Told(), cast.case_id("innocent")
    at = cast.on_duty(person)
    incident = cast.scene.incident("task", at - _DAY, (0,), (colleague.key,), units=(person.unit,))
    told.incidents.append(incident)
    cast.look(told, at, person, colleague.key, case_id, record=incident.ref, explained_by="role")
    return cast.innocent("vetted_colleague", (person,), colleague.key, told, case_id, "vetting task")


def namesake(cast: Casting) -> Told:
    """Somebody in an officer's own case has the officer's surname by chance."""
    person, told, case_id = cast.somebody(), Told(), cast.case_id("innocent")
    subject = ("person", f"{person.surname}/LESLIE/19{cast.scene.rng.randrange(50, 99)}-05-17".upper())
    at = cast.on_duty(person)
    incident = cast.scene.incident("crime", at - 9 * _HOUR, (0,), (subject,), assigned=(person,))
    told.incidents.append(incident)
    cast.look(told, at, person, subject, case_id, record=incident.ref, explained_by="assigned")
    return cast.innocent("namesake", (person,), subject, told, case_id, "assigned")


def bulk_task(cast: Casting) -> Told:
    """The bureau checks a list of sixty vehicles for a task in one afternoon."""
    person, told, case_id = cast.somebody(BUREAU), Told(), cast.case_id("innocent")
    scene = cast.scene
    at = cast.on_duty(person)
    numbers = tuple(scene.somebody() for _ in range(60))
    named = tuple(dict.fromkeys(scene.public.vehicle(number) for number in numbers))
    incident = scene.incident("task", at - _HOUR, numbers[: len(named)], named, units=(person.unit,))
    told.incidents.append(incident)
    for subject in named:
        cast.look(told, at, person, subject, case_id, record=incident.ref, explained_by="role")
        at += scene.rng.uniform(0.3, 2) * _MINUTE
    return cast.innocent("bulk_task", (person,), named[0], told, case_id, "task of the bureau")


def open_case_contact(cast: Casting) -> Told:
    """An officer phones the victim of their open case several times."""
    person, told, case_id = cast.somebody(DETECTIVE), Told(), cast.case_id("innocent")
    scene = cast.scene
    number = scene.stranger()
    victim = scene.public.person(number)
    at = cast.on_duty(person, spare=5)
    named = (victim, scene.public.line(number))
    incident = scene.incident("crime", at - 3 * _DAY, (number, number), named, assigned=(person,))
    told.incidents.append(incident)
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
    for step in range(3):
        later = at + (step * 0.9 + 0.02) * _DAY
        told.contacts.append(scene.call_out(later, person, f"+44{scene.public.telephone(number)}"))
    return cast.innocent("open_case_contact", (person,), victim, told, case_id, "the case is open")


def partner_upload(cast: Casting) -> Told:
    """An officer looks at their own case, and sends its papers to a partner through a site for shared files."""
    person, told, case_id = cast.somebody(), Told(), cast.case_id("innocent")
    scene, number = cast.scene, cast.scene.somebody()
    at = cast.on_duty(person)
    subject = scene.public.person(number)
    incident = scene.incident("crime", at - 6 * _HOUR, (number,), (subject,), assigned=(person,))
    told.incidents.append(incident)
    cast.look(told, at, person, subject, case_id, record=incident.ref, explained_by="assigned")
    host = scene.rng.choice((FILES, PARTNER))
    told.contacts.append(upload(at + scene.rng.uniform(5, 60) * _MINUTE, person, host, 3_100_000))
    return cast.innocent("partner_upload", (person,), subject, told, case_id, "their own case")


def newsletter_read(cast: Casting) -> Told:
    """A newsletter arrives, and private mail is read, after a look-up in somebody's own case."""
    person, told, case_id = cast.somebody(), Told(), cast.case_id("innocent")
    scene, number = cast.scene, cast.scene.somebody()
    at = cast.on_duty(person)
    subject = scene.public.vehicle(number)
    incident = scene.incident("crime", at - 4 * _HOUR, (number,), (subject,), assigned=(person,))
    told.incidents.append(incident)
    cast.look(told, at, person, subject, case_id, record=incident.ref, explained_by="assigned")
    outlet, domain = scene.rng.choice(OUTLETS)
    later = at + scene.rng.uniform(5, 60) * _MINUTE
    told.contacts.append(
        scene.mail(later, f"newsletter@news.{domain}", person.email, subject=f"{outlet}: now")
    )
    told.contacts.append(read_mail(scene.rng, later + 9 * _MINUTE, person))
    return cast.innocent(
        "newsletter_read", (person,), subject, told, case_id, "a newsletter, and private mail"
    )


def _worked(cast: Casting, kind: str, person: Person, at: datetime, explained: str) -> Told:
    told, case_id = Told(), cast.case_id("innocent")
    number = cast.scene.somebody()
    subject = cast.scene.public.person(number)
    incident = cast.scene.incident("crime", at - 0.4 * _HOUR, (number,), (subject,), assigned=(person,))
    told.incidents.append(incident)
    cast.look(told, at, person, subject, case_id, record=incident.ref, explained_by="assigned")
    return cast.innocent(kind, (person,), subject, told, case_id, explained)
