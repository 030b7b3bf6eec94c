"""One round of judging: whose piece comes next.

Of all detectors the earliest piece is judged first, so that those who judge the same span do so one after the other and share
what is made of it. It must never leave out a detector: when time is up, each that has judged nothing yet gets one piece.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Final

from alerts.authority import Authority
from auditd.engine.runs import Run
from detectors.detector import Span

SHORTEST_HALVED: Final = timedelta(hours=1)
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Turn:
    """One run's part of a round: the piece it judges `next`, None when it has none left.

    begin: from where on what lies before a judged piece is judged too. end: where its last span ends, None without any.
    """

    run: Run
    authorities: Sequence[Authority]
    pieces: Iterator[Span]
    end: datetime | None
    next: Span | None = field(init=False)
    begin: datetime = BEGINNING
    judged: bool = False

    def __post_init__(self) -> None:
        """Look at the first piece."""
        self.next = next(self.pieces, None)

    def advance(self) -> None:
        """Go on to the piece after this one."""
        self.judged = True
        self.next = next(self.pieces, None)

    def halve(self) -> bool:
        """Put two halves in the place of the next piece; return whether it was long enough for that."""
        piece = self.next
        if piece is None or piece.end - piece.start <= SHORTEST_HALVED:
            return False
        middle = piece.start + (piece.end - piece.start) / 2
        self.pieces = chain([Span(middle, piece.end)], self.pieces)
        self.next = Span(piece.start, middle)
        return True

    def stop(self) -> None:
        """Judge nothing more in this round."""
        self.judged, self.next = True, None


def next_turn(turns: Iterable[Turn], *, late: bool) -> Turn | None:
    """Return whose piece is the earliest, the first of several; when it is late, only of those that have judged nothing."""
    waiting = [turn for turn in turns if turn.next is not None and not (late and turn.judged)]
    return min(waiting, key=_begins, default=None)


def _begins(turn: Turn) -> tuple[datetime, datetime]:
    piece = turn.next or Span(BEGINNING, BEGINNING)
    return piece.start, piece.end
