"""Look-ups that precede something else the same person did: a contact, a mail, an upload. The rare side comes first.

It must never link two people: where nobody or several people held an identifier, only the very same identifier does.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import polars as pl

from detectors.accesses import acted_by, look_ups
from detectors.bounds import Options
from detectors.detector import Window
from detectors.explanations import evidence, explain
from detectors.findings import utc_text
from detectors.reference import Reference
from detectors.sentences import clock_and_day, explanation, no_explanation, subject

MOST_LOOK_UPS: Final = 20


def preceding_look_ups(
    acts: pl.DataFrame, window: Window, options: Options, within: timedelta
) -> pl.DataFrame:
    """Return (act, look-up before it by the same person), with what explains the look-up.

    acts: `act` (a number, unique), staff_id, own_value (the bare identifier) and timestamp. A look-up at t precedes an
    act at a when a - within <= t <= a. Columns: act, ACCESS_SCHEMA, `explained_by` (evidence, null where nothing
    explains it), `is_explained`.
    """
    named = acts.select("act", _person(pl.col("own_value")), acted_at="timestamp")
    of_people = window.events("access").filter(_acted_by(acts, window.reference))
    looks = look_ups(of_people, window.reference)
    candidates = looks.with_columns(_person(pl.col("actor").str.splitn(":", 2).struct.field("field_1")))
    before = (pl.col("acted_at") - pl.col("timestamp")).is_between(timedelta(0), within)
    pairs = named.join(candidates, on="person").filter(before)
    if pairs.is_empty():
        return pairs.with_columns(explained_by=pl.lit(None), is_explained=pl.lit(value=False))
    explained = explain(looks, window.reference, options).best()
    told = explained.select("row", evidence().alias("explained_by"), "template")
    return pairs.join(told, on="row", how="left").with_columns(
        pl.col("template").is_not_null().alias("is_explained")
    )


def gathered(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return, per act, its look-ups for facts: MOST_LOOK_UPS at most, unexplained and latest first.

    Columns: act, look_ups (structs for `look_up_sentences`), looked (event ids in order of time), look_ups_total,
    some_unexplained, subject_type and subject_key of the first of them.
    """
    ranked = pairs.sort("act", "is_explained", "timestamp", "event_id", descending=[False, False, True, True])
    totals = ranked.group_by("act").agg(
        pl.len().cast(pl.Int64).alias("look_ups_total"),
        (~pl.col("is_explained")).any().alias("some_unexplained"),
        pl.col("subject_type", "subject_key").first(),
    )
    shown = ranked.group_by("act", maintain_order=True).head(MOST_LOOK_UPS)
    look = pl.struct(
        utc_text("timestamp").alias("at"), "event_id", "subject_type", "subject_key", "system", "certainty",
        "explained_by",
    )  # fmt: skip
    listed = shown.sort("act", "is_explained", "timestamp", "event_id").group_by("act").agg(
        look.alias("look_ups"), pl.col("event_id").sort_by("timestamp", "event_id").alias("looked")
    )  # fmt: skip
    return totals.join(listed, on="act")


def look_up_sentences(facts: Mapping[str, Any], person: str) -> list[str]:
    """Return the look-ups of facts as sentences; facts: look_ups, look_ups_total, window_hours."""
    sentences = []
    for look in facts["look_ups"]:
        why = look["explained_by"]
        words = f"explained by {explanation(why)}" if why else no_explanation(look, facts["window_hours"])
        sentences.append(
            f"{person} queried {subject(look)} on {look['system']} at {clock_and_day(look['at'])}; {words}."
        )
    return sentences


def _person(identifier: pl.Expr) -> pl.Expr:
    """Return who it is: the person, else the bare identifier, which an unknown user may have in both logs."""
    return pl.coalesce(
        pl.concat_str(pl.lit("staff:"), "staff_id"), pl.concat_str(pl.lit("identifier:"), identifier)
    ).alias("person")


def _acted_by(acts: pl.DataFrame, reference: Reference) -> pl.Expr:
    """Return whether an access was made through an identifier of the people in `acts`: few rows are then read."""
    theirs = reference["identifiers"].join(acts.select("staff_id"), on="staff_id", how="semi")
    accounts = [
        *theirs.filter(kind="account")["value"],
        *acts.filter(pl.col("staff_id").is_null())["own_value"],
    ]
    return acted_by(accounts, theirs.filter(kind="terminal")["value"].to_list())
