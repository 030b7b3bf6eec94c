"""A vehicle look-up that is explained, then its keeper: the first person looked up by the same account soon after.

It must never chain: a follow-on explains nothing further.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from detectors.explanations import EXPLANATION_SCHEMA, Question

ORDER: Final = 40


def explain(question: Question) -> pl.DataFrame:
    """Explain the first person look-up within options.follow_on of an explained vehicle look-up, by the same account.

    With the vehicle at v, a person look-up at t counts when v <= t <= v + follow_on and the account looked up no other
    person in [v, t). Several persons at that same first moment all count, for logs are written to the second.
    """
    looks = question.look_ups.filter(pl.col("actor").is_not_null())
    explained = question.given.select("row").unique()
    vehicles = looks.filter(subject_type="vehicle").join(explained, on="row", how="semi")
    if vehicles.is_empty():
        return EXPLANATION_SCHEMA.to_frame()
    firsts = _first_persons(looks, vehicles, question)
    grounds = question.given.select(
        "row", "incident_ref", "incident_kind", "recorded_at", "unit", "originator_collar"
    )
    return (
        firsts.join(grounds.rename({"row": "vehicle_row"}), on="vehicle_row")
        .with_columns(pl.lit("follow_on").alias("template"))
        .select(EXPLANATION_SCHEMA.names())
    )


def _first_persons(looks: pl.DataFrame, vehicles: pl.DataFrame, question: Question) -> pl.DataFrame:
    """Return the pending person look-ups that come first after their account's latest explained vehicle look-up."""
    persons = looks.filter(subject_type="person").join(vehicles.select("actor"), on="actor", how="semi")
    moments = persons.select("actor", "timestamp").unique().sort("timestamp")
    previous = moments.with_columns(pl.col("timestamp").shift(1).over("actor").alias("previous"))
    latest = (
        vehicles.sort("timestamp", "event_id")
        .unique(["actor", "timestamp"], keep="first", maintain_order=True)
        .select("actor", pl.col("timestamp").alias("vehicle_at"), vehicle_row="row", follows="event_id")
    )
    first = previous.join_asof(
        latest,
        left_on="timestamp",
        right_on="vehicle_at",
        by="actor",
        strategy="backward",
        check_sortedness=False,
    ).filter(
        pl.col("timestamp") - pl.col("vehicle_at") <= question.options.follow_on,
        (pl.col("previous") < pl.col("vehicle_at")).fill_null(value=True),
    )
    pending = question.pending.filter(subject_type="person")
    return pending.join(first.drop("previous", "vehicle_at"), on=["actor", "timestamp"]).select(
        "row", "event_id", "timestamp", "vehicle_row", "follows"
    )
