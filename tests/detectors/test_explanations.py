"""What explains a look-up, template by template, and what does not."""

import re
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from history import JANE, NOON, STAFF, at, history, holds, look_up, reference, work

from detectors.accesses import look_ups
from detectors.bounds import DUTIES, ExplainingSettings, Options
from detectors.explanations import EXPLANATION_SCHEMA, Question, all_templates, evidence, explain
from detectors.grounds import grounds

PAGE = (Path(__file__).parents[2] / "docs" / "explanations.md").read_text("utf-8")
ROOM = holds("S2", "account", "control")


def explained(known, *rows, **options):
    """Event id -> template, of the look-ups that are explained."""
    result = explain(look_ups(history(*rows)["access"], known), known, Options(**options))
    return dict(result.best().select("event_id", "template").rows())


def held(rows, data):
    return grounds(data, rows, Options())


def known(*, identifiers=(*JANE, ROOM), **of_work):
    return reference(identifiers=identifiers, staff=STAFF, **work(**of_work))


def test_the_page_describes_every_template_in_the_order_in_which_they_are_asked():
    templates = re.findall(r"^### (\w+)$", PAGE.partition("## The templates")[2], re.MULTILINE)
    assert templates == [template.name for template in all_templates()]


def test_the_page_describes_the_duties_that_are_built_in():
    for duty in DUTIES:
        cells = (duty.name, ", ".join(duty.who), ", ".join(duty.subject_types), ", ".join(duty.reason_words))
        assert f"| {' | '.join(cells)} |" in PAGE


def test_settings_and_options_have_the_same_defaults():
    assert ExplainingSettings().options == Options()


@pytest.mark.parametrize("template", all_templates(), ids=lambda template: template.name)
class TestEveryTemplate:
    """Each file of the folder keeps to the contract."""

    def test_gives_the_schema_for_no_look_up_and_no_reference_data(self, template):
        none = look_ups(history()["access"], reference())
        question = Question(none, none, EXPLANATION_SCHEMA.to_frame(), held(none, reference()), reference())
        assert template.explain(question).schema == EXPLANATION_SCHEMA

    def test_explains_nothing_by_nulls(self, template):
        """Null account, collar, unit and dates join nothing, though the reference data has nulls too."""
        data = reference(
            identifiers=JANE, staff=[{**STAFF[0], "unit": None}], **work(staff_id=None, unit=None)
        )
        rows = look_ups(
            history(look_up("a1", user_id=None), look_up("a2", user_id=None, subject_type="person"))[
                "access"
            ].lazy(),
            data,
        )
        question = Question(rows, rows, EXPLANATION_SCHEMA.to_frame(), held(rows, data), data)
        assert template.explain(question).is_empty()

    def test_says_what_it_is(self, template):
        assert len((template.explain.__doc__ or "").split()) > 8


def test_an_assignment_to_an_incident_that_names_the_subject_explains():
    assert explained(known(), look_up("a1")) == {"a1": "assigned"}


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (at(hours=-1), True),
        (at(hours=-1, seconds=-1), False),
        (at(hours=3 + 24), True),
        (at(hours=3 + 24, seconds=1), False),
    ],
)
def test_the_times_lie_around_the_assignment_ends_included(time, expected):
    assert (explained(known(until=at(hours=3)), look_up("a1", time)).get("a1") == "assigned") is expected


def test_an_open_assignment_ends_with_its_incident_else_never():
    late = look_up("a1", at(days=60))
    assert explained(known(), late) == {"a1": "assigned"}
    assert explained(known(closed=at(days=1)), late) == {}


def test_the_subject_counts_only_while_the_incident_names_it():
    assert explained(known(named_from=at(days=3)), look_up("a1")) == {}
    assert explained(known(named_to=at(days=-3)), look_up("a1")) == {}


def test_the_window_can_be_set():
    row = look_up("a1", at(hours=3))
    assert explained(known(closed=at(hours=1)), row, window=timedelta(hours=2)) == {"a1": "assigned"}
    assert explained(known(closed=at(hours=1)), row, window=timedelta(hours=1)) == {}


@pytest.mark.parametrize(
    "other", [{"subject_key": "ZZ99ZZZ"}, {"subject_type": "property"}, {"user_id": "control"}]
)
def test_another_subject_or_person_is_not_explained(other):
    assert explained(known(), look_up("a1", **other)) == {}


