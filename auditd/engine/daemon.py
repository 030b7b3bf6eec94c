"""The daemon's loop: wake, read, commit, judge, report; and the one-off run that does the same until nothing is left.

Whatever fails is reported once and tried again; only a bug ends the loop. It must never move on past data that is not
committed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from polars.exceptions import PolarsError
from sqlalchemy.exc import DBAPIError

from auditd.archive.compaction import compact
from auditd.engine.due import Due
from auditd.engine.faults import StoreUnavailable, store_faults
from auditd.engine.ingest import Ingested
from auditd.engine.judged import Judged
from auditd.engine.machine import Machine
from auditd.engine.reports import Reports
from auditd.engine.signals import obey
from auditd.engine.soundness import mark
from auditd.tail.wakeup import WakeUp
from auditd.telemetry import events

STEP_BYTES: Final = 6 << 20
BACKLOG_JUDGE_SECONDS: Final = 5.0
JUDGE_SLICE_SECONDS: Final = 0.5
SHADOW_SECONDS: Final = 1.0
SHADOW_SLICE_SECONDS: Final = 0.2
RETRY_SECONDS: Final = 1.0
BURST_SECONDS: Final = 0.005
HOUSEKEEPING_SECONDS: Final = 1.0
INSPECTION_SECONDS: Final = 30.0
MERGING_RESTS_SECONDS: Final = 600.0
WATCHING_RESTS_SECONDS: Final = 600.0
COUNTING_RESTS_SECONDS: Final = 600.0
CLOCKS_SECONDS: Final = 10.0


def utc_now() -> datetime:
    """Return the current time, aware UTC."""
    return datetime.now(UTC)


class Daemon:
    """Turns the machine until told to stop."""

    def __init__(
        self,
        machine: Machine,
        reports: Reports,
        *,
        reload: Callable[[], None] | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._machine = machine
        self._reports = reports
        self._reload = reload
        self._clock = clock
        self._stopping = False
        self._reloading = False
        self._wakeup = WakeUp(machine.tailer.directories())
        self._reconcile = Due(machine.config.run.reconcile_seconds)
        self._housekeeping = Due(HOUSEKEEPING_SECONDS)
        self._inspection = Due(INSPECTION_SECONDS)
        self._judging = Due(BACKLOG_JUDGE_SECONDS)
        self._trying = Due(SHADOW_SECONDS)
        self._merging_rests_until = float("-inf")
        self._clocks = Due(CLOCKS_SECONDS)
        self._watching_rests_until = float("-inf")
        self._counting_rests_until = float("-inf")

    def stop(self) -> None:
        """Finish the turn under way, commit, judge, leave."""
        self._stopping = True
        self._wakeup.interrupt()

    def handle_signals(self) -> None:
        """SIGTERM and SIGINT drain (a second one leaves at once), SIGHUP reloads."""

        def reload() -> None:
            self._reloading = True
            self._wakeup.interrupt()

        obey(stop=self.stop, reload=reload)

    def run(self) -> None:
        """Turn until stopped; on the way out everything read is committed and judged.

        Raises StateInUse when the lock was lost and another process has the state: it goes on there.
        """
        while not self._stopping:
            tick = self._machine.config.run.tick_seconds
            started = time.monotonic()
            busy = self.turn()
            spent = time.monotonic() - started
            self._reports.ticked(spent)
            if self._stopping or busy:
                continue
            hint = self._wakeup.wait(max(tick - spent, 0.0))
            if hint.overflow:
                self._reconcile.last = float("-inf")
            # Lines come in bursts: what arrives within one tick is read together.
            if hint.woken and not self._stopping:
                time.sleep(max(BURST_SECONDS, tick - (time.monotonic() - started)))
        self.drain()

    def turn(self) -> bool:
        """Do everything that is due once; return whether there is more to do at once."""
        now = self._clock()
        try:
            self._keep_lock()
            if self._reloading:
                self._apply_reload()
            if self._reconcile.now():
                self._machine.tailer.reconcile()
                self._wakeup.watch(self._machine.tailer.directories())
                self._reports.feeds(self._machine.feeding.poll(now))
            ingested = self._ingest(now)
            behind = self._machine.ingest.more or ingested.bytes >= STEP_BYTES // 2
            if not behind or self._judging.now():
                self._reports.judged(self._catch_up(behind=behind))
            if not behind and self._trying.now():
                self._try_out()
            if self._housekeeping.now():
                self._keep_house(now)
        except StoreUnavailable as trouble:
            self._reports.store_unavailable(trouble)
            self._wakeup.wait(RETRY_SECONDS)
            return False
        self._reports.store_works()
        return behind

    def drain(self) -> None:
        """Commit and judge what has been read, before leaving."""
        now = self._clock()
        try:
            self._keep_lock()
            self._ingest(now)
            self._reports.judged(self._machine.judge.catch_up(now, now))
            with store_faults():
                self._machine.watch.stopped(now)
        except StoreUnavailable as trouble:
            self._reports.store_unavailable(trouble)

    def _keep_lock(self) -> None:
        if self._machine.keep_lock():
            events.lock_taken_again()
            self._reconcile.last = float("-inf")

    def _ingest(self, now: datetime) -> Ingested:
        ingested = self._machine.ingest.step(STEP_BYTES, now)
        self._reports.ingested(ingested)
        self._machine.clocks.take(ingested.delays, now)
        return ingested

    def _catch_up(self, *, behind: bool) -> dict[str, Judged]:
        now = self._clock()
        return self._machine.judge.catch_up(now, now, seconds=JUDGE_SLICE_SECONDS if not behind else 1.0)

    def _try_out(self) -> None:
        """Judge what is run in shadow, in what time is left: what is in force never waits for more than a piece of it."""
        now = self._clock()
        self._reports.tried(self._machine.judge.try_out(now, now, seconds=SHADOW_SLICE_SECONDS))

    def _keep_house(self, now: datetime) -> None:
        machine = self._machine
        with store_faults():
            self._merge(now)
            machine.archive.sweep(now)
            self._watch(now)
            self._count(now)
            mark(machine.archive)
            if self._inspection.now():
                machine.archive.inspect(machine.archive.damaged())
            self._reports.standing(machine, now, limited=self._wakeup.limited)

    def _watch(self, now: datetime) -> None:
        """Look for gaps. Where that fails for no reason anybody foresaw it rests: reading and judging go on."""
        if time.monotonic() < self._watching_rests_until:
            return
        watch = self._machine.watch
        try:
            if not watch.running:
                watch.started(now)
            self._reports.gaps(watch.look(now, misfits=self._reports.misfits.known()))
            self._machine.feeding.look(now)
        except (OSError, DBAPIError, StoreUnavailable):
            raise  # the store's
        except Exception:  # noqa: BLE001  whatever the watch stumbles over must not stop reading
            events.failed(step="gaps")
            self._watching_rests_until = time.monotonic() + WATCHING_RESTS_SECONDS

    def _count(self, now: datetime) -> None:
        """Keep what logs tell and how clocks stand. Where that fails for no reason anybody foresaw it rests."""
        if time.monotonic() < self._counting_rests_until:
            return
        machine = self._machine
        try:
            if self._clocks.now():
                with machine.engine.begin() as conn:
                    machine.clocks.store(conn, now)
            machine.quality.look(now)
        except (OSError, DBAPIError):
            raise  # the store's
        except Exception:  # noqa: BLE001  whatever the counting stumbles over must not stop reading
            events.failed(step="quality")
            self._counting_rests_until = time.monotonic() + COUNTING_RESTS_SECONDS

    def _merge(self, now: datetime) -> None:
        """Merge small segments for a while. Where one cannot be read, merging rests: reading and judging go on."""
        if time.monotonic() < self._merging_rests_until:
            return
        try:
            while compact(self._machine.archive, self._machine.engine, now=now):
                if time.monotonic() - self._housekeeping.last > HOUSEKEEPING_SECONDS:
                    break
        except PolarsError:
            events.failed(step="compaction")
            self._merging_rests_until = time.monotonic() + MERGING_RESTS_SECONDS

    def _apply_reload(self) -> None:
        self._reloading = False
        if self._reload is None:
            return
        try:
            self._reload()
        except StoreUnavailable:
            self._reloading = True
            raise
        self._reconcile.every = self._machine.config.run.reconcile_seconds
        self._wakeup.watch(self._machine.tailer.directories())
        self._reconcile.last = float("-inf")


@dataclass(frozen=True, slots=True)
class Once:
    """What a one-off run did."""

    lines: int
    events: int
    bytes: int
    judged: dict[str, Judged]


def run_once(
    machine: Machine,
    reports: Reports,
    *,
    as_of: datetime,
    clock: Callable[[], datetime] = utc_now,
    progress: Callable[[Ingested], None] = lambda _: None,
) -> Once:
    """Read everything there is, judge everything that can be judged as of `as_of`; return what was done.

    Raises StoreUnavailable when disk or database refuses: what was committed stays, running again continues.
    """
    now = clock()
    reports.started(machine)
    reports.feeds(machine.feeding.poll(now, settle=False))
    lines = kept = size = 0
    quiet = 0
    while quiet < 3:
        machine.keep_lock()
        machine.tailer.reconcile()
        step = machine.ingest.step(STEP_BYTES, clock())
        reports.ingested(step)
        progress(step)
        lines += sum(counts.tally.lines for counts in step.sources.values())
        kept += sum(counts.tally.events for counts in step.sources.values())
        size += step.bytes
        quiet = 0 if step.anything else quiet + 1
        with store_faults():
            compact(machine.archive, machine.engine, now=clock())
    with store_faults():
        reports.gaps(machine.watch.look_at_all(as_of))
    machine.feeding.look_at_all(now)
    judged = machine.judge.catch_up(as_of, clock())
    reports.judged(judged)
    reports.tried(machine.judge.try_out(as_of, clock()))
    with store_faults():
        while compact(machine.archive, machine.engine, now=clock()):
            pass
        mark(machine.archive)
        reports.standing(machine, clock(), limited="")
    return Once(lines=lines, events=kept, bytes=size, judged=judged)
