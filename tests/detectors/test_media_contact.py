"""media_contact: fires on contact with what an open list names, is quiet about everybody else and the protected."""

import json
from datetime import date

import pytest
from history import (
    DESK,
    JANE,
    Plain,
    at,
    call,
    email,
    history,
    holds,
    judge,
    media,
    protected,
    reference,
    registered,
    window,
)

from detectors.detector import Span
from detectors.exempt import ContactExemptions, ExemptingSettings
from detectors.finding import Severity
from detectors.rules.media_contact import MediaContact

DETECTOR = MediaContact()
SHOWING = MediaContact(ExemptingSettings(contacts=ContactExemptions(show_registered=True)))


def opened(*listed, **feeds):
    return reference(identifiers=JANE, media_contacts=listed or [media()], **feeds)


def test_fires_on_a_call_to_a_listed_number():
    [finding] = judge(DETECTOR, opened(), call("c1")).rows(named=True)
    assert (finding["staff_id"], finding["actor"], finding["outlet"]) == (
        "S1",
        "extension:50009",
        "Daily Example",
    )
    assert finding["key"] == f"g1|outbound|extension:50009|phone:{DESK}|2026-03-03T12:00:00Z"
    assert (finding["severity"], finding["event_ids"]) == (Severity.MEDIUM, ["c1"])


def test_a_likely_person_is_told_but_is_not_within_an_authority_that_is_limited_to_them():
    [finding] = judge(DETECTOR, opened(), call("c1", call_from="050009")).rows(named=True)
    assert (finding["staff_id"], finding["actor"]) == (None, "extension:050009")
    assert DETECTOR.describe(json.loads(finding["facts"]), Plain())[-1] == (
        "The person behind extension 050009 is likely, not certain: S1. Why: it was nobody's then; extension 50009, "
        "the same but for leading zeros, was theirs."
    )
    limited = opened(scope=frozenset({"S1"}))
    assert judge(DETECTOR, limited, call("c1", call_from="050009")).is_empty()


@pytest.mark.parametrize(
    "listed",
    [
        media("desk@news.example", "email"),
        media("news.example", "domain"),
        media("example", "domain"),
    ],
    ids=["address", "domain", "domain above"],
)
def test_fires_on_a_mail_either_way(listed):
    there = email("e1")
    back = email(
        "e2", at(seconds=1), email_from_address="desk@news.example", email_to_address=["jane@force.example"]
    )
    assert judge(DETECTOR, opened(listed), there, back)["event_ids"].to_list() == [["e1"], ["e2"]]


def test_fires_on_a_subdomain_but_on_no_lookalike():
    rows = (
        email("e1", email_to_address=["a@mail.news.example"], email_message_id="m1"),
        email("e2", email_to_address=["a@fakenews.example"], email_message_id="m2"),
    )
    assert judge(DETECTOR, opened(media("news.example", "domain")), *rows)["event_ids"].to_list() == [["e1"]]


def test_fires_though_nobody_knows_whose_extension_it_is():
    [finding] = judge(DETECTOR, opened(), call("c1", call_from="50111")).rows(named=True)
    assert (finding["staff_id"], finding["actor"]) == (None, "extension:50111")


def test_quiet_without_a_list_and_without_looking_at_events():
    def refuse(family):
        raise AssertionError(f"{family} was read")

    empty = window(DETECTOR, history(call("c1")), reference(identifiers=JANE))
    closed = type(empty)(empty.span, refuse, empty.reference, empty.force)
    assert DETECTOR.judge(closed).is_empty()
    assert DETECTOR.why_quiet(closed, ["k"]) == {
        "k": "no live authority opens the list of media contacts any more"
    }


def test_quiet_about_others():
    assert judge(
        DETECTOR, opened(), call("c1", call_to_dialled="+442079460999", call_to_final=None)
    ).is_empty()


@pytest.mark.parametrize(
    "kept",
    [
        protected("desk@news.example", "email"),
        protected("news.example", "domain"),
        protected("example", "domain"),
    ],
)
def test_quiet_about_protected_counterparts(kept):
    assert judge(
        DETECTOR, opened(media("news.example", "domain"), protected_contacts=[kept]), email("e1")
    ).is_empty()


