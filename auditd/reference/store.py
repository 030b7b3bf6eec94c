"""The store of reference data: files go in, what is known (now, or on a past day) comes out, gated by authority.

It must never forget what was known: rows are only ever added and ended. It opens no transaction of its own: the
caller's one spans what a file changes and what follows from it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import polars as pl
from sqlalchemy import Connection, Engine

from alerts.approvals import approved, last_entry
from alerts.authority import Authority
from auditd.reference.ahead import ahead_of
from auditd.reference.gate import gate, the_live_one
from auditd.reference.known import Frames, Known, Mark, known_at, loaded_feeds
from auditd.reference.loads import (
    FeedFile,
    LoadReport,
    last_load,
    moment_of,
    one_writer,
    record,
    report_again,
)
from auditd.reference.reading import LINE, REJECTS, Reading
from auditd.reference.rows import decode, encode
from auditd.reference.touched import MOST, Touched, touched_by
from auditd.reference.versions import Change, difference, known_versions, write
from detectors.patterns import Approved
from detectors.reference import GATED, Reference
from parsers.force import Force

__all__ = ["FeedFile", "LoadReport", "ReferenceStore", "Touched"]

NOTHING_ENDED: Final = (
    "rows were refused or there are none, so nothing was ended: mend the file to have it count as complete"
)
# Of these detectors tell "never loaded" from "says nothing": the first load changes verdicts on people it does not name.
ABSENCE_TELLS: Final = frozenset({"media_register"})


def _now() -> datetime:
    return datetime.now(UTC)


class ReferenceStore:
    """Reference data in the database. One instance for one thread; any number may read the same database."""

    def __init__(
        self, engine: Engine, force: Force | None = None, *, clock: Callable[[], datetime] = _now
    ) -> None:
        self.engine = engine
        self.force = force or Force()
        self._clock = clock
        self._known = Known()
        self._gated: dict[Authority | None, Reference] = {}
        self._gated_at: tuple[Mark | None, int] | None = None

    def already(self, conn: Connection, feed: str, file: FeedFile) -> LoadReport | None:
        """Return the report of the file's load if it was the last of its name, unchanged and read in the same way."""
        last = last_load(conn, feed, file.name)
        same = (file.content_sha256, file.read_as, None)
        if last is None or (last.content_sha256, last.read_as, last.problem) != same:
            return None
        return report_again(conn, last)

    def load(
        self,
        conn: Connection,
        reading: Reading,
        *,
        now: datetime,
        file: FeedFile,
        complete: bool = False,
    ) -> LoadReport:
        """Compare what a file states with what is known, and write down the difference as known from `now`.

        complete: what the file does not state has ended, unless it is empty or some of its rows were refused.
        The file loaded last under this name, unchanged and read in the same way, is a no-op; read in another way, it
        takes back what it stated before.
        """
        one_writer(conn)
        if (report := self.already(conn, reading.feed, file)) is not None:
            return report
        last = last_load(conn, reading.feed, file.name)
        again = last is not None and (last.content_sha256, last.problem) == (file.content_sha256, None)
        stated, rejects, unfinished = _once_per_key(reading)
        ends = complete and reading.rejects.is_empty() and not stated.is_empty()
        keys = stated["row_key"]
        if last is not None and last.unfinished_key:
            keys = keys.extend_constant(last.unfinished_key, 1)
        known = known_versions(conn, reading.feed, None if ends or again else keys)
        withdrawn = pl.lit(value=ends)
        if last is not None and again:
            withdrawn |= pl.col("load_id") == last.id
        if last is not None and last.unfinished_key:
            # What stood on its last line before that line had an end may have been half a row.
            withdrawn |= (pl.col("load_id") == last.id) & (pl.col("row_key") == last.unfinished_key)
        change = difference(stated, known, withdrawn)
        ahead = ahead_of(reading, now)
        report = LoadReport(
            loaded_at=moment_of(conn, now),
            rows=reading.total,
            accepted=change.came.height,
            unchanged=reading.total - rejects.height - change.came.height,
            corrected=change.corrected,
            ended=change.ended,
            rejects=rejects,
            hints=tuple(
                filter(None, (*reading.hints, NOTHING_ENDED if complete and not ends else "", ahead.hint))
            ),
            ahead=ahead,
        )
        before = loaded_feeds(conn)
        load_id = record(conn, reading.feed, file, report, unfinished_key=unfinished)
        write(conn, reading.feed, change, load_id=load_id, moment=report.loaded_at)
        if reading.feed in ABSENCE_TELLS and loaded_feeds(conn) != before:
            return replace(report, touched=Touched(feeds=frozenset({reading.feed}), everything=True))
        return replace(report, touched=self._touched(conn, reading.feed, change))

    def refuse(
        self, conn: Connection, feed: str, *, now: datetime, file: FeedFile, problem: str
    ) -> LoadReport:
        """Write down that a file was refused as a whole, and why; once for the same file and reason."""
        one_writer(conn)
        last = last_load(conn, feed, file.name)
        if last is not None and (last.content_sha256, last.problem) == (file.content_sha256, problem):
            return report_again(conn, last)
        report = LoadReport(loaded_at=moment_of(conn, now), problem=problem)
        record(conn, feed, file, report)
        return report

    def snapshot(self, conn: Connection, *, known_on: datetime | None = None) -> Frames:
        """Return every feed (FEEDS schemas), ungated, as known now or as it was known at `known_on`."""
        return self._known.refresh(conn) if known_on is None else known_at(conn, known_on)

    def reference(
        self,
        conn: Connection,
        *,
        authorities: Sequence[Authority],
        known_on: datetime | None = None,
        now: datetime | None = None,
    ) -> Reference:
        """Return what detectors may see under the authority that is live at `now` (default: by the clock).

        Authorities that are not live count for nothing; with none, there are no media contacts. ValueError where
        more than one is live: build one reference for each.
        """
        authority = the_live_one(authorities, now or self._clock())
        if known_on is not None:
            patterns = approved(conn, known_on=known_on)
            return _gated(known_at(conn, known_on), loaded_feeds(conn, known_on), authority, patterns)
        frames = self._known.refresh(conn)
        mark = (self._known.mark, last_entry(conn))
        if mark != self._gated_at:
            self._gated.clear()
            self._gated_at = mark
        if authority not in self._gated:
            self._gated[authority] = _gated(frames, self._known.loaded, authority, approved(conn))
        return self._gated[authority]

    def _touched(self, conn: Connection, feed: str, change: Change) -> Touched:
        if change.came.height + change.gone.height > MOST:
            return Touched(feeds=frozenset({feed}), everything=True)
        bodies = pl.concat([change.came["body"], change.gone["known_body"]])
        if bodies.is_empty():
            return Touched()
        return touched_by(
            feed, decode(bodies, feed), lambda: self.snapshot(conn), widely=bool(approved(conn))
        )


