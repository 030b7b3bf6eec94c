"""lookup_then_contact: fires when look-ups precede contact with listed media by the same person."""

import json

import pytest
from history import (
    JANE,
    STAFF,
    Plain,
    at,
    call,
    email,
    history,
    holds,
    judge,
    look_up,
    media,
    reference,
    registered,
    window,
    work,
)

from detectors.exempt import ContactExemptions
from detectors.finding import Severity
from detectors.rules.lookup_then_contact import LookupThenContact, LookupThenContactSettings

DETECTOR = LookupThenContact()
LATER = call("c1", at(hours=3))


def opened(**feeds):
    return reference(
        identifiers=JANE, staff=STAFF, media_contacts=[media(), media("news.example", "domain")], **feeds
    )


def test_fires_on_an_unexplained_look_up_then_a_call():
    [finding] = judge(DETECTOR, opened(), look_up("a1"), LATER).rows(named=True)
    assert finding["severity"] == Severity.CRITICAL
    assert finding["event_ids"] == ["a1", "c1"]
    assert (finding["staff_id"], finding["outlet"], finding["timestamp"]) == (
        "S1",
        "Daily Example",
        at(hours=3),
    )
    assert (finding["subject_type"], finding["subject_key"]) == ("vehicle", "AB12CDE")


def test_fires_on_a_mail_received_too():
    mail = email(
        "e1", at(hours=1), email_from_address="x@news.example", email_to_address=["jane@force.example"]
    )
    assert judge(DETECTOR, opened(), look_up("a1"), mail)["event_ids"].to_list() == [["a1", "e1"]]


def test_fires_less_severely_when_all_is_explained_or_registered():
    explained = judge(DETECTOR, opened(**work()), look_up("a1"), LATER)
    assert explained["severity"].to_list() == [Severity.MEDIUM]
    register = opened(media_register=[registered(at(hours=3))])
    assert judge(DETECTOR, register, look_up("a1"), LATER).is_empty()
    showing = LookupThenContact(LookupThenContactSettings(contacts=ContactExemptions(show_registered=True)))
    assert judge(showing, register, look_up("a1"), LATER)["severity"].to_list() == [Severity.HIGH]


@pytest.mark.parametrize(("hours", "fires"), [(0, True), (-24, True), (-24.01, False), (0.01, False)])
def test_a_look_up_counts_from_the_set_hours_before_up_to_the_contact(hours, fires):
    assert judge(DETECTOR, opened(), look_up("a1", at(hours=hours)), call("c1")).height == int(fires)


def test_the_hours_can_be_set():
    detector = LookupThenContact(LookupThenContactSettings(hours=1))
    assert judge(detector, opened(), look_up("a1"), LATER).is_empty()


@pytest.mark.parametrize(
    "rows",
    [
        (look_up("a1", user_id="other"), LATER),
        (look_up("a1"), call("c1", at(hours=3), call_from="50111")),
        (look_up("a1", user_id=None), call("c1", at(hours=3), call_from="50111")),
        (look_up("a1", subject_key=None), LATER),
        (look_up("a1"), call("c1", at(hours=3), call_to_dialled="+442079460999", call_to_final=None)),
    ],
    ids=["another's look-up", "another's extension", "nobody and nobody", "no subject", "not listed"],
)
def test_quiet(rows):
    assert judge(DETECTOR, opened(), *rows).is_empty()


def test_quiet_without_an_open_list():
    assert judge(DETECTOR, reference(identifiers=JANE), look_up("a1"), LATER).is_empty()


def test_quiet_about_accounts_that_several_people_held():
    known = reference(identifiers=[*JANE, holds("S2", "account", "jdoe")], media_contacts=[media()])
    assert judge(DETECTOR, known, look_up("a1"), LATER).is_empty()


def test_an_unknown_user_is_followed_by_the_same_identifier():
    known = reference(media_contacts=[media("news.example", "domain")])
    rows = (
        look_up("a1", user_id="x@force.example"),
        email("e1", at(hours=1), email_from_address="x@force.example"),
    )
    [finding] = judge(DETECTOR, known, *rows).rows(named=True)
    assert (finding["staff_id"], finding["actor"]) == (None, "email:x@force.example")


def test_an_extension_handed_on_takes_no_look_up_of_the_new_holder_along():
    """The contact is the old holder's; the look-up, a minute before, the new holder's."""
    known = reference(
        identifiers=[
            holds("S1", "account", "jdoe"),
            holds("S2", "extension", "50009", None, at(hours=4)),
            holds("S1", "extension", "50009", at(hours=4)),
        ],
        media_contacts=[media()],
    )
    assert judge(DETECTOR, known, look_up("a1"), LATER).is_empty()


def test_a_keeper_follow_on_whose_vehicle_lies_before_the_hours_is_explained():
    """The reach back holds the follow-on as well."""
    keeper = look_up("a2", at(hours=-24, minutes=1), subject_type="person", subject_key="DOE/JOHN/1980-01-01")
    rows = (look_up("a1", at(hours=-24, minutes=-3)), keeper, call("c1"))
    [finding] = judge(DETECTOR, opened(**work(since=at(hours=-24))), *rows).rows(named=True)
    assert (finding["severity"], finding["event_ids"]) == (Severity.MEDIUM, ["a2", "c1"])


def test_each_contact_is_one_finding_with_at_most_twenty_look_ups_unexplained_first():
    innocent = [look_up(f"i{n:02}", at(minutes=n)) for n in range(30)]
    guilty = look_up("g1", at(minutes=-5), subject_key="ZZ99ZZZ")
    [finding] = judge(DETECTOR, opened(**work()), *innocent, guilty, LATER).rows(named=True)
    facts = json.loads(finding["facts"])
    assert (len(facts["look_ups"]), facts["look_ups_total"]) == (20, 31)
    assert facts["look_ups"][0]["event_id"] == "g1"
    assert finding["event_ids"] == ["g1", *[f"i{n:02}" for n in range(11, 30)], "c1"]
    assert finding["subject_key"] == "ZZ99ZZZ"
    assert "11 more look-ups lie in the 24 h before the contact." in DETECTOR.describe(facts, Plain())


def test_describes_look_ups_then_the_contact():
    known = opened(media_register=[], **work("1234", recorded=at(hours=2), key="ZZ99ZZZ"))
    rows = (look_up("a1"), look_up("a2", subject_key="ZZ99ZZZ"), LATER)
    facts = json.loads(judge(DETECTOR, known, *rows)["facts"][0])
    assert DETECTOR.describe(facts, Plain()) == [
        "S1 queried vehicle AB12CDE on PNC at 12:00 on 3 Mar 2026; no incident, crime, custody record, stop or task "
        "that they or their unit worked on within 24 h names it.",
        "S1 queried vehicle ZZ99ZZZ on PNC at 12:00 on 3 Mar 2026; explained by incident 1234 (crime), "
        "recorded 2 h later.",
        "At 15:00 on 3 Mar 2026 extension 50009, theirs since 2024, called 020 7946 0123 "
        "(listed media: Daily Example) for 6 min; no media contact is registered.",
    ]


def test_facts_hold_no_name():
    [facts] = judge(DETECTOR, opened(), look_up("a1", user_name="Jane Doe"), LATER)["facts"].to_list()
    assert "Invented" not in facts
    assert "Jane Doe" not in facts


def test_says_why_nothing_is_found_any_more():
    closed = window(DETECTOR, history(), reference())
    assert DETECTOR.why_quiet(closed, ["k"]) == {
        "k": "no live authority opens the list of media contacts any more"
    }
