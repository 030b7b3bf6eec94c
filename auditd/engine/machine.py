"""The machine: every part built from a configuration and connected, ready to be turned by `run`, `run --once` or replay.

It must never be built twice over one state: `StateLock` is taken first.
"""

from __future__ import annotations

import gc
from contextlib import AbstractContextManager
from dataclasses import replace
from types import TracebackType
from typing import Final

from sqlalchemy import Engine

from auditd.archive.accounts import load_cursors
from auditd.archive.archive import Archive
from auditd.config.runtime import Config, Source
from auditd.database import reading
from auditd.engine.faults import store_faults
from auditd.engine.feeding import Feeding
from auditd.engine.ingest import Ingest
from auditd.engine.judge import Judge
from auditd.engine.lock import StateLock
from auditd.engine.runs import runs_of
from auditd.engine.soundness import check, mark, put_down, take_up, told_when_damaged
from auditd.gaps.courses import Courses
from auditd.gaps.record import Recorder
from auditd.gaps.watch import Watch
from auditd.quality.clocks import Clocks
from auditd.quality.keeper import Keeper
from auditd.reference.store import ReferenceStore
from auditd.tail.source import TailSource
from auditd.tail.tailer import Tailer

ONCE_COMPLETE_SECONDS: Final = 60.0


class Machine(AbstractContextManager["Machine"]):
    """Everything one writing process needs. Use as a context manager: it holds the state's lock."""

    def __init__(self, config: Config, engine: Engine, *, once: bool = False) -> None:
        """Prepare; `once` is for a single pass: files that lie there are taken as complete sooner."""
        self._once = once
        self.config = config
        self.engine = engine
        self.orphans_set_aside = 0
        self.clocks = Clocks()
        self._watch: Watch | None = None
        self._lock = StateLock(config.storage.archive, engine)
        self._stale = False  # the lock was lost, and what is in memory may not be what is stored

    def __enter__(self) -> Machine:
        """Take the lock, clean up after a crash, build the parts. Raises StateInUse or StateDamaged."""
        self._lock.__enter__()
        try:
            with told_when_damaged():
                self.archive = Archive(self.config.storage.archive, self.engine)
            self.archive.missing()
            check(self.archive, self.engine)
            take_up(self.engine)
            self.orphans_set_aside = self.archive.recover()
            mark(self.archive)
            self.references = ReferenceStore(self.engine, self.config.force)
            self.quality = Keeper(self.archive, self.engine)
            self._build(self.config)
            # What is there now stays until the end: the collector need not go through it time and again.
            gc.freeze()
        except BaseException:
            self._lock.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the files and let go of the lock."""
        self.ingest.close()
        self.tailer.close()
        self.quality.close()
        if kind is None:
            put_down(self.engine)
        self._lock.__exit__(kind, error, trace)

    @property
    def watch(self) -> Watch:
        """The watch over the sources' gaps."""
        if self._watch is None:
            raise RuntimeError("the machine is used as a context manager")
        return self._watch

    def keep_lock(self) -> bool:
        """Make sure that nobody else writes; return whether the lock had been lost, and everything was built anew.

        Raises StateInUse when another process has the state now, StoreUnavailable when the database cannot be asked.
        """
        with store_faults():
            if not self._lock.keep() and not self._stale:
                return False
        self._stale = True
        self.adopt(self.config)
        self._stale = False
        return True

    def adopt(self, config: Config) -> None:
        """Work by another configuration from now on; storage must be the same.

        Raises StoreUnavailable when the database refuses; then everything goes on as it was.
        """
        old = (self.ingest, self.tailer)
        with store_faults():
            self.archive.refresh()  # what a commit in doubt came to is found out here
            self.quality.forget()
            self._build(config)
        self.config = config
        for part in old:
            part.close()

    def _tail_source(self, source: Source) -> TailSource:
        tail = source.tail_source()
        if not self._once:
            return tail
        # Nobody waits for a file here: whole-file logs are complete as they lie, others once nobody has written lately.
        whole = tail.complete_after_seconds is not None
        return replace(tail, complete_after_seconds=0.0 if whole else ONCE_COMPLETE_SECONDS)

    def _build(self, config: Config) -> None:
        recorder = Recorder(
            Courses({one.name: one.backwards_after for one in config.sources if one.backwards_after})
        )
        judge = Judge(
            runs=runs_of(config.detectors(), config.shadow_detectors(), config.force),
            archive=self.archive,
            engine=self.engine,
            references=self.references,
            force=config.force,
            weights=config.score,
        )
        with reading(self.engine) as conn:
            cursors = load_cursors(conn, [source.name for source in config.sources])
        self.judge = judge
        self.feeding = Feeding(config, self.references, self.archive, self.engine, judge)
        self.tailer = Tailer(
            [self._tail_source(source) for source in config.sources],
            cursors,
            block_bytes=config.run.block_bytes,
            settle_seconds=config.run.settle_seconds,
        )
        self.ingest = Ingest(
            parsers={source.name: source.parser() for source in config.sources},
            tailer=self.tailer,
            archive=self.archive,
            engine=self.engine,
            notes=judge.notes,
            recorder=recorder,
        )
        watch = Watch(
            config.sources,
            tailer=self.tailer,
            archive=self.archive,
            engine=self.engine,
            recorder=recorder,
            note=judge.notes.gaps,
            noted=judge.notes.settled,
        )
        if self._watch is not None:
            watch.adopt(self._watch)
        self._watch = watch
