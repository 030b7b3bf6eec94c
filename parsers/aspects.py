"""What of who, when, what, why and from where an event tells, as section 62 of the Data Protection Act 2018 asks of a log.

It must never guess: an aspect is there where a column that bears it is filled, whatever stands in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import polars as pl

from parsers.event import COLUMNS, TEXT, TEXTS, Family

Aspect = Literal["who", "when", "what", "why", "where"]
ASPECTS: Final[tuple[Aspect, ...]] = ("who", "when", "what", "why", "where")

BEARERS: Final[Mapping[Family, Mapping[Aspect, tuple[tuple[str, ...], ...]]]] = {
    "access": {
        "who": (("user_id", "pnc_originator_collar", "pnc_originator_name"),),
        "what": (("event_action",), ("subject_key", "pnc_query")),
        "why": (("pnc_reason_code", "pnc_justification", "pnc_originator_reason", "pnc_incident_ref"),),
        "where": (("source_address", "source_ip", "pnc_originator_location"),),
    },
    "email": {
        "who": (("email_from_address", "user_id"),),
        "what": (("event_action",), ("email_to_address",)),
        "where": (("client_ip", "client_address", "source_ip", "source_address"),),
    },
    "call": {
        "who": (("call_from", "call_from_user", "user_id"),),
        "what": (("event_action",), ("call_to_final", "call_to_dialled", "call_to_user")),
        "where": (("call_device_from", "source_ip", "source_address"),),
    },
    "web": {
        "who": (("user_id",),),
        "what": (("event_action",), ("url_full", "url_domain")),
        "where": (("source_ip", "source_address"),),
    },
}
"""Per family and aspect: of each of these groups one column must be filled. What a family cannot tell is not in it.

`when` is in every family: see `is_certain`.
"""

_OURS: Final = frozenset(
    {
        "event_id", "timestamp", "source", "event_module", "observer_name", "time_zone_source",
        "time_uncertainty_seconds", "log_file", "log_offset", "log_length", "event_hash", "event_original",
        "event_ingested",
    }
)  # fmt: skip
FIELDS: Final[Mapping[Family, tuple[str, ...]]] = {
    family: tuple(column.name for column in columns if column.name not in _OURS)
    for family, columns in COLUMNS.items()
}
"""Per family the columns that a record fills; the others are filled by us."""
_TYPES: Final = {column.name: column.dtype for columns in COLUMNS.values() for column in columns}


def is_filled(column: str) -> pl.Expr:
    """Return whether a column holds anything: empty texts and lists do not."""
    dtype = _TYPES[column]
    if dtype == TEXT:
        return pl.col(column).str.len_bytes().fill_null(0) > 0
    if dtype == TEXTS:
        return pl.col(column).list.len().fill_null(0) > 0
    return pl.col(column).is_not_null()


def is_certain() -> pl.Expr:
    """Return whether a time is beyond doubt: its zone was in the record or configured, and no hour came twice."""
    assumed = (pl.col("time_zone_source") == "assumed").fill_null(value=True)
    return ~assumed & (pl.col("time_uncertainty_seconds").fill_null(0) == 0)


def aspects_of(family: Family) -> dict[Aspect, pl.Expr]:
    """Return per aspect that events of a family can tell whether an event tells it."""
    borne: dict[Aspect, pl.Expr] = {
        aspect: pl.all_horizontal(pl.any_horizontal(*map(is_filled, group)) for group in groups)
        for aspect, groups in BEARERS[family].items()
    }
    borne["when"] = is_certain()
    return {aspect: borne[aspect] for aspect in ASPECTS if aspect in borne}
