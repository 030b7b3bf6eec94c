"""Every recurring thing worth telling an operator: one function each, which writes the log line and moves the metrics.

They must never be given a name, number, address, account or subject: sources, feeds and detectors are names from the
configuration, everything else is counts, times and words of closed vocabularies.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import structlog

from alerts.suppressions import SUPPRESSION_STATES
from auditd.engine.faults import ADVICE as STORE_REASONS
from auditd.tail.report import PROBLEM_REASONS
from auditd.telemetry.metrics import Metrics, bounded
from detectors.finding import Severity
from detectors.gaps import GAP_KINDS
from parsers.event import FAMILIES
from parsers.format import REJECT_REASONS

NON_RECORD_KINDS: Final = frozenset({"header", "comment", "blank", "types", "cmr", "rejoined"})
SOURCE_PROBLEMS: Final = frozenset({*PROBLEM_REASONS, "wrong_format", "parser_failed", "clock_ahead"})


def _log() -> Any:
    return structlog.get_logger("access_auditd")


def lines_read(
    metrics: Metrics,
    *,
    source: str,
    lines: int,
    events: Mapping[str, int],
    non_records: Mapping[str, int],
    unknown_codes: int = 0,
) -> None:
    """Lines of a source were parsed and committed. events: by family; non_records: by kind."""
    metrics.lines.labels(source).inc(lines)
    for family, count in events.items():
        metrics.events.labels(source, bounded(family, FAMILIES)).inc(count)
    for kind, count in non_records.items():
        metrics.non_records.labels(source, bounded(kind, NON_RECORD_KINDS)).inc(count)
    metrics.unknown_codes.labels(source).inc(unknown_codes)
    _log().debug("lines_read", source=source, lines=lines, events=sum(events.values()))


def rejected(metrics: Metrics, *, source: str, reasons: Mapping[str, int], say: bool = True) -> None:
    """Lines of a source could not be parsed and are in quarantine. reasons: count by reject reason.

    say: whether to write it; a source that fails all the time is written about now and then, and always counted.
    """
    for reason, count in reasons.items():
        metrics.rejects.labels(source, bounded(reason, REJECT_REASONS)).inc(count)
    if say and any(reasons.values()):
        hint = "access-auditd accounts shows where; reparse after the format is mended"
        _log().warning("lines_rejected", source=source, reasons=dict(reasons), hint=hint)


def future_dated(metrics: Metrics, *, source: str, count: int, say: bool = True) -> None:
    """Events of a source are dated well after they were read; say: whether to write it."""
    metrics.future_events.labels(source).inc(count)
    if say:
        hint = "is its clock right, and `zone`? access-auditd quality shows how its clock stands"
        _log().warning("events_in_the_future", source=source, events=count, hint=hint)


def bytes_lost(metrics: Metrics, *, source: str, count: int, why: str) -> None:
    """Bytes of a source are gone before they could be read (a file deleted, truncated or overwritten)."""
    metrics.lost_bytes.labels(source).inc(count)
    _log().error("bytes_lost", source=source, bytes=count, why=why)


def standing(metrics: Metrics, *, source: str, bytes_behind: int, seconds_behind: float) -> None:
    """How far a source's files are ahead of what is committed."""
    metrics.bytes_behind.labels(source).set(bytes_behind)
    metrics.seconds_behind.labels(source).set(seconds_behind)


def source_problem(metrics: Metrics, *, source: str, reason: str, hint: str = "") -> None:
    """Something hinders reading a source; the others go on. Stays shown until `source_recovered`."""
    metrics.source_problem.labels(source, bounded(reason, SOURCE_PROBLEMS)).set(1)
    _log().warning("source_problem", source=source, reason=reason, hint=hint)


def source_recovered(metrics: Metrics, *, source: str, reason: str) -> None:
    """What hindered reading a source is over."""
    metrics.source_problem.labels(source, bounded(reason, SOURCE_PROBLEMS)).set(0)
    _log().info("source_recovered", source=source, reason=reason)


