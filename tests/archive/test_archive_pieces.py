"""Pieces of what is to be judged: bearable, whole, and no more of them than needed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from archive_rows import NOON, at, look_ups, put
from sqlalchemy import Engine

from auditd.archive.archive import Archive
from auditd.database import reading
from auditd.engine import pieces
from auditd.engine.pieces import Pieces
from auditd.engine.starts import Starts
from detectors.detector import Span, all_detectors

DETECTOR = all_detectors()["unlinked_lookup"]()


@pytest.fixture
def cut(archive: Archive, database: Engine) -> Pieces:
    """Pieces over an archive with a look-up a minute, for ten hours."""
    put(archive, database, look_ups(*(at(minutes=minute) for minute in range(600))))
    with reading(database) as conn:
        return Pieces(archive, Starts(conn))


def span(first: float, last: float) -> Span:
    """From one minute to another."""
    return Span(at(minutes=first), at(minutes=last))


def test_spans_near_to_each_other_are_judged_as_one(cut: Pieces) -> None:
    """A subject looked up all the time: one piece costs less than fifty."""
    spans = [span(minute, minute + 2) for minute in range(0, 500, 10)]
    assert list(cut.of(DETECTOR, spans)) == [span(0, 492)]


def test_spans_with_much_between_them_stay_apart(cut: Pieces, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "NEAR_ROWS", 100)
    assert list(cut.of(DETECTOR, [span(0, 5), span(20, 25), span(300, 305)])) == [
        span(0, 25),
        span(300, 305),
    ]


def test_a_span_with_much_in_it_is_cut_without_a_gap(cut: Pieces, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "PIECE_ROWS", 100)
    found = list(cut.of(DETECTOR, [span(0, 600)]))
    assert len(found) > 5
    assert (found[0].start, found[-1].end) == (at(), at(minutes=600))
    assert [one.end for one in found[:-1]] == [one.start for one in found[1:]]


def test_a_span_without_events_is_no_piece(cut: Pieces) -> None:
    before = Span(NOON - timedelta(days=9), NOON - timedelta(days=8))
    assert list(cut.of(DETECTOR, [before])) == []
