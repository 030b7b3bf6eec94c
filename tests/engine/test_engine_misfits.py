"""A source whose lines stop matching its format is told from one with a few odd lines, within seconds."""

from __future__ import annotations

from auditd.engine.misfits import RUN_LINES, RUN_SECONDS, WRONG_FORMAT_LINES, Misfits


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def misfits() -> tuple[Misfits, Clock]:
    clock = Clock()
    return Misfits(clock), clock


def test_many_rejects_at_once_are_told_at_once() -> None:
    lines, _ = misfits()
    lines.read("pnc", rejects=WRONG_FORMAT_LINES + 1, events=0)
    assert lines.known() == {"pnc": True}


def test_few_rejects_are_told_when_no_event_has_come_for_ten_seconds() -> None:
    lines, clock = misfits()
    for _ in range(RUN_LINES):
        lines.read("pnc", rejects=1, events=0)
    assert lines.known() == {"pnc": False}
    clock.now = RUN_SECONDS
    assert lines.known() == {"pnc": True}
    lines.read("pnc", rejects=0, events=1)
    assert lines.known() == {"pnc": False}


def test_a_few_odd_lines_are_no_wrong_format_however_long_they_stand() -> None:
    lines, clock = misfits()
    lines.read("pnc", rejects=RUN_LINES - 1, events=0)
    clock.now = 1000
    assert lines.known() == {"pnc": False}


def test_rejects_among_events_are_no_wrong_format() -> None:
    lines, clock = misfits()
    for _ in range(1000):
        clock.now += 1
        lines.read("pnc", rejects=3, events=4)
    assert lines.known() == {"pnc": False}


def test_of_a_source_that_says_nothing_nothing_is_known() -> None:
    lines, _ = misfits()
    lines.read("pnc", rejects=0, events=0)
    assert lines.known() == {}
