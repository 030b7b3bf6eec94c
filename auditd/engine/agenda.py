"""What each detector still has to judge: the time since it last judged, and past spans worth judging again.

Everything before the stored `judged_until` has been judged, except the stored dirty spans. It must never promise more
than that: after a crash a span may be judged twice (harmless), never missed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from alerts.keeping import JudgedBy
from auditd.engine.runs import Run
from auditd.engine.spans import merge, reach, until, without
from auditd.engine.tables import DirtyRow, JudgedRow
from detectors.detector import Span
from parsers.event import Family


@dataclass(slots=True)
class _Progress:
    """One detector's place: judged up to `until` except `todo`; `stored` is what SQL says of `until`."""

    until: datetime | None = None
    todo: list[Span] = field(default_factory=list)
    stored: datetime | None = None
    noted: list[Span] = field(default_factory=list)
    dirty_stored: bool = False


class Agenda:
    """The spans every run of a detector has to judge, by its key, kept in memory and in SQL."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs = {run.key: run for run in runs}
        self._progress = {name: _Progress() for name in self._runs}
        self._reached: dict[str, datetime] = {}

    def load(self, conn: Connection) -> None:
        """Read where every detector stands; one whose version or settings changed starts again from the beginning."""
        stored = {row.detector: row for row in conn.execute(select(JudgedRow))}
        self._reached = {name: row.judged_until for name, row in stored.items()}
        for name, progress in self._progress.items():
            row = stored.get(name)
            if row and JudgedBy(row.version, row.settings) == self._runs[name].by:
                progress.until = progress.stored = row.judged_until
            dirty = conn.execute(select(DirtyRow.start, DirtyRow.end).where(DirtyRow.detector == name)).all()
            progress.todo = merge(Span(start, end) for start, end in dirty)
            progress.dirty_stored = bool(dirty)

    def switched_off(self) -> frozenset[str]:
        """Return the keys of runs that have judged before and are not among ours."""
        return frozenset(self._reached.keys() - self._runs.keys())

    def forget(self, conn: Connection, names: Iterable[str]) -> None:
        """Forget how far detectors have judged: what changes while they are off is not noted for them."""
        for table in (JudgedRow, DirtyRow):
            conn.execute(delete(table).where(table.detector.in_(list(names))))

    def reached(self, name: str) -> datetime | None:
        """Return how far the detector has judged with whatever settings; None when never."""
        until = self.until(name)
        return until if until is not None else self._reached.get(name)

    def note(self, conn: Connection, new: Mapping[Family, Sequence[Span]]) -> None:
        """Note, in the transaction that brings them, that events in these spans are new."""
        for name, run in self._runs.items():
            detector = run.detector
            if self._progress[name].until is None:
                continue  # it has judged nothing yet that could change
            touched = [span for family in detector.reads for span in new.get(family, ())]
            self.note_spans(conn, name, reach(touched, before=detector.before, after=detector.after))

    def note_spans(self, conn: Connection, name: str, spans: Iterable[Span]) -> None:
        """Note, in the caller's transaction, that a detector must judge these spans again as far as it has judged."""
        progress = self._progress[name]
        if progress.until is None:
            return
        late = until(spans, progress.until)
        progress.noted += late
        # What lies past the stored place is judged again after a crash anyway.
        rows = until(late, progress.stored) if progress.stored else []
        if rows:
            values = [{"detector": name, "start": span.start, "end": span.end} for span in rows]
            conn.execute(insert(DirtyRow), values)
            progress.dirty_stored = True

    def noted(self, *, committed: bool) -> None:
        """Learn whether the transaction of the notes came about."""
        for progress in self._progress.values():
            if committed and progress.noted:
                progress.todo = merge([*progress.todo, *progress.noted])
            progress.noted = []

    def extend(self, name: str, target: datetime, start: datetime) -> None:
        """Put the time from where the detector stands (at first: from `start`) up to `target` on its agenda."""
        progress = self._progress[name]
        begin = progress.until if progress.until is not None else min(start, target)
        if target > begin or progress.until is None:
            progress.todo = merge([*progress.todo, Span(begin, target)])
            progress.until = max(begin, target)

    def todo(self, name: str) -> list[Span]:
        """Return the spans the detector has to judge, oldest first."""
        return list(self._progress[name].todo)

    def done(self, name: str, span: Span) -> None:
        """Take a judged span off the agenda."""
        progress = self._progress[name]
        progress.todo = without(progress.todo, span)

    def until(self, name: str) -> datetime | None:
        """Return the time before which everything has been judged; None when nothing has."""
        progress = self._progress[name]
        return progress.todo[0].start if progress.todo else progress.until

    def unsaved(self, name: str) -> bool:
        """Whether SQL does not yet know how far the detector has judged."""
        progress = self._progress[name]
        return progress.dirty_stored or progress.stored != self._safe(progress)

    def save(self, conn: Connection, name: str) -> None:
        """Store how far the detector has judged, in the transaction that stores its findings."""
        progress = self._progress[name]
        safe = self._safe(progress)
        if safe is None:
            return
        by = self._runs[name].by
        values = {"version": by.version, "settings": by.settings, "judged_until": safe}
        changed = conn.execute(update(JudgedRow).where(JudgedRow.detector == name).values(**values))
        if changed.rowcount == 0:
            conn.execute(insert(JudgedRow).values(detector=name, **values))
        conn.execute(delete(DirtyRow).where(DirtyRow.detector == name))
        if rows := until(progress.todo, safe):
            conn.execute(
                insert(DirtyRow),
                [{"detector": name, "start": span.start, "end": span.end} for span in rows],
            )

    def saved(self, name: str) -> None:
        """Learn that the transaction of `save` came about."""
        progress = self._progress[name]
        progress.stored = self._safe(progress)
        progress.dirty_stored = bool(progress.stored and until(progress.todo, progress.stored))

    @staticmethod
    def _safe(progress: _Progress) -> datetime | None:
        """Return how far SQL may say the detector has judged: not past the first open span beyond what it says now."""
        if progress.until is None:
            return None
        beyond = [span for span in progress.todo if progress.stored is None or span.end > progress.stored]
        if not beyond:
            return progress.until
        return max(beyond[0].start, progress.stored) if progress.stored else beyond[0].start
