"""The look-ups view over access events: who looked at which subject, with people resolved. Never judges anything.

An access without a subject (a log-in, a list printed) is not a look-up: it is counted with its source, never judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from detectors.detector import Window
from detectors.identity import resolve
from detectors.reference import Reference
from parsers.event import TEXT, UTC_MICROSECONDS
from parsers.subjects import canonical_terminal

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

REASON_WORDS: Final = pl.coalesce("pnc_originator_reason", "pnc_justification", "event_reason")
"""The reason in words of access events, null where they have none."""


def look_ups(events: pl.LazyFrame, reference: Reference) -> pl.DataFrame:
    """Return the look-ups (ACCESS_SCHEMA) among access events: those with a subject. Extra rows are never made up."""
    kind, value = _kind(), pl.coalesce("user_id", terminal())
    rows = (
        events.filter(pl.col("subject_type").is_not_null(), pl.col("subject_key").is_not_null())
        .select(
            "event_id",
            "timestamp",
            "subject_type",
            "subject_key",
            kind.alias("kind"),
            value.alias("value"),
            actor(),
            terminal().alias("terminal"),
            pl.coalesce(pl.col("pnc_system").str.to_uppercase(), "source").alias("system"),
            pl.col("pnc_originator_collar").alias("originator_collar"),
            pl.col("pnc_reason_code").alias("reason_code"),
            REASON_WORDS.alias("reason_words"),
            pl.col("pnc_incident_ref").alias("claimed_ref"),
        )
        .collect()
    )
    people = resolve(rows, reference, kind=pl.col("kind"), value=pl.col("value"), time="timestamp")
    return people.with_row_index("row").select(ACCESS_SCHEMA.names())


def terminal() -> pl.Expr:
    """Return the canonical terminal of access events, null where they name none."""
    return canonical_terminal(pl.col("source_address"))


def actor() -> pl.Expr:
    """Return who made access events, as `account:VALUE`, else `terminal:VALUE`, null where they name neither."""
    return pl.concat_str(_kind(), pl.lit(":"), pl.coalesce("user_id", terminal())).alias("actor")


def acted_by(accounts: Sequence[str], terminals: Sequence[str]) -> pl.Expr:
    """Boolean expression over access events: an account of these made it, or, where none is named, a terminal of these."""
    by_terminal = (
        pl.col("user_id").is_null() & terminal().is_in(list(terminals)) if terminals else pl.lit(value=False)
    )
    return pl.col("user_id").is_in(list(accounts)) | by_terminal


def made_by(actors: pl.Series) -> pl.Expr:
    """Boolean expression over access events: one of these made it (see `actor`; nulls made none)."""
    parts = actors.drop_nulls().unique().str.splitn(":", 2).struct.unnest()
    accounts, terminals = (
        parts.filter(field_0=kind)["field_1"].to_list() for kind in ("account", "terminal")
    )
    return acted_by(accounts, terminals)


def _kind() -> pl.Expr:
    return pl.when(pl.col("user_id").is_not_null()).then(pl.lit("account")).otherwise(pl.lit("terminal"))


def span_look_ups(window: Window, chosen: pl.Expr) -> pl.DataFrame:
    """Return those look-ups of the span that `chosen` (over access events) names: few are then read of the archive."""
    return look_ups(window.events("access").filter(window.in_span(), chosen), window.reference)
