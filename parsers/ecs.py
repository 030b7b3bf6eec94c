"""Events as documents of the Elastic Common Schema. It must never put a value where the schema has another type.

Columns that the schema has no field for stand under `access_auditd`, as it asks of fields that are not its own.

References: elastic/ecs, fields of event, user, source, email, url, http, related; "Custom fields"
"""

from __future__ import annotations

from functools import cache
from typing import Final

import polars as pl

from parsers.documents import Documents, instant, readable_bytes, sound_ip
from parsers.event import COLUMNS, CONTENT, Column, Family

ECS_VERSION: Final = "8.17.0"
OWN: Final = "access_auditd"
CATEGORIES: Final[dict[Family, tuple[str, str]]] = {
    "access": ("database", "access"),
    "email": ("email", "info"),
    "call": ("network", "connection"),
    "web": ("web", "access"),
}
"""`event.category` and `event.type` of each family."""

_ADDRESSES: Final = ("email_from_address",)
_IPS: Final = ("source_ip", "client_ip", "server_ip", "destination_ip")
_HOSTS: Final = ("source_address", "client_address", "server_address", "destination_address", "url_domain")
_USERS: Final = ("user_id", "call_from_user", "call_to_user")


@cache
def ecs_documents(family: Family, *, content: bool) -> Documents:
    """Return what makes documents of a family's events. content: with what is hidden otherwise (`CONTENT`)."""
    category, kind = CATEGORIES[family]
    paths: dict[str, pl.Expr] = {
        "@timestamp": instant(pl.col("timestamp")),
        "ecs.version": pl.lit(ECS_VERSION),
        "event.kind": pl.lit("event"),
        "event.category": _listed(pl.lit(category)),
        "event.type": _types(family, kind),
    }
    names = [column.name for column in COLUMNS[family]]
    for column in COLUMNS[family]:
        if content or column.name not in CONTENT:
            paths.setdefault(column.ecs or f"{OWN}.{column.name}", _value(column))
    paths["related.ip"] = _related([sound_ip(pl.col(name)) for name in _IPS if name in names])
    paths["related.hosts"] = _related([pl.col(name) for name in _HOSTS if name in names])
    paths["related.user"] = _related([pl.col(name) for name in _USERS if name in names])
    return Documents(paths)


def _value(column: Column) -> pl.Expr:
    value = pl.col(column.name)
    if column.name in _IPS:
        return sound_ip(value)
    if column.name in _ADDRESSES:
        return _listed(value)
    if column.name == "event_hash":
        return value.bin.encode("hex")
    if column.dtype == pl.Binary:
        return readable_bytes(value)
    if isinstance(column.dtype, pl.Datetime):
        return instant(value)
    if isinstance(column.dtype, pl.List):
        return value.list.drop_nulls()
    return value


def _types(family: Family, kind: str) -> pl.Expr:
    if family == "web":
        verdict = pl.col("web_action").replace_strict(
            {"allowed": "allowed", "blocked": "denied", "challenged": "denied"}, default=None
        )
        return pl.concat_list(pl.lit(kind), verdict).list.drop_nulls()
    return _listed(pl.lit(kind))


def _listed(value: pl.Expr) -> pl.Expr:
    """Return a list of the value; null where it is null."""
    return pl.when(value.is_not_null()).then(pl.concat_list(value))


def _related(values: list[pl.Expr]) -> pl.Expr:
    found = pl.concat_list(values).list.drop_nulls().list.unique(maintain_order=True)
    return pl.when(found.list.len() > 0).then(found)
