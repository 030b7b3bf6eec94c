"""An alert for reading: plain sentences, the raw lines behind them, and what was done with it.

It must never let a detector that is not installed any more hide what it once found.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from auditd.cli.output import clean
from detectors.concern import CONCERNS
from detectors.finding import Severity
from detectors.sentences import clock_and_day

if TYPE_CHECKING:
    from alerts.desk import Alert, AlertView, HistoryEntry
    from alerts.difference import StoredFinding
    from auditd.cli.context import RawLine
    from auditd.gaps.book import Gap
    from detectors.detector import About, Detector, Naming

Line = tuple[str, str]
"""A line of text and the style it has on a terminal."""

_SEVERITY_STYLE: Final = {1: "dim", 2: "yellow", 3: "bold red", 4: "bold white on red"}


@dataclass(frozen=True, slots=True)
class Reader:
    """What it takes to put an alert into words. raw_lines: by event id; gaps: in what a finding rests on, by its id."""

    naming: Naming
    detectors: Mapping[str, Detector]
    raw_lines: Mapping[str, RawLine]
    gaps: Mapping[str, Sequence[Gap]] = field(default_factory=dict)

    def sentences(self, finding: StoredFinding) -> list[str]:
        """Return a finding in plain sentences."""
        facts = json.loads(finding.record.facts)
        detector = self.detectors.get(finding.detector)
        if detector is None:
            return [
                f"Detector {finding.detector} is not installed any more; what it found: {finding.record.facts}"
            ]
        return list(detector.describe(facts, self.naming))

    def person(self, alert: Alert) -> str:
        """Return who the alert is about."""
        return self.naming.person(alert.staff_id, alert.actor)


def severity_word(severity: int) -> str:
    """Return a severity as a word: "high"."""
    return Severity(severity).name.lower()


def when(moment: datetime) -> str:
    """Return a time as "14:02 on 3 Mar 2026", local."""
    return clock_and_day(moment.isoformat())


def gravest_first(findings: Sequence[StoredFinding]) -> list[StoredFinding]:
    """Return findings in the order of reading: active before withdrawn, the gravest and then the latest first."""
    latest = sorted(findings, key=lambda finding: finding.record.timestamp, reverse=True)
    return sorted(latest, key=lambda finding: (_is_over(finding), -finding.record.severity))


def _is_over(finding: StoredFinding) -> bool:
    """Whether it does not count in its alert: it no longer follows from the data, or a suppression keeps it back."""
    return finding.state != "active" or finding.suppressed_by is not None


def alert_entry(alert: Alert) -> dict[str, Any]:
    """Return an alert as JSON data: severity as a word, `detector` the one it is headed by."""
    entry = asdict(alert)
    return (
        {"alert_id": entry.pop("alert_id"), "detector": entry.pop("lead")}
        | entry
        | {"severity": severity_word(alert.severity)}
    )


def view_entry(view: AlertView, reader: Reader) -> dict[str, Any]:
    """Return an alert with sentences, facts, raw lines and history as JSON data."""
    return alert_entry(view.alert) | {
        "person": reader.person(view.alert),
        "findings": [_finding_entry(finding, reader) for finding in view.findings],
        "history": [asdict(entry) for entry in view.history],
    }


def view_lines(view: AlertView, reader: Reader, *, most: int) -> Iterator[Line]:
    """Yield an alert as lines, with the `most` gravest findings."""
    alert = view.alert
    word = severity_word(alert.severity)
    yield f"{alert.alert_id}  {alert.title}", "bold"
    yield f"{word}, {alert.state.replace('_', ' ')}{_assigned(alert)}", _SEVERITY_STYLE[alert.severity]
    yield (
        f"About {reader.person(alert)}: {CONCERNS.get(alert.concern, alert.concern)}.{_audience(alert, reader)}",
        "",
    )
    yield f"Category: {alert.category}. {_stretch(alert)}", ""
    if alert.outcome:
        yield f"Closed: {alert.outcome}{_closing(alert)}", ""
    yield from _score_lines(alert)
    for number, finding in enumerate(gravest_first(view.findings)[:most], start=1):
        yield "", ""
        yield from _finding_lines(number, finding, reader)
    if len(view.findings) > most:
        yield "", ""
        yield f"{len(view.findings) - most} more findings: --most {len(view.findings)} shows them.", "dim"
    yield from _about_lines(_abouts(view, reader))
    yield from (("", ""), ("History", "bold"))
    yield from ((f"  {when(e.at)}  {e.actor}: {e.action}{_detail(e)}", "") for e in view.history)


def _finding_lines(number: int, finding: StoredFinding, reader: Reader) -> Iterator[Line]:
    withdrawn = finding.state == "withdrawn"
    over = _is_over(finding)
    lead = f"{number}. "
    for sentence in reader.sentences(finding):
        yield lead + sentence, "dim" if over else ""
        lead = " " * len(lead)
    if withdrawn:
        yield f"   Withdrawn at {when(finding.changed_at)}: {finding.withdrawn_reason}.", "green"
    elif finding.suppressed_by:
        yield f"   Kept back by suppression {finding.suppressed_by}.", "green"
    for gap in reader.gaps.get(finding.record.finding_id, ()):
        yield f"   Not seen: {gap.sentence} (gap {gap.gap_id[:8]}, {gap.state})", "yellow"
    for event_id in finding.record.event_ids:
        raw = reader.raw_lines.get(event_id)
        if raw is None:
            yield f"   | event {event_id}: not in the archive", "dim"
        else:
            yield (
                f"   | {raw.source}, {raw.path or raw.log_file} at byte {raw.log_offset}, event {event_id}:",
                "dim",
            )
            yield f"   | {raw.text or '(the raw line is not kept)'}", "cyan"


def _abouts(view: AlertView, reader: Reader) -> list[About]:
    """Return what the detectors of the findings that stand say of themselves, that of the lead first."""
    names = {finding.detector for finding in view.findings if finding.state == "active"} | {view.alert.lead}
    ordered = sorted(names, key=lambda name: (name != view.alert.lead, name))
    return [reader.detectors[name].about for name in ordered if name in reader.detectors]


def _about_lines(abouts: Sequence[About]) -> Iterator[Line]:
    """Yield innocent causes and what to look at: each once, though several detectors may say it."""
    causes = dict.fromkeys(cause for about in abouts for cause in about.innocent_causes)
    steps = dict.fromkeys(step for about in abouts for step in about.runbook)
    for heading, entries in (("Innocent causes", causes), ("What to look at", steps)):
        if entries:
            yield from (("", ""), (heading, "bold"))
            yield from ((f"  - {entry}", "") for entry in entries)


def _score_lines(alert: Alert) -> Iterator[Line]:
    """Yield the score, and what each point of it is for."""
    if alert.reasons:
        yield f"Score {alert.score}:", "bold"
        yield from ((f"  {reason['points']:+4d}  {reason['sentence']}", "") for reason in alert.reasons)


def _stretch(alert: Alert) -> str:
    first, last = when(alert.first_event_at), when(alert.last_event_at)
    return f"At {first}." if first == last else f"From {first} to {last}."


def _assigned(alert: Alert) -> str:
    return f", assigned to {alert.assignee}" if alert.assignee else ""


def _audience(alert: Alert, reader: Reader) -> str:
    detector = reader.detectors.get(alert.lead)
    return " For the security operations centre." if detector and detector.about.audience == "soc" else ""


def _closing(alert: Alert) -> str:
    category = f" ({alert.category_closed})" if alert.category_closed else ""
    return f"{category}: {alert.rationale}" if alert.rationale else category


def _detail(entry: HistoryEntry) -> str:
    detail = entry.detail
    findings = detail.get("findings")
    if findings:
        reasons = sorted({finding["reason"] for finding in findings if "reason" in finding})
        count = f"{len(findings)} finding{'s' if len(findings) > 1 else ''}"
        return f" ({count}{': ' + '; '.join(reasons) if reasons else ''})"
    words = [str(value) for value in detail.values() if value]
    return f": {'; '.join(words)}" if words else ""


def _finding_entry(finding: StoredFinding, reader: Reader) -> dict[str, Any]:
    entry = asdict(finding)
    record: dict[str, Any] = entry.pop("record")
    gaps = reader.gaps.get(finding.record.finding_id, ())
    lines = ((event_id, reader.raw_lines.get(event_id)) for event_id in finding.record.event_ids)
    return (
        record
        | entry
        | {
            "severity": severity_word(finding.record.severity),
            "facts": json.loads(finding.record.facts),
            "sentences": reader.sentences(finding),
            "gaps": [asdict(gap) | {"sentence": gap.sentence} for gap in gaps],
            "raw_lines": [{"event_id": event_id} | asdict(raw) for event_id, raw in lines if raw],
        }
    )


def printed(lines: Iterator[Line]) -> None:
    """Print lines: styled on a terminal, plain elsewhere; nothing a log line says can write the screen."""
    import sys

    from rich.console import Console
    from rich.text import Text

    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    for text, style in lines:
        console.print(Text(clean(text), style=style))
