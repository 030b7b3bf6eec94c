"""feed_stale: tells feeds that are late, refused, full of bad rows, ahead of the clock or know too few people; never a person."""

import json
from datetime import timedelta

import polars as pl
import pytest
from history import Plain, at, history, window

from detectors.detector import Span, Window
from detectors.feed_facts import FACT_SCHEMA
from detectors.finding import Severity
from detectors.reference import Reference
from detectors.rules.feed_stale import AGE_HOURS, FeedStale, FeedStaleSettings

DETECTOR = FeedStale()
SPAN = Span(at(hours=-24), at(hours=24))


def fact(kind="delivered", *, start=None, hours=1.0, rows=1000, bad=0, name="cad", feed="incidents", **more):
    start = start or at(hours=-2)
    ended = more.pop("ended", False)
    seen = start + timedelta(hours=hours)
    return {
        "fact_id": f"{name}{start.isoformat()}", "name": name, "feed": feed, "kind": kind, "start": start,
        "seen_until": seen, "end": seen if ended else None, "rows": rows, "bad_rows": bad, "ahead_rows": 0,
        "ahead_seconds": 0, "problem": None, "asks": False, **more,
    }  # fmt: skip


def day(number, unknown, events=1000):
    return fact(
        "unknown_people", start=at(hours=-12) + timedelta(days=number), hours=24, rows=events, bad=unknown, name="pnc",
        feed=None, ended=True,
    )  # fmt: skip


def judge(*facts, span=SPAN, **settings):
    detector = FeedStale(FeedStaleSettings(**settings))
    empty = window(detector, history(), Reference(), span)
    reach = pl.col("start").is_between(span.start - detector.before, span.end, closed="left")
    frame = pl.DataFrame(list(facts), schema=FACT_SCHEMA).filter(reach)
    return detector.judge(Window(empty.span, empty.scan, feed_facts=frame))


def faults(*facts, **settings):
    return [key.rpartition(":")[2] for key in judge(*facts, **settings)["key"]]


def told(*facts, **settings):
    [finding] = judge(*facts, **settings).rows(named=True)
    return " ".join(DETECTOR.describe(json.loads(finding["facts"]), Plain()))


def test_a_feed_in_good_health_is_no_news():
    assert faults(fact(), fact(name="hr", feed="staff", hours=100, start=at(hours=-20))) == []


def test_tells_a_feed_that_is_late_about_the_feed_and_nobody():
    [finding] = judge(fact(hours=25)).rows(named=True)
    assert (finding["timestamp"], finding["actor"], finding["staff_id"]) == (at(hours=-2), "feed:cad", None)
    assert (finding["severity"], finding["event_ids"]) == (Severity.MEDIUM, [])


def test_a_late_feed_in_words_before_and_after_it_came():
    assert told(fact(hours=25)) == (
        "Feed cad was last delivered at 10:00 on 3 Mar 2026; the next was due by 10:00 on 4 Mar 2026 and has not come."
    )
    assert told(fact(hours=25, ended=True)).endswith("and came at 11:00 on 4 Mar 2026.")


def test_a_finding_does_not_change_while_the_feed_stays_away():
    assert judge(fact(hours=25)).equals(judge(fact(hours=90)))


@pytest.mark.parametrize(("feed", "hours"), [*AGE_HOURS.items(), ("staff", 168)])
def test_each_feed_may_become_as_old_as_it_usually_does(feed, hours):
    assert faults(fact(feed=feed, hours=hours)) == []
    assert faults(fact(feed=feed, hours=hours + 0.1)) == ["late"]


@pytest.mark.parametrize(
    ("settings", "limit"),
    [
        ({"max_age_hours": {"cad": 6}}, 6),
        ({"max_age_hours": {"incidents": 7}}, 7),
        ({"max_age_hours": {"cad": 6, "incidents": 7}}, 6),
        ({"age_hours": 5}, 24),
        ({"max_age_hours": {"staff": 5}}, 24),
    ],
)
def test_a_limit_is_that_of_the_delivery_else_of_its_feed(settings, limit):
    assert faults(fact(hours=limit), **settings) == []
    assert faults(fact(hours=limit + 0.1), **settings) == ["late"]


def test_a_feed_may_be_as_old_as_it_likes():
    assert faults(fact(hours=9999), max_age_hours={"cad": 0}) == []


def test_a_feed_that_never_came_is_late():
    awaited = fact("awaited", hours=25, rows=0)
    assert faults(awaited) == ["late"]
    assert (
        told(awaited) == "Feed cad has never been delivered; it has been awaited since 10:00 on 3 Mar 2026."
    )


