"""What becomes known late is judged again: wherever in an event the changed fact plays its part."""

from __future__ import annotations

import csv
import io
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from engine_rig import Rig, at

from auditd.demo.formats import (
    CUCM_COLUMNS,
    EXCHANGE_COLUMNS,
    Call,
    Lookup,
    Mail,
    csv_line,
    cucm_line,
    exchange_lines,
    pnc_line,
)
from auditd.engine.touch import _web
from auditd.force.names import DOMAIN
from parsers.format import Block, Context
from parsers.formats.squid import Squid

MINE = f"box@{DOMAIN}"
DESK = "desk@herald.example"
NUMBER = "+442079460123"

LISTED = [
    {
        "contact_id": f"M{place}", "outlet": "Herald", "kind": kind, "value": value, "source": "press office",
        "owner": "press office", "review_by": "2030-01-01",
    }
    for place, (kind, value) in enumerate((("email", DESK), ("phone", NUMBER)))
]  # fmt: skip


def changed(line: str, columns: tuple[str, ...], **values: str) -> str:
    [cells] = csv.reader(io.StringIO(line))
    values = {name.replace("_", "-"): value for name, value in values.items()} | values
    return csv_line(values.get(name, cell) for name, cell in zip(columns, cells, strict=True))


def mail(sender: str, recipient: str, **more: str) -> str:
    line = exchange_lines(Mail(at(), sender, (recipient,), "m1", "x", ours=sender == MINE))[2]
    return changed(line, EXCHANGE_COLUMNS, **more)


def call(caller: str, called: str, **more: str) -> str:
    return changed(cucm_line(Call(at(), caller, called, 60, 7)), tuple(CUCM_COLUMNS), **more)


def look(**more: Any) -> str:
    columns = {"at": at(), "user": "auser", "subject_type": "vehicle", "subject_key": "AB12CDE", "ref": "T1"}
    return pnc_line(Lookup(**columns | {"originator": ""} | more))


CONTACTS = {
    "the sender of a mail": ("exchange", mail(MINE, DESK), "email", MINE),
    "the recipient of a mail": ("exchange", mail(DESK, MINE), "email", MINE),
    "the mailbox that passed a mail on": (
        "exchange", mail("resident@mail.example", DESK, related_recipient_address=MINE), "email", MINE,
    ),
    "the extension that called": ("cucm", call("50001", "902079460123"), "extension", "50001"),
    "the extension that was called": ("cucm", call(NUMBER, "50001"), "extension", "50001"),
    "the extension that forwarded": (
        "cucm", call("50009", "902079460123", lastRedirectDn="50001"), "extension", "50001",
    ),
    "the direct line that called": ("cucm", call("01632960001", "902079460123"), "phone", "+441632960001"),
}  # fmt: skip


@pytest.mark.parametrize(("source", "line", "kind", "value"), CONTACTS.values(), ids=CONTACTS)
def test_who_was_in_contact_is_learned_late(rig: Rig, source: str, line: str, kind: str, value: str) -> None:
    rig.feed("media_contacts", LISTED)
    rig.grant(at(days=-1))
    rig.log(source, [line])
    rig.once(at(days=3))
    rig.feed("identifiers", [{"staff_id": "S1", "kind": kind, "value": value}])
    rig.once(at(days=3))
    assert "S1" in {finding[4] for finding in rig.standing().findings}
    assert rig.replay(at(days=3))["media_contact"] == (0, 0, 0)


LOOKS = {
    "the account": ({}, "account", "auser", "S1"),
    "the originator's collar number": ({"originator": "MARWOOD k77/STOP/OLDHAVEN"}, "collar", "K77", "S2"),
}


@pytest.mark.parametrize(("columns", "kind", "value", "staff_id"), LOOKS.values(), ids=LOOKS)
def test_whose_look_up_it_was_is_learned_late(
    rig: Rig, columns: dict[str, str], kind: str, value: str, staff_id: str
) -> None:
    incident(rig, staff_id)
    rig.log("pnc", [look(**columns)])
    rig.once(at(days=3))
    assert rig.found("unlinked_lookup")
    rig.feed("identifiers", [{"staff_id": staff_id, "kind": kind, "value": value}])
    rig.once(at(days=3))
    assert not rig.found("unlinked_lookup")


