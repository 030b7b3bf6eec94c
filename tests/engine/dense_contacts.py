"""What a cell of a dense history adds for detectors of contacts: cases with victims whose lines are named.

It must draw from a source of chance of its own, so that what other parts of a history draw stays as it was.
"""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

from engine_rig import at

if TYPE_CHECKING:
    from dense_cell import Cell

_WAVES = (0, 0, 1, 2)


def fill_contacts(cell: Cell, rng: random.Random) -> None:
    """Add to the cell's history, in waves of its own choice."""
    _victims(cell, rng)


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
