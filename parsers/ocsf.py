"""Events as documents of the Open Cybersecurity Schema Framework: a class per family, with all that the class requires.

It must never leave out what a class requires, nor give a value that the class does not allow: what is not known is said to
be unknown, and what has no place stands under `unmapped`.

    access  Datastore Activity 6005    email  Email Activity 4009
    web     HTTP Activity 4002         call   Network Activity 4001

There is no class for telephone calls (docs/decisions/0020-calls-are-network-activity.md).

References: schema.ocsf.io, version 1.5.0
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

import polars as pl

from parsers.documents import Documents, instant, milliseconds, readable_bytes, sound_ip
from parsers.event import COLUMNS, CONTENT, TEXT, Column, Family

OCSF_VERSION: Final = "1.5.0"
CLASSES: Final[dict[Family, tuple[int, int]]] = {
    "access": (6, 6005),
    "email": (4, 4009),
    "call": (4, 4001),
    "web": (4, 4002),
}
"""`category_uid` and `class_uid` of each family."""

INFORMATIONAL: Final = 1
OTHER: Final = 99
_PROFILES: Final[dict[Family, tuple[str, ...]]] = {
    "access": (),
    "email": ("host",),
    "call": ("host",),
    "web": ("host", "security_control"),
}
_STATUS: Final = {"success": 1, "failure": 2}
_DIRECTIONS: Final = {"inbound": 1, "outbound": 2, "internal": 3}
_METHODS: Final = {
    "CONNECT": 1, "DELETE": 2, "GET": 3, "HEAD": 4, "OPTIONS": 5, "POST": 6, "PUT": 7, "TRACE": 8,
}  # fmt: skip
_MAIL: Final = {"email-sent": 1, "email-submitted": 1, "email-received": 2, "email-delivered": 2}
_VERDICTS: Final = {"allowed": 1, "blocked": 2, "challenged": 2}
_READ, _UPDATE, _QUERY, _CREATE, _DELETE = 1, 2, 4, 6, 7
_TRAFFIC, _FAIL = 6, 4
_UNKNOWN: Final = pl.lit("unknown")
# As the schema has them: what it does not take for an address stays where it is as written.
_EMAIL: Final = r"^[a-zA-Z0-9!#$%&'*+\-/=?^_`{|}~.]+@[a-zA-Z0-9-]+\.[a-zA-Z0-9.-]+$"
_NANOSECONDS: Final = 1_000_000
_ACTION: Final = pl.col("event_action")
_METHOD: Final = pl.col("http_request_method")


@cache
def ocsf_documents(family: Family, *, version: str, content: bool) -> Documents:
    """Return what makes documents of a family's events.

    version: of this product. content: with what is hidden otherwise (`CONTENT`).
    """
    category, class_uid = CLASSES[family]
    activity = _activity(family)
    paths: dict[str, pl.Expr] = {
        "metadata.version": pl.lit(OCSF_VERSION),
        "metadata.product.name": pl.lit("access-auditd"),
        "metadata.product.vendor_name": pl.lit("access-auditd"),
        "metadata.product.version": pl.lit(version),
        "category_uid": pl.lit(category),
        "class_uid": pl.lit(class_uid),
        "activity_id": activity,
        "type_uid": class_uid * 100 + activity,
        "severity_id": pl.lit(INFORMATIONAL),
        "status_id": _coded("event_outcome", _STATUS),
        "status": pl.col("event_outcome").str.to_titlecase(),
        **_family_paths(family),
    }
    if profiles := _PROFILES[family]:
        paths["metadata.profiles"] = pl.concat_list(pl.lit(name) for name in profiles)
    for column in COLUMNS[family]:
        if content or column.name not in CONTENT:
            paths.setdefault(column.ocsf or f"unmapped.{column.name}", _value(column))
    return Documents(paths)


def _value(column: Column) -> pl.Expr:
    value = pl.col(column.name)
    if column.ocsf.endswith(".ip"):
        return sound_ip(value)
    if column.name == "event_hash":
        return value.bin.encode("hex")
    if column.dtype == pl.Binary:
        return readable_bytes(value)
    if isinstance(column.dtype, pl.Datetime):
        return milliseconds(value) if column.ocsf else instant(value)
    if isinstance(column.dtype, pl.List):
        return value.list.drop_nulls()
    return value


def _family_paths(family: Family) -> Mapping[str, pl.Expr]:
    """Return the members that are no column as it is."""
    if family == "access":
        known = pl.col("source_ip").is_not_null() | pl.col("source_address").is_not_null()
        somebody = pl.col("user_id").is_not_null()
        asked = pl.col("pnc_query").is_not_null()
        return {
            "type_id": pl.lit(1),
            "database.name": pl.coalesce("pnc_system", "source"),
            "database.type_id": pl.lit(0),
            "actor.app_name": pl.when(~somebody).then(pl.col("event_module")),
            "src_endpoint.name": pl.when(known).then("source_address").otherwise(_UNKNOWN),
            "query_info.uid": pl.when(asked).then(pl.coalesce("pnc_txn_ref", "event_id")),
        }
    if family == "email":
        return {
            "email.from": _addresses(pl.col("email_from_address")),
            "email.to": _listed_addresses(),
            "direction_id": _coded("email_direction", _DIRECTIONS),
            "direction": pl.col("email_direction").str.to_titlecase(),
            "unmapped.email_from_address": _strange(pl.col("email_from_address")),
        }
    if family == "call":
        return {
            "src_endpoint.uid": pl.coalesce("call_from", _UNKNOWN),
            "dst_endpoint.uid": pl.coalesce("call_to_final", "call_to_dialled"),
            "connection_info.direction_id": _coded("call_direction", _DIRECTIONS),
            "duration": pl.col("call_talk_seconds").cast(pl.Int64) * 1000,
            "start_time": milliseconds(pl.col("timestamp")),
            "connection_info.direction": pl.col("call_direction").str.to_titlecase(),
        }
    verdict = pl.col("web_action").replace_strict(_VERDICTS, default=0, return_dtype=pl.Int64)
    category = pl.col("web_category")
    return {
        "action_id": verdict,
        "action": verdict.replace_strict({0: "Unknown", 1: "Allowed", 2: "Denied"}, return_dtype=TEXT),
        "http_request.http_method": pl.when(_METHOD.is_in(list(_METHODS))).then(_METHOD),
        "unmapped.http_request_method": pl.when(~_METHOD.is_in(list(_METHODS))).then(_METHOD),
        "http_request.url.path": pl.col("url_full").str.extract(r"^(?:[A-Za-z][A-Za-z0-9+._-]*://)?[^/]*(/.*)$"),
        "http_request.url.url_string": pl.coalesce("url_full", _UNKNOWN),
        "http_request.url.categories": pl.when(category.is_not_null()).then(pl.concat_list(category)),
        "duration": pl.col("event_duration") // _NANOSECONDS,
    }  # fmt: skip


def _activity(family: Family) -> pl.Expr:
    """Return `activity_id`: what was done, in the words of the class."""
    if family == "email":
        return _ACTION.replace_strict(_MAIL, default=OTHER, return_dtype=pl.Int64)
    if family == "web":
        return _METHOD.replace_strict(_METHODS, default=OTHER, return_dtype=pl.Int64)
    if family == "call":
        return (
            pl.when(_ACTION == "call-missed")
            .then(_FAIL)
            .otherwise(_TRAFFIC)
            .fill_null(_TRAFFIC)
            .cast(pl.Int64)
        )
    words = (
        ("delet|eras|remov", _DELETE),
        ("creat|add|collect", _CREATE),
        ("updat|chang|alter|amend|moved", _UPDATE),
        ("quer|enquir|search", _QUERY),
    )
    chosen = pl.lit(_READ)
    for pattern, activity in reversed(words):
        chosen = pl.when(_ACTION.str.contains(pattern)).then(activity).otherwise(chosen)
    return chosen.cast(pl.Int64)


def _coded(name: str, codes: Mapping[str, int]) -> pl.Expr:
    """Return the code of a word; 0 (unknown) where the class has none."""
    return pl.col(name).replace_strict(codes, default=0, return_dtype=pl.Int64)


def _addresses(address: pl.Expr) -> pl.Expr:
    return pl.when(address.str.contains(_EMAIL)).then(address)


def _strange(address: pl.Expr) -> pl.Expr:
    return pl.when(~address.str.contains(_EMAIL)).then(address)


def _listed_addresses() -> pl.Expr:
    """Return the recipients, [] where there is none: a class with neither sender nor recipients would refuse it."""
    recipients = pl.col("email_to_address").fill_null(pl.lit([], dtype=pl.List(TEXT)))
    return recipients.list.eval(pl.element().filter(pl.element().str.contains(_EMAIL)))
