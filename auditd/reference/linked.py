"""From incidents to every subject whose look-ups they may explain: what they name, themselves, and what links lead to.

It must never leave a subject out: one too many is judged again for nothing, one too few keeps a wrong verdict.
"""

from __future__ import annotations

import polars as pl

from detectors.grounds import occurrence_key
from detectors.neighbours import HUB


def subjects_of_incidents(changed: pl.DataFrame, named: pl.DataFrame) -> frozenset[tuple[str, str]]:
    """Return subject_type and subject_key of all that rows with an incident_ref (`changed`) may explain.

    changed: rows of incidents, assignments or incident_subjects that came or went. named: incident_subjects as known now.
    So are the subjects of incidents that name any of theirs, unless so many do that they make no neighbours.
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
    subject = ["subject_type", "subject_key"]
    subjects = pl.concat(stated).filter(pl.col("subject_type") != "occurrence").unique()
    # As many as have just come may have lifted a subject over the bound: its neighbours were neighbours until now.
    bound = HUB + changed.height
    naming = named.join(subjects, on=subject, how="semi").filter(pl.len().over(subject) <= bound)
    stated.append(named.join(naming, on="incident_ref", how="semi").select(subject))
    return frozenset(pl.concat(stated).unique().iter_rows()) | frozenset(themselves.iter_rows())
