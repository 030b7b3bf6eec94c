"""Cutting what is to be judged into pieces with a bearable number of rows. It must never leave out a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from auditd.archive.archive import Archive
from auditd.engine.starts import Starts
from detectors.detector import Detector, Span

PIECE_ROWS: Final = 100_000
SHORTEST_PIECE: Final = timedelta(minutes=1)
NEAR_ROWS: Final = 10_000
"""Judging so many rows costs about what a piece costs by itself: spans no further apart are judged as one."""


class Pieces:
    """Cuts spans by how much there is in them to judge."""

    def __init__(self, archive: Archive, starts: Starts) -> None:
        self._archive = archive
        self._starts = starts

    def of(self, detector: Detector, spans: Sequence[Span]) -> Iterator[Span]:
        """Yield the spans in pieces a detector can judge; those without events are left out.

        Spans in order of time, as an agenda holds them. What lies between two that are judged as one is judged again, to
        the same end.
        """
        for span in self._joined(detector, spans):
            yield from self._cut(detector, span)

    def _cut(self, detector: Detector, span: Span) -> Iterator[Span]:
        """Yield a span in pieces that are not too large; none that is empty."""
        rows = self._rows(detector, span)
        if rows > PIECE_ROWS and span.end - span.start > SHORTEST_PIECE:
            middle = span.start + (span.end - span.start) / 2
            yield from self._cut(detector, Span(span.start, middle))
            yield from self._cut(detector, Span(middle, span.end))
        elif rows:
            yield span

    def _joined(self, detector: Detector, spans: Sequence[Span]) -> Iterator[Span]:
        """Yield spans, those near to each other as one."""
        waiting: Span | None = None
        for span in spans:
            if waiting is None:
                waiting = span
            elif self._rows(detector, Span(waiting.end, span.start)) <= NEAR_ROWS:
                waiting = Span(waiting.start, span.end)
            else:
                yield waiting
                waiting = span
        if waiting is not None:
            yield waiting

    def _rows(self, detector: Detector, span: Span) -> int:
        """Estimate the rows a detector judges in a span, from the manifest; 0 only if there is none.

        Of registers nothing is estimated: a span that may hold one of their entries counts as a row.
        """
        if detector.judges_gaps:
            return self._starts.gaps_in(span)
        if detector.judges_feeds:
            return self._starts.facts_in(span)
        rows = 1.0 if detector.judges_entries else 0.0
        for family in detector.reads:
            for segment in self._archive.overlapping(family, span.start, span.end):
                length = (segment.max_time - segment.min_time).total_seconds()
                shared = min(span.end, segment.max_time) - max(span.start, segment.min_time)
                rows += 1 + segment.rows * (shared.total_seconds() / length if length > 0 else 1.0)
        return int(rows)
