"""The subject is named by an incident that belongs together with one the person who looked was assigned to.

It must never go further than one step, nor take incidents for one case by a subject that many of them name.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from detectors.case import Case, Row, nearest, when
from detectors.explanations import NO_EXPLANATIONS, Question, answers
from detectors.grounds import occurrence_key
from detectors.neighbours import beside, links
from detectors.reference import Reference

ORDER: Final = 28
PERSONAL: Final = True
KINDS: Final = ("crime", "custody", "incident", "intel")
WORK: Final = (*KINDS, "warrant")
"""What the person's own work may be where two cases are one by whom they name."""
FEW: Final = 5
"""A person or vehicle that more incidents name than this does not make two cases one."""


def explain(question: Question) -> pl.DataFrame:
    """Explain a look-up by a person assigned by name to an incident that belongs together with the one that names it.

    Linked: one names the other, by its reference, as an occurrence. Or both are cases (KINDS, the person's own
    WORK) that are open then and name another person or vehicle in common, which FEW incidents at most name. t must lie in the times of the assignment
    (with early and window, as in `assigned`), and in those in which link and subject are named.
    """
    if question.held.is_empty():
        return NO_EXPLANATIONS
    pairs = _pairs(question)
    if pairs.is_empty():
        return NO_EXPLANATIONS
    work = _work_on(question.reference, pairs, question)
    at, options = pl.col("timestamp"), question.options
    open_then = pl.coalesce(pl.col("closed_at") + options.window, pl.col("opened_at") + options.open_for)
    matched = (
        question.pending.join(pairs, on=["subject_type", "subject_key"])
        .join(work, left_on=["other_key", "staff_id"], right_on=["work_key", "worker"])
        .filter(
            at >= pl.max_horizontal("begins", "link_from", "named_from", "opened_at") - options.early,
            (at <= pl.min_horizontal("link_to", "named_to") + options.window).fill_null(value=True),
            at <= pl.col("closes"),
            pl.col("recorded_at") <= at + options.late,
            ~pl.col("shares") | (pl.col("work_kind").is_in(WORK) & (at <= open_then)),
        )
        .rename({"incident_ref": "linked_ref", "work_ref": "incident_ref"})
    )
    own = matched.drop("originator_collar", "incident_kind").rename({"work_kind": "incident_kind"})
    return answers(own, "joint")


def why_not(case: Case) -> list[str]:
    """Return why no linked incident explains the look-up."""
    if said := case.nobody() or case.unnamed():
        return said
    records = {record["incident_ref"]: record for record in case.records()}
    linked = _pairs(case.question)
    if linked.is_empty():
        return [
            f"none of the records that name {case.it} ({', '.join(list(records)[:3])}) is linked with another one, or names somebody else that another case names"
        ]
    work = _work_on(case.question.reference, linked, case.question).filter(
        pl.col("worker") == case.look["staff_id"]
    )
    if work.is_empty():
        others = ", ".join(linked["other_key"].unique().sort().head(3))
        return [f"the linked records ({others}) are not {case.who}'s work"]
    return nearest((_missed(row, case) for row in work.iter_rows(named=True)), work.height)


def _missed(row: Row, case: Case) -> str:
    words = f"linked {row['work_kind']} {row['work_ref']} is {case.who}'s work"
    if case.at < row["begins"] - case.question.options.early:
        return f"{words} only from {when(row['begins'])}"
    if case.at > row["closes"]:
        return f"{words}, but no longer counts after {when(row['closes'])}"
    late = next(
        case.made_late(row, case.question.options.late),
        "the link or the naming of the subject did not hold then",
    )
    return f"{words}, but {late}"


def _pairs(question: Question) -> pl.DataFrame:
    """Return the grounds on the subjects with each incident that belongs together with theirs: other_key."""
    named = question.held.filter(pl.col("opened_at").is_not_null()).select(
        "subject_type", "subject_key", "incident_ref", "incident_kind", "named_from", "named_to", "opened_at", "closed_at",
        occurrence_key("incident_ref").alias("ref_key"),
    ).unique()  # fmt: skip
    linked = named.join(question.reference.once(links), on="ref_key")
    cases = named.filter(pl.col("incident_kind").is_in(KINDS))
    shared = beside(
        cases.rename({"incident_ref": "on"}), question.reference, most=FEW, types=("person", "vehicle")
    )
    same = cases.join(
        shared,
        left_on=["incident_ref", "subject_type", "subject_key"],
        right_on=["on", "subject_type", "subject_key"],
    )
    return pl.concat(
        (
            linked.with_columns(shares=pl.lit(value=False)),
            same.with_columns(occurrence_key("other").alias("other_key"), shares=pl.lit(value=True)).drop(
                "other"
            ),
        ),
        how="diagonal",
    )


def _work_on(reference: Reference, pairs: pl.DataFrame, question: Question) -> pl.DataFrame:
    """Return who was assigned by name to the linked incidents: work_key, worker, begins, closes, recorded_at."""
    options = question.options
    wanted = pairs.select(work_key="other_key").unique()
    assigned = (
        reference["assignments"]
        .filter(pl.col("staff_id").is_not_null())
        .with_columns(work_key=occurrence_key("incident_ref"))
        .join(wanted, on="work_key", how="semi")
    )
    known = (
        reference["incidents"]
        .join(assigned, on="incident_ref", how="semi")
        .select("incident_ref", "closed_at", work_kind="kind", opened="opened_at", written_at="recorded_at")
    )
    begins = pl.max_horizontal("from", "opened")
    return assigned.join(known, on="incident_ref").select(
        "work_key",
        "work_kind",
        pl.col("staff_id").alias("worker"),
        pl.col("incident_ref").alias("work_ref"),
        begins.alias("begins"),
        pl.coalesce(pl.min_horizontal("to", "closed_at") + options.window, begins + options.open_for).alias(
            "closes"
        ),
        pl.max_horizontal("recorded_at", "written_at").alias("recorded_at"),
    )
