"""Which events are already in the archive: the same record delivered twice is one event.

Two deliveries of one record have the same id and the same time, so only segments that overlap the new events' times
can hold them, and a source that moves forward in time needs no look at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from auditd.archive.archive import Archive
from parsers.event import Family

_TICK = timedelta(microseconds=1)
_RECORD: Final = ["event_id", "timestamp"]


class KnownEvents:
    """Tells new events from known ones; remembers per source how far its events reach."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._newest: dict[tuple[Family, str], datetime] = {}

    def only_new(self, family: Family, events: pl.DataFrame) -> pl.DataFrame:
        """Return the events the archive does not have, the first of each id and time, in the order given.

        Formats put the time into the id; one that does not still loses no event here.
        """
        once = events
        if events["event_id"].n_unique() < events.height:  # told far sooner than the repeats are taken out
            once = events.unique(subset=_RECORD, keep="first", maintain_order=True)
        doubtful = [
            (pl.col("source") == source) & (pl.col("timestamp") <= far)
            for source, first, _ in _extent(once)
            if (far := self._reach(family, source)) and first <= far
        ]
        if not doubtful:
            return once
        suspects = once.filter(pl.any_horizontal(doubtful))
        start, end = suspects["timestamp"].min(), suspects["timestamp"].max()
        # What is lost from the archive is not known: delivered again, it comes back.
        ids = self._archive.collect_intact(
            family,
            start,  # type: ignore[arg-type]  # the least of a column of times is a time
            end + _TICK,  # type: ignore[operator, arg-type]  # and so is the greatest
            lambda known: known.select(_RECORD).join(suspects.lazy().select(_RECORD), on=_RECORD, how="semi"),
        )
        if not ids.height:
            return once
        return once.join(ids, on=_RECORD, how="anti", maintain_order="left")

    def add(self, frames: Mapping[Family, pl.DataFrame]) -> None:
        """Learn that these events are now in the archive."""
        for family, frame in frames.items():
            for source, _, last in _extent(frame):
                far = self._newest.get((family, source))
                self._newest[family, source] = last if far is None else max(far, last)

    def _reach(self, family: Family, source: str) -> datetime | None:
        """Return the latest time of an archived event of the source, or later: unknown sources take the family's."""
        if (family, source) not in self._newest:
            newest = self._archive.newest(family)
            if newest is None:
                return None
            self._newest[family, source] = newest
        return self._newest[family, source]


def _extent(events: pl.DataFrame) -> list[tuple[str, datetime, datetime]]:
    """Return each source with the first and last time of its events. They stand source by source, as they were read."""
    runs = events["source"].rle().struct.unnest().with_columns(start=pl.col("len").cum_sum() - pl.col("len"))
    times = events["timestamp"]
    extent: dict[str, list[Any]] = {}
    for length, source, start in runs.rows():
        own = times.slice(start, length)
        extent.setdefault(source, []).extend((own.min(), own.max()))
    return [(source, min(moments), max(moments)) for source, moments in extent.items()]
