"""A small group of people in a dense history: who is who, what they work on, what they look up, whom they are in touch with."""

from __future__ import annotations

import csv
import io
import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from dense_contacts import fill_contacts
from engine_rig import NOON, at

from auditd.demo.formats import (
    CUCM_COLUMNS,
    EXCHANGE_COLUMNS,
    PNC_COLUMNS,
    Call,
    Lookup,
    Mail,
    csv_line,
    cucm_line,
    exchange_lines,
    pnc_line,
)
from auditd.force.names import DOMAIN

if TYPE_CHECKING:
    from dense_history import History

OUTLETS = ("Northmere Herald", "Daily Lantern")
# Within the follow-on, at its edge, past it; within the fold, at its edge, past it; the same a day on, and past a day.
_MINUTES = (0, 0, 0, 2, 5, 7, 12, 60, 61, 62, 1440, 1441, 1450, 1500, 2880, 2881)

Row = dict[str, str]


class Cell:
    """Three people, two vehicles, two persons of interest, two journalists; `n` keeps cells apart."""

    def __init__(self, history: History, rng: random.Random, number: int) -> None:
        self.history = history
        self.rng = rng
        # What is drawn from here leaves what is drawn from there as it was.
        self.more = random.Random(repr(rng.getstate()[1][:8]))
        self.n = number
        self.people = [f"S{number:02d}{index}" for index in range(3)]
        self.accounts = [f"user{number}{letter}" for letter in "abc"]
        self.collars = [str(2000 + number * 10 + index) for index in range(3)]
        self.mailboxes = [f"box{number}{letter}@{DOMAIN}" for letter in "abc"]
        self.extensions = [str(50000 + number * 10 + index) for index in range(3)]
        self.subjects = [
            ("vehicle", f"ZA{number:02d}AAA"),
            ("vehicle", f"ZA{number:02d}BBB"),
            ("person", f"MARWOOD/ALEX/19{50 + number}-01-02"),
            ("person", f"MARWOOD/SAM/19{50 + number}-01-02"),
        ]
        self.numbers = [f"+44207946{100 + number * 2 + index:04d}" for index in range(2)]
        self.desks = [f"desk{number}@herald.example", f"tips@n{number}.lantern.example"]

    def fill(self) -> None:
        self._staff()
        self._roster()
        self._incidents()
        self._flags()
        self._media()
        for index in range(self.rng.randint(4, 14)):
            self._look_up(index)
        self._two_terminals()
        self._burst()
        for index in range(self.rng.randint(1, 5)):
            self._mail(index)
        for index in range(self.rng.randint(1, 5)):
            self._call(index)
        fill_contacts(self, random.Random(repr(self.more.getstate()[1][:8])))

    def moment(self, rng: random.Random | None = None) -> datetime:
        return NOON + timedelta(minutes=(rng or self.rng).choice(_MINUTES))

    # -- who is who

    def _staff(self) -> None:
        for index, staff_id in enumerate(self.people):
            row = {
                "staff_id": staff_id, "name": f"Invented {staff_id}", "rank": "PC",
                "unit": f"Unit {self.n} {'AB'[index % 2]}", "employer": "Northmere", "force": "Northmere",
                "start_date": "2020-01-01", "role": self.more.choice(("officer", "officer", "officer", "vetting officer")),
                "next_of_kin_surnames": self.more.choice(("", "", "Marwood")), "vehicles": "",
                "end_date": self.more.choice(("", "", "", "2026-03-03")),
            }  # fmt: skip
            self.history.row("staff", row)
            if self.rng.random() < 0.2:
                late = {
                    "unit": f"Unit {self.n} {self.rng.choice('AB')}",
                    "vehicles": self.more.choice(self.subjects[:2])[1],
                }
                self.history.row("staff", row | late, wave=2)
        for kind, values in (
            ("account", self.accounts),
            ("collar", self.collars),
            ("email", self.mailboxes),
            ("extension", self.extensions),
        ):
            for staff_id, value in zip(self.people, values, strict=True):
                self._holds(staff_id, kind, value)
        for terminal in (f"T{self.n:03d}", f"NM-T{self.n}"):
            if self.rng.random() < 0.3:
                self._holds(self.rng.choice(self.people), "terminal", terminal)
        if self.rng.random() < 0.6:
            self._holds(self.rng.choice(self.people), "account", self.rng.choice(self.accounts))

    def _holds(self, staff_id: str, kind: str, value: str) -> None:
        row = {"staff_id": staff_id, "kind": kind, "value": value, "valid_from": "", "valid_to": ""}
        what = self.rng.random()
        if what < 0.1:
            return  # nobody ever says whose it is
        self.history.row("identifiers", row, wave=0 if what < 0.6 else None)
        if what > 0.8:  # handed on at a moment at which things happen; known late
            moment = self.moment().isoformat()
            heir = self.rng.choice(self.people)
            self.history.row("identifiers", row | {"valid_to": moment}, wave=2)
            self.history.row("identifiers", row | {"staff_id": heir, "valid_from": moment}, wave=2)

    def _written(self, value: str) -> str:
        """An account, mailbox or extension, mostly as the feed has it."""
        how = self.rng.random()
        if how < 0.75:
            return value
        if value.isdigit():
            return f"0{value}"
        name, _, domain = value.partition("@")
        if domain:
            return f"{name}@mail.{domain}"
        letter = name[-1]
        return self.rng.choice(
            (
                f"northmere\\{name}",
                f"{name}@{DOMAIN}",
                f"{name}@other.example",
                f"box{self.n}{letter}@{DOMAIN}",
            )
        )

    # -- work

    def _roster(self) -> None:
        for staff_id in self.people:
            for _ in range(self.more.choice((0, 0, 1, 2))):
                begins = self.moment(self.more) + timedelta(hours=self.more.choice((-8, -1, 0, 1)))
                row = {"staff_id": staff_id, "from": begins.isoformat(), "state": "duty"}
                self._more_row("roster", row | {"to": (begins + timedelta(hours=8)).isoformat()})
                if self.more.random() < 0.3:
                    ends = begins + timedelta(hours=2)
                    changed = {"to": ends.isoformat(), "state": self.more.choice(("duty", "leave"))}
                    self.history.row("roster", row | changed, wave=2)
                if self.more.random() < 0.3:
                    away = {"from": (begins + timedelta(hours=8)).isoformat(), "state": "rest"}
                    self._more_row("roster", row | away | {"to": (begins + timedelta(hours=32)).isoformat()})

    def _flags(self) -> None:
        """Who calls for more care, which incidents are linked, and what is a whole unit's; all may become known late."""
        if self.more.random() < 0.3:
            kind, key = self.more.choice(self.subjects)
            row = {"subject_type": kind, "subject_key": key, "flag": "witness"}
            self._more_row("sensitive_subjects", row | {"from": self.moment(self.more).isoformat()})
        if self.more.random() < 0.5:
            one, other = self.more.sample(range(4), 2)
            row = {"incident_ref": f"IN{self.n}-{one}", "subject_type": "occurrence", "from": "", "to": ""}
            self._more_row("incident_subjects", row | {"subject_key": f"in{self.n}-{other}"})
        if self.more.random() < 0.3:
            opened = self.moment(self.more).isoformat()
            row = {"incident_ref": f"UN{self.n}", "opened_at": opened, "recorded_at": opened, "closed_at": ""}
            kind = self.more.choice(("stop", "warrant", "circulation"))
            self._more_row("incidents", row | {"kind": kind, "unit": f"Unit {self.n} A"})
            kind, key = self.more.choice(self.subjects)
            named = {
                "incident_ref": f"UN{self.n}",
                "subject_type": kind,
                "subject_key": key,
                "from": "",
                "to": "",
            }
            self._more_row("incident_subjects", named)

    def _more_row(self, feed: str, row: Row) -> None:
        self.history.row(feed, row, wave=self.more.choice((0, 0, 1, 2)))

    def _incidents(self) -> None:
        for index in range(self.rng.randint(0, 4)):
            ref = f"IN{self.n}-{index}"
            opened = self.moment() + timedelta(hours=self.rng.choice((-24, 0, 24)))
            closed = opened + timedelta(hours=self.rng.choice((0, 1, 24)))
            incident = {
                "incident_ref": ref, "kind": self.rng.choice(("crime", "stop", "task")),
                "unit": self.more.choice(("", f"Unit {self.n} A")),
                "opened_at": opened.isoformat(), "recorded_at": (opened + timedelta(hours=3)).isoformat(),
                "closed_at": closed.isoformat() if self.rng.random() < 0.5 else "",
            }  # fmt: skip
            self.history.row("incidents", incident)
            if self.rng.random() < 0.3:
                self.history.row("incidents", incident | {"closed_at": closed.isoformat()}, wave=2)
            for kind, key in self.rng.sample(self.subjects, self.rng.randint(1, 2)):
                self.history.row(
                    "incident_subjects",
                    {"incident_ref": ref, "subject_type": kind, "subject_key": key, "from": "", "to": ""},
                )
            by_unit = self.rng.random() < 0.3
            assignment = {
                "incident_ref": ref,
                "staff_id": "" if by_unit else self.rng.choice(self.people),
                "unit": f"unit {self.n} a " if by_unit else "",
                "from": opened.isoformat(), "to": "", "recorded_at": (opened + timedelta(hours=2)).isoformat(),
            }  # fmt: skip
            self.history.row("assignments", assignment)
            if self.rng.random() < 0.3:
                self.history.row("assignments", assignment | {"to": closed.isoformat()}, wave=2)
                heir = {"staff_id": self.more.choice(self.people), "unit": "", "from": closed.isoformat()}
                self.history.row("assignments", assignment | heir, wave=2)

    def _look_up(self, index: int) -> None:
        kind, key = self.rng.choice((*self.subjects, ("occurrence", f"IN{self.n}-0")))
        collar = self.rng.choice((*self.collars, ""))
        lookup = Lookup(
            at=self.moment(),
            user=self._written(self.rng.choice(self.accounts)),
            subject_type=kind,
            subject_key=key,
            ref=f"TX{self.n}-{index}",
            originator=f"MARWOOD {collar}/STOP/CARRICK END" if collar else "",
            reason=self.rng.choice(("6", "")),
            incident_ref=self.rng.choice(("", f"IN{self.n}-0", "nonsense")),
        )
        if self.rng.random() < 0.1:
            lookup = replace(lookup, subject_key="")
        terminal = self.rng.choice((f"T{self.n:03d}", "T900", f"nm-t{self.n}.northmere.example", ""))
        self.history.lines["pnc"].append(_changed(pnc_line(lookup), PNC_COLUMNS, {"terminal_id": terminal}))

    def _two_terminals(self) -> None:
        """One account at one terminal, at another and back, mostly within the minutes that count."""
        user, begins = self.more.choice(self.accounts), self.moment(self.more)
        for index, terminal in enumerate(("T901", "T902", "T901")):
            kind, key = self.subjects[index]
            lookup = Lookup(
                at=begins + timedelta(minutes=index * self.more.choice((0, 2, 5, 9))),
                user=user,
                subject_type=kind,
                subject_key=key,
                ref=f"TT{self.n}-{index}",
                originator="",
            )
            line = _changed(pnc_line(lookup), PNC_COLUMNS, {"terminal_id": terminal})
            self.history.lines["pnc"].append(line)

    def _burst(self) -> None:
        """Somebody works through what a task names, mostly with one in the middle that no record names."""
        user = self.more.randrange(3)
        begins = self.moment(self.more) + timedelta(minutes=3)
        ref, day = f"BT{self.n}", begins.isoformat()
        named = [("vehicle", f"ZB{self.n:02d}{letter}XX") for letter in "ABCD"]
        task = {
            "incident_ref": ref,
            "kind": "task",
            "opened_at": day,
            "recorded_at": day,
            "closed_at": "",
            "unit": "",
        }
        self._more_row("incidents", task)
        for kind, key in named:
            self._more_row(
                "incident_subjects",
                {"incident_ref": ref, "subject_type": kind, "subject_key": key, "from": "", "to": ""},
            )
        if self.more.random() < 0.8:
            given = {
                "incident_ref": ref,
                "staff_id": self.people[user],
                "unit": "",
                "from": day,
                "to": "",
                "recorded_at": day,
            }
            self._more_row("assignments", given)
        odd = self.more.choice((self.subjects[0], self.subjects[1], ("vehicle", f"ZC{self.n:02d}QQQ")))
        for index, (kind, key) in enumerate((*named[:2], odd, *named[2:])):
            lookup = Lookup(
                at=begins + timedelta(minutes=index * self.more.choice((0, 1, 2))),
                user=self.accounts[user],
                subject_type=kind,
                subject_key=key,
                ref=f"TB{self.n}-{index}",
                originator="",
                incident_ref=self.more.choice(("", ref, f"BT{self.n}77", f"BT{self.n}77")),
            )
            terminal = self.more.choice((f"T{self.n:03d}", f"T8{self.n:02d}"))
            self.history.lines["pnc"].append(
                _changed(pnc_line(lookup), PNC_COLUMNS, {"terminal_id": terminal})
            )

    # -- contacts

    def _media(self) -> None:
        for index, (number, desk) in enumerate(zip(self.numbers, self.desks, strict=True)):
            self._listed(f"MP{self.n}{index}", OUTLETS[index], "phone", number)
            kind, value = ("email", desk) if index == 0 else ("domain", "lantern.example")
            self._listed(f"MM{self.n if kind == 'email' else ''}{index}", OUTLETS[index], kind, value)
        if self.rng.random() < 0.2:
            self.history.row("protected_contacts", protected("phone", self.numbers[0]), wave=2)
        if self.rng.random() < 0.2:
            self.history.row("protected_contacts", protected("domain", f"n{self.n}.lantern.example"), wave=1)
        for index in range(self.rng.choice((0, 0, 1, 2))):
            self.history.row(
                "media_register",
                {
                    "entry_id": f"R{self.n}{index}", "staff_id": self.rng.choice(self.people),
                    "contact_at": self.moment().isoformat(), "outlet": self.rng.choice(OUTLETS).upper(),
                    "channel": "phone", "recorded_at": at(days=3).isoformat(),
                },
                wave=self.rng.choice((1, 2)),
            )  # fmt: skip

    def _listed(self, contact_id: str, outlet: str, kind: str, value: str) -> None:
        row = {
            "contact_id": contact_id, "outlet": outlet, "kind": kind, "value": value, "valid_from": "",
            "valid_to": "", "source": "press office", "owner": "press office", "review_by": "2030-01-01",
        }  # fmt: skip
        self.history.row("media_contacts", row)
        if self.rng.random() < 0.2:
            self.history.row("media_contacts", row | {"valid_from": self.moment().isoformat()}, wave=2)

    def _mail(self, index: int) -> None:
        ours, theirs = self._written(self.rng.choice(self.mailboxes)), self.rng.choice(self.desks)
        outbound = self.rng.random() < 0.6
        sender, recipient = (ours, theirs) if outbound else (theirs, ours)
        shared = {
            "sender": sender,
            "recipients": (recipient,),
            "message_id": f"{index}@n{self.n}",
            "subject": "x",
        }
        rows = [
            self.rng.choice(exchange_lines(Mail(at=self.moment(), ours=outbound, **shared)))
            for _ in range(self.rng.randint(1, 3))
        ]
        if self.rng.random() < 0.3:  # a mailbox of ours passes on what somebody outside wrote
            outsider = Mail(
                self.moment(), "resident@mail.example", (theirs,), f"r{index}@n{self.n}", "x", ours=False
            )
            rows.append(
                _changed(exchange_lines(outsider)[2], EXCHANGE_COLUMNS, {"related-recipient-address": ours})
            )
        self.history.lines["exchange"] += rows

    def _call(self, index: int) -> None:
        ours, theirs = self._written(self.rng.choice(self.extensions)), self.rng.choice(self.numbers)
        moments = {self.moment() for _ in range(self.rng.randint(1, 3))}
        call_id = self.n * 1000 + index
        outbound = self.rng.random() < 0.6
        for moment in sorted(moments):
            seconds = self.rng.choice((0, 60))
            if outbound:
                line = cucm_line(Call(moment, ours, "90" + theirs.removeprefix("+44"), seconds, call_id))
            else:
                line = cucm_line(Call(moment, theirs, ours, seconds, call_id))
            if self.rng.random() < 0.2:
                line = _changed(
                    line, tuple(CUCM_COLUMNS), {"lastRedirectDn": self.rng.choice(self.extensions)}
                )
            self.history.lines["cucm"].append(line)


def protected(kind: str, value: str) -> Row:
    return {"kind": kind, "value": value, "category": "helpline"}


def _changed(line: str, columns: tuple[str, ...], values: dict[str, str]) -> str:
    [cells] = csv.reader(io.StringIO(line))
    return csv_line((dict(zip(columns, cells, strict=True)) | values).values())
