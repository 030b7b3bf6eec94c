"""What every detector keeps to, whatever it looks for."""

import json
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from history import (
    DESK,
    JANE,
    NOON,
    STAFF,
    Plain,
    call,
    email,
    history,
    holds,
    look_up,
    media,
    protected,
    reference,
    web,
    window,
    work,
)  # fmt: skip
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from detectors.concern import CONCERNS
from detectors.detector import Detector, Span, all_detectors
from detectors.finding import FINDING_SCHEMA, Severity
from detectors.reference import FEEDS, GATED, Reference
from parsers.event import FAMILIES, SCHEMA

DOCS = Path(__file__).parents[2] / "docs" / "detectors"
CATEGORIES = {
    "infiltration", "disclosure of information", "perverting the course of justice", "sexual misconduct",
    "controlled drugs", "theft and fraud", "misuse of force systems", "abuse of authority",
    "inappropriate association", "vulnerability", "commit, incite or aid crime", "other",
}  # fmt: skip

every_detector = pytest.mark.parametrize(
    "detector", [found() for found in all_detectors().values()], ids=lambda d: d.name
)

incident = work(since=NOON, until=NOON + timedelta(hours=1), recorded=NOON + timedelta(hours=3))
matter = work("I2", key="ZZ99ZZZ", staff_id="S3", since=NOON - timedelta(days=2))
victim = work(
    "I3",
    key="07700900001",
    subject_type="phone",
    since=NOON - timedelta(days=9),
    closed=NOON - timedelta(hours=25),
)
also = work("I31", key="EE55EEE", since=NOON, until=NOON + timedelta(hours=30))
beside = work("I2", key="DOE/JOHN", subject_type="person", staff_id="S3", since=NOON - timedelta(days=2))
HOME = "jane.sone@home.example"
PEOPLE = [
    {**STAFF[0], "name": "Jane Sone", "vehicles": ["ZZ99ZZZ"], "next_of_kin_surnames": ["DOE"]},
    {**STAFF[1], "vehicles": ["AB12CDE", "CC22CCC"]},
]


def shift(state, start, end):
    return {
        "staff_id": "S1",
        "state": state,
        "from": NOON + timedelta(hours=start),
        "to": NOON + timedelta(hours=end),
    }


RICH = reference(
    identifiers=[*JANE, holds("S2", "account", "shared"), holds("S3", "account", "shared"), holds("S2", "collar", "77"),
                 holds("S2", "account", "sam"), holds("S2", "account", "ghost", None, NOON - timedelta(minutes=30)),
                 holds("S2", "extension", "50001", NOON), holds("S1", "extension", "50001", None, NOON), holds("S2", "extension", "50222")],
    staff=PEOPLE,
    roster=[shift("duty", -10, -2), shift("rest", -2, 10), shift("duty", 40, 48)],
    media_contacts=[media(), media("news.example", "domain", valid_from=NOON - timedelta(hours=40))],
    watch_lists=[
        {"list": "Known associates", "kind": "phone", "value": DESK, "source": "s", "owner": "o",
         "review_by": NOON.date()}
    ],
    protected_contacts=[protected("legal@news.example", "email")],
    media_register=[
        {"entry_id": "R9", "staff_id": "S2", "contact_at": NOON, "outlet": "daily example", "channel": "phone",
         "recorded_at": NOON}
    ],
    sensitive_subjects=[
        {"subject_type": "phone", "subject_key": "07700900001", "flag": "victim", "from": NOON - timedelta(days=9)}
    ],
    incidents=[*incident["incidents"], *also["incidents"], *matter["incidents"], *victim["incidents"]],
    incident_subjects=[*victim["incident_subjects"], *incident["incident_subjects"], *matter["incident_subjects"], *beside["incident_subjects"],
                       *also["incident_subjects"]],
    assignments=[*incident["assignments"], *also["assignments"], *matter["assignments"], *victim["assignments"]],
)  # fmt: skip
UNKEPT = Reference(RICH.frames, RICH.loaded - {"media_register"})
"""The same, where no register is kept."""
BARE = Reference()