def gap_noticed(metrics: Metrics, *, source: str, kind: str, gap: str) -> None:
    """A stretch was found in which a source's data cannot be taken as whole; kind: a key of GAP_KINDS."""
    metrics.gaps.labels(source, bounded(kind, GAP_KINDS)).inc()
    say = _log().info if kind == "down" else _log().warning
    say("gap_noticed", source=source, kind=kind, gap=gap, meaning=GAP_KINDS.get(kind, ""))


def gap_over(*, source: str, kind: str, gap: str, filled: bool) -> None:
    """A gap ended, or late data filled it."""
    _log().info("gap_filled" if filled else "gap_ended", source=source, kind=kind, gap=gap)


def committed(metrics: Metrics, *, duration_seconds: float) -> None:
    """A step is durable."""
    metrics.commit_duration.observe(duration_seconds)


def commit_failed(metrics: Metrics, *, step: str, hint: str = "") -> None:
    """Nothing was kept; the same will be tried again. step: why the store refuses, a key of the engine's ADVICE."""
    metrics.commit_failures.labels(bounded(step, STORE_REASONS)).inc()
    _log().error("commit_failed", reason=step, hint=hint or STORE_REASONS.get(step, ""))


def store_recovered(*, reason: str) -> None:
    """Disk and database take what they are given again."""
    _log().info("store_recovered", reason=reason)


def lock_taken_again() -> None:
    """The database session that held the lock had ended: taken again, and everything was read anew from the store."""
    _log().warning(
        "lock_taken_again", hint="did the database restart? if not, find out who ends its sessions"
    )


def tick(metrics: Metrics, *, duration_seconds: float) -> None:
    """The engine turned once."""
    metrics.tick_duration.observe(duration_seconds)


def judged(
    metrics: Metrics,
    *,
    detector: str,
    until: datetime,
    duration_seconds: float,
    new: int = 0,
    withdrawn: int = 0,
) -> None:
    """A detector judged up to a time; new and withdrawn count findings of this judgement."""
    metrics.judged_until.labels(detector).set(until.timestamp())
    metrics.judge_duration.labels(detector).observe(duration_seconds)
    say = _log().info if new or withdrawn else _log().debug
    say("judged", detector=detector, until=until.isoformat(), new=new, withdrawn=withdrawn)


def detector_failed(metrics: Metrics, *, detector: str, error: str) -> None:
    """A detector raised: it rests a while and is tried again; nothing of its agenda is lost."""
    metrics.detector_failures.labels(detector).inc()
    _log().error("detector_failed", detector=detector, error=error, hint="report it; the others go on")


def shadow_failed(*, run: str, error: str) -> None:
    """A detector raised in shadow: that run rests a while and is tried again; what is in force goes on."""
    _log().warning("shadow_failed", run=run, error=error, hint="do not promote it; report it")


def segments_missing(*, count: int) -> None:
    """The archive's manifest names files that are gone or have another size: evidence was removed or damaged."""
    hint = "restore the archive folder from a backup; what rests on these files is not judged until they are back"
    _log().error("segments_missing", count=count, hint=hint)


def orphans_set_aside(*, count: int) -> None:
    """The archive held files that no transaction named; they are set aside, their lines are read again."""
    hint = "left by a crash; if there are many, is this the archive's database? they stay in .orphans for a month"
    _log().warning("orphans_set_aside", count=count, hint=hint)


def detector_not_authorised(metrics: Metrics, *, detector: str) -> None:
    """A detector that needs an authority has none: it finds nothing."""
    metrics.authority_live.labels(detector).set(0)
    metrics.detector_authorised.labels(detector).set(0)
    hint = "access-auditd authority grant, or switch the detector off"
    _log().warning("detector_not_authorised", detector=detector, hint=hint)


def detector_authorised(metrics: Metrics, *, detector: str) -> None:
    """A detector that needs an authority has a live one."""
    metrics.authority_live.labels(detector).set(1)
    metrics.detector_authorised.labels(detector).set(1)
    _log().info("detector_authorised", detector=detector)


def detector_free(metrics: Metrics, *, detector: str) -> None:
    """A detector that needs no authority is on."""
    metrics.detector_authorised.labels(detector).set(1)


