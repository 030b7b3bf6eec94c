"""What is said of an identifier of nobody follows those that are written like it, whenever they become known or change."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta

import polars as pl
import pytest
from engine_rig import Rig, at
from sqlalchemy import select

from alerts.models import FindingRow
from auditd.archive.archive import Archive
from auditd.database import reading
from auditd.demo.formats import PNC_COLUMNS, Lookup, csv_line, pnc_line
from auditd.engine.touch import find_touched
from auditd.force.names import DOMAIN
from auditd.reference.touched import Touched
from detectors.reference import FEEDS, Reference

LAST = at(days=200)


def look(number: int, user: str = "auser", *, terminal: str = "", collar: str = "") -> str:
    """A look-up three days after the one before it: no other is judged again with it."""
    originator = f"MARWOOD {collar}/STOP/CARRICK END" if collar else ""
    line = pnc_line(Lookup(moment(number), user, "vehicle", "AB12CDE", f"T{number}", originator))
    cells = dict(zip(PNC_COLUMNS, line.rstrip("\n").split(","), strict=True))
    return csv_line((cells | {"terminal_id": terminal}).values())


def moment(number: int) -> datetime:
    return at(days=3 * number)


def holds(staff_id: str, kind: str, value: str, since: str = "", until: str = "") -> dict[str, str]:
    return {"staff_id": staff_id, "kind": kind, "value": value, "valid_from": since, "valid_to": until}


def told(rig: Rig, field: str = "identity") -> list[tuple[str, str | None] | None]:
    """Confidence and person of every look-up, in time order."""
    look_ups = (FindingRow.state == "active") & (FindingRow.detector == "unlinked_lookup")
    query = select(FindingRow.facts).where(look_ups).order_by(FindingRow.timestamp)
    with reading(rig.engine) as conn:
        found = [json.loads(facts)[field] for facts in conn.execute(query).scalars()]
    return [one and (one["confidence"], one["staff_id"]) for one in found]


# What a look-up names, whom it leads to, and through which of its identifiers.
LATE = (
    ({"user": "northmere\\auser"}, [holds("S1", "account", "auser")], "identity"),
    ({"user": f"a.user@{DOMAIN}"}, [holds("S1", "email", f"a.user@{DOMAIN}")], "identity"),
    ({"user": "u0077"}, [holds("S1", "account", "u77")], "identity"),
    ({"collar": "1243"}, [holds("S1", "collar", "1234")], "originator_identity"),
    (
        {"user": "shared", "terminal": "T001"},
        [holds("S1", "account", "shared"), holds("S2", "account", "shared"), holds("S1", "terminal", "T001")],
        "identity",
    ),
)


def test_who_is_likely_is_learned_late_and_forgotten_again(rig: Rig) -> None:
    rig.log("pnc", [look(number, **columns) for number, (columns, _, _) in enumerate(LATE)])
    rig.once(LAST)
    held = [row for _, rows, _ in LATE for row in rows]
    for rows, expected in ((held, "likely"), ([row | {"valid_to": "2020-01-01"} for row in held], "unknown")):
        rig.feed("identifiers", rows)
        rig.once(LAST)
        for number, (_, _, field) in enumerate(LATE):
            assert told(rig, field)[number] == (expected, "S1" if expected == "likely" else None)
        assert rig.replay(LAST)["unlinked_lookup"] == (0, 0, 0)


def test_who_was_on_shift_is_learned_late(rig: Rig) -> None:
    rig.feed("identifiers", [holds("S1", "account", "auser"), holds("S2", "account", "auser")])
    rig.log("pnc", [look(0), look(1)])
    rig.once(LAST)
    assert told(rig) == [("shared", None)] * 2
    stretch = {"from": at(hours=-1).isoformat(), "to": at(hours=7).isoformat()}
    rig.feed(
        "roster", [stretch | {"staff_id": f"S{n}", "state": state} for n, state in ((1, "duty"), (2, "rest"))]
    )
    rig.once(LAST)
    assert told(rig)[0] == ("likely", "S1")
    assert rig.replay(LAST)["unlinked_lookup"] == (0, 0, 0)


def test_the_day_a_hold_begins_is_corrected_and_with_it_who_is_likely_before(rig: Rig) -> None:
    rig.log("pnc", [look(0)])
    rig.feed("identifiers", [holds("S1", "account", "auser", at(days=40).isoformat())])
    rig.once(LAST)
    assert told(rig) == [("unknown", None)]
    rig.feed("identifiers", [holds("S1", "account", "auser", at(days=20).isoformat())])
    rig.once(LAST)
    assert told(rig) == [("likely", "S1")]
    assert rig.replay(LAST)["unlinked_lookup"] == (0, 0, 0)


def test_only_what_is_nobodys_is_judged_again_for_being_written_alike(rig: Rig) -> None:
    rig.log(
        "pnc",
        [
            look(0, "northmere\\auser"), look(1, "buser"), look(2, "northmere\\buser"), look(3, "buser", collar="1243"),
            look(4, "buser", collar="1235"), look(5, f"auser@{DOMAIN}"), look(6, "auser@other.example"), look(7),
        ],
    )  # fmt: skip
    rig.once(LAST)
    known = [
        row | {"valid_from": None, "valid_to": None}
        for row in (
            holds("S1", "account", "auser"),
            holds("S1", "collar", "1234"),
            holds("S2", "collar", "1235"),
        )
    ]
    frame = {"identifiers": pl.DataFrame(known, FEEDS["identifiers"].schema)}
    touched = Touched(
        feeds=frozenset({"identifiers"}), identifiers=frozenset({("account", "auser"), ("collar", "1234")})
    )
    archive = Archive(rig.root / "archive", rig.engine)
    touches = find_touched(archive, touched, lambda: Reference(frame), rig.config.force)
    starts = sorted({span.start for span in touches.spans_by_family["access"]})
    # Not 4, whose collar number is certainly S2's, and not 6, which is of another domain.
    assert starts == [moment(number) for number in (0, 3, 5, 7)]


SEEDS = range(2)
WRITTEN = (
    "auser",
    "northmere\\auser",
    f"auser@{DOMAIN}",
    "u07",
    "u7",
    "north\\u7",
    f"a.user@{DOMAIN}",
    "ghost",
)


@pytest.mark.parametrize("seed", SEEDS)
def test_after_every_change_of_who_is_who_everything_stands_as_one_replay_would_have_it(
    rig: Rig, seed: int
) -> None:
    assert check_changes(rig, seed) > 0


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1000, 1200))
def test_the_same_holds_for_hundreds_of_histories(rig: Rig, seed: int) -> None:
    check_changes(rig, seed)


def check_changes(rig: Rig, seed: int) -> int:
    """Return how often somebody was likely. Look-ups lie so far apart that none is judged again by chance."""
    rng = random.Random(seed)
    looks = [
        look(
            number,
            rng.choice(WRITTEN),
            terminal=rng.choice(("", "T01", "T1", "NM-1.northmere.example")),
            collar=rng.choice(("", "1234", "1243", "PC1234", "1239")),
        )
        for number in range(30)
    ]
    rng.shuffle(looks)
    rig.log("pnc", looks)
    stated: list[dict[str, str]] = []
    likely = 0
    for _ in range(4):
        rows = [_any_hold(rng) for _ in range(3)]
        if stated:  # the same fact, corrected
            rows.append(rng.choice(stated) | {"valid_to": _day(rng)})
        rig.feed("identifiers", rows)
        stated += rows
        rig.once(LAST)
        assert rig.replay(LAST)["unlinked_lookup"] == (0, 0, 0)
        likely += sum(one is not None and one[0] == "likely" for one in told(rig))
    return likely


def _any_hold(rng: random.Random) -> dict[str, str]:
    kind, value = rng.choice(
        [
            *(("account", value) for value in WRITTEN[:6]), ("email", f"a.user@{DOMAIN}"), ("collar", "1234"),
            ("collar", "1239"), ("terminal", "T1"), ("terminal", "NM-1"),
        ]
    )  # fmt: skip
    since = rng.choice(("", _day(rng)))
    return holds(rng.choice(("S1", "S1", "S2")), kind, value, since, "")


def _day(rng: random.Random) -> str:
    return (at() + timedelta(days=rng.randint(0, 90))).isoformat()
