"""A vehicle look-up that a record explains, then its keeper, then who is on record with that keeper.

It must never chain by time alone: after the keeper only a record leads further, and nothing leads on from there.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from detectors.case import Case, when
from detectors.explanations import NO_EXPLANATIONS, Question, answers
from detectors.people import close_or_sensitive
from parsers.subjects import canonical_collar

ORDER: Final = 80
MOST_PEOPLE: Final = 3
"""So many people looked up within options.follow_on before are a burst, in which being next to a vehicle says nothing."""
WITHOUT_RECORD: Final = ("duty", "approved", "circulation")
"""Templates that explain a vehicle, but nobody behind it: whoever wants a cover could choose such a vehicle at will."""


def explain(question: Question) -> pl.DataFrame:
    """Explain the first person behind an explained vehicle, looked up within options.follow_on, and who is linked with them.

    keeper: with the vehicle at v, a person look-up at t in the same line of enquiry counts when v <= t <= v + follow_on
    and nobody whom no record explains was looked up in [v, t) in it. Several persons at that same first moment all count,
    for logs are written to the second. linked: another person looked up within follow_on of that keeper in the same line, whom an
    incident opened and recorded before names together with the keeper.

    A line of enquiry: the same account, for the same originator (none, or the enquirer's own number: for themselves).
    Neither counts from another terminal than the look-up before, nor where the person is close to the enquirer or
    sensitive (detectors/people.py), nor within options.doubt after somebody was looked up in the same line for whom there is no
    reason at all (a list being worked through), nor a keeper in a burst of MOST_PEOPLE. Vehicles explained by duty, circulation
    or an approved pattern lead nowhere.
    """
    persons = question.pending.filter(pl.col("actor").is_not_null(), subject_type="person")
    if persons.is_empty() or question.given.is_empty():
        return NO_EXPLANATIONS
    vehicles = _explained_vehicles(question)
    if vehicles.is_empty():
        return NO_EXPLANATIONS
    persons = _with_line(persons, question).sort("timestamp")
    followed = _first_persons(_soon_after(persons, vehicles, question), persons)
    grounds = question.given.select(
        "incident_ref", "incident_kind", "recorded_at", "unit", "originator_collar", "colleague",
        vehicle_row="row",
    )  # fmt: skip
    candidates = (
        followed.rename({"originator_collar": "own_collar"})
        .join(vehicles, on=["line", "vehicle_at"])
        .filter(_same_terminal())
        .join(grounds, on="vehicle_row")
    )
    if candidates.is_empty():
        return NO_EXPLANATIONS
    linked = _linked(candidates, persons, question)
    seen = pl.concat((candidates.select("row"), linked.select("row")))
    listed = _in_a_list(candidates, persons.join(seen, on="row", how="anti"), question)
    doubtful = pl.concat((listed, _in_a_burst(candidates, question)))
    keepers = _not_barred(candidates.join(doubtful, on="row", how="anti"), question)
    behind = (
        linked.join(keepers.select(follows="event_id"), on="follows", how="semi") if linked.height else linked
    )
    return pl.concat((answers(keepers, "follow_on"), answers(_not_barred(behind, question), "follow_on")))


def _explained_vehicles(question: Question) -> pl.DataFrame:
    """Return the vehicle look-ups that a record explains: line, vehicle_at, vehicle_row, follows, led_terminal."""
    on_record = question.given.filter(~pl.col("template").is_in(WITHOUT_RECORD))
    vehicles = question.look_ups.filter(pl.col("actor").is_not_null(), subject_type="vehicle").join(
        on_record, on="row", how="semi"
    )
    return _with_line(vehicles, question).select(
        "line", vehicle_at="timestamp", vehicle_row="row", follows="event_id", led_terminal="terminal"
    )


def _with_line(rows: pl.DataFrame, question: Question) -> pl.DataFrame:
    """Add the line of enquiry: the account, and for whom it looks, nobody where that is the enquirer."""
    collars = question.reference["identifiers"].filter(kind="collar").join(rows, on="staff_id", how="semi")
    own = collars.select("staff_id", own_number="value").unique()
    collar = canonical_collar(pl.col("originator_collar"))
    asked = rows.with_columns(collar.alias("__for"))
    theirs = asked.join(own, left_on=["staff_id", "__for"], right_on=["staff_id", "own_number"], how="semi")[
        "row"
    ]
    for_others = pl.when(~pl.col("row").is_in(theirs.implode())).then("__for").fill_null("")
    return asked.with_columns(pl.concat_str("actor", for_others, separator=" for ").alias("line")).drop(
        "__for"
    )


def _in_a_list(candidates: pl.DataFrame, orphans: pl.DataFrame, question: Question) -> pl.DataFrame:
    """Return the rows of candidates shortly before which somebody was looked up for no reason, in the same line."""
    if orphans.is_empty():
        return candidates.select("row").clear()
    before = pl.col("timestamp") - pl.col("orphan_at")
    return (
        candidates.select("row", "line", "timestamp")
        .join(orphans.select("line", orphan_at="timestamp"), on="line")
        .filter((before > pl.duration(seconds=0)) & (before <= question.options.doubt))
        .select("row")
        .unique()
    )


def _in_a_burst(candidates: pl.DataFrame, question: Question) -> pl.DataFrame:
    """Return the rows of candidates shortly before which many people were looked up in the same line."""
    looked = _with_line(
        question.look_ups.filter(pl.col("actor").is_not_null(), subject_type="person"), question
    )
    ago = pl.col("timestamp") - pl.col("looked_at")
    return (
        candidates.select("row", "line", "timestamp")
        .unique("row")
        .join(looked.select("line", "subject_key", looked_at="timestamp"), on="line")
        .filter((ago > pl.duration(seconds=0)) & (ago <= question.options.follow_on))
        .group_by("row")
        .agg(pl.col("subject_key").n_unique().alias("people"))
        .filter(pl.col("people") >= MOST_PEOPLE)
        .select("row")
    )


def why_not(case: Case) -> list[str]:
    """Return what is missing to make the look-up a follow-on."""
    if case.look["subject_type"] != "person":
        return ["only a person follows on from a vehicle"]
    if case.look["actor"] is None:
        return ["no account or terminal is recorded"]
    reach, at = case.question.options.follow_on, pl.col("timestamp")
    look_ups = _with_line(case.question.look_ups.filter(pl.col("actor") == case.look["actor"]), case.question)
    near = look_ups.filter(
        pl.col("line") == look_ups.filter(row=case.look["row"])["line"].item(),
        at <= case.at,
        at >= case.at - reach,
        pl.col("row") != case.look["row"],
    ).sort("timestamp", descending=True)
    vehicles = near.filter(subject_type="vehicle")
    minutes = f"{reach.total_seconds() / 60:g} min"
    if vehicles.is_empty():
        return [f"the same account looked up no vehicle for the same originator in the {minutes} before"]
    on_record = case.question.given.filter(~pl.col("template").is_in(WITHOUT_RECORD))
    explained = vehicles.join(on_record, on="row", how="semi")
    if explained.is_empty():
        return [
            f"vehicle {key} in the {minutes} before is not explained by a record itself"
            for key in vehicles["subject_key"]
        ]
    vehicle = explained.row(0, named=True)
    by_record = on_record.filter(pl.col("template") != "follow_on")
    persons = near.filter(subject_type="person").join(by_record, on="row", how="anti")
    between = persons.filter(at >= vehicle["timestamp"], at < case.at)
    words = f"vehicle {vehicle['subject_key']} was looked up at {when(vehicle['timestamp'])} and is explained, but"
    if not between.is_empty():
        first = between["subject_key"][-1]
        return [f"{words} person {first} came first, and no earlier record names both together"]
    terminals = (vehicle["terminal"], case.look["terminal"])
    if None not in terminals and terminals[0] != terminals[1]:
        return [f"{words} with another terminal ({terminals[0]}, not {terminals[1]})"]
    earlier = look_ups.filter(
        at < case.at, at >= case.at - case.question.options.doubt, subject_type="person"
    ).sort("timestamp", descending=True)
    doubtful = earlier.join(case.question.given, on="row", how="anti")
    if not doubtful.is_empty():
        return [
            f"{words} person {doubtful['subject_key'][0]} was looked up shortly before for no reason: that is a list"
        ]
    if (people := earlier.filter(at >= case.at - reach)["subject_key"].n_unique()) >= MOST_PEOPLE:
        return [
            f"{words} {people} people were looked up in the {minutes} before: in a burst, next to a vehicle says nothing"
        ]
    return [f"{words} {case.it} is close to {case.who}, a colleague, or was flagged as sensitive"]


def _same_terminal() -> pl.Expr:
    """Boolean expression: the terminal is not known to differ from that of the look-up before."""
    return (pl.col("terminal") == pl.col("led_terminal")).fill_null(value=True)


def _not_barred(rows: pl.DataFrame, question: Question) -> pl.DataFrame:
    return rows if rows.is_empty() else rows.filter(~close_or_sensitive(rows, question.reference))


def _linked(keepers: pl.DataFrame, persons: pl.DataFrame, question: Question) -> pl.DataFrame:
    """Return the person look-ups after a keeper's, of people an earlier record names together with that keeper."""
    led = keepers.select(
        "line", "incident_ref", "incident_kind", "recorded_at", "unit", "originator_collar", "colleague",
        keeper_row="row", keeper_at="timestamp", keeper_key="subject_key", follows="event_id", led_terminal="terminal",
    )  # fmt: skip
    later = (
        persons.join(keepers.select("row"), on="row", how="anti")
        .rename({"originator_collar": "own_collar"})
        .join(led, on="line")
        .filter(
            (pl.col("timestamp") - pl.col("keeper_at")).is_between(
                pl.duration(seconds=0), question.options.follow_on
            ),
            pl.col("subject_key") != pl.col("keeper_key"),
            _same_terminal(),
        )
    )
    named = question.reference["incident_subjects"].filter(subject_type="person")
    known = question.reference["incidents"].select(
        linked_ref="incident_ref", since="opened_at", known_at="recorded_at"
    )
    with_keeper = named.select(keeper_key="subject_key", linked_ref="incident_ref").unique()
    with_them = named.select("subject_key", linked_ref="incident_ref").unique()
    return (
        later.join(with_keeper, on="keeper_key")
        .join(with_them, on=["subject_key", "linked_ref"])
        .join(known, on="linked_ref")
        .filter(pl.max_horizontal("since", "known_at") <= pl.col("timestamp"))
    )


def _soon_after(persons: pl.DataFrame, vehicles: pl.DataFrame, question: Question) -> pl.DataFrame:
    """Return the person look-ups with an explained vehicle look-up shortly before: `vehicle_at` is the latest."""
    return persons.join_asof(
        vehicles.select("line", "vehicle_at").sort("vehicle_at"),
        left_on="timestamp",
        right_on="vehicle_at",
        by="line",
        strategy="backward",
        coalesce=False,
        check_sortedness=False,
    ).filter(pl.col("timestamp") - pl.col("vehicle_at") <= question.options.follow_on)


def _first_persons(followed: pl.DataFrame, look_ups: pl.DataFrame) -> pl.DataFrame:
    """Keep those before which nobody else was looked up in that line since the vehicle."""
    persons = look_ups.join(followed, on="line", how="semi")
    return followed.join_asof(
        persons.select("line", pl.col("timestamp").alias("previous")).sort("previous"),
        left_on="timestamp",
        right_on="previous",
        by="line",
        strategy="backward",
        allow_exact_matches=False,
        coalesce=False,
        check_sortedness=False,
    ).filter((pl.col("previous") < pl.col("vehicle_at")).fill_null(value=True))
