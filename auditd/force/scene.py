"""How things are done in the invented force: looked up, written down, phoned, mailed. Everything that happens is made of these.

It must never make a look-up without saying what is true of it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Final

from auditd.force.happenings import Call, Lookup, Mail
from auditd.force.names import DOMAIN, PLACES, Public, Subject, mistyped
from auditd.force.people import Journalist, People, Person
from auditd.force.records import Assignment, Incident, Looked, Truth

REASONS: Final = (
    "STOP",
    "ENQUIRY",
    "RTC",
    "DOMESTIC",
    "THEFT",
    "WARRANT",
    "MISPER",
    "ASSAULT",
    "DRUGS",
    "BURGLARY",
)
# Numbers of the public: work is about those below, cases each have one of their own above.
_WORKED_ON: Final = 1_000_000
_OF_CASES: Final = 2_000_000


class Scene:
    """The force with its public, and one source of chance."""

    def __init__(
        self, people: People, public: Public, rng: random.Random, *, numbers: Iterator[int] | None = None
    ) -> None:
        self.people = people
        self.public = public
        self.rng = rng
        self._numbers = numbers or count(1)
        self._fresh = count(_OF_CASES)

    def reseed(self, seed: str) -> None:
        """Begin anew with another chance: a day's happenings depend on the day alone, not on those before."""
        self.rng.seed(seed)

    def number(self) -> int:
        """Return a number nothing had before: for references, messages, calls."""
        return next(self._numbers)

    def somebody(self) -> int:
        """Return somebody of the public whom the force comes across; a few it meets again and again."""
        if self.rng.random() < 0.25:
            return int(self.rng.paretovariate(0.8)) % 5_000
        return self.rng.randrange(5_000, _WORKED_ON)

    def stranger(self) -> int:
        """Return somebody of the public who is on no record: nobody else looks them up by chance."""
        return next(self._fresh)

    def look_up(
        self,
        at: datetime,
        person: Person,
        subject: Subject,
        truth: Truth,
        *,
        asked_by: Person | None = None,
        ref: str = "",
        reason: str = "",
        terminal: str = "",
        account: str = "",
        result: str = "hit",
    ) -> Looked:
        """Return a look-up by a person, for `asked_by` where somebody else is the originator.

        account: one shared by several people. ref: the reference typed.
        """
        rng = self.rng
        originator = asked_by or person
        why = reason or rng.choice(REASONS)
        justification = "as requested by officer" if rng.random() < 0.1 else ""
        lookup = Lookup(
            at=at,
            user=account or person.account,
            subject_type=subject[0],
            subject_key=subject[1],
            ref=f"TX{self.number():09d}",
            originator=f"{originator.surname} {originator.collar}/{why}/{rng.choice(PLACES)}".upper()[:53],
            reason=str(1 + REASONS.index(why) % 9) if why in REASONS else "9",
            incident_ref=ref,
            terminal=terminal or person.terminal,
            justification=justification,
            result=result,
        )
        return Looked(lookup, person, truth)

    def typed(self, ref: str) -> tuple[str, str]:
        """Return a reference as somebody types it, and a cause where it went wrong: blank mostly, mistyped now and then."""
        drawn = self.rng.random()
        if drawn < 0.55 or not ref:
            return "", ""
        if drawn < 0.96:
            return ref, ""
        return mistyped(ref, 2 + self.rng.randrange(8)), "mistyped_reference"

    def incident(
        self,
        kind: str,
        at: datetime,
        numbers: tuple[int, ...],
        subjects: tuple[Subject, ...],
        *,
        recorded_at: datetime | None = None,
        assigned: tuple[Person, ...] = (),
        units: tuple[str, ...] = (),
        assigned_at: datetime | None = None,
        assignment_recorded_at: datetime | None = None,
        unit: str = "",
        closed_at: datetime | None = None,
    ) -> Incident:
        """Return an incident, recorded within minutes unless told, with the people and units who work on it."""
        recorded = recorded_at or at + timedelta(minutes=self.rng.uniform(1, 8))
        since = assigned_at or at
        written = assignment_recorded_at or max(recorded, since + timedelta(minutes=self.rng.uniform(1, 20)))
        assignments = [Assignment(since, written, staff_id=person.staff_id) for person in assigned]
        assignments += [Assignment(since, written, unit=name, role="unit dispatched") for name in units]
        return Incident(
            ref=f"{_PREFIXES[kind]}{self.number():09d}",
            kind=kind,
            opened_at=at,
            recorded_at=recorded,
            subjects=subjects,
            assignments=tuple(assignments),
            unit=unit or (units[0] if units else ""),
            location=self.rng.choice(PLACES),
            closed_at=closed_at,
            numbers=numbers,
        )

    def call_out(self, at: datetime, person: Person, number: str, seconds: int = 0) -> Call:
        """Return a call from somebody's desk to an outside number (E.164, of this country)."""
        return Call(
            at=at,
            caller=person.extension,
            called="90" + number.removeprefix("+44"),
            seconds=seconds or self.rng.randrange(40, 900),
            call_id=self.number(),
            caller_login=person.account,
        )

    def call_in(self, at: datetime, number: str, person: Person, seconds: int = 0) -> Call:
        """Return a call from an outside number (E.164, of this country) to somebody's desk."""
        return Call(
            at=at,
            caller="0" + number.removeprefix("+44"),
            called=person.extension,
            seconds=seconds or self.rng.randrange(40, 600),
            call_id=self.number(),
        )

    def call_inside(self, at: datetime, caller: Person, called: Person, seconds: int | None = None) -> Call:
        """Return a call from desk to desk; not answered where seconds is 0."""
        length = self.rng.choice((0, 35, 80, 240)) if seconds is None else seconds
        return Call(at, caller.extension, called.extension, length, self.number(), caller.account)

    def mail(
        self,
        at: datetime,
        sender: str,
        *recipients: str,
        subject: str = "",
        size: int = 0,
        forwarded_by: str = "",
    ) -> Mail:
        """Return a message; whose it is follows from the sender's address."""
        number = self.number()
        return Mail(
            at=at,
            sender=sender,
            recipients=recipients,
            message_id=f"{number}@{'mail01.' + DOMAIN if sender.endswith(DOMAIN) else sender.partition('@')[2]}",
            subject=subject or f"Re: rota, week {number % 52}",
            ours=sender.endswith(DOMAIN),
            size=size or 4_000 + number * 7_919 % 60_000,
            forwarded_by=forwarded_by,
        )

    def journalist(self) -> Journalist:
        """Return one of the journalists the force knows."""
        return self.rng.choice(self.people.journalists)


_PREFIXES: Final = {
    "incident": "NI", "crime": "NC", "custody": "NK", "stop": "NS", "warrant": "NW", "task": "NT", "intel": "NX",
    "licence": "NL", "circulation": "NZ",
}  # fmt: skip
