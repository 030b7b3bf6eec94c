"""Metrics: what moves them, that labels stay bounded, and that each is documented."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.metrics_core import Metric

from auditd.telemetry import events, listening
from auditd.telemetry.listening import ListenMetrics
from auditd.telemetry.metrics import PREFIX, Metrics
from detectors.finding import Severity

DOCUMENT = (Path(__file__).parents[2] / "docs/metrics.md").read_text("utf-8")
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \| ([^|]*) \| (.+) \|$", re.MULTILINE)


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"{PREFIX}_{name}", labels)


def exposed() -> list[Metric]:
    return [*Metrics().registry.collect(), *ListenMetrics().registry.collect()]


def sample_name(metric: Metric) -> str:
    return {"counter": f"{metric.name}_total", "info": f"{metric.name}_info"}.get(metric.type, metric.name)


class TestEvents:
    """One call per occurrence moves every metric it concerns."""

    def test_lines_read_are_counted_by_source_family_and_kind(self) -> None:
        metrics = Metrics()
        events.lines_read(
            metrics, source="pnc", lines=10, events={"access": 7}, non_records={"header": 1}, unknown_codes=2
        )
        assert value(metrics, "lines_total", source="pnc") == 10
        assert value(metrics, "events_total", source="pnc", family="access") == 7
        assert value(metrics, "non_records_total", source="pnc", kind="header") == 1
        assert value(metrics, "unknown_codes_total", source="pnc") == 2

    def test_a_word_outside_the_vocabulary_is_counted_as_other(self) -> None:
        metrics = Metrics()
        events.rejected(metrics, source="pnc", reasons={"bad_time": 1, "whatever the line says": 3})
        assert value(metrics, "rejects_total", source="pnc", reason="bad_time") == 1
        assert value(metrics, "rejects_total", source="pnc", reason="other") == 3

    def test_a_problem_shows_until_it_is_over(self) -> None:
        metrics = Metrics()
        events.source_problem(metrics, source="pnc", reason="permission_denied")
        assert value(metrics, "source_problem", source="pnc", reason="permission_denied") == 1
        events.source_recovered(metrics, source="pnc", reason="permission_denied")
        assert value(metrics, "source_problem", source="pnc", reason="permission_denied") == 0

    def test_a_missing_authority_shows(self) -> None:
        metrics = Metrics()
        events.detector_not_authorised(metrics, detector="media_contact")
        assert value(metrics, "detector_authorised", detector="media_contact") == 0
        events.detector_authorised(metrics, detector="media_contact")
        assert value(metrics, "detector_authorised", detector="media_contact") == 1

    def test_a_judgement_moves_the_time_judged_and_its_duration(self) -> None:
        metrics = Metrics()
        events.judged(metrics, detector="d", until=datetime(2026, 3, 3, tzinfo=UTC), duration_seconds=0.2)
        assert value(metrics, "judged_until_timestamp_seconds", detector="d") == 1772496000
        assert value(metrics, "judge_duration_seconds_bucket", detector="d", le="0.25") == 1

    def test_alerts_that_are_no_longer_there_are_no_longer_shown(self) -> None:
        metrics = Metrics()
        events.alerts_standing(metrics, {(3, "open"): 2})
        events.alerts_standing(metrics, {(3, "closed"): 2})
        assert value(metrics, "alerts", severity="high", state="open") is None
        assert value(metrics, "alerts", severity="high", state="closed") == 2

    def test_a_refused_reload_shows(self) -> None:
        metrics = Metrics()
        events.config_loaded(metrics, digest="ab", sources=1, feeds=0, detectors=3)
        events.config_refused(metrics, faults=2)
        assert value(metrics, "config_reload_success") == 0


class TestDocument:
    """docs/metrics.md lists each metric as it is exposed, and no other."""

    @pytest.mark.parametrize("metric", exposed(), ids=lambda m: m.name)
    def test_each_metric_is_listed_with_type_and_meaning(self, metric: Metric) -> None:
        rows = {name: (kind, meaning) for name, kind, _, _, meaning in ROW.findall(DOCUMENT)}
        assert rows[sample_name(metric)] == (metric.type, metric.documentation)

    def test_no_other_metric_is_listed(self) -> None:
        assert {row[0] for row in ROW.findall(DOCUMENT)} == {sample_name(metric) for metric in exposed()}

    def test_the_labels_listed_are_those_of_the_metric(self) -> None:
        metrics = Metrics()
        collectors = [
            c
            for owner in (metrics, ListenMetrics())
            for c in vars(owner).values()
            if hasattr(c, "_labelnames")
        ]
        by_name = {c.describe()[0].name: c._labelnames for c in collectors if c is not metrics.build}
        for metric in exposed():
            if metric.type == "info":
                continue
            listed = next(row[3] for row in ROW.findall(DOCUMENT) if row[0] == sample_name(metric))
            assert tuple(re.findall(r"`(\w+)`", listed)) == by_name[metric.name]

    @pytest.mark.parametrize(
        ("label", "words"),
        [
            ("`reason` of source_problem", events.SOURCE_PROBLEMS),
            ("`reason` of commit_failures", frozenset(events.STORE_REASONS)),
            ("`fault`", listening.FAULTS),
            ("`reason` of listen_refused", listening.REFUSALS),
            ("`reason` of listen_closed", listening.CLOSINGS),
            ("`reason` of spool_blocked", frozenset(listening.BLOCKS)),
            ("`kind`", events.NON_RECORD_KINDS),
            ("`kind` of gaps", frozenset(events.GAP_KINDS)),
            ("`severity`", frozenset(severity.name.lower() for severity in Severity)),
        ],
    )
    def test_the_words_listed_are_those_that_occur(self, label: str, words: frozenset[str]) -> None:
        row = next(line for line in DOCUMENT.splitlines() if line.startswith(f"| {label} |"))
        listed = re.sub(r"\([^)]*\)", "", row.split("|")[2])
        assert {word.strip() for word in listed.split(",")} == words
