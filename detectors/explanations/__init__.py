"""Explanations: why look-ups were innocent. One template per file, found by scanning this folder.

A template joins look-ups with reference data and says what explains them. It must never take the enquirer's word: a
typed reason or reference explains nothing by itself. Each file has `ORDER` (lower is asked first), `explain(question)`,
`why_not(case)` and, where it goes by the person alone, `PERSONAL = True`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import polars as pl

from detectors.bounds import Options
from detectors.case import Case
from detectors.findings import utc_text
from detectors.grounds import grounds
from detectors.reference import INCIDENT_KINDS, Reference
from parsers.event import TEXT, UTC_MICROSECONDS

EXPLANATION_SCHEMA: Final = pl.Schema(
    {
        "row": pl.UInt32(),  # the look-up, by its number in the frame of look-ups
        "event_id": TEXT,
        "timestamp": UTC_MICROSECONDS,  # of the look-up
        "template": TEXT,
        "incident_ref": TEXT,
        "incident_kind": TEXT,
        "recorded_at": UTC_MICROSECONDS,  # when the explanation was complete on record
        "unit": TEXT,  # the unit that was assigned, where it was not the person
        "originator_collar": TEXT,  # who it was looked up for, where that explains it
        "follows": TEXT,  # event id of the explained look-up that this one followed on from
        "colleague": TEXT,  # staff id of whose work it was, where it was a colleague's
        "linked_ref": TEXT,  # the incident that leads from the work to the subject, where it is another one
        "basis": TEXT,  # the duty, or the approved template, where no incident explains
    }
)
NO_EXPLANATIONS: Final = EXPLANATION_SCHEMA.to_frame()
EVIDENCE_DTYPE: Final = pl.Struct(
    {
        **dict.fromkeys(
            (
                "template",
                "incident_ref",
                "kind",
                "unit",
                "originator_collar",
                "follows",
                "colleague",
                "linked_ref",
                "basis",
                "recorded_at",
            ),
            TEXT,
        ),
        "lateness_hours": pl.Float64(),
    }
)
EXPLAINING_FEEDS: Final = (
    "staff",
    "identifiers",
    "incidents",
    "incident_subjects",
    "assignments",
    "roster",
    "sensitive_subjects",
)
"""What templates join look-ups with: the feeds of a detector that asks for explanations."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a template is asked.

    look_ups: every look-up in reach (detectors.accesses.ACCESS_SCHEMA). pending: those of them not explained yet.
    given: what earlier templates gave (EXPLANATION_SCHEMA). held: the `grounds` on these subjects. kinds: of incident
    among them, so that a template for others need not look.
    """

    look_ups: pl.DataFrame
    pending: pl.DataFrame
    given: pl.DataFrame
    held: pl.DataFrame
    reference: Reference
    options: Options = field(default_factory=Options)
    kinds: frozenset[str] = frozenset(INCIDENT_KINDS)


@dataclass(frozen=True, slots=True)
class Template:
    """One way of explaining. `explain` returns EXPLANATION_SCHEMA, possibly several rows for one look-up.

    why_not: says of one look-up, in sentences without a final stop, why the template does not explain it.
    personal: it goes by who looked, and may be asked of the person somebody else looked for.
    """

    name: str
    order: int
    explain: Callable[[Question], pl.DataFrame]
    why_not: Callable[[Case], list[str]]
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Explained:
    """What the templates made of some `look_ups`: the explanations `given`, and those left `unexplained`."""

    look_ups: pl.DataFrame
    given: pl.DataFrame
    unexplained: pl.DataFrame

    def best(self) -> pl.DataFrame:
        """Return one explanation per explained look-up: of several the one first on record, then by reference."""
        return self.given.sort(
            "recorded_at", "incident_ref", "follows", "unit", "colleague", "linked_ref"
        ).unique("row", keep="first", maintain_order=True)


@cache
def all_templates() -> tuple[Template, ...]:
    """Return the templates in the order in which they are asked."""
    found = []
    for module_info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{module_info.name}")
        personal = getattr(module, "PERSONAL", False)
        found.append(
            Template(module_info.name, module.ORDER, module.explain, module.why_not, personal=personal)
        )
    return tuple(sorted(found, key=lambda template: (template.order, template.name)))


def explain(look_ups: pl.DataFrame, reference: Reference, options: Options) -> Explained:
    """Ask every template in turn about the look-ups that none before it explained."""
    given = NO_EXPLANATIONS
    pending = look_ups
    held = grounds(reference, look_ups, options)
    kinds = frozenset(held["incident_kind"].unique())
    for template in all_templates():
        if pending.is_empty():
            break
        answers = template.explain(Question(look_ups, pending, given, held, reference, options, kinds))
        if not answers.is_empty():
            given = pl.concat((given, answers))
            pending = pending.join(answers.select("row"), on="row", how="anti", maintain_order="left")
    return Explained(look_ups, given, pending)


def answers(matched: pl.DataFrame, template: str) -> pl.DataFrame:
    """Return what a template matched as EXPLANATION_SCHEMA: absent columns null, further ones dropped."""
    named = matched.with_columns(pl.lit(template).alias("template"))
    absent = [pl.lit(None).alias(name) for name in EXPLANATION_SCHEMA if name not in named.columns]
    return named.with_columns(absent).select(EXPLANATION_SCHEMA.names()).cast(EXPLANATION_SCHEMA)


def evidence() -> pl.Expr:
    """Return an explanation as a struct for facts: what it is, when it came on record and how late that was.

    lateness_hours: how long after the look-up it came on record, two decimals; 0 where it was on record before.
    """
    late = (pl.col("recorded_at") - pl.col("timestamp")).dt.total_seconds(fractional=True) / 3600
    return pl.struct(
        "template",
        "incident_ref",
        pl.col("incident_kind").alias("kind"),
        "unit",
        "originator_collar",
        "follows",
        "colleague",
        "linked_ref",
        "basis",
        utc_text("recorded_at").alias("recorded_at"),
        late.clip(lower_bound=0).round(2).alias("lateness_hours"),
    )