def test_an_assignment_before_its_incident_is_known_explains():
    data = work()
    del data["incidents"]
    assert explained(reference(identifiers=JANE, **data), look_up("a1")) == {"a1": "assigned"}


def test_the_unit_of_the_person_explains():
    assert explained(known(staff_id=None, unit=" response a"), look_up("a1")) == {"a1": "unit"}


def test_another_unit_explains_nothing():
    assert explained(known(staff_id=None, unit="Response B"), look_up("a1")) == {}


def test_the_originator_explains_a_look_up_made_for_them():
    row = look_up("a1", user_id="control", pnc_originator_collar=" 12 34")
    assert explained(known(), row) == {"a1": "originator"}
    assert explained(known(staff_id=None, unit="Response A"), row) == {"a1": "originator"}


def test_an_originator_nobody_knows_or_several_are_explains_nothing():
    row = look_up("a1", user_id="control", pnc_originator_collar="9999")
    assert explained(known(), row) == {}
    shared = (*JANE, ROOM, holds("S3", "collar", "1234"))
    assert (
        explained(known(identifiers=shared), look_up("a1", user_id="control", pnc_originator_collar="1234"))
        == {}
    )


def keeper(event_id, time, **columns):
    return look_up(event_id, time, subject_type="person", subject_key="DOE/JOHN/1980-01-01", **columns)


def test_the_keeper_of_an_explained_vehicle_follows_on():
    rows = (look_up("a1"), keeper("a2", at(minutes=5)))
    assert explained(known(), *rows) == {"a1": "assigned", "a2": "follow_on"}


@pytest.mark.parametrize(
    "rows",
    [
        (look_up("a1"), keeper("a2", at(minutes=5, seconds=1))),
        (look_up("a1"), keeper("a2", at(minutes=-1))),
        (look_up("a1", user_id="control"), keeper("a2", at(minutes=1), user_id="control")),
        (look_up("a1"), keeper("a2", at(minutes=1), user_id="control")),
        (look_up("a1"), look_up("a2", at(minutes=1), subject_key="ZZ99ZZZ")),
    ],
    ids=["too late", "before", "vehicle unexplained", "another account", "another vehicle"],
)
def test_what_is_no_follow_on(rows):
    assert "a2" not in explained(known(), *rows)


def test_only_the_first_person_follows_on_and_never_a_chain():
    rows = (look_up("a1"), keeper("a2", at(minutes=1)), keeper("a3", at(minutes=2)))
    assert explained(known(), *rows) == {"a1": "assigned", "a2": "follow_on"}


def test_the_evidence_says_what_and_how_late():
    data = known(recorded=at(hours=3))
    best = explain(look_ups(history(look_up("a1"))["access"], data), data, Options()).best()
    [why] = best.select(evidence().alias("why"))["why"].to_list()
    assert why == {
        "template": "assigned",
        "incident_ref": "I1",
        "kind": "crime",
        "unit": None,
        "originator_collar": None,
        "follows": None,
        "colleague": None,
        "linked_ref": None,
        "basis": None,
        "recorded_at": "2026-03-03T15:00:00Z",
        "lateness_hours": 3.0,
    }


def test_of_several_incidents_the_first_on_record_is_given():
    first, second = work("I2", recorded=at(hours=1)), work("I1", recorded=at(hours=2))
    data = reference(identifiers=JANE, **{feed: first[feed] + second[feed] for feed in first})
    best = explain(look_ups(history(look_up("a1"))["access"], data), data, Options()).best()
    assert best["incident_ref"].to_list() == ["I2"]


def test_accesses_without_a_subject_are_no_look_ups():
    rows = history(look_up("a1", subject_key=None), look_up("a2", subject_type=None), look_up("a3"))
    assert look_ups(rows["access"], reference())["event_id"].to_list() == ["a3"]


def test_a_record_without_account_is_its_terminals():
    data = reference(identifiers=[holds("S1", "terminal", "T77")])
    row = look_up("a1", NOON, user_id=None, source_address="t77")
    frame = look_ups(history(row)["access"], data)
    assert frame.select("actor", "staff_id").rows() == [("terminal:T77", "S1")]
    assert frame["certainty"].dtype == pl.String