@every_detector
class TestEveryDetector:
    """A page of docs/detectors, an `about`, and the behaviour that the engine relies on."""

    def test_is_described_in_full(self, detector: Detector):
        about = detector.about
        assert all((about.title, about.meaning, about.innocent_causes, about.runbook))
        assert about.category in CATEGORIES
        assert about.concern in CONCERNS.keys() - {"other"}, (
            "findings on one event must gather: name a concern"
        )
        assert about.severity in Severity
        assert set(detector.feeds) <= FEEDS.keys()
        assert set(detector.reads) <= set(FAMILIES)
        assert detector.by in {"actor", "subject", "both", "any"}
        assert detector.recalls <= detector.before
        assert about.needs_authority == bool({*GATED} & {*detector.feeds})

    def test_is_named_like_its_file(self, detector: Detector):
        assert type(detector).__module__ == f"detectors.rules.{detector.name}"

    def test_has_a_page_with_runbook_and_every_setting(self, detector: Detector):
        page = (DOCS / f"{detector.name}.md").read_text()
        assert "## Runbook" in page
        assert all(step in page for step in detector.about.runbook)
        for name, setting in detector.Settings.model_fields.items():
            assert f"| `{name}` | {setting.default} | {setting.description} |" in page

    @pytest.mark.parametrize("known", [RICH, BARE], ids=["rich", "bare"])
    def test_finds_nothing_in_nothing(self, detector: Detector, known: Reference):
        findings = detector.judge(window(detector, history(), known))
        assert findings.is_empty()
        assert findings.schema == FINDING_SCHEMA

    def test_finds_nothing_in_rows_of_nulls(self, detector: Detector):
        nulls = {
            family: pl.DataFrame(
                [{"event_id": "x", "timestamp": NOON, "source": "s"}], schema=SCHEMA[family]
            ).lazy()
            for family in FAMILIES
        }
        assert detector.judge(window(detector, nulls, RICH)).schema == FINDING_SCHEMA
        assert detector.judge(window(detector, nulls, RICH)).is_empty()

    def test_needs_an_open_list_if_it_needs_authority(self, detector: Detector):
        closed = Reference(
            {**RICH.frames, **{feed: FEEDS[feed].schema.to_frame() for feed in GATED}}, RICH.loaded
        )
        rows = history(look_up("a1"), call("c1", NOON + timedelta(hours=1)))
        found = [detector.judge(window(detector, rows, known)).height for known in (RICH, UNKEPT)]
        assert 1 in found or not detector.about.needs_authority
        assert detector.judge(window(detector, rows, closed)).is_empty() or not detector.about.needs_authority


NEXT_DAY = 288
TICKS = st.one_of(
    st.integers(0, 40), st.integers(NEXT_DAY, NEXT_DAY + 9)
)  # of 5 minutes: dense, with many equal times and with gaps around FOLD and the follow-on
DIGITS = st.sampled_from(["50009", "050009", "50001", "50111", DESK, "+447700900001", None])
ADDRESSES = st.sampled_from(
    [
        "jane@force.example",
        "x@force.example",
        "a@news.example",
        "legal@news.example",
        "b@sub.news.example",
        None,
    ]
)


def moment(tick):
    return NOON - timedelta(hours=2) + tick * timedelta(minutes=5)


def to_rows(drawn):
    return [make(f"{number:02}", *columns) for number, (make, columns) in enumerate(drawn)]


def access(event_id, tick, user, subject, collar):
    subject_type, key = subject
    return look_up(
        event_id,
        moment(tick),
        user_id=user,
        subject_type=subject_type,
        subject_key=key,
        pnc_originator_collar=collar,
        source_address=f"T{tick % 2 + tick // NEXT_DAY * 2}",  # elsewhere on the next day
        pnc_incident_ref=(None, "I77", "I1")[tick % 3],
    )


def mail(event_id, tick, sender, recipients, message, action, related=None, size=None):
    return email(
        event_id, moment(tick), email_from_address=sender, email_to_address=recipients, email_message_id=message,
        event_action=action, email_related_address=related, email_bytes=size,
    )  # fmt: skip


def visit(event_id, tick, user, site, sent):
    return web(event_id, moment(tick), user_id=user, url_domain=site, http_request_bytes=sent)


def leg(event_id, tick, caller, dialled, final, group, talked):
    return call(
        event_id, moment(tick), call_from=caller, call_to_dialled=dialled, call_to_final=final,
        call_redirected_by=dialled, call_group_id=group, call_talk_seconds=talked,
    )  # fmt: skip


users = st.sampled_from(
    [
        "jdoe",
        "sam",
        "shared",
        "ghost",
        "x@force.example",
        "force\\jdoe",
        "jdoe@force.example",
        "jane@force.example",
        None,
    ]
)
subjects = st.sampled_from(
    [
        ("vehicle", "AB12CDE"),
        ("vehicle", "ZZ99ZZZ"),
        ("vehicle", "CC22CCC"),
        ("vehicle", "EE55EEE"),
        ("person", "DOE/JOHN"),
        ("person", None),
        (None, "DOE/JOHN"),
    ]
)
collars = st.sampled_from(["1234", "77", "1243", "PC 77", None])
messages = st.sampled_from(["m1", "m2", None])
groups = st.sampled_from(["g1", "g2", None])
actions = st.sampled_from(["email-sent", "email-delivered", "email-transport", None])
MISUSE = [
    (mail, ("jane@force.example", ["a@news.example"], "m1", "email-sent")),
    (leg, ("50009", DESK, DESK, "g1", 60)),
    (access, ("jdoe", ("vehicle", "AB12CDE"), None)),
    (access, ("jdoe", ("person", "DOE/JOHN"), None)),
    (leg, ("50009", "+447700900001", None, "g2", 60)),
    (leg, ("50009", "50222", None, "g3", 600)),
    (leg, ("50222", "50009", None, "g4", 60)),
    (visit, ("jdoe", "www.dropbox.com", 500_000)),
    (mail, ("jane@force.example", [HOME], "m4", "email-sent", None, 900_000)),
    (mail, ("x@force.example", ["b@other.example"], None, "email-forwarded", "jane@force.example")),
]
"""The same few things again and again: repeats of contacts, keepers after vehicles, look-ups before contacts."""
HISTORIES = st.tuples(
    st.lists(st.tuples(st.sampled_from(MISUSE), st.integers(0, 30)), min_size=8, max_size=30),
    st.lists(
        st.one_of(
            st.tuples(st.just(access), st.tuples(TICKS, users, subjects, collars)),
            st.tuples(
                st.just(mail), st.tuples(TICKS, ADDRESSES, st.lists(ADDRESSES, max_size=3), messages, actions)
            ),
            st.tuples(
                st.just(leg), st.tuples(TICKS, DIGITS, DIGITS, DIGITS, groups, st.sampled_from([0, 60, None]))
            ),
        ),
        max_size=15,
    ),
).map(lambda drawn: to_rows([*((make, (tick, *rest)) for (make, rest), tick in drawn[0]), *drawn[1]]))
TUNED = {"hours": 2, "people": 2, "days": 2, "look_ups": 2, "subjects": 2, "explained": 2, "used_days": 1}
DETECTORS = [
    found(found.Settings(**tuned))
    for found in all_detectors().values()
    for tuned in {
        (): {},
        **{
            tuple(there): {name: TUNED[name] for name in there}
            for there in [sorted(TUNED.keys() & found.Settings.model_fields.keys())]
        },
    }.values()
]