def test_a_file_that_was_refused_is_told_at_once_a_query_after_some_patience():
    assert faults(fact("refused", hours=0, problem="column `kind` is missing")) == ["refused"]
    assert faults(fact("refused", hours=0.4, asks=True)) == []
    assert faults(fact("refused", hours=0.6, asks=True)) == ["refused"]


def test_a_refusal_in_words():
    refused = fact("refused", hours=3, problem="column `kind` is missing", ended=True)
    assert told(refused) == (
        "Feed cad was refused as a whole at 10:00 on 3 Mar 2026: column `kind` is missing. "
        "Since 13:00 on 3 Mar 2026 it is taken again."
    )


@pytest.mark.parametrize(("bad", "found"), [(199, []), (200, ["rejects"]), (1000, ["rejects"])])
def test_many_refused_rows_are_told_without_any_history(bad, found):
    assert faults(fact(bad=bad)) == found


@pytest.mark.parametrize(("bad", "found"), [(10, []), (59, []), (61, ["rejects"])])
def test_more_refused_rows_than_usual_are_told(bad, found):
    usual = [fact(start=at(hours=-48 - n), bad=10, ended=True) for n in range(5)]
    assert faults(*usual, fact(bad=bad)) == found


def test_refused_rows_in_words():
    usual = [fact(start=at(hours=-48 - n), bad=10, ended=True) for n in range(5)]
    assert told(*usual, fact(bad=250)) == (
        "Of the rows of feed cad delivered at 10:00 on 3 Mar 2026, 250 of 1,000 (25%; usually 1%) were refused."
    )


def test_few_rows_tell_nothing_about_shares():
    assert faults(fact(rows=19, bad=19)) == []
    assert faults(fact(rows=0, bad=0)) == []


def test_another_feeds_usual_share_is_not_ones_own():
    others = [fact(start=at(hours=-48 - n), bad=0, ended=True, name="other") for n in range(5)]
    assert faults(*others, fact(bad=100)) == []


def test_rows_from_the_future_are_told():
    ahead = fact(ahead_rows=1200, ahead_seconds=3600)
    assert faults(ahead) == ["ahead"]
    assert "1,200 rows written down in the future, up to 1 h 0 min ahead" in told(ahead)


@pytest.mark.parametrize(("unknown", "found"), [(0, []), (499, []), (500, ["unknown"])])
def test_without_history_only_most_of_the_people_being_unknown_is_told(unknown, found):
    assert faults(day(0, unknown)) == found


@pytest.mark.parametrize(("unknown", "found"), [(30, []), (129, []), (131, ["unknown"])])
def test_a_jump_of_unknown_people_is_told_of_its_source(unknown, found):
    usual = [day(-n, 30) for n in range(1, 6)]
    assert faults(*usual, day(0, unknown)) == found


def test_unknown_people_in_words_and_whose_source():
    usual = [day(-n, 30) for n in range(1, 6)]
    [finding] = judge(*usual, day(0, 400)).rows(named=True)
    assert finding["actor"] == "source:pnc"
    assert told(*usual, day(0, 400)) == (
        "Of the events of pnc on the day from 00:00 on 3 Mar 2026, 400 of 1,000 (40%; usually 3%) are by people nobody knows."
    )


def test_a_quiet_day_tells_nothing_about_people():
    assert faults(day(0, 199, events=199)) == []


def test_one_fact_may_have_several_faults_each_a_finding_of_its_own():
    assert sorted(faults(fact(hours=25, bad=500, ahead_rows=1))) == ["ahead", "late", "rejects"]


def test_what_was_long_ago_is_no_measure_of_what_is_usual():
    """A verdict looks 14 days back and no further: what lies before is not seen, whatever the window."""
    old = [fact(start=at(hours=-2) - timedelta(days=14, hours=n + 1), bad=0, ended=True) for n in range(5)]
    wide = Span(at(hours=-2) - timedelta(days=30), at(hours=24))
    assert faults(*old, fact(bad=100)) == []
    assert [key for key in judge(*old, fact(bad=100), span=wide)["key"] if "rejects" in key] == []


@pytest.mark.parametrize("cut", range(1, 48, 5))
def test_verdicts_do_not_depend_on_how_the_time_is_cut(cut):
    facts = [
        fact(start=at(hours=-24 + n), hours=1 + n, bad=40 * (n % 7), name=f"f{n % 2}", ended=True)
        for n in range(48)
    ]
    middle = SPAN.start + timedelta(hours=cut)
    parts = [judge(*facts, span=Span(SPAN.start, middle)), judge(*facts, span=Span(middle, SPAN.end))]
    whole = judge(*facts)
    assert whole.height > 10
    assert pl.concat(parts).sort("key").equals(whole.sort("key"))