def test_quiet_about_a_protected_number():
    assert judge(DETECTOR, opened(protected_contacts=[protected(DESK, "phone")]), call("c1")).is_empty()


@pytest.mark.parametrize(("since", "until"), [(at(seconds=1), None), (None, at())])
def test_quiet_outside_the_entrys_validity(since, until):
    assert judge(DETECTOR, opened(media(valid_from=since, valid_to=until)), call("c1")).is_empty()


def test_fires_within_the_entrys_validity():
    assert judge(DETECTOR, opened(media(valid_from=at(), valid_to=at(seconds=1))), call("c1")).height == 1


@pytest.mark.parametrize(("scope", "fires"), [({"S1"}, True), ({"S2"}, False), (set(), False)])
def test_an_authority_limited_to_people_finds_only_theirs(scope, fires):
    known = reference(scope=frozenset(scope), identifiers=JANE, media_contacts=[media()])
    nobodys = call("c2", call_from="50111", call_group_id="g2")
    assert judge(DETECTOR, known, call("c1"), nobodys).height == int(fires)


def test_quiet_about_repeats_of_a_contact_before_the_span():
    rows = (email("e1", at(minutes=-30)), email("e2", at(minutes=5)))
    known = opened(media("news.example", "domain"))
    assert judge(DETECTOR, known, *rows, span=Span(at(), at(hours=1))).is_empty()


def test_one_contact_that_several_entries_name_is_one_finding_of_the_most_exact():
    listed = [
        media("example", "domain", outlet="A"),
        media("news.example", "domain", outlet="B"),
        media("desk@news.example", "email", outlet="D"),
        media("desk@news.example", "email", outlet="C", contact_id="other"),
    ]
    assert judge(DETECTOR, opened(*listed), email("e1"))["outlet"].to_list() == ["C"]


@pytest.mark.parametrize(
    ("entries", "severities"),
    [
        ([registered(at(hours=24), outlet="daily example ")], [Severity.LOW]),
        ([registered(at(hours=24, seconds=1))], []),
        ([registered(at(), outlet="Other")], []),
        ([registered(at(), staff_id="S2")], []),
        ([], []),
    ],
    ids=["registered", "too late", "another outlet", "another person", "empty register"],
)
def test_what_the_register_should_know_is_for_another_detector_once_it_is_loaded(entries, severities):
    known = opened(media_register=entries)
    assert judge(SHOWING, known, call("c1"))["severity"].to_list() == severities


def test_the_register_says_nothing_about_an_unknown_person():
    known = opened(media_register=[])
    [finding] = judge(DETECTOR, known, call("c1", call_from="50111")).rows(named=True)
    assert finding["severity"] == Severity.MEDIUM
    assert DETECTOR.describe(json.loads(finding["facts"]), Plain())[1].endswith(
        "(listed media: Daily Example) for 6 min."
    )


@pytest.mark.parametrize(
    ("row", "feeds", "sentence"),
    [
        (
            call("c1"),
            {},
            "At 12:00 on 3 Mar 2026 extension 50009, theirs since 2024, called 020 7946 0123 "
            "(listed media: Daily Example) for 6 min.",
        ),
        (
            call("c1", call_from=DESK, call_to_dialled="50009", call_to_final="50009", call_talk_seconds=0),
            {},
            "At 12:00 on 3 Mar 2026 extension 50009, theirs since 2024, was called by 020 7946 0123 "
            "(listed media: Daily Example), unanswered.",
        ),
        (
            email("e1"),
            {"media_register": [registered(at())]},
            "At 12:00 on 3 Mar 2026 jane@force.example, theirs, emailed desk@news.example "
            "(listed media: Daily Example); it is registered as a media contact (entry R1).",
        ),
    ],
    ids=["call", "missed call", "mail"],
)
def test_describes(row, feeds, sentence):
    known = opened(media(), media("news.example", "domain"), **feeds)
    facts = json.loads(judge(SHOWING, known, row)["facts"][0])
    assert DETECTOR.describe(facts, Plain()) == ["S1 was in contact with Daily Example.", sentence]