@given(
    rows=HISTORIES,
    cuts=st.lists(st.integers(0, 40), min_size=2, max_size=5),
    backwards=st.booleans(),
    shift=st.booleans(),
)
@settings(max_examples=15, deadline=None)
def test_any_split_of_a_span_gives_the_same_findings(rows, cuts, backwards, shift):
    """Live = replay: every cut of the time, just at a row or between rows of one message, and any order of rows."""
    events = history(*(reversed(rows) if backwards else rows))
    edge = timedelta(minutes=2) if shift else timedelta(0)
    times = sorted({row["timestamp"] for row in rows})
    edges = [moment(-1), *sorted({times[cut % len(times)] + edge for cut in cuts}), moment(NEXT_DAY + 62)]
    spans = [Span(start, end) for start, end in pairwise(edges)]
    # Detectors share what they make of a span, as in the engine.
    of_all, of_parts = {}, [{} for _ in spans]
    for detector in DETECTORS:
        whole = detector.judge(window(detector, history(*rows), RICH, Span(edges[0], edges[-1]), of_all))
        parts = [
            detector.judge(window(detector, events, RICH, span, made))
            for span, made in zip(spans, of_parts, strict=True)
        ]
        for span, part in zip(spans, parts, strict=True):
            assert part["timestamp"].is_between(span.start, span.end, closed="left").all()
        assert_frame_equal(pl.concat(parts).sort("timestamp", "key"), whole)
        assert whole["key"].is_unique().all()
        assert not any(
            whole[name].has_nulls()
            for name in ("key", "timestamp", "actor", "severity", "event_ids", "facts")
        )
        for facts in whole["facts"]:
            assert all(sentence for sentence in detector.describe(json.loads(facts), Plain()))


def test_the_histories_of_the_property_are_dense_enough():
    """A plain history of the same parts makes every detector fire, so the property is not about nothing."""
    rows = to_rows(
        [
            (access, (7, "ghost", ("vehicle", "KK11KKK"), None)),
            (access, (20, "ghost", ("vehicle", "KK11KKK"), None)),
            (access, (10, "jdoe", ("vehicle", "ZZ99ZZZ"), None)),
            (access, (20, "jdoe", ("vehicle", "CC22CCC"), None)),
            (access, (21, "jdoe", ("person", "DOE/JOHN"), None)),
            (access, (22, "jdoe", ("person", "DOE/JOHN"), None)),
            (access, (23, "sam", ("person", "DOE/JOHN"), None)),
            (access, (NEXT_DAY, "jdoe", ("vehicle", "AB12CDE"), None)),
            (access, (NEXT_DAY + 1, "jdoe", ("person", "DOE/JOHN"), None)),
            (access, (NEXT_DAY + 2, "jdoe", ("vehicle", "EE55EEE"), None)),
            (mail, (12, "jane@force.example", ["a@news.example"], "m1", "email-sent")),
            (leg, (14, "50009", DESK, DESK, "g1", 60)),
            (mail, (22, "jane@force.example", [HOME], "m4", "email-sent", None, 900_000)),
            (leg, (31, "50009", "+447700900001", None, "g2", 60)),
            (leg, (15, "50111", DESK, DESK, "g5", 60)),
            (visit, (25, "jdoe", "www.dropbox.com", 500_000)),
            (leg, (22, "50009", "50222", None, "g3", 600)),
        ]
    )
    span = Span(moment(0), moment(NEXT_DAY + 40))
    found = [
        detector.name
        for detector in DETECTORS
        if detector.judge(window(detector, history(*rows), RICH, span)).height
    ]
    assert {*found} == all_detectors().keys() - {
        "feed_stale",
        "source_silent",
    }  # they judge facts, not events