def test_an_officer_was_of_the_assigned_unit_all_along(rig: Rig) -> None:
    incident(rig, unit="Unit A")
    rig.feed("identifiers", [{"staff_id": "S1", "kind": "account", "value": "auser"}])
    rig.log("pnc", [look()])
    rig.once(at(days=3))
    assert rig.found("unlinked_lookup")
    person = {"staff_id": "S1", "name": "Invented One", "rank": "PC", "role": "officer", "unit": "unit a"}
    rig.feed("staff", [person | {"employer": "N", "force": "N", "start_date": "2020-01-01"}])
    rig.once(at(days=3))
    assert not rig.found("unlinked_lookup")


def test_a_vehicle_is_explained_late_and_with_it_its_keeper(rig: Rig) -> None:
    rig.feed("identifiers", [{"staff_id": "S1", "kind": "account", "value": "auser"}])
    keeper = {"subject_type": "person", "subject_key": "MARWOOD/ALEX/1950-01-02"}
    rig.log("pnc", [look(), look(at=at(minutes=5), ref="T2", **keeper)])
    rig.once(at(days=3))
    assert len(rig.found("unlinked_lookup")) == 2
    incident(rig, "S1")
    rig.once(at(days=3))
    assert not rig.found("unlinked_lookup")


def test_the_first_register_of_media_contacts_changes_what_is_said_of_everybody(rig: Rig) -> None:
    rig.feed("media_contacts", LISTED)
    rig.feed("identifiers", [{"staff_id": "S1", "kind": "email", "value": MINE}])
    rig.grant(at(days=-1))
    rig.log("exchange", [mail(MINE, DESK)])
    rig.once(at(days=3))
    [before] = rig.standing().findings
    entry = {"entry_id": "R1", "staff_id": "S2", "outlet": "Herald", "channel": "phone"}
    moment = at(days=-9).isoformat()
    rig.feed("media_register", [entry | {"contact_at": moment, "recorded_at": moment}])
    rig.once(at(days=3))
    [after] = rig.standing().findings
    assert (before[9], after[9]) == (2, 3)  # medium while nobody could have registered it, high now


def incident(rig: Rig, staff_id: str = "", unit: str = "") -> None:
    """An incident that names the vehicle, and who worked on it."""
    moment = at().isoformat()
    rig.feed(
        "incidents", [{"incident_ref": "I1", "kind": "crime", "opened_at": moment, "recorded_at": moment}]
    )
    rig.feed(
        "incident_subjects", [{"incident_ref": "I1", "subject_type": "vehicle", "subject_key": "AB12CDE"}]
    )
    rig.feed(
        "assignments",
        [{"incident_ref": "I1", "staff_id": staff_id, "unit": unit, "from": moment, "recorded_at": moment}],
    )


@pytest.mark.parametrize(
    ("kind", "value", "touched"),
    [
        ("account", "jbriar", ["jbriar"]),
        ("email", "mfern@police.northmere.example", ["mfern@police.northmere.example"]),
        ("terminal", "PC-0042", [None]),
        ("collar", "4471", []),
    ],
)
def test_visits_to_the_web_are_touched_by_whoever_made_them(
    kind: str, value: str, touched: list[str | None]
) -> None:
    line = "1772546531.327 12 {client} TCP_MISS/200 1 GET http://a.example/ {user} HIER_NONE/- text/html\n"
    visits = (("10.20.0.7", "jbriar"), ("10.20.0.8", "mfern@police.northmere.example"), ("pc-0042", "-"))
    data = "".join(line.format(client=client, user=user) for client, user in visits).encode()
    events = Squid(Context("proxy", ZoneInfo("UTC"))).parse(Block(data), "").events["web"]
    chosen = _web({kind: [value]})
    assert (events.filter(chosen)["user_id"].to_list() if chosen is not None else []) == touched
