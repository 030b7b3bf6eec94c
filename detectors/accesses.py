"""The look-ups view over access events: who looked at which subject, with people resolved. Never judges anything.

An access without a subject (a log-in, a list printed) is not a look-up: it is counted with its source, never judged.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from detectors.detector import Window
from detectors.identity import resolve
from detectors.reference import Reference
from parsers.event import TEXT, UTC_MICROSECONDS

ACCESS_SCHEMA: Final = pl.Schema(
    {
        "row": pl.UInt32(),  # number of the row: cheap to join on
        "event_id": TEXT,
        "timestamp": UTC_MICROSECONDS,
        "actor": TEXT,  # account:..., else terminal:..., null where the record names neither
        "terminal": TEXT,  # canonical
        "staff_id": TEXT,
        "certainty": TEXT,
        "since": UTC_MICROSECONDS,
        "subject_type": TEXT,
        "subject_key": TEXT,
        "system": TEXT,
        "originator_collar": TEXT,
        "reason_code": TEXT,
        "reason_words": TEXT,  # the reason in words, where the record has any
        "claimed_ref": TEXT,  # incident reference claimed by the enquirer
    }
)


def look_ups(events: pl.LazyFrame, reference: Reference) -> pl.DataFrame:
    """Return the look-ups (ACCESS_SCHEMA) among access events: those with a subject. Extra rows are never made up."""
    terminal = pl.col("source_address").str.strip_chars().str.to_uppercase()
    kind = pl.when(pl.col("user_id").is_not_null()).then(pl.lit("account")).otherwise(pl.lit("terminal"))
    value = pl.coalesce("user_id", terminal)
    rows = (
        events.filter(pl.col("subject_type").is_not_null(), pl.col("subject_key").is_not_null())
        .select(
            "event_id",
            "timestamp",
            "subject_type",
            "subject_key",
            kind.alias("kind"),
            value.alias("value"),
            pl.concat_str(kind, pl.lit(":"), value).alias("actor"),
            terminal.alias("terminal"),
            pl.coalesce(pl.col("pnc_system").str.to_uppercase(), "source").alias("system"),
            pl.col("pnc_originator_collar").alias("originator_collar"),
            pl.col("pnc_reason_code").alias("reason_code"),
            pl.coalesce("pnc_originator_reason", "pnc_justification", "event_reason").alias("reason_words"),
            pl.col("pnc_incident_ref").alias("claimed_ref"),
        )
        .collect()
    )
    people = resolve(rows, reference, kind=pl.col("kind"), value=pl.col("value"), time="timestamp")
    return people.with_row_index("row").select(ACCESS_SCHEMA.names())


def span_look_ups(window: Window) -> pl.DataFrame:
    """Return the look-ups of the span that is judged, and no others: for `Window.once`, whichever detector asks."""
    return look_ups(window.events("access").filter(window.in_span()), window.reference)
