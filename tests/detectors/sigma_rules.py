"""Sigma rules for tests: written as people write them, compiled as the configuration compiles them."""

from __future__ import annotations

from textwrap import dedent, indent
from typing import Any

import polars as pl
from history import history, reference, window

from detectors.detector import Detector, Span
from detectors.reference import Reference
from detectors.sigma.faults import LocatedFault
from detectors.sigma.reading import read_rules

IDS = "6f3e8a52-0c41-4f0e-9a53-1d2b7c9e0a{:02d}"


def rule(detection: str, *, category: str = "access", number: int = 1, more: str = "") -> str:
    """Return a rule with this detection."""
    body = indent(dedent(detection).strip(), "  ")
    return f"title: Rule {number}\nid: {IDS.format(number)}\nname: rule_{number}\n{more}logsource:\n  category: {category}\ndetection:\n{body}\n"


def correlation(kind: str, rules: str, more: str = "condition: {gte: 3}", *, timespan: str = "10m") -> str:
    """Return a correlation over rules, by account unless `more` says otherwise."""
    body = indent(dedent(more).strip(), "  ")
    group = "" if "group-by" in more else "  group-by: user.id\n"
    return (
        f"title: Together\nid: {IDS.format(99)}\nlevel: high\ncorrelation:\n  type: {kind}\n  rules: {rules}\n{group}"
        f"  timespan: {timespan}\n{body}\n"
    )


def compiled(*texts: str) -> Detector:
    """Return the one detector of these rules, which must be sound."""
    found = read_rules({"rules.yml": "---\n".join(texts)})
    assert found.faults == ()
    [kind] = found.detectors.values()
    return kind()


def faults(*texts: str) -> tuple[LocatedFault, ...]:
    """Return what is wrong with rules."""
    return read_rules({"rules.yml": "---\n".join(texts)}).faults


def judged(
    detector: Detector, *rows: dict[str, Any], known: Reference | None = None, span: Span | None = None
) -> pl.DataFrame:
    """Return what a detector finds among events."""
    return detector.judge(window(detector, history(*rows), known or reference(), span))


def hits(detection: str, *rows: dict[str, Any], category: str = "access", **more: Any) -> list[str]:
    """Return the ids of the events that a detection matches."""
    return sorted(judged(compiled(rule(detection, category=category)), *rows, **more)["key"])
