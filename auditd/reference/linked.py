"""From incidents to every subject whose look-ups they may explain: what they name, themselves, and what links lead to.

It must never leave a subject out: one too many is judged again for nothing, one too few keeps a wrong verdict.
"""

from __future__ import annotations

import polars as pl

from detectors.grounds import occurrence_key


def subjects_of_incidents(
    changed: pl.DataFrame, named: pl.DataFrame, *, beside: bool = False
) -> frozenset[tuple[str, str]]:
    """Return subject_type and subject_key of all that rows with an incident_ref (`changed`) may explain.

    changed: rows of incidents, assignments or incident_subjects that came or went. named: incident_subjects as known now.
    beside: also of what the incidents name that name any of those subjects.
    """
    links = named.filter(subject_type="occurrence").select(
        occurrence_key("incident_ref").alias("one"), occurrence_key("subject_key").alias("other")
    )
    refs = changed.select(key=occurrence_key("incident_ref")).unique()
    stated = [named.join(changed, on="incident_ref", how="semi").select("subject_type", "subject_key")]
    linked = [
        links.join(refs, left_on="one", right_on="key", how="semi").select(key="other"),
        links.join(refs, left_on="other", right_on="key", how="semi").select(key="one"),
    ]
    if "subject_key" in changed.columns:  # what is no longer named, and links that are gone
        stated.append(changed.select("subject_type", "subject_key"))
        gone = changed.filter(subject_type="occurrence")
        linked.append(gone.select(key=occurrence_key("subject_key")))
    others = pl.concat(linked).unique()
    if not others.is_empty():
        keyed = named.with_columns(key=occurrence_key("incident_ref"))
        stated.append(keyed.join(others, on="key", how="semi").select("subject_type", "subject_key"))
    themselves = pl.concat((refs, others)).select(pl.lit("occurrence"), "key").unique()
    if beside:
        subjects = pl.concat(stated).unique()
        neighbours = named.join(subjects, on=["subject_type", "subject_key"], how="semi")
        stated.append(
            named.join(neighbours, on="incident_ref", how="semi").select("subject_type", "subject_key")
        )
    return frozenset(pl.concat(stated).unique().iter_rows()) | frozenset(themselves.iter_rows())
