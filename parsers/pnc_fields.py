"""What the fields of a PNC record mean: expressions from them to the columns of an access event.

It must never see a line, nor depend on where a column stands. Expressions are made once for a layout or a configuration:
making them costs more than parsing a small block does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from zlib import crc32

import polars as pl

from parsers.event import conform
from parsers.format import Context
from parsers.lines import record_identity
from parsers.originator import PARTS as ORIGINATOR_PARTS
from parsers.originator import read_originators
from parsers.pnc_options import COLUMNS, Layout, PncOptions
from parsers.subjects import (
    SUBJECT_TYPE_SYNONYMS,
    canonical_account,
    canonical_subject_type,
    canonical_terminal,
    key_by_kind,
)

_NOTHING: Final = pl.lit(None, dtype=pl.String)
_TOLD: Final = pl.concat_str(
    [
        pl.col(name).fill_null("")
        for name in ("user_id", "txn_code", "subject_type", "subject_key", "enquiry_text")
    ],
    separator="\x1f",
    ignore_nulls=False,
).cast(pl.Binary)
_OWN_IDENTITY: Final = pl.concat_str("txn_ref", pl.lit("-"), "fingerprint")


@dataclass(frozen=True, slots=True)
class Reading:
    """How records under one header are read.

    names: of all fields, in file order. trimmed, then columns: the steps from these to COLUMNS (trimmed text, null where
    empty or absent) and `user_name` as written.
    """

    layout: Layout
    names: list[str]
    trimmed: list[pl.Expr]
    columns: list[pl.Expr]


def reading(layout: Layout) -> Reading:
    """Return how records of a layout are read."""
    names = [f"field_{position}" for position in range(layout.width)]
    fields = {name: pl.col(names[position]) for name, position in layout.positions.items()}
    return Reading(
        layout=layout,
        names=names,
        trimmed=[
            *(field.str.strip_chars().alias(name) for name, field in fields.items()),
            fields["user_id"].alias("user_name"),
        ],
        columns=[
            *(
                (pl.when(pl.col(name) != "").then(name) if name in fields else _NOTHING).alias(name)
                for name in COLUMNS
            ),
            pl.col("user_name"),
        ],
    )


class Meaning:
    """What records of one source mean, by its configuration."""

    def __init__(self, name: str, context: Context, options: PncOptions) -> None:
        self._known = [
            canonical_subject_type(pl.col("subject_type")).alias("kind"),
            pl.col("subject_key").str.to_uppercase().alias("key"),
            _result().alias("result"),
        ]
        self._implied = [_kind(options), _OWN_IDENTITY.alias("own_identity")]
        self._columns = [
            record_identity(context.source, pl.col("own_identity")),
            pl.col("timestamp"),
            pl.lit(context.source).alias("source"),
            pl.lit(name).alias("event_module"),
            pl.lit(context.site or None, dtype=pl.String).alias("observer_name"),
            pl.col("txn_code").alias("event_code"),
            _action(options).alias("event_action"),
            _outcome().alias("event_outcome"),
            _reason(options).alias("event_reason"),
            canonical_account(pl.col("user_id")).alias("user_id"),
            pl.col("user_name"),
            canonical_terminal(pl.col("terminal_id")).alias("source_address"),
            pl.col("time_zone_source", "time_uncertainty_seconds", "log_offset", "log_length", "event_hash"),
            *([pl.col("event_original")] if context.keep_raw else []),
            pl.col("user_force").alias("organization_name"),
            pl.col("kind").alias("subject_type"),
            key_by_kind(pl.col("kind"), pl.col("key")).alias("subject_key"),
            pl.col("system").str.to_lowercase().fill_null(options.system).alias("pnc_system"),
            _query().alias("pnc_query"),
            pl.col("originator").alias("pnc_originator_text"),
            pl.col(*ORIGINATOR_PARTS),
            pl.col("reason_code").alias("pnc_reason_code"),
            pl.col("justification").alias("pnc_justification"),
            pl.col("result").alias("pnc_result"),
            _hits().alias("pnc_hit_count"),
            pl.col("incident_ref").alias("pnc_incident_ref"),
            pl.col("txn_ref").alias("pnc_txn_ref"),
        ]

    def events(self, records: pl.DataFrame, file: str) -> pl.DataFrame:
        """Return records (COLUMNS, `user_name`, times and evidence) as access events."""
        known = records.hstack(read_originators(records["originator"])).with_columns(
            _fingerprints(records), *self._known
        )
        events = known.with_columns(self._implied).select(*self._columns, pl.lit(file).alias("log_file"))
        return conform(events, "access")


def folded(code: str) -> str:
    """Return a code as tables of codes have it: trimmed, in capitals."""
    return code.strip().upper()


def _action(options: PncOptions) -> pl.Expr:
    table = {folded(code): f"pnc-{meaning.action}" for code, meaning in options.codes.items()}
    return _look_up(pl.col("txn_code"), table).fill_null("pnc-enquiry")


def _kind(options: PncOptions) -> pl.Expr:
    """Return the kind of subject as the record gives it, else as the transaction code implies it."""
    table = {folded(code): meaning.object for code, meaning in options.codes.items()}
    implied = {code: kind for code, kind in table.items() if kind is not None}
    return pl.coalesce("kind", _look_up(pl.col("txn_code"), implied)).alias("kind")


def _reason(options: PncOptions) -> pl.Expr:
    """Return the text of the reason code (else the code), and the justification behind a colon."""
    table = {folded(code): text for code, text in options.reasons.items()}
    reason = pl.coalesce(_look_up(pl.col("reason_code"), table), "reason_code")
    return _joined(reason, pl.col("justification"), separator=": ")


def _fingerprints(records: pl.DataFrame) -> pl.Series:
    """Return a short checksum of who asked what, in the same words wherever the columns stand."""
    texts = records.select(_TOLD).to_series().to_list()
    return pl.Series("fingerprint", list(map(crc32, texts)), dtype=pl.UInt32)


def _look_up(code: pl.Expr, table: Mapping[str, str]) -> pl.Expr:
    """Return what `table`, with keys in capitals, says of codes; null where it says nothing."""
    if not table:
        return _NOTHING
    return code.str.to_uppercase().replace_strict(table, default=None, return_dtype=pl.String)


def _result() -> pl.Expr:
    return pl.col("result").str.to_lowercase().str.replace(r"^no[ -]?trace$", "no_trace")


def _outcome() -> pl.Expr:
    """Return success where the system answered, hit or not."""
    result = pl.col("result")
    answered = pl.when(result.is_in(["hit", "no_trace"])).then(pl.lit("success"))
    return answered.when(result == "error").then(pl.lit("failure")).otherwise(pl.lit("unknown"))


def _hits() -> pl.Expr:
    """Return the number of hits; null where it is not a whole number, which costs nobody the event."""
    hits = pl.col("hit_count").cast(pl.Int32, strict=False)
    return pl.when(hits >= 0).then(hits)


def _query() -> pl.Expr:
    """Return the enquiry as typed; a subject type that we call otherwise is kept in front of it."""
    kind = pl.col("subject_type").str.to_lowercase()
    renamed = pl.when(kind.is_in(list(SUBJECT_TYPE_SYNONYMS))).then(kind)
    return _joined(renamed, pl.col("enquiry_text"), separator=": ")


def _joined(first: pl.Expr, second: pl.Expr, *, separator: str) -> pl.Expr:
    return (
        pl.when(first.is_null())
        .then(second)
        .when(second.is_null())
        .then(first)
        .otherwise(pl.concat_str(first, second, separator=separator))
    )
