"""All explanation templates over a million look-ups of an invented force, in memory: CPU seconds and what each explains."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Final

import polars as pl

from detectors.accesses import look_ups
from detectors.bounds import Options
from detectors.explanations import Explained, all_templates, explain
from detectors.reference import FEEDS, Reference
from parsers.event import SCHEMA

START: Final = datetime(2026, 1, 5, tzinfo=UTC)
DAYS: Final = 60
STAFF: Final = 2_000
INCIDENTS: Final = 120_000
ROLES: Final = ("Vetting", "Firearms Licensing", "Front Counter", "PNC Bureau")
MIX: Final = {
    "assigned": 70,
    "unit": 8,
    "operator": 7,
    "stop": 4,
    "colleague": 2,
    "circulated": 2,
    "keeper": 3,
    "nobody": 4,
}
"""Look-ups of each hundred, by what they are; a tenth of what is nobody's work is made by people with a duty."""


def main(runs: int, rows: int) -> None:
    """Print the median of some runs."""
    known, events = reference(), accesses(rows).lazy()
    taken = sorted(
        (_measured(lambda: explain(look_ups(events, known), known, Options())) for _ in range(runs)), key=_cpu
    )
    cpu, wall, explained = taken[len(taken) // 2]
    share = 1 - explained.unexplained.height / rows
    print(
        f"explanations: {rows:,} look-ups, {len(all_templates())} templates: {cpu:.2f} s CPU, {wall:.2f} s; {share:.1%} explained"
    )
    counts = explained.best()["template"].value_counts(sort=True)
    print("  " + ", ".join(f"{template} {count:,}" for template, count in counts.iter_rows()))


def _measured(work: Callable[[], Explained]) -> tuple[float, float, Explained]:
    cpu, wall = time.process_time(), time.perf_counter()
    done = work()
    return time.process_time() - cpu, time.perf_counter() - wall, done


def _cpu(taken: tuple[float, float, Explained]) -> float:
    return taken[0]


def reference() -> Reference:
    """Return the feeds of the force: 2,000 people, 120,000 incidents with one subject each, sixty days of shifts."""
    number = pl.int_range(STAFF, eager=True).to_frame("n")
    unit = pl.when(pl.col("n") % 25 == 0).then(
        pl.col("n").floordiv(25).replace_strict({n: ROLES[n % 4] for n in range(STAFF // 25)})
    ).otherwise(pl.format("Response {}", pl.col("n") % 40))  # fmt: skip
    staff = number.select(
        _person().alias("staff_id"), pl.format("Invented {}", "n").alias("name"), pl.lit(date(1990, 1, 1)).alias("dob"),
        unit.alias("unit"), start_date=pl.lit(date(2020, 1, 1)), rank=pl.lit("PC"), role=pl.lit("officer"),
        employer=pl.lit("force"), force=pl.lit("F1"),
    )  # fmt: skip
    identifiers = pl.concat(
        number.select(
            _person().alias("staff_id"), pl.lit(kind).alias("kind"), pl.format(form, "n").alias("value")
        )
        for kind, form in (("account", "u{}"), ("collar", "{}"))
    )
    days = pl.int_range(DAYS, eager=True).to_frame("day")
    begins = START + pl.duration(days=pl.col("day"), hours=pl.col("n") % 3 * 8)
    roster = number.join(days, how="cross").select(
        _person().alias("staff_id"), begins.alias("from"), (begins + timedelta(hours=9)).alias("to"),
        pl.when((pl.col("n") + pl.col("day")) % 7 < 5).then(pl.lit("duty")).otherwise(pl.lit("rest")).alias("state"),
    )  # fmt: skip
    work = _incidents()
    incidents = work.select(
        "incident_ref", "kind", "opened_at", (pl.col("opened_at") + timedelta(days=5)).alias("closed_at"),
        (pl.col("opened_at") + timedelta(minutes=20)).alias("recorded_at"),
        pl.format("Response {}", pl.col("n") % 40).alias("unit"),
    )  # fmt: skip
    subjects = work.select("incident_ref", "subject_type", "subject_key")
    assigned = pl.when(pl.col("n") % 9 == 8).then(None).otherwise(pl.format("S{}", pl.col("worker")))
    assignments = work.filter(pl.col("kind") != "circulation").select(
        "incident_ref", assigned.alias("staff_id"), pl.format("Response {}", pl.col("n") % 40).alias("unit"),
        pl.col("opened_at").alias("from"), (pl.col("opened_at") + timedelta(minutes=20)).alias("recorded_at"),
    )  # fmt: skip
    feeds = {
        "staff": staff, "identifiers": identifiers, "roster": roster, "incidents": incidents,
        "incident_subjects": subjects, "assignments": assignments,
    }  # fmt: skip
    frames = {
        feed: pl.concat((FEEDS[feed].schema.to_frame(), frame.cast({c: FEEDS[feed].schema[c] for c in frame.columns})), how="diagonal")
        for feed, frame in feeds.items()
    }  # fmt: skip
    return Reference(frames, frozenset(frames))


def accesses(rows: int) -> pl.DataFrame:
    """Return access events in order of time, of the kinds in MIX; keepers follow a minute after their vehicle."""
    kinds = [kind for kind, share in MIX.items() for _ in range(share)]
    n, kind = pl.col("row").hash(7) % INCIDENTS, pl.col("kind")
    drawn = (
        pl.int_range(rows, eager=True)
        .to_frame("row")
        .with_columns(
            kind=(pl.col("row") * 37 % 100).replace_strict(dict(enumerate(kinds)), return_dtype=pl.String),
            late=pl.col("row").hash(8) % (4 * 24 * 60),
        )
        .with_columns(  # the incidents that each kind of look-up is about: see `_incidents`
            n=pl.when(kind == "unit")
            .then(n - n % 9 + 8 - 9 * (n % 9 > 8).cast(pl.UInt64))
            .when(kind.is_in(["stop", "colleague"]))
            .then(n - n % 10 + 2)
            .when(kind == "circulated")
            .then(n - n % 50)
            .when(kind == "keeper")
            .then(n - n % 2)
            .otherwise(n)
        )
    )
    at = pl.col("opened_at") + pl.duration(minutes=pl.col("late"))
    keeper, stop = pl.col("kind") == "keeper", pl.col("kind") == "stop"
    alone, operator = pl.col("kind") == "nobody", pl.col("kind") == "operator"
    other = pl.when(alone).then(pl.col("row").hash(9) % STAFF).when(pl.col("kind") == "colleague").then(
        (pl.col("worker") + 40) % STAFF
    ).when(pl.col("kind") == "unit").then(pl.col("n") % 40 + 40).when(operator).then(pl.col("row") % 50 * 40)  # fmt: skip
    told = drawn.join(_incidents(), on="n").with_columns(
        timestamp=pl.when(stop).then(pl.col("opened_at") - timedelta(hours=2)).when(pl.col("kind") == "colleague").then(
            pl.col("opened_at") + timedelta(minutes=10)
        ).otherwise(at),
        user=pl.coalesce(other, "worker"),
    )  # fmt: skip
    events = told.select(
        pl.format("e{}", "row").alias("event_id"), "timestamp", pl.lit("pnc").alias("source"),
        pl.format("u{}", "user").alias("user_id"), pl.lit("pnc").alias("pnc_system"),
        pl.when(keeper | alone).then(pl.lit("person")).otherwise("subject_type").alias("subject_type"),
        pl.when(keeper | alone).then(pl.format("MARWOOD/X{}/1980-01-02", "row")).otherwise("subject_key").alias("subject_key"),
        pl.when(operator).then(pl.col("worker").cast(pl.String)).alias("pnc_originator_collar"),
    )  # fmt: skip
    led = told.filter(keeper).select(
        pl.format("v{}", "row").alias("event_id"), pl.col("timestamp") - timedelta(minutes=1), pl.lit("pnc").alias("source"),
        pl.format("u{}", "user").alias("user_id"), pl.lit("pnc").alias("pnc_system"), "subject_type", "subject_key",
        pl.lit(None, pl.String).alias("pnc_originator_collar"),
    )  # fmt: skip
    schema = SCHEMA["access"]
    both = pl.concat((events, led)).sort("timestamp").head(rows)
    return pl.concat((schema.to_frame(), both.cast({c: schema[c] for c in both.columns})), how="diagonal")


def _incidents() -> pl.DataFrame:
    kinds = ("crime", "incident", "stop", "custody", "task", "crime", "incident", "stop", "incident", "crime")
    n = pl.col("n")
    return pl.int_range(INCIDENTS, eager=True, dtype=pl.UInt64).to_frame("n").with_columns(
        pl.format("NM-{}", n).alias("incident_ref"),
        pl.when(n % 50 == 0).then(pl.lit("circulation")).otherwise(
            (n % 10).replace_strict(dict(enumerate(kinds)), return_dtype=pl.String)
        ).alias("kind"),
        (START + pl.duration(minutes=n.hash(1) % (DAYS * 24 * 60 - 5 * 24 * 60))).alias("opened_at"),
        pl.when(n % 2 == 0).then(pl.lit("vehicle")).otherwise(pl.lit("person")).alias("subject_type"),
        pl.when(n % 2 == 0).then(pl.format("ZA{}", n)).otherwise(pl.format("SELWICK/Q{}/1970-01-02", n)).alias("subject_key"),
        worker=n.hash(2) % STAFF,
    )  # fmt: skip


def _person() -> pl.Expr:
    return pl.format("S{}", "n")
