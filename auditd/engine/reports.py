"""What the loop tells the operator: turns what was done into log lines and metrics, each trouble once until it is over.

It must never be given anything about a person: only names from the configuration, counts and words.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from auditd.archive.manifest import totals
from auditd.database import reading
from auditd.engine.alert_reports import AlertReports
from auditd.engine.faults import StoreUnavailable
from auditd.engine.feeding import FeedNews
from auditd.engine.ingest import Ingested
from auditd.engine.judged import Judged
from auditd.engine.machine import Machine
from auditd.engine.misfits import Misfits
from auditd.gaps.book import counts_open
from auditd.gaps.watch import News
from auditd.health.facts import lasting, latest_deliveries
from auditd.health.strangers import last_day_shares
from auditd.quality.clocks import AHEAD
from auditd.telemetry import events
from auditd.telemetry.http import Heartbeat
from auditd.telemetry.metrics import Metrics

SAY_AGAIN_SECONDS: Final = 60.0
FEEDS_SECONDS: Final = 10.0
_HINTS: Final = {
    "permission_denied": "let the daemon's user read the file",
    "no_match": "no file matches yet: check the pattern in files",
    "wrong_format": "nearly every line is rejected: is `format` right? `access-auditd try FILE` guesses it; "
    "after mending, `access-auditd reparse` reads the quarantined lines again",
    "parser_failed": "a fault in the format itself: nothing is lost, reading of this source waits; report it",
    "clock_ahead": "lines are dated well after they arrive: set the source's clock, or mend `zone`; "
    "`access-auditd quality` says by how much",
    "watch_limit": "raise fs.inotify.max_user_watches; until then files are polled",
}


class Reports:
    """Log and metrics of one process."""

    def __init__(self, metrics: Metrics, heartbeat: Heartbeat | None = None) -> None:
        self.metrics = metrics
        self.ready = False
        self._heartbeat = heartbeat
        self._store_trouble = ""
        self._missing = 0
        self._problems: set[tuple[str, str]] = set()
        self._failing: set[tuple[str, str]] = set()
        self._authorised: dict[str, bool] = {}
        self._feed_problems: dict[str, str] = {}
        self._feed_failures: dict[str, int] = {}
        self._feeds_told_at = float("-inf")
        self.misfits = Misfits()
        self._alerts = AlertReports(metrics)
        self._said_at: dict[tuple[str, str], float] = {}

    def ticked(self, seconds: float) -> None:
        """The loop turned once."""
        events.tick(self.metrics, duration_seconds=seconds)
        if self._heartbeat:
            self._heartbeat.beat()

    def ingested(self, step: Ingested) -> None:
        """Lines were read and committed."""
        for source, counts in step.sources.items():
            tally = counts.tally
            events.lines_read(
                self.metrics,
                source=source,
                lines=tally.lines,
                events={str(family): rows for family, rows in counts.events.items()},
                non_records=tally.non_records,
                unknown_codes=counts.unknown_codes,
            )
            if tally.rejects:
                self._rejected(source, tally.rejects)
            if tally.lost_bytes:
                events.bytes_lost(
                    self.metrics, source=source, count=tally.lost_bytes, why="destroyed before they were read"
                )
            self.misfits.read(source, rejects=sum(tally.rejects.values()), events=tally.event_lines)
        for source, count in step.future.items():
            events.future_dated(self.metrics, source=source, count=count, say=self._say(source, "future"))
        self._formats()
        for source in step.failures:
            self._failing_source(source, "parser_failed", failing=True)
        if step.anything:
            events.committed(self.metrics, duration_seconds=step.commit_seconds)

    def _rejected(self, source: str, reasons: Mapping[str, int]) -> None:
        events.rejected(self.metrics, source=source, reasons=reasons, say=self._say(source, "rejects"))

    def _say(self, source: str, what: str) -> bool:
        """Whether to write what goes on all the time: now and then."""
        now = time.monotonic()
        say = now - self._said_at.get((source, what), float("-inf")) >= SAY_AGAIN_SECONDS
        if say:
            self._said_at[source, what] = now
        return say

    def _formats(self) -> None:
        for source, misfit in self.misfits.known().items():
            self._failing_source(source, "wrong_format", failing=misfit)

    def gaps(self, news: News) -> None:
        """Gaps were noticed, ended or filled."""
        for gap in news.noticed:
            events.gap_noticed(self.metrics, source=gap.source, kind=gap.kind, gap=gap.gap_id)
        for gap in (*news.ended, *news.filled):
            filled = gap in news.filled
            events.gap_over(source=gap.source, kind=gap.kind, gap=gap.gap_id, filled=filled)

    def judged(self, report: Mapping[str, Judged]) -> None:
        """Detectors judged."""
        for detector, done in report.items():
            if done.failed:
                events.detector_failed(self.metrics, detector=detector, error=done.failed)
                continue
            if done.until is None:
                continue
            events.judged(
                self.metrics,
                detector=detector,
                until=done.until,
                duration_seconds=done.seconds,
                new=done.added,
                withdrawn=done.withdrawn,
            )

    def tried(self, report: Mapping[str, Judged]) -> None:
        """Detectors judged in shadow: what came of it is for `access-auditd shadow`, and in no metric."""
        for run, done in report.items():
            if done.failed:
                events.shadow_failed(run=run, error=done.failed)

    def feeds(self, news: FeedNews) -> None:
        """Feeds were looked at."""
        for status in news.statuses:
            if status.name in news.loaded:
                events.feed_loaded(
                    self.metrics,
                    feed=status.name,
                    rows=status.rows,
                    changed=status.rows - status.rejected,
                    rejected_rows=status.rejected,
                )
            if status.problem and self._feed_problems.get(status.name) != status.problem:
                events.feed_problem(self.metrics, feed=status.name, reason=status.problem)
            self._feed_problems[status.name] = status.problem
            if failed := status.failures - self._feed_failures.get(status.name, 0):
                events.feed_query_failed(
                    self.metrics, feed=status.name, times=max(failed, status.failures and 1)
                )
            self._feed_failures[status.name] = status.failures

    def store_unavailable(self, trouble: StoreUnavailable) -> None:
        """Disk or database refuse: said once, until it works again."""
        if self._store_trouble != trouble.reason:
            events.commit_failed(self.metrics, step=trouble.reason, hint=str(trouble))
        else:
            self.metrics.commit_failures.labels(trouble.reason).inc()
        self._store_trouble = trouble.reason
        if self._heartbeat:
            self._heartbeat.beat()

    def store_works(self) -> None:
        """Disk and database take what they are given."""
        if self._store_trouble:
            events.store_recovered(reason=self._store_trouble)
        self._store_trouble = ""
        self.ready = True

    def started(self, machine: Machine) -> None:
        """The state was opened: what a crash left, and what is missing from it."""
        self._damaged_segments(machine)
        if machine.orphans_set_aside:
            events.orphans_set_aside(count=machine.orphans_set_aside)

    def _damaged_segments(self, machine: Machine) -> None:
        missing = len(machine.archive.damaged())
        self.metrics.archive_missing_segments.set(missing)
        if missing and missing != self._missing:
            events.segments_missing(count=missing)
        self._missing = missing

    @property
    def store_trouble(self) -> str:
        """Return why the store refuses at the moment, "" when it does not."""
        return self._store_trouble

    def standing(self, machine: Machine, now: datetime, *, limited: str) -> None:
        """Where everything stands: lag, problems, archive, alerts, authorities."""
        self._sources(machine, limited)
        self._formats()
        self._clocks(machine)
        self.metrics.show(self.metrics.quality_share, machine.quality.shares(now))
        self._damaged_segments(machine)
        events.protected_stripped(self.metrics, count=machine.judge.protected_stripped)
        for detector in machine.judge.detectors:
            self._authority(machine, detector.name, detector.about.needs_authority, now)
            until = machine.judge.agenda.until(detector.name)
            if until is not None:
                self.metrics.judged_until.labels(detector.name).set(until.timestamp())
        with reading(machine.engine) as conn:
            kept = totals(conn)
            open_gaps = counts_open(conn)
        self._alerts.tell(machine.engine, now)
        self._feeds(machine, now)
        self.metrics.show(self.metrics.gaps_open, open_gaps)
        for family, (rows, size, segments) in kept.items():
            self.metrics.archive_rows.labels(family).set(rows)
            self.metrics.archive_bytes.labels(family).set(size)
            self.metrics.archive_segments.labels(family).set(segments)

    def _feeds(self, machine: Machine, now: datetime) -> None:
        """Show how the feeds stand, now and then: it is a matter of minutes, and costs a few queries."""
        if time.monotonic() - self._feeds_told_at < FEEDS_SECONDS:
            return
        self._feeds_told_at = time.monotonic()
        with reading(machine.engine) as conn:
            latest = latest_deliveries(conn)
            refused = {fact.name for fact in lasting(conn) if fact.kind == "refused"}
            people = last_day_shares(conn, {source.name for source in machine.config.sources})
        names = [feed.name for feed in machine.config.feeds]
        facts = {name: latest[name] for name in names if name in latest}
        events.feeds_standing(
            self.metrics,
            ages={name: (now - fact.start).total_seconds() for name, fact in facts.items()},
            rejected={
                name: fact.detail["bad_rows"] / max(fact.detail["rows"], 1) for name, fact in facts.items()
            },
            refused={name: name in refused for name in names},
            unknown={source: unknown / events_ for source, (events_, unknown) in people.items()},
        )

    def _sources(self, machine: Machine, limited: str) -> None:
        for source, behind in machine.tailer.behind().items():
            events.standing(
                self.metrics,
                source=source,
                bytes_behind=behind.bytes,
                seconds_behind=behind.seconds,
            )
        now = {(problem.source, problem.reason) for problem in machine.tailer.problems()}
        if limited:
            now |= {(source.name, "watch_limit") for source in machine.config.sources}
        for source, reason in sorted(now - self._problems):
            events.source_problem(self.metrics, source=source, reason=reason, hint=_HINTS.get(reason, ""))
        for source, reason in sorted(self._problems - now):
            events.source_recovered(self.metrics, source=source, reason=reason)
        self._problems = now

    def _clocks(self, machine: Machine) -> None:
        for source, delay in machine.clocks.delays().items():
            self.metrics.clock_delay.labels(source).set(delay.total_seconds())
            self._failing_source(source, "clock_ahead", failing=delay < -AHEAD)

    def _failing_source(self, source: str, reason: str, *, failing: bool) -> None:
        known = (source, reason) in self._failing
        if failing and not known:
            self._failing.add((source, reason))
            events.source_problem(self.metrics, source=source, reason=reason, hint=_HINTS[reason])
        elif known and not failing:
            self._failing.discard((source, reason))
            events.source_recovered(self.metrics, source=source, reason=reason)

    def _authority(self, machine: Machine, name: str, needed: bool, now: datetime) -> None:
        if not needed:
            if name not in self._authorised:
                events.detector_free(self.metrics, detector=name)
            self._authorised[name] = True
            return
        detector = next(d for d in machine.judge.detectors if d.name == name)
        authorised = machine.judge.authorised(detector, now)
        if self._authorised.get(name) != authorised:
            say = events.detector_authorised if authorised else events.detector_not_authorised
            say(self.metrics, detector=name)
        self._authorised[name] = authorised
