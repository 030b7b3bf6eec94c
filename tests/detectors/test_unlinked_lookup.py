"""unlinked_lookup: fires when nothing explains a look-up, and can say later why it no longer does."""

import json
from datetime import timedelta

from history import JANE, STAFF, Plain, at, history, holds, judge, look_up, reference, window, work

from detectors.detector import Span
from detectors.finding import Severity
from detectors.judged_look_ups import JudgedSettings
from detectors.rules.unlinked_lookup import UnlinkedLookup

DETECTOR = UnlinkedLookup()
NOBODY_WORKS = reference(identifiers=JANE, staff=STAFF)


def test_fires_when_nothing_names_the_subject():
    [finding] = judge(DETECTOR, NOBODY_WORKS, look_up("a1")).rows(named=True)
    assert finding["key"] == "a1"
    assert (finding["staff_id"], finding["actor"]) == ("S1", "account:jdoe")
    assert (finding["subject_type"], finding["subject_key"]) == ("vehicle", "AB12CDE")
    assert finding["severity"] == Severity.LOW
    assert finding["event_ids"] == ["a1"]


def test_fires_when_the_assignment_is_somebody_elses():
    assert judge(DETECTOR, reference(identifiers=JANE, **work(staff_id="S2")), look_up("a1")).height == 1


def test_fires_more_severely_when_nobody_knows_who_it_was():
    rows = (look_up("a1", user_id="ghost"), look_up("a2", user_id=None))
    findings = judge(DETECTOR, NOBODY_WORKS, *rows)
    assert findings["severity"].to_list() == [Severity.MEDIUM] * 2
    assert findings["actor"].to_list() == ["account:ghost", "account:unknown"]


def test_the_work_of_a_likely_person_explains_nothing_and_the_person_is_told():
    rows = (
        look_up("a1", user_id="force\\jdoe"),
        look_up("a2", user_id="ghost", pnc_originator_collar="1243"),
    )
    first, second = judge(DETECTOR, reference(identifiers=JANE, staff=STAFF, **work()), *rows).rows(
        named=True
    )
    assert (first["staff_id"], first["actor"], first["severity"]) == (
        None,
        "account:force\\jdoe",
        Severity.MEDIUM,
    )
    assert DETECTOR.describe(json.loads(first["facts"]), Plain())[1] == (
        "The person behind account force\\jdoe is likely, not certain: S1. Why: it was nobody's then; account jdoe, "
        "the same but for its domain part, was theirs."
    )
    assert DETECTOR.describe(json.loads(second["facts"]), Plain())[-1] == (
        "The person behind collar number 1243 is likely, not certain: S1. Why: it was nobody's then; "
        "collar number 1234, the same with two digits swapped, was theirs."
    )


def test_reads_what_findings_said_before_they_told_how_sure_they_are():
    """Withdrawn findings keep the facts they were withdrawn with."""
    [finding] = judge(DETECTOR, NOBODY_WORKS, look_up("a1", pnc_originator_collar="9")).rows(named=True)
    facts = json.loads(finding["facts"]) | {"certainty": "known"}
    before = {name: value for name, value in facts.items() if not name.endswith("identity")}
    assert "belonged to" not in " ".join(DETECTOR.describe(before, Plain()))


def test_quiet_when_assigned():
    assert judge(DETECTOR, reference(identifiers=JANE, **work()), look_up("a1")).is_empty()


def test_quiet_when_the_incident_comes_on_record_after_the_look_up():
    late = reference(identifiers=JANE, **work(since=at(hours=5), recorded=at(hours=30)))
    assert judge(DETECTOR, late, look_up("a1")).is_empty()


def test_quiet_about_accesses_without_a_subject():
    assert judge(DETECTOR, NOBODY_WORKS, look_up("a1", subject_key=None)).is_empty()


def test_quiet_about_what_lies_outside_the_span():
    assert judge(DETECTOR, NOBODY_WORKS, look_up("a1", at(days=3))).is_empty()


def test_says_why_it_is_quiet_now():
    known = reference(identifiers=JANE, **work("1234", recorded=at(hours=3)))
    rows = history(look_up("a1"), look_up("a2", subject_key="ZZ99ZZZ"))
    assert DETECTOR.why_quiet(window(DETECTOR, rows, known), ["a1", "a2"]) == {
        "a1": "explained by incident 1234 (crime), recorded 3 h later"
    }


def test_reaches_are_the_settings():
    detector = UnlinkedLookup(JudgedSettings(follow_on_minutes=5, grace_hours=2))
    day_and_follow_on = 24 * 3600 + 1500
    assert (detector.recalls.total_seconds(), detector.grace.total_seconds()) == (
        day_and_follow_on,
        7200,
    )
    assert detector.before == timedelta(days=30)


def test_describes_in_local_time():
    june = at(days=92, minutes=2)
    row = look_up("a1", june, pnc_incident_ref="77", pnc_originator_collar="9")
    findings = judge(DETECTOR, NOBODY_WORKS, row, span=Span(june, june + timedelta(hours=1)))
    assert DETECTOR.describe(json.loads(findings["facts"][0]), Plain()) == [
        "S1 queried vehicle AB12CDE on PNC at 13:02 on 3 Jun 2026; no incident, crime, custody record, stop or task "
        "that they or their unit worked on within 24 h names it.",
        "It was made for collar number 9, whom nothing explains either.",
        "The person behind collar number 9 is not known: "
        "nobody held it then or within 30 days, nor one that is written alike.",
        "The enquirer gave reference 77, which does not explain it.",
    ]


def test_describes_an_account_that_several_people_held():
    known = reference(identifiers=[*JANE, holds("S2", "account", "jdoe")])
    facts = json.loads(judge(DETECTOR, known, look_up("a1"))["facts"][0])
    assert DETECTOR.describe(facts, Plain()) == [
        "the user of account:jdoe queried vehicle AB12CDE on PNC at 12:00 on 3 Mar 2026; "
        "its account belonged to several people then, so nothing can be said for it.",
        "The person behind account jdoe is not known: "
        "2 people shared it then, and nothing in the record tells which of them it was.",
    ]
