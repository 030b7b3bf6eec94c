"""A vehicle look-up that is explained, then its keeper: the first person looked up by the same account soon after.

It must never chain: a follow-on explains nothing further.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from detectors.explanations import EXPLANATION_SCHEMA, NO_EXPLANATIONS, Question

ORDER: Final = 40


def explain(question: Question) -> pl.DataFrame:
    """Explain the first person look-up within options.follow_on of an explained vehicle look-up, by the same account.

    With the vehicle at v, a person look-up at t counts when v <= t <= v + follow_on and the account looked up no other
    person in [v, t). Several persons at that same first moment all count, for logs are written to the second.
    """
    persons = question.pending.filter(pl.col("actor").is_not_null(), subject_type="person").sort("timestamp")
    if persons.is_empty():
        return NO_EXPLANATIONS
    vehicles = (
        question.look_ups.filter(subject_type="vehicle")
        .join(question.given.select("row"), on="row", how="semi")
        .select("actor", vehicle_at="timestamp", vehicle_row="row", follows="event_id")
    )
    followed = _first_persons(_soon_after(persons, vehicles, question), question.look_ups)
    grounds = question.given.select(
        "incident_ref", "incident_kind", "recorded_at", "unit", "originator_collar", vehicle_row="row"
    )
    return (
        followed.select("row", "event_id", "timestamp", "actor", "vehicle_at")
        .join(vehicles, on=["actor", "vehicle_at"])
        .join(grounds, on="vehicle_row")
        .with_columns(pl.lit("follow_on").alias("template"))
        .select(EXPLANATION_SCHEMA.names())
    )


def _soon_after(persons: pl.DataFrame, vehicles: pl.DataFrame, question: Question) -> pl.DataFrame:
    """Return the person look-ups with an explained vehicle look-up shortly before: `vehicle_at` is the latest."""
    return persons.join_asof(
        vehicles.select("actor", "vehicle_at").sort("vehicle_at"),
        left_on="timestamp",
        right_on="vehicle_at",
        by="actor",
        strategy="backward",
        coalesce=False,
        check_sortedness=False,
    ).filter(pl.col("timestamp") - pl.col("vehicle_at") <= question.options.follow_on)


def _first_persons(followed: pl.DataFrame, look_ups: pl.DataFrame) -> pl.DataFrame:
    """Keep those before which the account looked up no other person since the vehicle."""
    persons = look_ups.filter(subject_type="person").join(followed, on="actor", how="semi")
    return followed.join_asof(
        persons.select("actor", pl.col("timestamp").alias("previous")).sort("previous"),
        left_on="timestamp",
        right_on="previous",
        by="actor",
        strategy="backward",
        allow_exact_matches=False,
        coalesce=False,
        check_sortedness=False,
    ).filter((pl.col("previous") < pl.col("vehicle_at")).fill_null(value=True))