def test_a_shared_extension_is_nobodys():
    known = reference(identifiers=[*JANE, holds("S2", "extension", "50009")], media_contacts=[media()])
    [finding] = judge(DETECTOR, known, call("c1")).rows(named=True)
    assert finding["staff_id"] is None
    assert "shared by several people" in DETECTOR.describe(json.loads(finding["facts"]), Plain())[1]


def newsletter(index, *, sender="news@news.example", time=None):
    """The same letter to another of our mailboxes, a message of its own each."""
    return email(
        f"n{index}",
        time or at(seconds=index),
        email_from_address=sender,
        email_to_address=[f"box{index}@force.example"],
        email_message_id=f"n{index}",
    )


LISTED = opened(media("news.example", "domain"))


@pytest.mark.parametrize(("mailboxes", "shown"), [(5, 0), (4, 4)])
def test_mail_of_a_sender_who_writes_to_many_of_us_is_left_out(mailboxes, shown):
    assert judge(DETECTOR, LISTED, *(newsletter(index) for index in range(mailboxes))).height == shown


def test_one_message_to_many_of_us_is_left_out_and_our_answer_to_it_is_not():
    many = [f"box{index}@force.example" for index in range(5)]
    rows = (
        email("e1", email_from_address="desk@news.example", email_to_address=many),
        email("e2", at(minutes=9), email_message_id="m2"),
    )
    assert judge(DETECTOR, LISTED, *rows)["event_ids"].to_list() == [["e2"]]


@pytest.mark.parametrize(("minutes", "shown"), [(-1440, 0), (-1440.1, 1), (5, 0), (5.1, 1)])
def test_bulk_reaches_a_day_back_and_the_wait_ahead(minutes, shown):
    others = [newsletter(index, time=at(minutes=minutes)) for index in range(4)]
    rows = (*others, newsletter(9, time=at()))
    assert judge(DETECTOR, LISTED, *rows, span=Span(at(), at(seconds=1))).height == shown


@pytest.mark.parametrize(
    ("sender", "shown"),
    [
        ("newsletter@news.example", 0),
        ("no-reply+77@news.example", 0),
        ("newsletters2@news.example", 0),
        ("newsome@news.example", 1),
    ],
)
def test_a_sender_that_is_called_a_newsletter_is_one(sender, shown):
    assert judge(DETECTOR, LISTED, newsletter(1, sender=sender)).height == shown


def staffed(rank, role, unit):
    person = {
        "staff_id": "S1",
        "name": "Jo",
        "rank": rank,
        "role": role,
        "unit": unit,
        "employer": "f",
        "force": "f",
    }
    return opened(staff=[person | {"start_date": date(2020, 1, 1)}])


@pytest.mark.parametrize(
    ("person", "shown"),
    [
        (("Staff", "Press Officer", "HQ"), 0),
        (("Staff", "manager", "Press office (North)"), 0),
        (("Staff", "impress officer", "HQ"), 1),
        (("ACC", "head", "Press Office"), 1),
        (("Staff", "press officer", "Chief Officers"), 1),
    ],
)
def test_the_press_office_is_left_out_and_chief_officers_are_not(person, shown):
    assert judge(DETECTOR, staffed(*person), call("c1")).height == shown


def test_says_why_a_contact_is_no_longer_shown():
    key = f"g1|outbound|extension:50009|phone:{DESK}|2026-03-03T12:00:00Z"
    later = window(DETECTOR, history(call("c1")), opened(media_register=[registered(at())]))
    assert DETECTOR.why_quiet(later, [key]) == {key: "it is registered as a media contact (entry R1)"}
    kept = window(DETECTOR, history(call("c1")), opened(media_register=[]))
    told = "the register tells of it by now: see unregistered_media_contact"
    assert DETECTOR.why_quiet(kept, [key]) == {key: told}
    press = window(DETECTOR, history(call("c1")), staffed("Staff", "press officer", "HQ"))
    assert DETECTOR.why_quiet(press, [key]) == {key: "talking to the media is their work"}
