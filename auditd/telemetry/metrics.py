"""Every metric of the process, on a registry of its own; docs/metrics.md lists them.

It must never take a label value from a log line: labels are names from the configuration or closed vocabularies.
"""

from __future__ import annotations

import platform
from collections.abc import Collection, Mapping
from functools import partial
from importlib.metadata import version
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

PREFIX: Final = "access_auditd"
OTHER: Final = "other"
_SHORT_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


def bounded(value: str, known: Collection[str]) -> str:
    """Return the value if it is of the vocabulary, else "other"."""
    return value if value in known else OTHER


class Metrics:
    """The metrics of one process. Times in seconds, sizes in bytes."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._shown: dict[Gauge, dict[tuple[str, ...], float]] = {}
        self._reading()
        self._judging()
        self._keeping()
        self._reference()
        self._process()

    def _reading(self) -> None:
        counter = partial(Counter, namespace=PREFIX, registry=self.registry)
        gauge = partial(Gauge, namespace=PREFIX, registry=self.registry)
        self.lines = counter("lines", "Lines read.", ["source"])
        self.events = counter("events", "Events parsed.", ["source", "family"])
        self.rejects = counter("rejects", "Lines put into quarantine.", ["source", "reason"])
        self.non_records = counter("non_records", "Headers, comments, blank lines.", ["source", "kind"])
        self.lost_bytes = counter("lost_bytes", "Bytes known to be lost before they were read.", ["source"])
        self.unknown_codes = counter("unknown_codes", "Codes that no table names.", ["source"])
        self.bytes_behind = gauge("bytes_behind", "Bytes in the files not yet committed.", ["source"])
        self.seconds_behind = gauge(
            "seconds_behind", "Seconds since the oldest data not yet committed was written.", ["source"]
        )
        self.future_events = counter(
            "future_events", "Events dated more than five minutes after they were read.", ["source"]
        )
        self.clock_delay = gauge(
            "source_clock_delay_seconds",
            "Seconds after their time that lines arrive at the earliest; negative: the source's clock is ahead.",
            ["source"],
        )
        self.quality_share = gauge(
            "quality_share",
            "Share of the events of the newest day counted that tell it.",
            ["source", "aspect"],
        )
        self.gaps = counter("gaps", "Gaps noticed in a source's data.", ["source", "kind"])
        self.gaps_open = gauge("gaps_open", "Gaps that last at present.", ["source", "kind"])
        self.source_problem = gauge(
            "source_problem", "1 while something hinders reading.", ["source", "reason"]
        )

    def _judging(self) -> None:
        gauge = partial(Gauge, namespace=PREFIX, registry=self.registry)
        histogram = partial(Histogram, namespace=PREFIX, registry=self.registry, buckets=_SHORT_SECONDS)
        self.judged_until = gauge(
            "judged_until_timestamp_seconds", "Time up to which events are judged.", ["detector"]
        )
        self.judge_duration = histogram("judge_duration_seconds", "Seconds of one judgement.", ["detector"])
        self.detector_failures = Counter(
            "detector_failures", "Times a detector raised and was put to rest.",
            ["detector"], namespace=PREFIX, registry=self.registry,
        )  # fmt: skip
        self.findings = gauge("findings", "Findings by state.", ["detector", "state"])
        self.alerts = gauge("alerts", "Alerts by severity and state.", ["severity", "state"])
        self.suppressions = gauge("suppressions", "Suppressions by state.", ["state"])
        self.suppressions_ending = gauge("suppressions_ending", "Live suppressions that end within 14 days.")
        self.findings_suppressed = gauge("findings_suppressed", "Findings that a suppression keeps back.")
        self.alert_verdicts = gauge(
            "alert_verdicts", "Alerts that people closed, by what they made of them.", ["detector", "verdict"]
        )
        self.authority_live = gauge(
            "authority_live", "1 while a live authority covers the detector.", ["detector"]
        )
        self.detector_authorised = gauge(
            "detector_authorised", "0 while the detector needs an authority and has none.", ["detector"]
        )

    def _keeping(self) -> None:
        gauge = partial(Gauge, namespace=PREFIX, registry=self.registry)
        histogram = partial(Histogram, namespace=PREFIX, registry=self.registry, buckets=_SHORT_SECONDS)
        self.commit_duration = histogram(
            "commit_duration_seconds", "Seconds from parsed to durably committed."
        )
        self.commit_failures = Counter(
            "commit_failures", "Commits that failed and will be tried again.",
            ["reason"], namespace=PREFIX, registry=self.registry,
        )  # fmt: skip
        self.archive_rows = gauge("archive_rows", "Rows in the archive.", ["family"])
        self.archive_bytes = gauge("archive_bytes", "Bytes of the archive's files.", ["family"])
        self.archive_missing_segments = gauge(
            "archive_missing_segments", "Files the manifest names that are gone or damaged."
        )
        self.archive_segments = gauge("archive_segments", "Files of the archive.", ["family"])

    def _reference(self) -> None:
        counter = partial(Counter, namespace=PREFIX, registry=self.registry)
        gauge = partial(Gauge, namespace=PREFIX, registry=self.registry)
        self.feed_age = gauge("feed_age_seconds", "Seconds since the feed was last delivered.", ["feed"])
        self.feed_rows = gauge("feed_rows", "Rows of the feed known now.", ["feed"])
        self.feed_rejected_rows = counter("feed_rejected_rows", "Rows of the feed refused.", ["feed"])
        self.feed_rejected_ratio = gauge(
            "feed_rejected_ratio", "Share of refused rows in the feed's latest delivery.", ["feed"]
        )
        self.feed_refused = gauge(
            "feed_refused", "1 while the latest delivery is refused as a whole, or its query fails.", ["feed"]
        )
        self.feed_query_failures = counter(
            "feed_query_failures", "Runs of the feed's query that failed or hung.", ["feed"]
        )
        self.unknown_people_ratio = gauge(
            "unknown_people_ratio",
            "Share of events by people nobody knows, in the last 24 hours with events.",
            ["source"],
        )
        self.protected_contacts_stripped = gauge(
            "protected_contacts_stripped",
            "Listed contacts removed because they are protected: a count alone.",
        )

    def _process(self) -> None:
        gauge = partial(Gauge, namespace=PREFIX, registry=self.registry)
        self.tick_duration = Histogram(
            "tick_duration_seconds", "Seconds of one turn of the engine.",
            namespace=PREFIX, registry=self.registry, buckets=_SHORT_SECONDS,
        )  # fmt: skip
        self.config_reload_success = gauge(
            "config_reload_success", "1 if the configuration last read is in effect, 0 if it was refused."
        )
        self.build = Info("build", "Version running.", namespace=PREFIX, registry=self.registry)
        self.build.info({"version": version("access-auditd"), "python": platform.python_version()})

    def show(self, gauge: Gauge, values: Mapping[tuple[str, ...], float]) -> bool:
        """Set a labelled gauge to exactly these values by label values: those shown before and absent now vanish.

        Return whether anything is other than it was shown before.
        """
        for labels, value in values.items():
            gauge.labels(*labels).set(value)
        before = self._shown.get(gauge, {})
        for labels in before.keys() - values.keys():
            gauge.remove(*labels)
        self._shown[gauge] = dict(values)
        return before != values
