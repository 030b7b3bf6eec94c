"""What each detector, and each of its settings, is worth on a labelled data set: judged again, one change at a time.

It must never recommend a value: what fits one set of labels need not fit a force.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl
from pydantic import ValidationError

from alerts.weights import Weights
from auditd.evaluation.caught import Gathering, QueueReport, measure_caught, measure_of
from auditd.evaluation.found import Found
from auditd.evaluation.labels import Labels
from auditd.evaluation.trying import Trials
from detectors.bounds import ExplainingSettings
from detectors.detector import Detector, DetectorSettings

BUDGET: Final = 20
SHARED_BY: Final = "unlinked_lookup"
"""The detector at which settings that all detectors of look-ups have are tried, once for all."""
_FACTORS: Final = (0.5, 2)
_ALL: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Worth:
    """What a detector is worth with some settings. alone: its own alerts; recall: of all detectors together, at BUDGET a day."""

    alone: QueueReport | None
    recall: float | None
    seconds: float

    @property
    def alerts_a_day(self) -> float:
        """Its own alerts a day."""
        return self.alone.alerts_a_day if self.alone else 0.0

    @property
    def caught(self) -> int:
        """Cases that its own alerts show, all of them looked at."""
        return self.alone.budgets[-1].caught if self.alone else 0

    @property
    def precision(self) -> float | None:
        """Its own alerts that show a case of misuse, of all of them."""
        return self.alone.budgets[-1].precision if self.alone else None


@dataclass(frozen=True, slots=True)
class Change:
    """One setting with another value than it has."""

    setting: str
    value: Any
    worth: Worth


@dataclass(frozen=True, slots=True)
class Tuned:
    """One detector as it is set, and with one setting changed at a time."""

    detector: str
    worth: Worth
    values: dict[str, Any]
    changes: list[Change] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TuningReport:
    """Every detector that judges people, by name. events: in the archive; days, cases: what the labels span and hold."""

    events: int
    days: int
    cases: int
    recall: float | None
    detectors: list[Tuned]


def measure_tuning(
    trials: Trials,
    detectors: Sequence[Detector],
    labels: Labels,
    case_events: pl.DataFrame,
    weights: Weights,
    *,
    events: int,
    progress: Callable[[str], None] = lambda _what: None,
) -> TuningReport:
    """Judge with every detector as it is set, then with each of its settings halved, doubled or turned round."""
    found: dict[str, list[Found]] = {}
    seconds: dict[str, float] = {}
    for detector in detectors:
        progress(detector.name)
        found[detector.name], seconds[detector.name] = trials.judge(detector)

    def worth(detector: Detector, theirs: list[Found], spent: float) -> Worth:
        everything = [one for name, some in found.items() if name != detector.name for one in some] + theirs
        measure = measure_of(everything, case_events, labels)
        swapped = [detector if one.name == detector.name else one for one in detectors]
        report = measure_caught(
            everything, measure, labels, gathering=Gathering.of(swapped, weights), budgets=(BUDGET, _ALL)
        )
        alone = next((one for one in report.detectors if one.name == detector.name), None)
        return Worth(alone, report.overall.budgets[0].recall, round(spent, 2))

    tuned = []
    for detector in detectors:
        as_set = worth(detector, found[detector.name], seconds[detector.name])
        changes = []
        for setting, value, changed in variations(detector):
            progress(f"{detector.name}: {setting} = {value}")
            changes.append(Change(setting, value, worth(changed, *trials.judge(changed))))
        tuned.append(Tuned(detector.name, as_set, detector.settings.model_dump(mode="json"), changes))
    every = [one for some in found.values() for one in some]
    measure = measure_of(every, case_events, labels)
    recall = tuned[0].worth.recall if tuned else None
    return TuningReport(events, measure.days, len(measure.misuse), recall, tuned)


def variations(detector: Detector) -> Iterator[tuple[str, Any, Detector]]:
    """Yield (setting, value, the detector with it): numbers halved and doubled within their bounds, yes for no."""
    settings: DetectorSettings = detector.settings
    shared = ExplainingSettings.model_fields if detector.name != SHARED_BY else {}
    for name in type(settings).model_fields:
        if name in shared:
            continue
        for value in _other_values(getattr(settings, name)):
            try:
                changed = type(settings).model_validate({**settings.model_dump(), name: value})
            except ValidationError:
                continue  # beyond its bounds
            yield name, value, type(detector)(changed)


def _other_values(value: Any) -> list[Any]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return sorted({max(1, round(value * factor)) for factor in _FACTORS} - {value})
    if isinstance(value, float):
        return sorted({value * factor for factor in _FACTORS} - {value})
    return []
