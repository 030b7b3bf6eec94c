"""Judging the archive with settings that are not in force, for measuring only.

It must never store anything, nor use a list without a live authority.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from datetime import datetime

import polars as pl
from sqlalchemy import Engine

from alerts.authority import list_authorities
from alerts.difference import records_of
from auditd.archive.archive import Archive
from auditd.database import reading
from auditd.engine.grants import live_for
from auditd.engine.pieces import Pieces
from auditd.engine.starts import Starts
from auditd.engine.windows import Windows
from auditd.evaluation.found import Found
from auditd.reference.store import ReferenceStore
from detectors.detector import Detector, Span
from parsers.force import Force


class Trials:
    """Judges what one archive holds, with reference data as known now."""

    def __init__(
        self, archive: Archive, engine: Engine, references: ReferenceStore, force: Force, *, now: datetime
    ) -> None:
        self._archive = archive
        self._now = now
        self._windows = Windows(archive=archive, engine=engine, references=references, force=force)
        with reading(engine) as conn:
            self._pieces = Pieces(archive, Starts(conn))
            self._authorities = list_authorities(conn)

    def judge(self, detector: Detector) -> tuple[list[Found], float]:
        """Return what the detector would have found by now, and the seconds of CPU that took.

        Raises SegmentsDamaged where events are lost.
        """
        self._windows.forget()  # what another detector made of a span must not make this one look cheap
        begun = time.process_time()
        frames = list(self._frames(detector))
        seconds = time.process_time() - begun
        found = {
            record.finding_id: Found(
                record.finding_id,
                detector.name,
                record.timestamp,
                record.person_key,
                record.severity,
                record.event_ids,
                json.loads(record.facts),
            )
            for frame in frames
            for record in records_of(detector.name, frame)
        }
        return list(found.values()), seconds

    def _frames(self, detector: Detector) -> Iterator[pl.DataFrame]:
        bounds = self._archive.bounds()
        authorities = live_for(detector, self._authorities, self._now)
        if bounds is None or (detector.about.needs_authority and not authorities):
            return
        end = self._now - detector.waits
        whole: Sequence[Span] = [Span(bounds[0], end)] if bounds[0] < end else []
        for piece in self._pieces.of(detector, whole):
            for window in self._windows.on(detector, piece, authorities, self._now):
                yield detector.judge(window)
