"""Follows patterns over reference data: from look-ups to the incidents by which the enquirer is connected to the subject.

It must never connect anybody to themselves by chance: a subject that very many incidents name leads nowhere.
"""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from detectors.bounds import Options
from detectors.duty import off_shift
from detectors.grounds import occurrence_key, unit_name
from detectors.neighbours import beside, links
from detectors.patterns import Pattern
from detectors.people import close_or_sensitive, serving, units
from detectors.reference import Reference


def named_by(
    look_ups: pl.DataFrame, held: pl.DataFrame, options: Options, kinds: Collection[str] = ()
) -> pl.DataFrame:
    """Return the look-ups with every open record that names their subject: `on`, the record; kind and when it was made.

    look_ups: ACCESS_SCHEMA with staff_id known; held: the `grounds` on their subjects. A record counts from options.early
    before it opened until options.window after it closed, options.open_for where nobody closed it.
    """
    at = pl.col("timestamp")
    records = held.filter(pl.col("opened_at").is_not_null())
    if kinds:
        records = records.filter(pl.col("incident_kind").is_in(list(kinds)))
    begins = pl.max_horizontal("opened_at", "named_from")
    ends = pl.min_horizontal("closed_at", "named_to") + options.window
    return (
        look_ups.filter(pl.col("staff_id").is_not_null())
        .drop("originator_collar")
        .join(
            records.select(
                "subject_type", "subject_key", "incident_ref", "incident_kind", "written_at",
                (begins - options.early).alias("__since"), pl.coalesce(ends, begins + options.open_for).alias("__until"),
            ).unique(),
            on=["subject_type", "subject_key"],
        )
        .filter(at.is_between("__since", "__until"), pl.col("written_at") <= at + options.late)
        .with_columns(pl.col("incident_ref").alias("on"), pl.col("written_at").alias("recorded_at"))
        .drop("__since", "__until", "written_at")
    )  # fmt: skip


def led_on(named: pl.DataFrame, way: str, reference: Reference, options: Options) -> pl.DataFrame:
    """Return `named` with `on` replaced by the incidents that the way leads to; as it is, where the way is ""."""
    if not way or named.is_empty():
        return named
    pairs = _linked(named, reference) if way == "linked" else beside(named, reference)
    known = reference["incidents"].join(pairs, left_on="incident_ref", right_on="other", how="semi")
    at = pl.col("timestamp")
    until = pl.coalesce(pl.col("closed_at") + options.window, pl.col("opened_at") + options.open_for)
    return (
        named.join(pairs, on=["on", *(() if way == "linked" else ("subject_type", "subject_key"))])
        .join(known.select(pl.col("incident_ref").alias("other"), "opened_at", "closed_at"), on="other")
        .filter(at >= pl.col("opened_at") - options.early, at <= until)
        .with_columns(on="other", linked_ref="other")
        .drop("other", "opened_at", "closed_at")
    )


def joined(led: pl.DataFrame, end: str, reference: Reference, options: Options) -> pl.DataFrame:
    """Return those rows of `led` whose enquirer stands to the incident `on` as the end says; `colleague` where one does."""
    people = reference.once(units).drop("unit")
    ours = led.join(people, on="staff_id").filter(serving())
    if end == "owned":
        return ours.join(_owners(led, reference), left_on=["on", "unit_key"], right_on=["on", "owner"])
    if end.startswith("role="):
        return ours.filter(role_key=end.removeprefix("role="))
    at = pl.col("timestamp")
    work = reference["assignments"].filter(pl.col("staff_id").is_not_null()).select(
        pl.col("incident_ref").alias("on"), pl.col("staff_id").alias("colleague"), "from", "to"
    )  # fmt: skip
    theirs = ours.join(work.join(led, on="on", how="semi"), on="on").filter(
        at >= pl.col("from") - options.early, (at <= pl.col("to") + options.window).fill_null(value=True)
    )
    if end == "assigned":
        return theirs.filter(pl.col("colleague") == pl.col("staff_id"))
    others = people.select(colleague="staff_id", their_unit="unit_key", their_manager="manager")
    known = theirs.filter(pl.col("colleague") != pl.col("staff_id")).join(others, on="colleague")
    conditions = {
        "assigned.unit": pl.col("their_unit") == pl.col("unit_key"),
        "assigned.manager": pl.col("their_manager") == pl.col("staff_id"),
        "assigned.reports": pl.col("manager") == pl.col("colleague"),
        "assigned.team": pl.col("their_manager") == pl.col("manager"),
    }
    return known.filter(conditions[end])


def connected(
    look_ups: pl.DataFrame, pattern: Pattern, held: pl.DataFrame, reference: Reference, options: Options
) -> pl.DataFrame:
    """Return the look-ups that a pattern explains, with incident_ref, incident_kind, recorded_at, colleague, linked_ref.

    Not those of people off shift, nor of subjects that are close or sensitive: see detectors/people.py.
    """
    led = led_on(named_by(look_ups, held, options, pattern.kinds), pattern.way, reference, options)
    return excusable(joined(led, pattern.end, reference, options), reference)


def excusable(rows: pl.DataFrame, reference: Reference) -> pl.DataFrame:
    """Return the rows (look-ups) that a general reason may excuse."""
    if rows.is_empty():
        return rows
    return rows.filter(~(off_shift(rows, reference) | close_or_sensitive(rows, reference)))


def _linked(named: pl.DataFrame, reference: Reference) -> pl.DataFrame:
    linked = reference.once(links).select("ref_key", "other_key").unique()
    refs = named.select("on").unique().with_columns(ref_key=occurrence_key("on")).join(linked, on="ref_key")
    other = reference["incidents"].select(
        pl.col("incident_ref").alias("other"), other_key=occurrence_key("incident_ref")
    )
    return refs.join(other, on="other_key").select("on", "other").unique()


def _owners(led: pl.DataFrame, reference: Reference) -> pl.DataFrame:
    """Return the units an incident belongs to: its own, and those assigned as a whole."""
    own = reference["incidents"].select(pl.col("incident_ref").alias("on"), unit_name("unit").alias("owner"))
    sent = reference["assignments"].filter(pl.col("staff_id").is_null()).select(
        pl.col("incident_ref").alias("on"), unit_name("unit").alias("owner")
    )  # fmt: skip
    return pl.concat((own, sent)).drop_nulls().join(led, on="on", how="semi").unique()
