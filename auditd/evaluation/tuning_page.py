"""The tuning report as a page of Markdown. It must never say more than was measured, nor name anybody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditd.evaluation.tuning import BUDGET, Tuned, TuningReport, Worth

_HEADING = """\
# Tuning

<!-- Made by `access-auditd evaluate LABELS --tuning FILE`: run that again, do not change it by hand. -->
"""


def tuning_page(report: TuningReport) -> str:
    """Return the page."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: TuningReport) -> Iterator[str]:
    yield _HEADING
    yield (
        f"What each detector and each of its settings is worth on one labelled data set: {report.events:,} events in "
        f"{report.days} days, {report.cases} cases of misuse. All detectors as they are set catch "
        f"{_share(report.recall)} of the cases within the first {BUDGET} alerts a day."
    )
    yield ""
    yield (
        "A figure here is a measurement on that data, not advice: other forces have other habits. Try a setting on your own "
        "archive in [shadow](shadow.md) first."
    )
    yield ""
    yield "- **alerts a day**: of this detector by itself, gathered by person and concern."
    yield "- **cases**: cases of misuse that some alert of it shows. **precision**: its alerts that show one, of all its alerts."
    yield f"- **recall**: cases that all detectors together catch within the first {BUDGET} alerts a day, the score deciding which."
    yield "- **seconds**: of CPU, to judge the whole archive with this detector alone; detectors that run together share much of it."
    yield ""
    yield "## As they are set"
    yield ""
    yield "| detector | alerts a day | cases | precision | seconds |"
    yield "|---|---|---|---|---|"
    for tuned in report.detectors:
        worth = tuned.worth
        yield (
            f"| [`{tuned.detector}`](detectors/{tuned.detector}.md) | {worth.alerts_a_day:.2f} | {worth.caught} | "
            f"{_share(worth.precision)} | {worth.seconds:.1f} |"
        )
    yield ""
    yield "## One setting changed at a time"
    for tuned in report.detectors:
        if tuned.changes:
            yield from _changes(tuned)


def _changes(tuned: Tuned) -> Iterator[str]:
    yield ""
    yield f"### {tuned.detector}"
    yield ""
    yield "| setting | value | alerts a day | cases | precision | recall | seconds |"
    yield "|---|---|---|---|---|---|---|"
    yield _row("as set", "", tuned.worth)
    for change in tuned.changes:
        was = tuned.values.get(change.setting)
        yield _row(f"`{change.setting}`", f"{_value(was)} → {_value(change.value)}", change.worth)


def _row(setting: str, value: str, worth: Worth) -> str:
    return (
        f"| {setting} | {value} | {worth.alerts_a_day:.2f} | {worth.caught} | {_share(worth.precision)} | "
        f"{_share(worth.recall)} | {worth.seconds:.1f} |"
    )


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"
