"""Rounds of judging: the earliest piece first, and nobody left out when time is up."""

from __future__ import annotations

from engine_rig import at

from auditd.engine.rounds import Turn, next_turn
from auditd.engine.runs import Run
from detectors.detector import Span
from detectors.rules.self_lookup import SelfLookup
from detectors.rules.unlinked_lookup import UnlinkedLookup


def hours(*starts: int) -> list[Span]:
    return [Span(at(hours=start), at(hours=start + 1)) for start in starts]


def two(first: list[Span], second: list[Span]) -> list[Turn]:
    kinds = (SelfLookup(), UnlinkedLookup())
    return [
        Turn(Run(kind, ""), (), iter(spans), None) for kind, spans in zip(kinds, (first, second), strict=True)
    ]


def order(turns: list[Turn], *, late_after: int = 99) -> list[tuple[str, Span]]:
    taken: list[tuple[str, Span]] = []
    while turn := next_turn(turns, late=len(taken) >= late_after):
        assert turn.next is not None
        taken.append((turn.run.key, turn.next))
        turn.advance()
    return taken


def test_detectors_judge_one_span_one_after_the_other() -> None:
    taken = order(two(hours(0, 1), hours(0, 1)))
    assert [name for name, _ in taken] == ["self_lookup", "unlinked_lookup"] * 2
    assert [span for _, span in taken] == [span for span in hours(0, 1) for _ in range(2)]


def test_an_earlier_piece_comes_first_whoever_judges_it() -> None:
    assert [name for name, _ in order(two(hours(5), hours(0, 1)))] == ["unlinked_lookup"] * 2 + [
        "self_lookup"
    ]


def test_when_time_is_up_whoever_judged_nothing_gets_one_piece() -> None:
    taken = order(two(hours(7, 8), hours(0, 1, 2)), late_after=1)
    assert taken == [("unlinked_lookup", hours(0)[0]), ("self_lookup", hours(7)[0])]


def test_one_that_stopped_gets_no_more() -> None:
    turns = two(hours(0, 1), hours(0))
    turns[0].stop()
    assert [name for name, _ in order(turns)] == ["unlinked_lookup"]


def test_a_long_piece_is_halved_until_it_is_short() -> None:
    [turn, _] = two([Span(at(), at(hours=4))], [])
    assert turn.halve()
    assert turn.halve()
    assert not turn.halve()
    assert [span for _, span in order([turn])] == [*hours(0, 1), Span(at(hours=2), at(hours=4))]