def alerts_standing(metrics: Metrics, counts: Mapping[tuple[int, str], int]) -> None:
    """How many alerts there are, by severity and state."""
    shown: dict[tuple[str, ...], float] = {
        (Severity(severity).name.lower(), state): count for (severity, state), count in counts.items()
    }
    metrics.show(metrics.alerts, shown)


def suppressions_standing(metrics: Metrics, *, states: Mapping[str, int], ending: int, findings: int) -> None:
    """How suppressions stand: how many in each state, live ones that end soon, and findings kept back. Logged when it changes."""
    shown: dict[tuple[str, ...], float] = {
        (state,): float(states.get(state, 0)) for state in SUPPRESSION_STATES
    }
    if metrics.show(metrics.suppressions, shown) and any(shown.values()):
        say = _log().warning if states.get("expired") or states.get("broken") or ending else _log().info
        say("suppressions", **{state: states.get(state, 0) for state in SUPPRESSION_STATES}, ending=ending)
    metrics.suppressions_ending.set(ending)
    metrics.findings_suppressed.set(findings)


def feed_loaded(metrics: Metrics, *, feed: str, rows: int, changed: int, rejected_rows: int) -> None:
    """A file of a feed was taken. rows: known now; changed: new knowledge; rejected_rows: refused, the rest kept."""
    metrics.feed_rows.labels(feed).set(rows)
    metrics.feed_rejected_rows.labels(feed).inc(rejected_rows)
    say = _log().warning if rejected_rows else _log().info
    say("feed_loaded", feed=feed, rows=rows, changed=changed, rejected_rows=rejected_rows)


def feed_problem(metrics: Metrics, *, feed: str, reason: str, hint: str = "") -> None:
    """A file of a feed could not be taken at all."""
    metrics.feed_rejected_rows.labels(feed).inc(0)
    _log().warning("feed_problem", feed=feed, reason=reason, hint=hint)


def feed_query_failed(metrics: Metrics, *, feed: str, times: int) -> None:
    """Runs of a feed's query failed or hung; what was known stays known, and it is tried again."""
    metrics.feed_query_failures.labels(feed).inc(times)


def feeds_standing(
    metrics: Metrics,
    *,
    ages: Mapping[str, float],
    rejected: Mapping[str, float],
    refused: Mapping[str, bool],
    unknown: Mapping[str, float],
) -> None:
    """How the feeds stand: by feed its age in seconds, share of refused rows, whether refused; by source the unknown."""
    metrics.show(metrics.feed_age, {(feed,): age for feed, age in ages.items()})
    metrics.show(metrics.feed_rejected_ratio, {(feed,): share for feed, share in rejected.items()})
    metrics.show(metrics.feed_refused, {(feed,): float(is_so) for feed, is_so in refused.items()})
    metrics.show(metrics.unknown_people_ratio, {(source,): share for source, share in unknown.items()})


def protected_stripped(metrics: Metrics, *, count: int) -> None:
    """Listed contacts were removed because they are protected: the count is all that is ever told."""
    metrics.protected_contacts_stripped.set(count)


def config_loaded(metrics: Metrics, *, digest: str, sources: int, feeds: int, detectors: int) -> None:
    """A configuration is in effect."""
    metrics.config_reload_success.set(1)
    _log().info("config_loaded", digest=digest[:16], sources=sources, feeds=feeds, detectors=detectors)


def config_refused(
    metrics: Metrics, *, faults: int, hint: str = "access-auditd check lists the faults"
) -> None:
    """A configuration was refused on reload: the one before stays in effect."""
    metrics.config_reload_success.set(0)
    _log().error("config_refused", faults=faults, hint=hint)


def started(*, version: str, http: str) -> None:
    """The daemon is up."""
    _log().info("started", version=version, http=http)


def stopping(*, why: str) -> None:
    """The daemon drains and leaves."""
    _log().info("stopping", why=why)


def failed(*, step: str) -> None:
    """Something went wrong that nobody foresaw: called in an `except` block, writes the error's type and place."""
    _log().error("failed", step=step, exc_info=True)
