"""What a cell of a dense history adds for detectors of contacts: cases with victims whose lines are named, errands,
uploads, mail home, watch-lists and entries of the media register.

It must draw from a source of chance of its own, so that what other parts of a history draw stays as it was.
"""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

from engine_rig import at

from auditd.demo.formats import Call, Lookup, Mail, cucm_line, exchange_lines, pnc_line

if TYPE_CHECKING:
    from dense_cell import Cell

WATCH_LIST = "Known associates"
_WAVES = (0, 0, 1, 2)


def fill_contacts(cell: Cell, rng: random.Random) -> None:
    """Add to the cell's history, in waves of its own choice."""
    _victims(cell, rng)
    _watched(cell, rng)
    _errand(cell, rng)
    _uploads(cell, rng)
    _mailed_home(cell, rng)
    _entry(cell, rng)


def _watched(cell: Cell, rng: random.Random) -> None:
    """A number on a watch-list, listed early, late, or only for a while."""
    row = {
        "list": rng.choice((WATCH_LIST, WATCH_LIST, "Another list")), "kind": "phone", "value": cell.numbers[1],
        "valid_from": "", "valid_to": "", "source": "s", "owner": "o", "review_by": "2030-01-01",
    }  # fmt: skip
    cell.history.row("watch_lists", row, wave=rng.choice(_WAVES))
    if rng.random() < 0.3:
        cell.history.row("watch_lists", row | {"valid_from": cell.moment(rng).isoformat()}, wave=2)


def _errand(cell: Cell, rng: random.Random) -> None:
    """One calls another, who looks somebody up; mostly they speak again, and the first calls outside."""
    begins, who = cell.moment(rng), rng.sample(range(3), 2)
    asks, looks = (cell.extensions[index] for index in who)
    lines = cell.history.lines
    number = cell.n * 1000 + 700
    lines["cucm"].append(cucm_line(Call(begins, asks, looks, rng.choice((0, 60, 400)), number)))
    kind, key = rng.choice(cell.subjects)
    look = Lookup(begins + timedelta(minutes=5), cell.accounts[who[1]], kind, key, f"TE{cell.n}", "")
    lines["pnc"].append(pnc_line(look))
    if rng.random() < 0.8:
        again = begins + timedelta(minutes=rng.choice((5, 9, 35, 36)))
        lines["cucm"].append(cucm_line(Call(again, looks, asks, 30, number + 1)))
    outside = begins + timedelta(minutes=rng.choice((10, 60, 125, 126)))
    lines["cucm"].append(cucm_line(Call(outside, asks, "907700900555", 60, number + 2)))


def _uploads(cell: Cell, rng: random.Random) -> None:
    """Requests to a paste site around the moments of look-ups, by account or by mailbox."""
    for _ in range(rng.randint(0, 3)):
        moment = cell.moment(rng) + timedelta(minutes=rng.choice((0, 29, 30, 31)))
        user = rng.choice((*cell.accounts, *cell.mailboxes))
        method, url = rng.choice((("POST", "http://paste.example/new"), ("CONNECT", "up.paste.example:443")))
        stamp = f"{moment.timestamp():.3f}"
        line = f"{stamp}     84 10.20.0.7 TCP_MISS/200 4096 {method} {url} {user} HIER_DIRECT/192.0.2.80 -\n"
        cell.history.lines["squid"].append(line)


def _mailed_home(cell: Cell, rng: random.Random) -> None:
    """Large mail to an address of the sender's own name, or mail that a rule passes on to it."""
    home = f"invented.{cell.people[0].lower()}@home.example"
    for index in range(rng.randint(0, 2)):
        mail = Mail(
            cell.moment(rng) + timedelta(minutes=3), rng.choice(cell.mailboxes), (home,), f"h{index}@n{cell.n}", "x",
            ours=True, size=rng.choice((499_999, 500_000)), forwarded_by=rng.choice(("", cell.mailboxes[0])),
        )  # fmt: skip
        lines = exchange_lines(mail)
        cell.history.lines["exchange"] += rng.sample(lines, rng.randint(1, len(lines)))


def _entry(cell: Cell, rng: random.Random) -> None:
    """An entry of the register at a moment without any event, corrected or made late."""
    if rng.random() < 0.3:
        return
    when = at(hours=rng.choice((-20, 7, 30)), minutes=rng.choice((0, 17)))
    row = {
        "entry_id": f"E{cell.n}", "staff_id": rng.choice(cell.people), "contact_at": when.isoformat(),
        "outlet": rng.choice(("Northmere Herald", "daily lantern ")), "channel": rng.choice(("Phone", "e-mail", "visit")),
        "recorded_at": at(days=2).isoformat(),
    }  # fmt: skip
    cell.history.row("media_register", row, wave=rng.choice(_WAVES))
    if rng.random() < 0.3:
        cell.history.row("media_register", row | {"contact_at": at(hours=9).isoformat()}, wave=2)


def _victims(cell: Cell, rng: random.Random) -> None:
    """A case that closed about a day before its victim's number or address is used; all of it may be known late."""
    if rng.random() < 0.3:
        return
    add = cell.history.row
    ref = f"VC{cell.n}"
    kind, key = cell.subjects[2]
    closed = cell.moment(rng) - timedelta(days=1)
    case = {
        "incident_ref": ref, "kind": "crime", "opened_at": at(days=-9).isoformat(), "unit": "",
        "recorded_at": at(days=-9).isoformat(), "closed_at": closed.isoformat(),
    }  # fmt: skip
    add("incidents", case, wave=rng.choice(_WAVES[:3]))
    if rng.random() < 0.2:
        add("incidents", case | {"closed_at": ""}, wave=2)
    lines = (
        ("phone", "0" + cell.numbers[0].removeprefix("+44")),
        ("email", cell.desks[0].upper()),
        (kind, key),
    )
    for subject_type, subject_key in lines:
        row = {
            "incident_ref": ref,
            "subject_type": subject_type,
            "subject_key": subject_key,
            "from": "",
            "to": "",
        }
        add("incident_subjects", row, wave=rng.choice(_WAVES))
    for staff_id in rng.sample(cell.people, 2):
        row = {
            "incident_ref": ref,
            "staff_id": staff_id,
            "unit": "",
            "from": at(days=-9).isoformat(),
            "to": "",
        }
        add("assignments", row | {"recorded_at": at(days=-9).isoformat()}, wave=rng.choice(_WAVES))
    flag = {"subject_type": kind, "subject_key": key, "flag": rng.choice(("victim", "witness"))}
    add("sensitive_subjects", flag | {"from": at(days=-9).isoformat()}, wave=rng.choice(_WAVES))
    if rng.random() < 0.3:  # another case of theirs that names the number, open or closed by then
        again = {"incident_ref": f"VD{cell.n}", "closed_at": "", "opened_at": cell.moment(rng).isoformat()}
        add("incidents", case | again, wave=rng.choice(_WAVES))
        named = {"incident_ref": f"VD{cell.n}", "subject_type": "phone", "subject_key": lines[0][1]}
        add("incident_subjects", named | {"from": "", "to": ""}, wave=rng.choice(_WAVES))
        mine = {"incident_ref": f"VD{cell.n}", "staff_id": rng.choice(cell.people), "unit": "", "to": ""}
        times = {"from": again["opened_at"], "recorded_at": again["opened_at"]}
        add("assignments", mine | times, wave=rng.choice(_WAVES))