def _gated(
    frames: Frames, loaded: frozenset[str], authority: Authority | None, patterns: tuple[Approved, ...]
) -> Reference:
    passed = gate({feed: frames[feed] for feed in GATED}, frames["protected_contacts"], authority)
    return Reference(
        frames={**frames, **passed.lists},
        loaded=loaded,
        scope_people=passed.people,
        protected_stripped=passed.stripped,
        approved=patterns,
    )


def _once_per_key(reading: Reading) -> tuple[pl.DataFrame, pl.DataFrame, str | None]:
    """Return what the file states (row_key, body), all its rejects, and the key of a row on an unfinished last line.

    Of rows about the same fact the last counts; earlier ones that say something else are rejects.
    """
    stated = encode(reading.rows, reading.feed).with_columns(reading.rows[LINE])
    cut = stated.row(-1, named=True) if reading.unfinished and not stated.is_empty() else None
    unfinished = cut["row_key"] if cut and cut[LINE] == reading.unfinished else None
    kept = stated.unique("row_key", keep="last", maintain_order=True)
    if kept.height == stated.height:
        return stated.drop(LINE), reading.rejects, unfinished
    lost = stated.join(kept.select("row_key", pl.col("body").alias("kept")), on="row_key").filter(
        pl.col("body") != pl.col("kept")
    )
    repeats = lost.select(
        pl.col(LINE).alias("line"), pl.lit("superseded").alias("reason"), pl.lit("the key").alias("detail")
    ).select(pl.col(name).cast(dtype) for name, dtype in REJECTS.items())
    return kept.drop(LINE), pl.concat([reading.rejects, repeats]).sort("line"), unfinished
