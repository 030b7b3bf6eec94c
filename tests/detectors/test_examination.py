"""examine: every template's answer about one look-up, with reasons that name what was missed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from explaining import (
    JANE,
    PERSON,
    at,
    colleague,
    holds,
    look_up,
    record,
    shift,
    unassigned,
    world,
)
from history import Plain, Row, history

from detectors.accesses import look_ups
from detectors.bounds import Options
from detectors.examination import Tried, examine
from detectors.explanations import all_templates
from detectors.reference import Reference


def tried(known: Reference, *rows: Row, event_id: str = "a1", **options: Any) -> dict[str, Tried]:
    looks = look_ups(history(*rows)["access"], known)
    return {one.template: one for one in examine(looks, event_id, known, Options(**options), Plain())}


def reason(known: Reference, template: str, *rows: Row, event_id: str = "a1") -> str:
    """The one sentence in which a template says why it does not hold."""
    one = tried(known, *(rows or (look_up("a1"),)), event_id=event_id)[template]
    assert not one.held
    [sentence] = one.sentences
    return sentence


def test_every_template_is_asked_in_order_and_says_something() -> None:
    answers = tried(world(record(), roster=[]), look_up("a1"))
    assert list(answers) == [template.name for template in all_templates()]
    assert all(one.sentences and all(one.sentences) for one in answers.values())
    assert [name for name, one in answers.items() if one.held] == ["assigned"]
    assert answers["assigned"].evidence[0]["incident_ref"] == "I1"
    assert answers["assigned"].sentences == ("incident I1 (crime); on record since 12:00 on 3 Mar 2026",)


def test_all_that_hold_are_told_not_only_the_first() -> None:
    known = world(
        record(owner="Response A"),
        unassigned("C1", kind="circulation"),
        record("W", kind="warrant", owner="Response A"),
    )
    answers = tried(known, look_up("a1", at(hours=1)))
    assert [name for name, one in answers.items() if one.held] == ["assigned", "task", "circulation"]


def test_one_known_person_is_asked_for_first() -> None:
    shared = [*JANE, holds("S2", "account", "jdoe")]
    assert reason(world(record(), identifiers=shared), "assigned") == (
        "the account belonged to several people at 12:00 on 3 Mar 2026"
    )
    assert "nobody known" in reason(world(record()), "duty", look_up("a1", user_id="ghost"))


@pytest.mark.parametrize(
    ("known", "sentence"),
    [
        (world(), "no record names vehicle AB12CDE"),
        (
            world(record(since=at(hours=22))),
            "crime I1 names vehicle AB12CDE, but S1 was assigned to it only from 10:00 on 4 Mar 2026, 22 h "
            "after the look-up",
        ),
        (
            world(record(until=at(days=-3), since=at(days=-5))),
            "crime I1 names vehicle AB12CDE, but their part in it ended at 12:00 on 28 Feb 2026, 3 days before the look-up",
        ),
        (
            world(record(named_from=at(hours=5))),
            "crime I1 names vehicle AB12CDE, but S1 was assigned to it only from 17:00 on 3 Mar 2026, when the record first "
            "named the subject, 5 h after the look-up",
        ),
        (world(record(staff_id="S2")), "crime I1 names vehicle AB12CDE, but S2 was assigned to it, not S1"),
        (world(unassigned()), "crime I1 names vehicle AB12CDE, but nobody is assigned to it"),
        (
            world(record(recorded=at(days=40))),
            "crime I1 names vehicle AB12CDE, but it was recorded only at 13:00 on 12 Apr 2026, 40 days after the look-up",
        ),
        (
            world(record(since=at(days=-400))),
            "crime I1 names vehicle AB12CDE, but nothing ended it, and 365 days after 12:00 on 27 Jan 2025 it no longer counts",
        ),
    ],
)  # fmt: skip
def test_assigned_says_which_bound_was_missed(known, sentence) -> None:
    assert reason(known, "assigned") == sentence


def test_only_the_nearest_records_are_named() -> None:
    known = world(*(record(f"I{n}", staff_id="S2", since=at(days=-n)) for n in range(8)))
    sentences = tried(known, look_up("a1"))["assigned"].sentences
    assert len(sentences) == 6
    assert sentences[0].startswith("crime I0")
    assert sentences[-1] == "3 more records name it, none of them nearer"


STOP = record(kind="stop", staff_id="S3", since=at(hours=2))
VETTER = colleague("S1", role="vetting officer")
CIRCULATED = unassigned("C1", kind="circulation", closed=at(days=3))


@pytest.mark.parametrize(
    ("template", "known", "row", "part"),
    [
        ("unit", world(unassigned(owner="Response B")), {}, "it is the work of unit response b, and S1 is of Response A"),
        ("unit", world(unassigned(owner="Response A", since=at(hours=3))), {}, "it was the unit's only from 15:00"),
        ("unit", world(unassigned(owner="Response A", since=at(days=-40))), {}, "a unit's assignment counts for 28 days"),
        ("unit", world(unassigned(owner="Response A"), staff=[colleague("S1", end_date=date(2026, 1, 1))]), {}, "did not serve"),
        ("unit", world(record(staff_id="S2")), {}, "to no whole unit"),
        ("unit", world(unassigned(owner="Response A"), staff=[]), {}, "is not in the staff feed"),
        ("task", world(record()), {}, "no task, warrant or licence names vehicle AB12CDE"),
        ("task", world(unassigned(kind="warrant", owner="CID")), {}, "it belongs to unit cid, and S1 is of Response A"),
        ("task", world(unassigned(kind="task", owner="Response A", since=at(minutes=5))), {}, "only from 12:05"),
        ("task", world(unassigned(kind="task", owner="Response A", since=at(days=-9), closed=at(days=-3))), {}, "it ended at"),
        ("recorded_after", world(), {}, "S1 recorded no stop, arrest, incident or crime that names vehicle AB12CDE in the 12 h"),
        ("recorded_after", world(record(kind="intel", since=at(hours=2))), {}, "can be made without any event"),
        ("recorded_after", world(record(kind="stop", since=at(hours=20))), {}, "it began only at 08:00 on 4 Mar 2026, 20 h after"),
        ("inherited", world(record(staff_id="S2")), {}, "S1 was never assigned to a record that names vehicle AB12CDE"),
        ("inherited", world(record(since=at(days=5))), {}, "no handover within 72 h of the look-up is on record"),
        ("joint", world(record(staff_id="S2")), {}, "(I1) is linked with another one"),
        ("shift_stop", world(record()), {}, "no stop or arrest by a colleague names"),
        ("shift_stop", world(STOP), {}, "it was at 14:00 on 3 Mar 2026, 2 h from the look-up"),
        ("shift_stop", world(record(kind="stop", staff_id="S2")), {}, "S2, who made it, is not of the unit of S1"),
        ("shift_stop", world(record(kind="stop", staff_id="S3"), roster=[shift("S3", at(hours=-1), at(hours=9), "sick")]), {},
         "S3 was not on shift then"),
        ("originator", world(record()), {}, "no originator's collar number is given"),
        ("originator", world(record()), {"pnc_originator_collar": "9999"}, "collar number 9999 belonged to nobody known then"),
        ("originator", world(STOP), {"pnc_originator_collar": "1234"}, "collar number 1234 is S1's own"),
        ("circulation", world(record()), {}, "vehicle AB12CDE is not circulated"),
        ("circulation", world(unassigned(kind="circulation", since=at(minutes=1))), {}, "but only from 12:01"),
        ("circulation", world(CIRCULATED, roster=[shift("S1", at(hours=-1), at(hours=9), "rest")]), {}, "S1 was not on shift then"),
        ("circulation", world(CIRCULATED, staff=[colleague("S1", vehicles=["AB12CDE"])]), {}, "is close to S1, a colleague"),
        ("duty", world(), {}, "neither role (response) nor unit (Response A) of S1 has a duty"),
        ("duty", world(staff=[VETTER]), {}, "is not the kind of look-up that the duty makes (vetting)"),
        ("duty", world(staff=[VETTER]), PERSON | {"pnc_incident_ref": "NM-9"}, "the enquirer claimed NM-9"),
        ("duty", world(staff=[VETTER]), PERSON | {"pnc_originator_collar": "2222"}, "collar number 2222, who needs a reason"),
        ("duty", world(staff=[colleague("S1", role="vetting officer", name="Jo Marwood")]), PERSON, "is close to S1"),
        ("follow_on", world(), {}, "only a person follows on from a vehicle"),
        ("follow_on", world(), PERSON, "the same account looked up no vehicle for the same originator in the 5 min before"),
    ],
)  # fmt: skip
def test_each_template_says_why_it_does_not_hold(template, known, row, part) -> None:
    assert part in reason(known, template, look_up("a1", **row))


def test_the_originators_reasons_are_theirs() -> None:
    row = look_up("a1", user_id="tom", pnc_originator_collar="1234")
    sentences = tried(world(record(staff_id="S3")), row)["originator"].sentences
    assert sentences[0] == (
        "it was made for S1, whom assigned does not explain: crime I1 names vehicle AB12CDE, but S3 was assigned to it, not S1"
    )


@pytest.mark.parametrize(
    ("known", "rows", "part"),
    [
        (
            world(),
            (look_up("v1", at(minutes=-3)),),
            "vehicle AB12CDE in the 5 min before is not explained by a record",
        ),
        (
            world(record()),
            (
                look_up("v1", at(minutes=-3)),
                look_up("p1", at(minutes=-2), subject_type="person", subject_key="X/Y"),
            ),
            "person X/Y came first",
        ),
        (
            world(record()),
            (look_up("v1", at(minutes=-3), source_address="T9"),),
            "with another terminal (T9, not T1)",
        ),
    ],
)
def test_a_person_that_is_no_follow_on_is_told_why(known, rows, part) -> None:
    row = look_up("a1", source_address="T1", **PERSON)
    assert part in reason(known, "follow_on", *rows, row)


def test_a_follow_on_that_holds_names_the_vehicles_record() -> None:
    found = tried(world(record()), look_up("v1", at(minutes=-3)), look_up("a1", **PERSON))["follow_on"]
    assert found.held
    assert found.evidence[0]["follows"] == "v1"


def test_a_look_up_that_is_not_there_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        tried(world(), look_up("a1"), event_id="a2")
