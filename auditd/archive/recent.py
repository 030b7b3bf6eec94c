"""Rows of the newest segments, kept in memory while there is room. It must never hold more than it is allowed to."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Set as AbstractSet
from typing import Final

import polars as pl

RECENT_BYTES: Final = 48 << 20


class Recent:
    """The rows of segments by id; when there are too many the oldest go."""

    def __init__(self) -> None:
        self._rows: OrderedDict[int, pl.DataFrame] = OrderedDict()
        self._bytes = 0

    def get(self, segment_id: int) -> pl.DataFrame | None:
        """Return a segment's rows if they are here."""
        return self._rows.get(segment_id)

    def remember(self, segment_id: int, rows: pl.DataFrame) -> None:
        """Keep a segment's rows."""
        self._rows[segment_id] = rows
        self._bytes += int(rows.estimated_size())
        while self._bytes > RECENT_BYTES and self._rows:
            self.forget(next(iter(self._rows)))

    def forget(self, segment_id: int) -> None:
        """Let go of a segment's rows."""
        rows = self._rows.pop(segment_id, None)
        if rows is not None:
            self._bytes -= int(rows.estimated_size())

    def keep_only(self, ids: AbstractSet[int]) -> None:
        """Let go of all other segments' rows."""
        for segment_id in self._rows.keys() - ids:
            self.forget(segment_id)
