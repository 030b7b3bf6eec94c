"""One evaluation of an installation: its archive, findings and reference data as they are now, against labels.

It must never judge anything by itself: findings are those the daemon made, under the authorities it had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection

from auditd.archive.archive import Archive
from auditd.config import Config
from auditd.evaluation.backtest import carried_over
from auditd.evaluation.caught import AtBudget, CaughtReport, Gathering, measure_caught, measure_of
from auditd.evaluation.explained import ExplainedReport, measure_explained
from auditd.evaluation.found import standing_findings
from auditd.evaluation.labels import Labels
from auditd.evaluation.matching import events_of_cases
from auditd.reference.store import ReferenceStore
from detectors.rules.unlinked_lookup import UnlinkedLookup

CURVE: Final = tuple(range(1, 101))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """explained: of labelled look-ups; caught: of labelled cases; None where there are no such labels.

    carried: what budgets catch where what is not looked at waits for the next day. not_found_by: detectors that are on and have no finding at all, list detectors without an authority among them.
    """

    explained: ExplainedReport | None
    caught: CaughtReport | None
    carried: list[AtBudget] = field(default_factory=list)
    not_found_by: list[str] = field(default_factory=list)


def evaluate(
    conn: Connection,
    config: Config,
    archive: Archive,
    references: ReferenceStore,
    labels: Labels,
    *,
    budgets: Sequence[int],
) -> Evaluation:
    """Measure everything the labels allow. Detectors for the security operations centre are left out: no case is theirs."""
    detectors = [detector for detector in config.detectors() if detector.about.audience != "soc"]
    findings = standing_findings(conn, [detector.name for detector in detectors])
    explained = caught = None
    carried: list[AtBudget] = []
    if not labels.look_ups.is_empty():
        asked = next((one for one in detectors if isinstance(one, UnlinkedLookup)), None)
        reference = references.reference(conn, authorities=())
        explained = measure_explained(
            archive, reference, labels, asked or UnlinkedLookup(UnlinkedLookup.Settings())
        )
    if not labels.cases.is_empty():
        measure = measure_of(findings, events_of_cases(archive, labels), labels)
        gathering = Gathering.of(detectors, config.score)
        caught = measure_caught(findings, measure, labels, gathering=gathering, budgets=budgets, curve=CURVE)
        carried = carried_over(findings, gathering, measure, budgets)
    found = {finding.detector for finding in findings}
    return Evaluation(explained, caught, carried, sorted({one.name for one in detectors} - found))
