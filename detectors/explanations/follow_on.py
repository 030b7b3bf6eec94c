"""A vehicle look-up that a record explains, then its keeper, then who is on record with that keeper.

It must never chain by time alone: after the keeper only a record leads further, and nothing leads on from there.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from detectors.case import Case, when
from detectors.explanations import NO_EXPLANATIONS, Question, answers
from detectors.people import close_or_sensitive

ORDER: Final = 80
WITHOUT_RECORD: Final = ("duty", "approved")
"""Templates that explain a vehicle, but nobody behind it."""


def explain(question: Question) -> pl.DataFrame:
    """Explain the first person looked up within options.follow_on of an explained vehicle, and who is linked with them.

    keeper: with the vehicle at v, a person look-up at t by the same account counts when v <= t <= v + follow_on and the
    account looked up no other person in [v, t). Several persons at that same first moment all count, for logs are
    written to the second. linked: another person looked up within follow_on of that keeper by the same account, whom
    an incident opened and recorded before names together with the keeper.

    Neither counts from another terminal or for another originator than the look-up before, nor where the person is close
    to the enquirer or sensitive (detectors/people.py). Vehicles explained by duty or an approved template lead nowhere.
    """
    persons = question.pending.filter(pl.col("actor").is_not_null(), subject_type="person").sort("timestamp")
    if persons.is_empty() or question.given.is_empty():
        return NO_EXPLANATIONS
    on_record = question.given.filter(~pl.col("template").is_in(WITHOUT_RECORD))
    vehicles = (
        question.look_ups.filter(subject_type="vehicle")
        .join(on_record.select("row"), on="row", how="semi")
        .select(
            "actor", vehicle_at="timestamp", vehicle_row="row", follows="event_id", led_terminal="terminal",
            led_collar="originator_collar",
        )
    )  # fmt: skip
    followed = _first_persons(_soon_after(persons, vehicles, question), question.look_ups)
    grounds = question.given.select(
        "incident_ref", "incident_kind", "recorded_at", "unit", "originator_collar", "colleague",
        vehicle_row="row",
    )  # fmt: skip
    candidates = (
        followed.rename({"originator_collar": "own_collar"})
        .join(vehicles, on=["actor", "vehicle_at"])
        .filter(_same_enquiry())
        .join(grounds, on="vehicle_row")
    )
    keepers = _not_barred(candidates, question)
    if keepers.is_empty():
        return NO_EXPLANATIONS
    return pl.concat(
        (answers(keepers, "follow_on"), answers(_linked(keepers, persons, question), "follow_on"))
    )


def why_not(case: Case) -> list[str]:
    """Return what is missing to make the look-up a follow-on."""
    if case.look["subject_type"] != "person":
        return ["only a person follows on from a vehicle"]
    if case.look["actor"] is None:
        return ["no account or terminal is recorded"]
    reach, at = case.question.options.follow_on, pl.col("timestamp")
    near = case.question.look_ups.filter(
        pl.col("actor") == case.look["actor"],
        at <= case.at,
        at >= case.at - reach,
        pl.col("row") != case.look["row"],
    ).sort("timestamp", descending=True)
    vehicles = near.filter(subject_type="vehicle")
    minutes = f"{reach.total_seconds() / 60:g} min"
    if vehicles.is_empty():
        return [f"the same account looked up no vehicle in the {minutes} before"]
    on_record = case.question.given.filter(~pl.col("template").is_in(WITHOUT_RECORD))
    explained = vehicles.join(on_record, on="row", how="semi")
    if explained.is_empty():
        return [
            f"vehicle {key} in the {minutes} before is not explained by a record itself"
            for key in vehicles["subject_key"]
        ]
    vehicle = explained.row(0, named=True)
    between = near.filter(at >= vehicle["timestamp"], at < case.at, subject_type="person")
    words = f"vehicle {vehicle['subject_key']} was looked up at {when(vehicle['timestamp'])} and is explained, but"
    if not between.is_empty():
        first = between["subject_key"][-1]
        return [f"{words} person {first} came first, and no earlier record names both together"]
    for column, what in (("terminal", "terminal"), ("originator_collar", "originator")):
        if None not in (vehicle[column], case.look[column]) and vehicle[column] != case.look[column]:
            return [f"{words} with another {what} ({vehicle[column]}, not {case.look[column]})"]
    return [f"{words} {case.it} is close to {case.who}, a colleague, or was flagged as sensitive"]


def _same_enquiry() -> pl.Expr:
    """Boolean expression: terminal and originator are not known to differ from those of the look-up before."""
    same_terminal = (pl.col("terminal") == pl.col("led_terminal")).fill_null(value=True)
    return same_terminal & (pl.col("own_collar") == pl.col("led_collar")).fill_null(value=True)


def _not_barred(rows: pl.DataFrame, question: Question) -> pl.DataFrame:
    return rows if rows.is_empty() else rows.filter(~close_or_sensitive(rows, question.reference))


def _linked(keepers: pl.DataFrame, persons: pl.DataFrame, question: Question) -> pl.DataFrame:
    """Return the person look-ups after a keeper's, of people an earlier record names together with that keeper."""
    led = keepers.select(
        "actor", "incident_ref", "incident_kind", "recorded_at", "unit", "originator_collar", "colleague",
        keeper_row="row", keeper_at="timestamp", keeper_key="subject_key", follows="event_id", led_terminal="terminal",
        led_collar="own_collar",
    )  # fmt: skip
    later = (
        persons.join(keepers.select("row"), on="row", how="anti")
        .rename({"originator_collar": "own_collar"})
        .join(led, on="actor")
        .filter(
            (pl.col("timestamp") - pl.col("keeper_at")).is_between(
                pl.duration(seconds=0), question.options.follow_on
            ),
            pl.col("subject_key") != pl.col("keeper_key"),
            _same_enquiry(),
        )
    )
    if later.is_empty():
        return later
    named = question.reference["incident_subjects"].filter(subject_type="person")
    known = question.reference["incidents"].select(
        linked_ref="incident_ref", since="opened_at", known_at="recorded_at"
    )
    with_keeper = named.select(keeper_key="subject_key", linked_ref="incident_ref").unique()
    with_them = named.select("subject_key", linked_ref="incident_ref").unique()
    together = (
        later.join(with_keeper, on="keeper_key")
        .join(with_them, on=["subject_key", "linked_ref"])
        .join(known, on="linked_ref")
        .filter(pl.max_horizontal("since", "known_at") <= pl.col("timestamp"))
    )
    return _not_barred(together, question)


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
