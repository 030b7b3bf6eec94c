"""What the listener tells of itself: its metrics, on a registry of its own, and its log lines.

It must never be given a word of a message, nor the address of a sender: labels are names from the configuration or words
of the vocabularies here.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from auditd.engine.faults import ADVICE
from auditd.telemetry.metrics import PREFIX, bounded

FAULTS: Final = frozenset({"malformed", "cut", "half", "unframed"})
REFUSALS: Final = frozenset({"too_many", "not_allowed", "tls"})
CLOSINGS: Final = frozenset({"sender", "idle", "slow", "unframed", "stopping"})
BLOCKS: Final[dict[str, str]] = {
    **{
        reason: hint.replace("the archive", "the spool")
        for reason, hint in ADVICE.items()
        if not reason.startswith("database")  # the spool needs none
    },
    "disk_full": "the spool's disk is full: free space or grow it; senders wait, reading resumes by itself",
    "low_space": "less is free than listen.min_free_bytes: access-auditd spool sweep, or grow the disk; senders wait",
    "forcing": "the spool's disk is slower than what arrives; senders wait a moment",
}
QUIET_SECONDS: Final = 60.0
_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class ListenMetrics:
    """The metrics of one listening process. Times in seconds, sizes in bytes."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        counter = partial(Counter, namespace=PREFIX, registry=self.registry)
        gauge = partial(Gauge, namespace=PREFIX, registry=self.registry)
        self.messages = counter("listen_messages", "Messages taken into the spool.", ["listener", "folder"])
        self.received = counter("listen_received_bytes", "Bytes read from the network.", ["listener"])
        self.faults = counter(
            "listen_faulty_messages", "Messages taken though something was wrong.", ["listener", "fault"]
        )
        self.connections = gauge("listen_connections", "Connections open now.", ["listener"])
        self.accepted = counter("listen_accepted", "Connections accepted.", ["listener"])
        self.refused = counter("listen_refused", "Connections refused.", ["listener", "reason"])
        self.closed = counter("listen_closed", "Connections closed, by why.", ["listener", "reason"])
        self.dropped = counter(
            "listen_dropped_datagrams", "Datagrams the kernel dropped, as far as it tells.", ["listener"]
        )
        self.spool_bytes = gauge("spool_bytes", "Bytes of all files in the spool.")
        self.spool_free = gauge("spool_free_bytes", "Bytes free on the spool's disk.")
        self.spool_waiting = gauge("spool_waiting_bytes", "Bytes taken that the disk refuses at present.")
        self.spool_unforced = gauge("spool_unforced_bytes", "Bytes a power cut now would lose.")
        self.spool_blocked = gauge("spool_blocked", "1 while nothing is read from the network.", ["reason"])
        self.spool_sync = Histogram(
            "spool_sync_duration_seconds", "Seconds of forcing a batch to disk.",
            namespace=PREFIX, registry=self.registry, buckets=_BUCKETS,
        )  # fmt: skip
        self.spool_sync_failures = counter("spool_sync_failures", "Files that could not be forced to disk.")
        self.spool_torn = counter(
            "spool_torn_lines", "Lines a crash broke off, closed so that they are rejected."
        )
        self.spool_removed = counter(
            "spool_removed_files", "Files somebody took away while they were written."
        )


