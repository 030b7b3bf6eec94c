"""Signals: what surrounds a look-up, counted up to its moment, and the same wherever the window is cut."""

import json
from datetime import timedelta

import polars as pl
from history import JANE, STAFF, at, holds, judge, look_up, reference, work
from hypothesis import given
from hypothesis import strategies as st

from detectors.detector import Span
from detectors.rules.unlinked_lookup import UnlinkedLookup
from detectors.sliding import count_in

DETECTOR = UnlinkedLookup()
KNOWN = reference(identifiers=[*JANE, holds("S2", "account", "sam")], staff=STAFF)


def signals(known, *rows, key):
    findings = judge(DETECTOR, known, *rows, span=Span(at(days=-3), at(days=3)))
    return json.loads(findings.filter(key=key)["facts"][0])


def test_counts_others_and_days_of_the_last_month_and_looks_of_the_last_day():
    rows = [
        look_up("long ago", at(days=-31)),
        look_up("another", at(days=-29), user_id="sam"),
        look_up("again", at(days=-2)),
        look_up("that day", at(hours=-3), subject_key="ZZ99ZZZ"),
        look_up("now"),
        look_up("later", at(hours=1), user_id="zoe"),
    ]
    told = signals(KNOWN, *rows, key="now")
    assert (told["others_looked"], told["days_looked"]) == (1, 2)
    assert (told["day_looked"], told["day_unexplained"]) == (2, 2)
    assert signals(KNOWN, *rows, key="later")["others_looked"] == 2


def test_what_is_explained_counts_as_looked_and_not_as_unexplained():
    known = reference(identifiers=JANE, staff=STAFF, **work(since=at(days=-1)))
    rows = [look_up("mine", at(hours=-1)), look_up("other", subject_key="ZZ99ZZZ")]
    told = signals(known, *rows, key="other")
    assert (told["day_looked"], told["day_unexplained"]) == (2, 1)


def test_says_what_the_roster_and_the_flags_say():
    shifts = [
        {"staff_id": "S1", "state": state, "from": at(hours=start), "to": at(hours=end)}
        for state, start, end in (("duty", -8, -2), ("rest", -1, 10))
    ]
    flags = [
        {"subject_type": "vehicle", "subject_key": "AB12CDE", "flag": flag, "from": at(days=-9), "to": until}
        for flag, until in (("witness", None), ("victim", None), ("public_figure", at(days=-1)))
    ]
    known = reference(identifiers=JANE, staff=STAFF, roster=shifts, sensitive_subjects=flags)
    rows = [look_up("off"), look_up("on", at(hours=-3), subject_key="ZZ99ZZZ")]
    off, on = (signals(known, *rows, key=key) for key in ("off", "on"))
    assert (off["duty"], off["sensitive"]) == ("rest", "victim")
    assert (on["duty"], on["sensitive"]) == ("on", None)
    assert signals(KNOWN, *rows, key="off")["duty"] is None


SEEN = st.lists(st.tuples(st.integers(0, 30), st.sampled_from("ab"), st.sampled_from(["x", "y", "z", None])))


@given(
    seen=SEEN,
    asked=st.lists(st.tuples(st.integers(0, 30), st.sampled_from("abc")), min_size=1),
    spare=st.integers(0, 9),
)
def test_counts_like_a_loop_wherever_the_rows_begin(seen, asked, spare):
    reach = 5
    begins = min(tick for tick, _ in asked) - reach - spare
    rows = [row for row in seen if row[0] > begins]
    frame = pl.DataFrame(
        [(at(hours=tick), by, what) for tick, by, what in rows],
        schema={"timestamp": pl.Datetime("us", "UTC"), "by": pl.String, "thing": pl.String},
        orient="row",
    )
    questions = pl.DataFrame(
        [(at(hours=tick), by) for tick, by in asked],
        schema={"timestamp": pl.Datetime("us", "UTC"), "by": pl.String},
        orient="row",
    )
    found = count_in(questions, frame, by=["by"], what="thing", reach=timedelta(hours=reach))
    assert found.to_list() == [
        len({w for t, b, w in seen if b == by and w is not None and tick - reach < t <= tick})
        for tick, by in asked
    ]
