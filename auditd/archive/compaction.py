"""Compaction: many small segments of a day become few, without a reader noticing and without losing a row.

Segments of one family, day and level merge when enough have gathered; each row is rewritten a handful of times in its
life. The swap is one transaction; the old files stay until readers are done.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Final

from sqlalchemy import Engine

from auditd.archive.archive import QUARANTINE_SCHEMA, REJECTS, Archive
from auditd.archive.manifest import ManifestChanged
from auditd.archive.segment import Segment, write_segment
from parsers.event import SCHEMA

FAN_IN: Final = 16
LARGEST_BYTES: Final = 64 << 20
LARGEST_ROWS: Final = 250_000  # all of them are in memory, twice, while they are sorted


def compactable(archive: Archive, *, fan_in: int = FAN_IN) -> list[Segment]:
    """Return the next group of segments worth merging, smallest level first; [] when there is none.

    A segment whose file is not as the manifest has it is left alone: a merge would hide that.
    """
    groups: dict[tuple[int, str, str, str], list[Segment]] = defaultdict(list)
    for segment in archive.segments():
        if segment.bytes < LARGEST_BYTES // 2 and segment.rows < LARGEST_ROWS // 2:
            groups[segment.level, segment.family, segment.day, segment.source].append(segment)
    for key in sorted(groups):
        if len(groups[key]) >= fan_in:
            intact = [segment for segment in groups[key] if archive.holds(segment)]
            if len(intact) >= fan_in:
                return _within_size(intact)
    return []


def compact(archive: Archive, engine: Engine, *, now: datetime, fan_in: int = FAN_IN) -> int:
    """Merge one group of segments; return how many were merged (0: nothing to do)."""
    group = compactable(archive, fan_in=fan_in)
    if len(group) < 2:
        return 0
    first = group[0]
    schema = QUARANTINE_SCHEMA if first.family == REJECTS else SCHEMA[first.family]  # type: ignore[index]  # what is no reject is a family
    rows = archive.read_lazily(group, schema).sort("timestamp", maintain_order=True).collect()
    if rows.height != sum(segment.rows for segment in group):
        raise AssertionError(f"merging {len(group)} segments would change their number of rows")
    merged = write_segment(
        archive.root, rows, family=first.family, day=first.day, source=first.source, level=first.level + 1
    )
    try:
        with engine.begin() as conn:
            [named] = archive.register(conn, [merged], now)
            archive.retire(conn, group, now)
    except ManifestChanged:
        archive.discard([merged])
        archive.refresh()
        return 0
    except BaseException:
        archive.settle([merged])
        raise
    in_memory = all(archive.recent(segment.segment_id) is not None for segment in group)
    archive.adopt([(named, rows if in_memory else None)], removed=group)
    return len(group)


def _within_size(group: list[Segment]) -> list[Segment]:
    """Take from the oldest on as many as fit a merged segment of bearable size."""
    taken: list[Segment] = []
    size = rows = 0
    for segment in group:
        size, rows = size + segment.bytes, rows + segment.rows
        if taken and (size > LARGEST_BYTES or rows > LARGEST_ROWS):
            break
        taken.append(segment)
    return taken