class Told:
    """Which recurring things were told lately: each is said once a minute, and counted always."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, ...], float] = {}

    def again(self, *what: str) -> bool:
        """Return whether this has not been said for a while; if so it counts as said. `what` must be bounded."""
        now = time.monotonic()
        if now - self._last.get(what, float("-inf")) < QUIET_SECONDS:
            return False
        self._last[what] = now
        return True


class ListenReports:
    """One method per occurrence: moves the metrics, writes the log line."""

    def __init__(self, metrics: ListenMetrics) -> None:
        self.metrics = metrics
        self._told = Told()
        self._blocked = ""

    def taken(
        self, listener: str, *, bytes_: int, messages: Mapping[str, int], faults: Mapping[str, int]
    ) -> None:
        """Messages were taken. messages: by folder; faults: by kind."""
        self.metrics.received.labels(listener).inc(bytes_)
        for folder, count in messages.items():
            self.metrics.messages.labels(listener, folder).inc(count)
        for fault, count in faults.items():
            self.metrics.faults.labels(listener, bounded(fault, FAULTS)).inc(count)
            if self._told.again("fault", listener, fault):
                hint = "they are in the spool and end in quarantine; counted always, said once a minute"
                _log().warning("messages_faulty", listener=listener, fault=fault, hint=hint)

    def accepted(self, listener: str) -> None:
        """A connection is open."""
        self.metrics.accepted.labels(listener).inc()
        self.metrics.connections.labels(listener).inc()

    def refused(self, listener: str, reason: str) -> None:
        """A connection was refused."""
        self.metrics.refused.labels(listener, bounded(reason, REFUSALS)).inc()
        if self._told.again("refused", listener, reason):
            _log().warning("connection_refused", listener=listener, reason=reason)

    def closed(self, listener: str, reason: str) -> None:
        """An open connection is closed."""
        self.metrics.connections.labels(listener).dec()
        self.metrics.closed.labels(listener, bounded(reason, CLOSINGS)).inc()
        if reason not in {"sender", "stopping"} and self._told.again("closed", listener, reason):
            _log().warning("connection_closed", listener=listener, reason=reason)

    def dropped(self, listener: str, count: int) -> None:
        """The kernel says that it dropped datagrams."""
        self.metrics.dropped.labels(listener).inc(count)
        if self._told.again("dropped", listener):
            _log().error("datagrams_dropped", listener=listener, count=count, hint="use tcp or tls")

    def blocked(self, reason: str) -> None:
        """Why nothing is read from the network now, "" when it is read."""
        if reason == self._blocked:
            return
        if self._blocked:
            self.metrics.spool_blocked.labels(self._blocked).set(0)
        if reason:
            self.metrics.spool_blocked.labels(bounded(reason, BLOCKS)).set(1)
        if (
            reason == "forcing"
        ):  # no trouble: arrives faster than the disk for a moment; the metric shows how often
            _log().debug("spool_blocked", reason=reason)
        elif reason and self._told.again("blocked", reason):
            _log().error("spool_blocked", reason=reason, hint=BLOCKS.get(reason, ""))
        elif not reason and self._blocked not in {"", "forcing"}:
            _log().info("spool_works", reason=self._blocked)
        self._blocked = reason

    def forced(self, *, seconds: float, failures: int) -> None:
        """A batch was forced to disk."""
        self.metrics.spool_sync.observe(seconds)
        if failures:
            self.metrics.spool_sync_failures.inc(failures)
            hint = "what was written since the last forcing may be lost in a power cut: check the kernel log"
            _log().error("spool_not_forced", files=failures, hint=hint)

    def torn(self, count: int) -> None:
        """The last run broke off in the middle of lines."""
        if count:
            self.metrics.spool_torn.inc(count)
            _log().warning("spool_lines_torn", count=count, hint="they end in quarantine as binary")

    def removed(self, count: int) -> None:
        """Somebody took files away under the listener."""
        if count:
            self.metrics.spool_removed.inc(count)
            _log().error("spool_files_removed", count=count, hint="let access-auditd spool sweep delete them")

    def lost(self, bytes_: int) -> None:
        """The process ends with bytes the disk never took."""
        if bytes_:
            _log().error("spool_bytes_lost", bytes=bytes_, hint="the disk refused them until the end")

    def certificates(self, listener: str, *, taken: bool) -> None:
        """The certificate files were read again."""
        say = _log().info if taken else _log().error
        say("certificates_read", listener=listener, taken=taken)


def listening(*, listeners: Mapping[str, str], http: str, version: str) -> None:
    """The process is up. listeners: name to address and port in use."""
    _log().info("started", version=version, http=http, listeners=dict(listeners))


def _log() -> Any:
    return structlog.get_logger("access_auditd")
