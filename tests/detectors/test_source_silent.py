"""source_silent: tells gaps of sources, gravest where data was changed or lost; never a person; quiet once they are filled."""

import json
from datetime import timedelta

import polars as pl
import pytest
from history import Plain, at, history, window

from detectors.detector import Span, Window
from detectors.finding import Severity
from detectors.gaps import EVERY_SOURCE, GAP_KINDS, GAP_SCHEMA
from detectors.reference import Reference
from detectors.rules.source_silent import SourceSilent

DETECTOR = SourceSilent()
DETAILS = {
    "silent": {"usual_events": 1240},
    "missing_files": {"series": "cdr_C1_01", "first": 15, "last": 17},
    "lost": {"bytes": 4096, "reason": "truncated"},
    "shrunk": {"read": 9000, "size": 10},
    "edited": {"offset": 1048576, "length": 1048576},
    "backwards": {},
    "wrong_format": {},
    "down": {"asked": True},
}


def gap(kind="silent", *, source="pnc", start=None, minutes=30, filled=None, gap_id="g1"):
    start = start or at(hours=-1)
    end = None if minutes is None else start + timedelta(minutes=minutes)
    return {
        "gap_id": gap_id, "source": source, "kind": kind, "start": start, "end": end, "noticed_at": at(),
        "filled_at": filled, "detail": json.dumps(DETAILS[kind]),
    }  # fmt: skip


def judge(*gaps, span=None, detector=DETECTOR):
    empty = window(detector, history(), Reference(), span)
    frame = pl.DataFrame(list(gaps), schema=GAP_SCHEMA)
    return detector.judge(Window(empty.span, empty.scan, gaps=frame))


def sentences(finding):
    return list(DETECTOR.describe(json.loads(finding["facts"]), Plain()))


def test_tells_a_silence_about_its_source_and_nobody():
    [finding] = judge(gap()).rows(named=True)
    assert (finding["key"], finding["timestamp"]) == ("g1", at(hours=-1))
    assert (finding["actor"], finding["staff_id"], finding["event_ids"]) == ("source:pnc", None, [])
    assert finding["severity"] == Severity.MEDIUM
    assert sentences(finding) == [
        "No pnc data from 11:00 to 11:30 on 3 Mar 2026, where about 1,240 events are usual.",
        "Noticed at 12:00 on 3 Mar 2026.",
    ]


@pytest.mark.parametrize("kind", GAP_KINDS)
@pytest.mark.parametrize("minutes", [90, None], ids=["ended", "open"])
def test_every_kind_has_its_sentence(kind, minutes):
    [finding] = judge(gap(kind, minutes=minutes)).rows(named=True)
    assert all(line.endswith(".") and "None" not in line and "{" not in line for line in sentences(finding))


@pytest.mark.parametrize("kind", ["lost", "edited", "shrunk", "backwards"])
def test_is_graver_where_data_was_lost_or_changed(kind):
    assert judge(gap(kind))["severity"].to_list() == [Severity.HIGH]


def test_a_gap_that_lasts_changes_when_it_ends():
    assert judge(gap(minutes=None))["facts"].item() != judge(gap())["facts"].item()


def test_is_quiet_about_what_late_data_filled_and_says_when():
    filled = gap(filled=at(hours=3))
    assert judge(filled).is_empty()
    empty = window(DETECTOR, history(), Reference())
    seen = Window(empty.span, empty.scan, gaps=pl.DataFrame([filled], schema=GAP_SCHEMA))
    assert DETECTOR.why_quiet(seen, ["g1"]) == {"g1": "late data filled the gap at 15:00 on 3 Mar 2026"}


@pytest.mark.parametrize(("minutes", "found"), [(59, 0), (60, 1), (None, 1)])
def test_a_short_stop_of_ours_is_no_finding(minutes, found):
    assert judge(gap("down", source=EVERY_SOURCE, minutes=minutes)).height == found


def test_any_split_of_a_span_gives_the_same_findings():
    gaps = [gap(start=at(minutes=n), gap_id=f"g{n}") for n in range(0, 60, 5)]
    whole = judge(*gaps, span=Span(at(), at(hours=1)))
    parts = [judge(*gaps, span=Span(at(minutes=n), at(minutes=n + 12))) for n in range(0, 60, 12)]
    assert pl.concat(parts).equals(whole)
    assert whole.height == 12
